"""Speed of JiebaTokenizer beside jieba and rjieba on real reviews, and whether the words are the same.

    python benchmarks/segmentation.py                                  # all reviews: some minutes
    python benchmarks/segmentation.py --rows 6000
    python benchmarks/segmentation.py --write     # benchmarks/results/segmentation.json, and the page on words

`--data` is a data home (`SKLEARN_LLMTOKENS_DATA` by default) with ``text/online_shopping_10_cats.zip``. Blocks of texts
go to jieba, rjieba and `JiebaTokenizer.transform` in turn, so that what else the machine does falls on all of them; a
ratio is the median over blocks. Seconds are those of the processor, as each of them uses one thread. jieba runs on a
tokenizer of its own, its dictionary loaded before the clock starts.
"""

import argparse
import importlib.metadata
import os
import statistics
import time
import warnings
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
from tables import load, save

from sklearn_llmtokens.text import JiebaTokenizer

BLOCK = 2000
USER_WORDS = [
    ("京东商城", 50, "nz"),
    ("蒙牛酸奶", None, "nz"),
    ("送货上门", None, "v"),
    ("性价比高", 20, "a"),
    ("酒店前台", None, "n"),
]
SETTINGS = {
    "accurate": {},
    "accurate, no HMM": {"hmm": False},
    "search": {"mode": "search"},
    "search, no HMM": {"mode": "search", "hmm": False},
    "full": {"mode": "full"},
    "accurate, user dictionary": {"user_dict": USER_WORDS},
    "accurate, nouns only": {"pos": ["n*"]},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("SKLEARN_LLMTOKENS_DATA"), help="data home")
    parser.add_argument("--rows", type=int, default=None, help="only so many reviews, evenly spaced")
    parser.add_argument("--settings", default="; ".join(SETTINGS), help="separated by semicolons; default: %(default)s")
    parser.add_argument("--write", action="store_true", help="save the figures, and fill the page")
    options = parser.parse_args()
    names = [name.strip() for name in options.settings.split(";")]
    if unknown := [name for name in names if name not in SETTINGS]:
        parser.error(f"no settings are called {unknown}")

    texts = load_reviews(options.data)
    if texts is None:
        return
    if options.rows is not None:
        texts = texts[:: max(1, len(texts) // options.rows)][: options.rows]
    rows = [measure(name, texts) for name in names]
    versions = {name: importlib.metadata.version(name) for name in ("jieba", "rjieba", "scikit-learn")}
    print(f"\n{len(texts):,} reviews, {sum(map(len, texts)):,} characters; {versions}\n")
    if options.write:
        by = {row["setting"]: row for row in [*load("segmentation", {"rows": []})["rows"], *rows]}
        save("segmentation", {"versions": versions, "rows": [by[name] for name in SETTINGS if name in by]})


def load_reviews(home: str | Path | None) -> list[str] | None:
    path = Path(home or ".") / "text" / "online_shopping_10_cats.zip"
    if home is None or not path.exists():
        print(f"Skipped: {path} is not there; name a data home with --data or SKLEARN_LLMTOKENS_DATA.")
        return None
    with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as file:
        return pd.read_csv(file)["review"].fillna("").tolist()


def measure(name: str, texts: Sequence[str]) -> dict:
    """Cut all texts with each of the cutters, block by block, and compare the words."""
    params = SETTINGS[name]
    tokenizer = JiebaTokenizer(**params).fit(["预热"])
    cutters = {"jieba": cutter_of_jieba(**params), "ours": lambda block: tokenizer.transform(block).tolist()}
    if not params.keys() & {"user_dict", "pos"} and params.get("mode") != "full":
        cutters["rjieba"] = cutter_of_rjieba(**params)
    for cut in cutters.values():
        cut(["他来到了网易杭研大厦"])
    seconds: dict[str, list[float]] = {cutter: [] for cutter in cutters}
    differ = dict.fromkeys(cutters, 0)
    for start in range(0, len(texts), BLOCK):
        block, words = texts[start : start + BLOCK], {}
        for cutter, cut in cutters.items():
            begin = time.process_time()
            words[cutter] = cut(block)
            seconds[cutter].append(time.process_time() - begin)
        for cutter in cutters:
            differ[cutter] += sum(as_list(a) != as_list(b) for a, b in zip(words["jieba"], words[cutter], strict=True))
    n_chars = sum(map(len, texts))
    row = {"setting": name, "texts": len(texts), "differ": differ["ours"], "differ_rjieba": differ.get("rjieba")}
    row |= {f"{cutter}_chars_per_s": round(n_chars / sum(spent)) for cutter, spent in seconds.items()}
    row["ratio"] = round(statistics.median(a / b for a, b in zip(seconds["jieba"], seconds["ours"], strict=True)), 2)
    print(row, flush=True)
    return row


def as_list(words: Sequence[str] | str) -> list[str]:
    return words.split() if isinstance(words, str) else [word for word in words if word.strip()]


def cutter_of_jieba(
    mode: str = "accurate", hmm: bool = True, user_dict=(), pos=None
) -> Callable[[Sequence[str]], list]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jieba
        import jieba.posseg
    jieba.setLogLevel(60)
    tokenizer = jieba.Tokenizer()
    tokenizer.initialize()
    for entry in user_dict:
        tokenizer.add_word(*entry)
    if pos is not None:
        tagger = jieba.posseg.POSTokenizer(tokenizer)
        prefix = pos[0].removesuffix("*")
        return lambda block: [
            [w.word for w in tagger.cut(text, HMM=hmm) if w.flag.startswith(prefix)] for text in block
        ]
    if mode == "full":
        return lambda block: [tokenizer.lcut(text, cut_all=True) for text in block]
    lcut = tokenizer.lcut_for_search if mode == "search" else tokenizer.lcut
    return lambda block: [lcut(text, HMM=hmm) for text in block]


def cutter_of_rjieba(mode: str = "accurate", hmm: bool = True) -> Callable[[Sequence[str]], list]:
    import rjieba

    segmenter = rjieba.Jieba()
    cut = segmenter.cut_for_search if mode == "search" else segmenter.cut
    return lambda block: [cut(text, hmm) for text in block]


if __name__ == "__main__":
    main()
