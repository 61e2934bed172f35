"""How long a batch of users waits for their ten items, beside another commit in the same run.

    git worktree add ../before COMMIT
    python benchmarks/ranking_speed.py --baseline ../before --write benchmarks/results/ranking_speed.md
    python benchmarks/ranking_speed.py --baseline ../before --write ... --cases popularity    # beside the other rows

Each folder is a checkout of this repository and runs in a process of its own, one thread each. Both fit the same
recommenders on the same seeded clicks, and take turns: a ratio is the median of the baseline's times divided by the
median of ours. The lists of both are compared. Without ``--baseline`` our own times alone are printed. Where
SKLEARN_LLMTOKENS_DATA names a data home with Amazon Beauty, `text_recommender` is fitted on it, embedding included, and
asked; its parts are others than the baseline's, and so are its lists.
"""

import argparse
import hashlib
import json
import operator
import os
import platform
from pathlib import Path

import numpy as np
from checkouts import commit, measure, table, work, write

N_ITEMS, N_QUERIES = 30_000, 1_000
BEAUTY = Path(os.environ.get("SKLEARN_LLMTOKENS_DATA", "nowhere"), "interactions", "amazon_beauty_items.parquet")
FIT = "fit of text_recommender on Beauty, from its texts"


def clicks(n_items: int) -> list[list[int]]:
    """Sequences of 8 events, 16 events an item, of popular and rare items, half of them in groups of 20."""
    rng = np.random.default_rng(0)
    popularity = 1 / np.arange(1, n_items + 1) ** 0.6
    items = rng.permutation(n_items)[rng.choice(n_items, 16 * n_items, p=popularity / popularity.sum())]
    rows = items.reshape(-1, 8)
    alike = rows[:, :1] // 20 * 20 + rng.integers(0, 20, rows.shape)
    return np.where(rng.random(rows.shape) < 0.5, np.minimum(alike, n_items - 1), rows).tolist()


def titles(n_items: int) -> list[str]:
    words = np.minimum(np.random.default_rng(1).zipf(1.3, (n_items, 8)), 30_000)
    return [" ".join(f"w{word}" for word in row) for row in words.tolist()]


def beauty() -> tuple[tuple[list, list[str]], list[list]]:
    """Return ids and titles of Amazon Beauty, and what each user did, oldest event first."""
    import pandas as pd

    items, events = pd.read_parquet(BEAUTY), pd.read_parquet(BEAUTY.with_name("amazon_beauty_events.parquet"))
    events = events.sort_values(["user_id", "timestamp"], kind="stable")
    rows = [group.tolist() for _, group in events.groupby("user_id", sort=False).item_id if len(group) > 1]
    return (items.item_id.tolist(), items.title.astype(str).tolist()), rows


def cases() -> dict:
    """By name, what makes the fitted model and the call that is timed."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import SGDClassifier
    from sklearn.preprocessing import FunctionTransformer

    from sklearn_llmtokens import LLMTokenEmbedder, text_recommender
    from sklearn_llmtokens import recommend as rec

    def fitted(make, n_items=N_ITEMS, n_queries=N_QUERIES, features=None, **how):
        def prepare():
            texts = titles(n_items) if features == "texts" else None
            table = np.random.default_rng(2).standard_normal((n_items, 128)) if features == "vectors" else None
            model, rows = make(rec.Catalog(range(n_items), texts, table)), clicks(n_items)
            model.fit(rows)
            return lambda: model.recommend(rows[:n_queries], **how)

        return prepare

    def sparse_ease(catalog):
        return rec.EASERecommender(catalog, max_dense_items=0, n_neighbors=50)

    def hybrid(catalog):
        parts = [
            ("knn", rec.ItemKNNRecommender(catalog)),
            ("next", rec.TransitionRecommender(catalog)),
            ("ease", sparse_ease(catalog)),
        ]
        return rec.HybridRecommender(parts, weights=[1, 1, 1])

    def labels():
        rng = np.random.default_rng(3)
        X, y = rng.standard_normal((20_000, 20)), rng.integers(0, 50, 20_000)
        model = SGDClassifier(max_iter=5, tol=None, random_state=0).fit(X, y)
        return lambda: rec.top_k_labels(model, X, 5)

    def dense_content(catalog):
        return rec.ContentRecommender(catalog, embedder=FunctionTransformer())

    def text_content(catalog):
        return rec.ContentRecommender(catalog, embedder=TfidfVectorizer(dtype=np.float32))

    def recipe(cache):
        catalog, rows = beauty()
        embedder = LLMTokenEmbedder(cache=cache)
        return lambda: text_recommender(rec.Catalog(*catalog), embedder=embedder).fit(rows), rows

    def fit_of_recipe():
        fit, rows = recipe(None)
        return lambda: fit().recommend(rows[:10])

    def recipe_asked():
        fit, rows = recipe("memory")
        fitted_recipe = fit()
        return lambda: fitted_recipe.recommend(rows[:N_QUERIES])

    on_beauty = {FIT: fit_of_recipe, "text_recommender on Beauty, 1,000 queries": recipe_asked}
    return {
        **(on_beauty if BEAUTY.with_name("amazon_beauty_events.parquet").exists() else {}),
        "item-kNN": fitted(rec.ItemKNNRecommender),
        "transitions": fitted(rec.TransitionRecommender),
        "sparse EASE": fitted(sparse_ease),
        "hybrid of these three": fitted(hybrid),
        "item-kNN, k=100": fitted(rec.ItemKNNRecommender, k=100),
        "item-kNN, one user": fitted(rec.ItemKNNRecommender, n_queries=1),
        "item-kNN, 1,000 items": fitted(rec.ItemKNNRecommender, n_items=1000),
        "item-kNN, 100 candidates": fitted(rec.ItemKNNRecommender, candidates=list(range(0, 1000, 10))),
        "popularity": fitted(rec.PopularityRecommender),
        "dense EASE, 3,000 items": fitted(rec.EASERecommender, n_items=3000),
        "content, vectors": fitted(dense_content, features="vectors"),
        "content, TF-IDF": fitted(text_content, features="texts"),
        "top_k_labels, 20,000 rows, 50 classes": labels,
    }


def digest(lists) -> str:
    return hashlib.sha256(str(lists.tolist()).encode()).hexdigest()


def beside(page: Path, rows: list[dict]) -> list[dict]:
    """Return the rows with those of other cases that the page has, in the order of the cases."""
    figures = page.with_suffix(".json")
    found = {row["case"]: row for row in [*(json.loads(figures.read_text()) if figures.exists() else []), *rows]}
    return [found[name] for name in cases() if name in found]


def page(rows: list[dict], baseline: Path | None) -> str:
    repeats = sorted({row["repeats"] for row in rows})
    return f"""# Speed of ranking

Written by `benchmarks/ranking_speed.py`: {N_ITEMS:,} items, {N_QUERIES:,} queries and k=10 where the case says nothing
else, beside {commit(baseline)}, each case in one run of alternating calls; medians of
{" or ".join(map(str, repeats))} (the JSON beside it has each), one thread,
numpy {np.__version__}, {platform.machine()}. Times are of the whole call of
`recommend` or `top_k_labels`, from lists of ids to lists of ids.

{table(rows, "same lists")}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--baseline", type=Path, metavar="FOLDER", help="another checkout of this repository")
    parser.add_argument("--cases", nargs="+", metavar="CASE", help="these alone")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--write", type=Path, metavar="PAGE.md", help="write the table, and its figures as .json")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        work(cases(), digest)
        return
    names = arguments.cases or list(cases())
    rows = measure(__file__, [], arguments.baseline, names, arguments.repeats, operator.eq)
    rows = [{**row, "repeats": arguments.repeats} for row in rows]
    print(table(rows, "same lists"))
    if arguments.write:
        rows = beside(arguments.write, rows)
        write(arguments.write, page(rows, arguments.baseline), rows)


if __name__ == "__main__":
    main()
