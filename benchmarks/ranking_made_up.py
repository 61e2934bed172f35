"""`text_recommender`, as it comes, on made-up catalogues that are unlike those of `ranking.py`.

    python benchmarks/ranking_made_up.py
    python benchmarks/ranking_made_up.py --write    # benchmarks/results/, and the page

Titles are Chinese or English, some are missing or doubled; users are few, events without times or with dates; demand
follows kinds of items, what was clicked before, or popularity alone; items are born late, live for days, come again, or
are never wanted. The questions are the last event of each history, or, with dates, all events after the 0.85 quantile
of time. Vectors are those of zh-nano, so that no model is needed. Figures are means over three seeds.
"""

import argparse
import warnings

import numpy as np
from tables import save

from sklearn_llmtokens import LLMTokenEmbedder, text_recommender
from sklearn_llmtokens.recommend import (
    Catalog,
    EASERecommender,
    Interactions,
    ItemKNNRecommender,
    PopularityRecommender,
)

WORDS = {
    "zh": (
        "家用 便携 不锈钢 儿童 男士 女士 夏季 加厚 复古 智能 无线 迷你 防水 手工 纯棉 进口",
        "茶壶 水杯 台灯 书包 耳机 雨伞 毛巾 拖鞋 键盘 背包 风扇 砂锅 手表 围巾 枕头 相机 菜刀 花瓶 鼠标 被子",
        "礼盒装 升级款 套装 大号 小号 红色 蓝色 两件 旗舰版 特价",
    ),
    "en": (
        "Portable Vintage Stainless Kids Wireless Mini Waterproof Handmade Cotton Smart Deluxe Organic Digital",
        "Teapot Mug Lamp Backpack Headphones Umbrella Towel Slippers Keyboard Fan Watch Scarf Pillow Camera",
        "Set Pro Large Small Red Blue 2-Pack Edition Gift Box",
    ),
}
PLAIN = {
    "language": "zh",
    "items": 2000,
    "users": 800,
    "length": 4,  # mean number of events of a user
    "follows": "kind",  # demand is for a kind of items, for what follows the last item, or for what is popular ("")
    "dates": False,
    "late": 0.3,  # share of items that come while others are clicked on
    "lives": 0.0,  # time after which demand for an item is gone, in lengths of the data; 0: never
    "untitled": 0.1,
    "steepness": 0.8,  # of Zipf's law
    "again": 0.0,  # share of events of items that the user has
}
WORLDS = {
    "short histories without times": {"length": 2.5},
    "popularity alone": {"follows": "", "steepness": 1.1, "length": 3},
    "60 users": {"users": 60, "items": 1500},
    "60 users, popularity alone": {"users": 60, "items": 1500, "follows": "", "steepness": 1.1},
    "4,000 items, few ever wanted": {"items": 4000, "users": 500, "steepness": 1.6},
    "4,000 items, few ever wanted, dates": {"items": 4000, "users": 700, "steepness": 1.6, "dates": True, "late": 0.1},
    "English titles, dates": {"language": "en", "length": 6, "dates": True},
    "popularity alone, dates": {"language": "en", "length": 6, "dates": True, "follows": "", "steepness": 1.1},
    "120 users, popularity alone, dates": {"items": 600, "users": 120, "follows": "", "steepness": 1.2, "dates": True},
    "40 users with long histories, dates": {"language": "en", "items": 4000, "users": 40, "length": 25, "dates": True},
    "what follows alone, half untitled": {"users": 1500, "items": 1000, "follows": "item", "untitled": 0.5, "late": 0},
    "hardly any title": {"users": 500, "items": 1000, "follows": "item", "untitled": 0.97, "late": 0},
    "items that live for days": {"items": 3000, "users": 1500, "dates": True, "late": 1, "lives": 0.02},
    "items come again, dates": {"items": 800, "users": 500, "length": 8, "dates": True, "again": 0.4},
}
METHODS = {
    "popularity": PopularityRecommender,
    "popularity of late": lambda catalog: PopularityRecommender(catalog, window="auto"),
    "item-kNN": ItemKNNRecommender,
    "EASE": EASERecommender,
    "text_recommender": lambda catalog: text_recommender(catalog, embedder=LLMTokenEmbedder("zh-nano", cache="memory")),
    "its default weights": lambda catalog: text_recommender(
        catalog, embedder=LLMTokenEmbedder("zh-nano", cache="memory")
    ).set_params(weights=text_recommender(catalog).default_weights),
}


def titles(world: dict, rng) -> tuple[list[str], np.ndarray]:
    """Return a title of each item, and its kind."""
    first, kinds, last = (words.split() for words in WORDS[world["language"]])
    kind = rng.integers(0, len(kinds), world["items"])
    space = " " if world["language"] == "en" else ""
    names = [space.join([rng.choice(first), kinds[k], rng.choice(last), str(rng.integers(1, 99))]) for k in kind]
    for i in np.flatnonzero(rng.random(len(names)) < 0.05):
        names[i] = names[rng.integers(len(names))]
    is_blank = rng.random(len(names)) < world["untitled"]
    return np.where(is_blank, "", names).tolist(), kind


def history(world: dict, kind: np.ndarray, demand: np.ndarray, born: np.ndarray, rng) -> tuple[list[int], np.ndarray]:
    """Draw the items of a user and their times, from 0 to 1."""
    n = 1 + rng.poisson(world["length"] - 1)
    times = np.sort(rng.random(n))
    if world["lives"]:
        times = np.minimum(rng.random() + rng.exponential(0.02, n).cumsum(), 0.9999)
    items, own = [], kind[rng.integers(len(kind))]
    for time in times:
        if items and rng.random() < world["again"]:
            items.append(items[rng.integers(len(items))])
            continue
        if items and world["follows"] == "item" and rng.random() < 0.6:
            items.append(int(items[-1] * 7 + rng.integers(1, 4)) % len(kind))
            continue
        share = demand * (born <= time)
        if world["lives"]:
            share = share * np.exp(-(time - born) / world["lives"])
        if world["follows"] == "kind" and rng.random() < 0.7:
            share = share * (kind == own)
        items.append(int(rng.choice(len(kind), p=share / share.sum()) if share.sum() > 0 else rng.integers(len(kind))))
    return items, times


def questions(world: dict, rows: list, n_most: int = 1500) -> tuple[Interactions | list, list, list]:
    """Return what is learnt from, the histories that are asked, and what followed."""
    histories, targets = [], []
    if not world["dates"]:
        learnt = [items[:-1] if len(items) > 1 else items for items, _ in rows]
        histories, targets = zip(*((items[:-1], items[-1]) for items, _ in rows if len(items) > 1), strict=True)
    else:
        users = np.repeat(np.arange(len(rows)), [len(items) for items, _ in rows])
        items, times = (np.concatenate([row[i] for row in rows]) for i in (0, 1))
        old = times <= 0.85
        dates = np.datetime64("2024-01-01") + (times * 300 * 86_400).astype("timedelta64[s]")
        learnt = Interactions(users[old], items[old], dates[old])
        for row, when in rows:
            for k in range(max(int((when <= 0.85).sum()), 1), len(row)):
                histories.append(row[:k])
                targets.append(row[k])
    kept = np.random.default_rng(1).permutation(len(targets))[:n_most]
    return learnt, [list(histories[i]) for i in kept], [targets[i] for i in kept]


def hit_rates(world: dict, seed: int) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    names, kind = titles(world, rng)
    demand = rng.permutation(1 / np.arange(1, len(kind) + 1) ** world["steepness"])
    born = np.where(rng.random(len(kind)) < world["late"], rng.random(len(kind)), 0.0)
    rows = [history(world, kind, demand, born, rng) for _ in range(world["users"])]
    learnt, histories, targets = questions(world, rows)
    catalog = Catalog(range(len(kind)), names)
    found = {}
    for method, build in METHODS.items():
        lists = build(catalog).fit(learnt).recommend(histories, k=10)
        found[method] = float((lists == np.asarray(targets)[:, np.newaxis]).any(axis=1).mean())
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", nargs="+", choices=list(WORLDS), default=list(WORLDS))
    parser.add_argument("--seeds", type=int, default=3, metavar="N")
    parser.add_argument("--write", action="store_true", help="save the figures, and fill the page")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # English words that zh-nano does not know
    rows = []
    for name in options.worlds:
        seeds = [hit_rates(PLAIN | WORLDS[name], seed) for seed in range(options.seeds)]
        rows.append({"world": name, **{method: np.mean([one[method] for one in seeds]) for method in METHODS}})
        print(rows[-1], flush=True)
    if options.write:
        save("ranking_made_up", rows)


if __name__ == "__main__":
    main()
