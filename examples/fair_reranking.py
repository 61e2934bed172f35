"""What variety and fairness cost: two re-rankings at several strengths, and who gets seen.

    python examples/fair_reranking.py [PICTURE]   # default: build/fair_reranking.png

The points of a line are strengths of one re-ranking: as far right as is wanted, as far down as can be borne.
"""

import sys
from pathlib import Path

import numpy as np

from sklearn_llmtokens import LLMTokenEmbedder, text_recommender
from sklearn_llmtokens import recommend as rec
from sklearn_llmtokens.datasets import load_toy_catalog
from sklearn_llmtokens.plotting import TradeoffDisplay

STRENGTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 0.95)


def main(picture="build/fair_reranking.png"):
    import matplotlib

    matplotlib.use("Agg")
    toy = load_toy_catalog()
    catalog, vectors = rec.Catalog(toy.ids, toy.texts), LLMTokenEmbedder().fit_transform(toy.texts)
    X, y, groups, times = rec.make_queries(toy.events)
    train, test = next(rec.GlobalTimeSplit(times, quantile=0.8, targets="last").split(X, y, groups))
    model = text_recommender(catalog).fit(X[train], y[train])
    candidates, scores = model.recommend(X[test], k=40, return_scores=True)

    def measure(lists, strength):
        return strength, rec.ndcg_at_k(y[test], lists), rec.intra_list_diversity(lists, catalog, vectors)

    arguments = {
        "MMR": (rec.mmr_rerank, (candidates, scores, catalog, vectors)),
        "calibrated": (rec.calibrated_rerank, (candidates, scores, X[test], catalog, toy.categories)),
    }
    points, lists = {}, {}
    for name, (rerank, given) in arguments.items():
        lists[name] = [rerank(*given, trade_off=strength) for strength in STRENGTHS]
        points[name] = [measure(*pair) for pair in zip(lists[name], STRENGTHS, strict=True)]

    # Who is seen: the twenty most clicked items, the rest, and what has no click in the time of training.
    clicks = np.array([(y[train] == item).sum() for item in toy.ids])
    kinds = np.where(clicks == 0, "new", np.where(clicks >= np.sort(clicks)[-20], "popular", "rest"))
    for name, ranked in (("as ranked", lists["MMR"][0]), ("MMR at 0.6", lists["MMR"][3])):
        print(f"{name}:\n{rec.exposure_report(ranked, catalog, kinds, clicks=y[test])}\n")

    display = TradeoffDisplay.from_results(points, benefit_name="distance of two items of a list")
    Path(picture).parent.mkdir(parents=True, exist_ok=True)
    display.figure_.savefig(picture, dpi=150)
    for name, ((_, before, near), *_, (_, after, far)) in points.items():
        print(f"{name}, from 0 to 0.95: diversity {near:.2f} -> {far:.2f}, NDCG@10 {before:.2f} -> {after:.2f}")
    print(f"picture: {picture}")
    return points


if __name__ == "__main__":
    main(*sys.argv[1:])
