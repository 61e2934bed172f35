"""The measures of this package beside those of RecTools, ranx, ir-measures and LensKit, on the same lists.

    python benchmarks/metrics_agreement.py --peers PEERS/bin/python            # see metrics_peers.py for PEERS
    python benchmarks/metrics_agreement.py --peers PEERS/bin/python --write    # benchmarks/results, and the page

Lists are those of two recommenders on the bundled catalogue: the last three items of each user are what is relevant,
the ones before are the history. Each case changes one thing: how many items are relevant, their grades, ties between
scores, the length of lists, users without relevant items, users without a list. But for the case of ties, the score of
an item is minus its rank, so that all libraries see one order.
"""

import argparse
import json
import subprocess
from pathlib import Path

import numpy as np
from tables import save

from sklearn_llmtokens.datasets import load_toy_catalog
from sklearn_llmtokens.recommend import (
    Catalog,
    ContentRecommender,
    PopularityRecommender,
    catalog_coverage,
    mrr_at_k,
    ndcg_at_k,
    novelty,
    recall_at_k,
)

K = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", required=True, metavar="PYTHON", help="an interpreter that has the other libraries")
    parser.add_argument("--write", action="store_true", help="save the figures, and fill the page")
    options = parser.parse_args()
    cases = make_cases()
    call = [options.peers, str(Path(__file__).with_name("metrics_peers.py"))]
    answer = subprocess.run(call, input=json.dumps(cases), text=True, stdout=subprocess.PIPE, check=True).stdout
    found = json.loads(answer[answer.index('{"versions"') :])  # some of them print while they are imported
    rows = {name: {"sklearn-llmtokens": attempt(case)} | found["values"][name] for name, case in cases.items()}
    for name, row in rows.items():
        print(name, json.dumps(row, indent=1))
    if options.write:
        save("metrics_agreement", {"k": K, "versions": found["versions"], "values": rows})


def make_cases() -> dict[str, dict]:
    toy = load_toy_catalog()
    catalog = Catalog(toy.ids, toy.texts)
    users = [[*history, target] for history, target in zip(toy.histories, toy.targets.tolist(), strict=True)]
    histories, relevant = [items[:-3] for items in users], [items[-3:] for items in users]
    names = [f"u{i}" for i in range(len(users))]
    known = [(name, item) for name, history in zip(names, histories, strict=True) for item in history]

    def case(recommender, relevant=relevant, grades=(1, 1, 1), k=K, scores=False) -> dict:
        frame = recommender.fit(histories).recommend(histories, k=k, as_frame=True)
        frame["score"] = frame["score"].astype(float) if scores else -frame["rank"].astype(float)
        lists = {name: [] for name in names}
        for at, item, score in zip(frame["query_id"], frame["item_id"], frame["score"], strict=True):
            lists[names[at]].append((item, score))
        graded = {name: dict(zip(items, grades, strict=False)) for name, items in zip(names, relevant, strict=True)}
        return {"k": K, "lists": lists, "relevant": graded, "catalog": toy.ids.tolist(), "known": known}

    content, popular = ContentRecommender(catalog), PopularityRecommender(catalog)
    without_relevant = [[] if i % 5 == 0 else items for i, items in enumerate(relevant)]
    n_items = len(toy.ids)
    twelve = [
        list(dict.fromkeys([*items, *(toy.ids[(i + j) % n_items] for j in range(12))]))[:12]
        for i, items in enumerate(relevant)
    ]
    cases = {
        "one relevant item": case(content, [items[:1] for items in relevant]),
        "three relevant items": case(content),
        "three, of grades 3, 2, 1": case(content, grades=(3, 2, 1)),
        "twelve relevant items": case(content, twelve, grades=[1] * 12),
        "lists of five items": case(content, k=5),
        "ties between scores": case(popular, scores=True),
        "a fifth of the users without relevant items": case(content, without_relevant),
        "a fifth of the users without a list": case(content),
    }
    for i, name in enumerate(names):
        if i % 5 == 0:
            cases["a fifth of the users without a list"]["lists"][name] = []
    return cases


def attempt(case: dict) -> dict:
    """Return the values of this package, or its error."""
    lists = [[item for item, _ in items] for items in case["lists"].values()]
    relevant = [list(items) for items in case["relevant"].values()]
    histories: dict = {}
    for user, item in case["known"]:
        histories.setdefault(user, []).append(item)
    try:
        return {
            "NDCG": ndcg_at_k(relevant, lists, K),
            "recall": recall_at_k(relevant, lists, K),
            "MRR": mrr_at_k(relevant, lists, K),
            "hit rate": float(np.mean(recall_at_k(relevant, lists, K, average=False) > 0)),
            "coverage": catalog_coverage(lists, case["catalog"], K),
            "novelty": novelty(lists, list(histories.values()), K),
        }
    except ValueError as error:
        return {"error": f"ValueError: {str(error)[:80]}"}


if __name__ == "__main__":
    main()
