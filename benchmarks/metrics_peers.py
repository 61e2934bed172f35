"""The measures of RecTools, ranx, ir-measures and LensKit on lists that are passed as JSON, for metrics_agreement.py.

    python -m venv PEERS
    PEERS/bin/pip install rectools==0.19.0 ranx==0.3.21 ir-measures==0.4.3 lenskit==2025.8.1 pyarrow==20.0.0
    PEERS/bin/python benchmarks/metrics_peers.py < cases.json > values.json

It stands by itself, since these packages and this one need different versions of NumPy and pandas. A case has "lists"
({query: [[item, score], ...]}, best first), "relevant" ({query: {item: grade}}), "catalog" (ids), "known" (pairs of
user and item of the training data) and k. Each library is called as its documentation shows, with its defaults.
"""

import json
import sys
from importlib.metadata import version

import ir_measures
import pandas as pd
from ir_measures import RR, R, Success, nDCG
from lenskit.data import ItemListCollection
from lenskit.metrics import NDCG as LensKitNDCG
from lenskit.metrics import Hit, RecipRank, RunAnalysis
from lenskit.metrics import Recall as LensKitRecall
from lenskit.metrics.ranking import LogRankWeight
from ranx import Qrels, Run, evaluate
from rectools.metrics import MRR, NDCG, CatalogCoverage, HitRate, MeanInvUserFreq, Recall, calc_metrics

MEASURES = ("NDCG", "recall", "MRR", "hit rate")


def main() -> None:
    cases = json.load(sys.stdin)
    libraries = {"RecTools": rectools, "ranx": ranx, "ir-measures": irm, "LensKit": lenskit}
    packages = {"RecTools": "rectools", "ranx": "ranx", "ir-measures": "ir-measures", "LensKit": "lenskit"}
    values = {
        name: {library: attempt(measure, case) for library, measure in libraries.items()}
        for name, case in cases.items()
    }
    json.dump({"versions": {one: version(package) for one, package in packages.items()}, "values": values}, sys.stdout)


def attempt(measure, case: dict) -> dict:
    """Return the values of a library, or the first line of its error."""
    try:
        return {name: float(value) for name, value in measure(case).items()}
    except Exception as error:  # what a library says of input that it does not take is a result
        return {"error": f"{type(error).__name__}: {str(error).splitlines()[0][:80]}"}


def frames(case: dict) -> tuple[pd.DataFrame, pd.DataFrame]:
    lists = [
        (query, item, score, rank)
        for query, items in case["lists"].items()
        for rank, (item, score) in enumerate(items, start=1)
    ]
    relevant = [(query, item, grade) for query, items in case["relevant"].items() for item, grade in items.items()]
    return (
        pd.DataFrame(lists, columns=["user_id", "item_id", "score", "rank"]),
        pd.DataFrame(relevant, columns=["user_id", "item_id", "weight"]),
    )


def rectools(case: dict) -> dict:
    reco, relevant = frames(case)
    known = pd.DataFrame(case["known"], columns=["user_id", "item_id"])
    k = case["k"]
    metrics = {
        "NDCG": NDCG(k),
        "NDCG, divide_by_achievable=True": NDCG(k, divide_by_achievable=True),
        "recall": Recall(k),
        "MRR": MRR(k),
        "hit rate": HitRate(k),
        "coverage": CatalogCoverage(k, normalize=True),
        "novelty": MeanInvUserFreq(k),
    }
    return calc_metrics(metrics, reco, relevant, prev_interactions=known, catalog=case["catalog"])


def ranx(case: dict) -> dict:
    names = {f"ndcg@{case['k']}": "NDCG", f"ndcg_burges@{case['k']}": "NDCG, Burges", f"recall@{case['k']}": "recall"}
    names |= {f"mrr@{case['k']}": "MRR", f"hit_rate@{case['k']}": "hit rate"}
    run = Run({query: dict(items) for query, items in case["lists"].items()})
    found = evaluate(Qrels(case["relevant"]), run, list(names))
    return {names[name]: value for name, value in found.items()}


def irm(case: dict) -> dict:
    k = case["k"]
    measures = {"NDCG": nDCG @ k, "recall": R @ k, "MRR": RR @ k, "hit rate": Success @ k}
    run = {query: dict(items) for query, items in case["lists"].items()}
    found = ir_measures.calc_aggregate(list(measures.values()), case["relevant"], run)
    return {name: found[measure] for name, measure in measures.items()}


def lenskit(case: dict) -> dict:
    reco, relevant = frames(case)
    k = case["k"]
    analysis = RunAnalysis(RecipRank(k), Hit(k), LensKitNDCG(k), LensKitRecall(k))
    analysis.add_metric(LensKitNDCG(k, weight=LogRankWeight(offset=1)), "offset")
    lists = ItemListCollection.from_df(reco, ["user_id"])
    truth = ItemListCollection.from_df(relevant, ["user_id"])
    found = analysis.measure(lists, truth).list_summary()["mean"]
    names = {
        "offset": "NDCG, LogRankWeight(offset=1)",
        "RecipRank": "MRR",
        "RR": "MRR",
        "Hit": "hit rate",
        "NDCG": "NDCG",
        "Recall": "recall",
    }
    return {names[label.partition("@")[0]]: value for label, value in found.items()}


if __name__ == "__main__":
    main()
