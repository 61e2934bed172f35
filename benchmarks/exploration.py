"""Seconds of exploration: one query among many vectors, and the near-duplicates of many texts.

    python benchmarks/exploration.py --write    # benchmarks/results/exploration.json, and the page
    python benchmarks/exploration.py --rows 10000 --texts 2000    # seconds

Search: `--rows` random vectors of 384 numbers, one query, the fastest of `--repeats` calls. `SemanticSearch` is
compared with scikit-learn's `NearestNeighbors`, by cosine, and by the Euclidean distance of vectors of unit length.

Near-duplicates: `--texts` shop reviews (`--data` is a data home, `SKLEARN_LLMTOKENS_DATA` by default), by their
shingles and by their vectors of zh-nano, which are computed before; seconds of the processor. Without the reviews that
part is left out.
"""

import argparse
import os
import platform
import time

import numpy as np
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize
from tables import load, save

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.datasets import fetch_shopping_reviews
from sklearn_llmtokens.exploration import SemanticSearch, find_near_duplicates, name_clusters

N_FEATURES, K = 384, 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=os.environ.get("SKLEARN_LLMTOKENS_DATA"), help="data home")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--texts", type=int, default=20_000)
    parser.add_argument("--write", action="store_true", help="save the figures, and fill the page")
    options = parser.parse_args()

    figures = load("exploration", {}) if options.write else {}
    figures["threads"] = os.environ.get("OMP_NUM_THREADS", "all")
    figures["python"] = platform.python_version()
    figures["search"] = {"rows": options.rows, "features": N_FEATURES, "k": K, "ms": search(options)}
    print(figures, flush=True)
    if options.data is None:
        print("no shop reviews: give --data or set SKLEARN_LLMTOKENS_DATA")
    else:
        figures["texts"] = explore_texts(options)
        print(figures["texts"])
    if options.write:
        save("exploration", figures)


def search(options) -> dict[str, float]:
    vectors = np.random.default_rng(0).standard_normal((options.rows, N_FEATURES), dtype=np.float32)
    query = vectors[:1] + 0.1
    unit, unit_query = normalize(vectors), normalize(query)
    ours = SemanticSearch(None).fit(vectors)
    cosine = NearestNeighbors(n_neighbors=K, metric="cosine", algorithm="brute").fit(vectors)
    euclidean = NearestNeighbors(n_neighbors=K, algorithm="brute").fit(unit)
    calls = {
        "SemanticSearch": lambda: ours.query(query, k=K)[0],
        'NearestNeighbors(metric="cosine")': lambda: cosine.kneighbors(query)[1],
        "NearestNeighbors() of unit vectors": lambda: euclidean.kneighbors(unit_query)[1],
    }
    found = [call()[0].tolist() for call in calls.values()]
    assert found[0] == found[1] == found[2]
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(options.repeats):  # one after the other, so that all see the same machine
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - start)
    return {name: round(1000 * min(values), 1) for name, values in seconds.items()}


def explore_texts(options) -> dict:
    reviews = fetch_shopping_reviews(data_home=options.data, download_if_missing=False)
    chosen = np.random.default_rng(0).permutation(len(reviews.data))[: options.texts]
    texts = [reviews.data[i] for i in chosen.tolist()]
    labels = [reviews.target_names[i] for i in np.asarray(reviews.target)[chosen].tolist()]
    vectors = LLMTokenEmbedder("zh-nano", cache=None).fit_transform(texts)
    rows = []
    for name, X, threshold in (("texts", texts, 0.8), ("vectors", vectors, 0.95)):
        seconds, found = timed(lambda X=X, threshold=threshold: find_near_duplicates(X, threshold=threshold))
        rows.append(
            {
                "what": name,
                "threshold": threshold,
                "seconds": round(seconds, 1),
                "groups": len(found.groups),
                "pairs": len(found.pairs),
                "dropped": found.n_rows - len(found.kept()),
            }
        )
    seconds, names = timed(lambda: name_clusters(texts, labels))
    return {"n": len(texts), "duplicates": rows, "names": {"seconds": round(seconds, 1), "names": names}}


def timed(call):
    start = time.process_time()
    result = call()
    return time.process_time() - start, result


if __name__ == "__main__":
    main()
