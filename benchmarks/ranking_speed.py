"""How long a batch of users waits for their ten items, beside another commit in the same run.

    git worktree add ../before COMMIT
    python benchmarks/ranking_speed.py --baseline ../before --write benchmarks/results/ranking_speed.md

Each folder is a checkout of this repository and runs in a process of its own, one thread each. Both fit the same
recommenders on the same seeded clicks, and take turns: a ratio is the median of the baseline's times divided by the
median of ours. The lists of both are compared. Without ``--baseline`` our own times alone are printed.
"""

import argparse
import hashlib
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

N_ITEMS, N_QUERIES = 30_000, 1_000


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


def cases() -> dict:
    """By name, what makes the fitted model and the call that is timed."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import SGDClassifier
    from sklearn.preprocessing import FunctionTransformer

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

    return {
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


def work() -> None:
    """Obey the lines of the standard input: the name of a case prepares it, an empty line times one call."""
    known, call = cases(), None
    for line in sys.stdin:
        name = line.strip()
        if name:
            call = known[name]()
            print(hashlib.sha256(str(call().tolist()).encode()).hexdigest(), flush=True)
            continue
        start = time.perf_counter()
        call()
        print(time.perf_counter() - start, flush=True)


class Worker:
    """A process that imports the package of one checkout."""

    def __init__(self, folder: Path):
        environment = {**os.environ, "PYTHONPATH": str(folder.resolve()), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, __file__, "--work"]
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder
        )

    def ask(self, line: str) -> str:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if not answer:
            raise RuntimeError("a worker ended before it answered; its error stands above")
        return answer


def measure(folders: list[Path], names: list[str], n_repeats: int) -> list[dict]:
    workers = [Worker(folder) for folder in folders]
    rows = []
    for name in names:
        lists = [worker.ask(name) for worker in workers]
        times = [[float(worker.ask("")) for worker in workers] for _ in range(n_repeats)]
        medians = [1000 * statistics.median(column) for column in zip(*times, strict=True)]
        row = {"case": name, "ms": medians[0]}
        if len(folders) > 1:
            row |= {"baseline_ms": medians[1], "ratio": medians[1] / medians[0], "same": lists[0] == lists[1]}
        rows.append(row)
        print(row, file=sys.stderr, flush=True)
    for worker in workers:
        worker.process.stdin.close()
        worker.process.wait()
    return rows


def commit(folder: Path) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), "rev-parse", "--short=7", "HEAD"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"


def table(rows: list[dict]) -> str:
    lines = ["| case | baseline, ms | now, ms | times as fast | same lists |", "|---|---:|---:|---:|---|"]
    for row in rows:
        baseline, ratio = (f"{row['baseline_ms']:.1f}", f"{row['ratio']:.2f}") if "ratio" in row else ("", "")
        same = {True: "yes", False: "no", None: ""}[row.get("same")]
        lines.append(f"| {row['case']} | {baseline} | {row['ms']:.1f} | {ratio} | {same} |")
    return "\n".join(lines)


def page(rows: list[dict], baseline: Path | None, n_repeats: int) -> str:
    against = f"commit {commit(baseline)}" if baseline else "nothing"
    return f"""# Speed of ranking

Written by `benchmarks/ranking_speed.py`: {N_ITEMS:,} items, {N_QUERIES:,} queries and k=10 where the case says nothing
else, beside {against}, in one run of alternating calls; medians of {n_repeats}, one thread, numpy {np.__version__},
{platform.machine()}. Times are of the whole call of `recommend` or `top_k_labels`, from lists of ids to lists of ids.

{table(rows)}
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
        work()
        return
    folders = [Path(__file__).parents[1], *([arguments.baseline] if arguments.baseline else [])]
    rows = measure(folders, arguments.cases or list(cases()), arguments.repeats)
    print(table(rows))
    if arguments.write:
        arguments.write.parent.mkdir(exist_ok=True)
        arguments.write.write_text(page(rows, arguments.baseline, arguments.repeats), encoding="utf-8")
        arguments.write.with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
