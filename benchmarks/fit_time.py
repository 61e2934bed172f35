"""How long `text_pipeline` takes to fit 3,000 texts, beside another commit in the same run.

    git worktree add ../before COMMIT
    python benchmarks/fit_time.py --baseline ../before --write    # benchmarks/results/fit_time.json, and the page

Each folder is a checkout of this repository and runs in a process of its own, one thread each. Both fit the same texts
with zh-mini, and take turns: a ratio is the median of our times divided by that of the baseline. Vectors come from a
cache in memory, or are computed anew.

SKLEARN_LLMTOKENS_DATA names the data home.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
from checkouts import commit, measure, work
from tables import load, save

N_ROWS = 3000


def cases(n_rows: int) -> dict:
    """By name, what makes the call that is timed."""
    from sklearn_llmtokens import LLMTokenEmbedder, datasets, text_pipeline

    warnings.simplefilter("ignore")

    def fit(fetch, cache, **params):
        def prepare():
            bunch = fetch(download_if_missing=False, **params)
            order = np.random.default_rng(0).permutation(len(bunch.target))[:n_rows]
            texts, labels = np.asarray(bunch.data, dtype=object)[order], np.asarray(bunch.target)[order]
            embedder = LLMTokenEmbedder(cache=cache)
            if cache is not None:
                embedder.fit_transform(texts)

            def call():
                text_pipeline(embedder=embedder).fit(texts, labels)

            return call

        return prepare

    return {
        "titles, 10 sections, cached": fit(datasets.fetch_thucnews, "memory"),
        "titles, 10 sections": fit(datasets.fetch_thucnews, None),
        "reviews, 10 categories, cached": fit(
            datasets.fetch_shopping_reviews, "memory", target="category", duplicates="drop"
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--baseline", type=Path, metavar="FOLDER", help="a checkout of this repository")
    parser.add_argument("--cases", nargs="+", metavar="CASE", help="these alone")
    parser.add_argument("--rows", type=int, default=N_ROWS)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="add to the figures that are there, and fill the page")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(cases(options.rows), lambda _: None)
        return
    if not options.baseline:
        parser.error("name the checkout to compare with: --baseline FOLDER")
    names = options.cases or list(cases(options.rows))
    rows = measure(__file__, ["--rows", str(options.rows)], options.baseline, names, options.repeats, lambda *_: None)
    for row in rows:
        print(f"{row['case']}: {row['ms'] / row['baseline_ms']:.2f} times as long")
    if options.write:
        kept = {row["case"]: row for row in load("fit_time", {"cases": []})["cases"]} | {
            row["case"]: row for row in rows
        }
        figures = {"baseline": commit(options.baseline), "rows": options.rows}
        save("fit_time", figures | {"cases": [kept[name] for name in cases(options.rows) if name in kept]})


if __name__ == "__main__":
    main()
