"""A heuristic without training on the catalogues of ranking.py: how much of them a graph of neighbours solves.

    python benchmarks/graph_heuristic.py --protocol ranking_protocol.py --queries 1000
    python benchmarks/graph_heuristic.py --write                  # all queries; benchmarks/results, and the page

TGH ("An Embarrassingly Simple Graph Heuristic Reveals Shortcut-Solvable Benchmarks for Sequential Recommendation",
arXiv 2605.07125, haoyuhan1/GraphRec) knows what followed what in training, as a directed graph, and vectors of the
texts. Of the items one, two and three steps from the last item of a history it takes the 7, 2 and 1 most similar to
this item (TGH-1), or 5 and 1 from the last item, and 3 and 1 from the one before (TGH-2). In the first step the
similarity gains 0.5 log(1 + n) / max log(1 + n) of the n times that the item followed. Places that a ring leaves empty
go to the next best of nearer rings.

Three things differ from the paper: vectors are those of all-MiniLM-L6-v2 instead of FLAN-T5-XL; items of the history
are not recommended, as everywhere in ranking.py; and places that are still empty go to the most similar items of the
catalogue instead of random ones. --vectors names a folder with NAME.npy, the vectors of a catalogue in its order.
"""

import argparse
import os
from pathlib import Path

import numpy as np
import pandas as pd
from ranking import minilm_folder, protocol, thinned
from scipy import sparse
from tables import load, save

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.recommend import ndcg_at_k, recall_at_k

FILES = {"beauty": "amazon_beauty", "toys": "amazon_toys", "movielens": "movielens_1m"}
KINDS = ("last", "successive", "first")
K = 10
BONUS = 0.5  # alpha of the paper
BUDGETS = {"TGH-1": [(1, (7, 2, 1))], "TGH-2": [(1, (5, 1)), (2, (3, 1))]}  # of the last item, of the one before
CHUNK = 256


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--protocol", default=os.environ.get("SKLEARN_LLMTOKENS_PROTOCOL"), metavar="FILE")
    parser.add_argument("--data", nargs="*", choices=list(FILES), default=list(FILES))
    parser.add_argument("--queries", type=int, metavar="N", help="at most so many of each kind, drawn evenly")
    parser.add_argument("--vectors", metavar="FOLDER", help="vectors of the titles; without it they are embedded")
    parser.add_argument("--write", action="store_true", help="save the figures, and fill the page")
    options = parser.parse_args()
    home = os.environ.get("SKLEARN_LLMTOKENS_DATA")
    if not home or not options.protocol:
        parser.exit(message="left out: set SKLEARN_LLMTOKENS_DATA, and pass --protocol\n")
    split = protocol(options.protocol)
    rows = load("graph_heuristic", {"rows": {}})["rows"]
    for name in options.data:
        items = pd.read_parquet(Path(home, "interactions", f"{FILES[name]}_items.parquet"))
        events = pd.read_parquet(Path(home, "interactions", f"{FILES[name]}_events.parquet"))
        place = dict(zip(items.item_id.tolist(), range(len(items)), strict=True))
        train, test = split.split(events)
        graph = Graph([[place[item] for item in history] for history in train], vectors_of(name, items, options))
        for method in BUDGETS:
            row = rows.setdefault(name, {})[method] = {}
            for kind in KINDS:
                histories, targets = thinned(*split.queries(test, kind), options.queries)
                asked = [[place[item] for item in history] for history in histories]
                lists, true = graph.recommend(asked, method), [place[item] for item in targets]
                row[kind] = {"HR": recall_at_k(true, lists, K), "NDCG": ndcg_at_k(true, lists, K), "n": len(true)}
            print(name, method, row, flush=True)
            if options.write:
                save("graph_heuristic", {"rows": rows})


def vectors_of(name: str, items: pd.DataFrame, options) -> np.ndarray:
    """Return a unit vector for each item."""
    if options.vectors:
        vectors = np.load(Path(options.vectors, f"{name}.npy")).astype(np.float32)
    else:
        vectors = LLMTokenEmbedder(minilm_folder()).fit_transform(items.title.tolist())
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class Graph:
    """What followed what in training, and what is like what."""

    def __init__(self, sequences: list[list[int]], vectors: np.ndarray):
        self.vectors = vectors
        pairs = np.concatenate([np.column_stack([items[:-1], items[1:]]) for items in sequences])
        n = len(vectors)
        counts = sparse.csr_array((np.ones(len(pairs), np.float32), pairs.T), shape=(n, n))  # sums equal pairs
        self.edges = counts.astype(bool).astype(np.float32)
        largest = np.maximum(counts.log1p().max(axis=1).toarray().ravel(), 1e-12)
        self.weights = counts.log1p().multiply(1 / largest[:, np.newaxis]).tocsr()

    def recommend(self, histories: list[list[int]], method: str) -> list[list[int]]:
        """Return the K items of each history, as positions in the catalogue."""
        lists: list[list[int]] = [[] for _ in histories]
        for start in range(0, len(histories), CHUNK):
            part = histories[start : start + CHUNK]
            taken = np.zeros((len(part), len(self.vectors)), dtype=bool)
            for i, history in enumerate(part):
                taken[i, history] = True
            for back, budgets in BUDGETS[method]:
                sources = np.array([history[-min(back, len(history))] for history in part])
                scores, rings = self.rings(sources, len(budgets))
                for i, history in enumerate(part):
                    if len(history) >= back:
                        picked = pick(scores[i], rings[:, i] & ~taken[i], budgets)
                        lists[start + i] += picked
                        taken[i, picked] = True
            nearest = self.vectors[[history[-1] for history in part]] @ self.vectors.T
            nearest[taken] = -np.inf
            for i, row in enumerate(np.argsort(-nearest, axis=1)[:, :K].tolist()):
                lists[start + i] += row[: K - len(lists[start + i])]
        return lists

    def rings(self, sources: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray]:
        """Return scores, shape (n, n_items), and the items that are 1, 2, ... steps away, shape (depth, n, n_items)."""
        scores = self.vectors[sources] @ self.vectors.T
        reached = self.edges[sources]
        seen = np.zeros(scores.shape, dtype=bool)
        seen[np.arange(len(sources)), sources] = True
        rings = []
        for _ in range(depth):
            rings.append((reached.toarray() > 0) & ~seen)
            seen |= rings[-1]
            reached = sparse.csr_array(rings[-1].astype(np.float32)) @ self.edges
        return scores + BONUS * self.weights[sources].toarray(), np.stack(rings)


def pick(scores: np.ndarray, rings: np.ndarray, budgets: tuple[int, ...]) -> list[int]:
    """Return the best items of each ring, and of nearer ones where a ring has too few: at most the sum of budgets."""
    chosen: list[int] = []
    left: list[int] = []
    total = sum(budgets)
    for ring, budget in zip(rings, budgets, strict=True):
        members = np.flatnonzero(ring)
        best = members[np.argsort(-scores[members], kind="stable")[:total]].tolist()
        short = min(max(0, budget - len(best)), len(left))
        chosen += left[:short] + best[: budget - short]
        left = left[short:] + best[budget - short :]
    return chosen + left[: total - len(chosen)]


if __name__ == "__main__":
    main()
