"""How long one user waits, and how soon a new item is there: a catalogue of 100,000 items with vectors of 256 numbers.

    python benchmarks/recommend_latency.py                # exact, and TF-IDF of short texts
    python benchmarks/recommend_latency.py --ease 12000 50000 100000 --write
                                                          # EASE's closed form up to 20,000 items, and its approximation

"one product" is a
bare ``vectors @ profile`` in the same run: what no exact index can go below.
"""

import argparse
import pickle
import resource
import time

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from tables import save

from sklearn_llmtokens.recommend import Catalog, ContentRecommender, EASERecommender


class Clusters(TransformerMixin, BaseEstimator):
    """Stands for a language model: a vector near one of some centres, by the number that the text is."""

    def __init__(self, n_features=256, n_centres=500):
        self.n_features = n_features
        self.n_centres = n_centres

    def fit(self, X, y=None):
        self.centres_ = np.random.default_rng(0).standard_normal((self.n_centres, self.n_features), dtype=np.float32)
        return self

    def transform(self, X):
        rng = np.random.default_rng(int(X[0]))
        noise = rng.standard_normal((len(X), self.n_features), dtype=np.float32)
        return self.centres_[rng.integers(0, self.n_centres, len(X))] + noise


def timed(call, n_repeats: int) -> dict:
    """Milliseconds of `n_repeats` calls: the median and the slowest of twenty."""
    taken = []
    for i in range(n_repeats):
        start = time.perf_counter()
        call(i)
        taken.append(1000 * (time.perf_counter() - start))
    return {"median_ms": float(np.median(taken)), "p95_ms": float(np.percentile(taken, 95))}


def measure(name: str, recommender: ContentRecommender, histories: list, new_texts: list, n_repeats: int) -> list[dict]:
    """Time one user, a batch, 100 new items with the call that has them, and 100 removals."""
    start = time.perf_counter()
    recommender.fit(histories)
    rows = [{"what": f"{name}: fit", "median_ms": 1000 * (time.perf_counter() - start)}]
    n_items = recommender.catalog_.n_items

    def add(i):
        first = n_items + 100 * i
        recommender.add_items(range(first, first + 100), new_texts[100 * i : 100 * i + 100])

    def remove(i):
        recommender.remove_items(range(100 * i, 100 * i + 100))

    def recommend(i):
        recommender.recommend([histories[i]])

    recommend(0)
    rows.append({"what": f"{name}: recommend 10 to one user", **timed(recommend, n_repeats)})
    rows.append({"what": f"{name}: add 100 items", **timed(add, 20)})
    last = n_items + 1999
    assert recommender.recommend([[last]], filter_seen=False)[0, 0] == last
    rows.append({"what": f"{name}: recommend 10 to one user, after that", **timed(recommend, n_repeats)})
    rows.append({"what": f"{name}: remove 100 items", **timed(remove, 20)})
    batch = timed(lambda i: recommender.recommend(histories[:1000]), 3)
    rows.append({"what": f"{name}: recommend 10 to 1000 users, per user", "median_ms": batch["median_ms"] / 1000})
    return rows


def random_histories(n_items: int, n: int, seed: int) -> list:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, n_items, rng.integers(1, 21)).tolist() for _ in range(n)]


def random_texts(n: int) -> list[str]:
    rng = np.random.default_rng(1)
    words = np.minimum(rng.zipf(1.3, (n, 8)), 30_000)
    return [" ".join(f"w{word}" for word in row) for row in words.tolist()]


def bare_product(n_items: int, n_features: int, n_repeats: int) -> dict:
    vectors = np.random.default_rng(0).standard_normal((n_items, n_features), dtype=np.float32)
    return timed(lambda i: vectors @ vectors[i], n_repeats)


def measure_vectors(arguments) -> list[dict]:
    n, d = arguments.items, arguments.features
    histories = random_histories(n, 1000, 0)
    rows = [{"what": "one product of vectors and profile, for comparison", **bare_product(n, d, arguments.repeats)}]
    catalog = Catalog(range(n), [str(i) for i in range(n)])
    new = [str(n + i) for i in range(2000)]
    exact = ContentRecommender(catalog, embedder=Clusters(d))
    rows += measure("exact", exact, histories, new, arguments.repeats)
    texts = random_texts(n + 2000)
    sparse = ContentRecommender(Catalog(range(n), texts[:n]), embedder=TfidfVectorizer(dtype=np.float32))
    return rows + measure("TF-IDF", sparse, histories, texts[n:], arguments.repeats)


def zipf_histories(n_items: int) -> list:
    """Return sequences of 8 events, 16 events an item, of popular and rare items that come in groups of 20."""
    rng = np.random.default_rng(0)
    popularity = 1 / np.arange(1, n_items + 1) ** 0.6
    items = rng.permutation(n_items)[rng.choice(n_items, 16 * n_items, p=popularity / popularity.sum())]
    rows = items.reshape(-1, 8)
    alike = rows[:, :1] // 20 * 20 + rng.integers(0, 20, rows.shape)
    return np.where(rng.random(rows.shape) < 0.5, np.minimum(alike, n_items - 1), rows).tolist()


def measure_ease(n_items: int) -> list[dict]:
    """Fit EASE, both ways where the closed form is feasible, and ask it for ten items."""
    histories = zipf_histories(n_items)
    catalog, rows = Catalog(range(n_items)), []
    for name, dense in (("closed form", n_items), ("200 neighbours", 0)):
        if dense > 20_000:
            continue
        recommender = EASERecommender(catalog, max_dense_items=dense)
        wall, start = time.perf_counter(), time.process_time()
        recommender.fit(histories)
        row = {"items": n_items, "clicks": 16 * n_items, "form": name, "fit_cpu_s": time.process_time() - start}
        row["fit_s"] = time.perf_counter() - wall
        row["model_mib"] = len(pickle.dumps(recommender, protocol=5)) / 2**20
        start = time.process_time()
        for history in histories[:20]:
            recommender.recommend([history])
        row["one_user_cpu_ms"] = 50 * (time.process_time() - start)
        start = time.process_time()
        recommender.recommend(histories[:500])
        row["batch_cpu_ms"] = 2 * (time.process_time() - start)
        row["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(row, flush=True)
        rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--features", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--ease", type=int, nargs="+", metavar="ITEMS", help="measure EASE on so many items instead")
    parser.add_argument("--write", action="store_true", help="save the figures of EASE, and fill their page")
    arguments = parser.parse_args()
    if arguments.ease:
        rows = [row for n_items in arguments.ease for row in measure_ease(n_items)]
        if arguments.write:
            save("ease_scale", rows)
        return
    rows = measure_vectors(arguments)
    print(f"| {arguments.items:,} items of {arguments.features} float32 | median, ms | 95th percentile, ms |")
    print("|---|---:|---:|")
    for row in rows:
        p95 = f"{row['p95_ms']:.2f}" if "p95_ms" in row else ""
        print(f"| {row['what']} | {row['median_ms']:.2f} | {p95} |")


if __name__ == "__main__":
    main()
