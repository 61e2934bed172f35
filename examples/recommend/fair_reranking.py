"""The accuracy cost of diversity and calibration: two re-rankings at several strengths, and the exposure of groups.

    python examples/recommend/fair_reranking.py [PICTURE]   # default: build/fair_reranking.png

The points of a line are strengths of a re-ranking: as far right as is wanted, as far down as can be borne.
"""

import sys
from pathlib import Path

import numpy as np

from sklearn_llmtokens import LLMTokenEmbedder, text_recommender
from sklearn_llmtokens import recommend as rec
from sklearn_llmtokens.datasets import load_toy_catalog
from sklearn_llmtokens.plotting import TradeoffDisplay

STRENGTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 0.95)
BENEFITS = {"MMR": "distance of two items of a list", "calibrated": "share of the list in proportion to the history"}


def main(picture="build/fair_reranking.png"):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    toy = load_toy_catalog()
    catalog, vectors = rec.Catalog(toy.ids, toy.texts), LLMTokenEmbedder().fit_transform(toy.texts)
    X, y, groups, times = rec.make_queries(toy.events)
    train, test = next(rec.GlobalTimeSplit(times, quantile=0.8, targets="last").split(X, y, groups))
    candidates, scores = text_recommender(catalog).fit(X[train], y[train]).recommend(X[test], k=40, return_scores=True)
    categories = np.unique(toy.categories, return_inverse=True)[1]

    def mixes(lists):  # share of each category in each list
        return np.array([np.bincount(categories[catalog.index_of(row)], minlength=10) / len(row) for row in lists])

    def rerank(name, strength):
        if name == "MMR":
            lists = rec.mmr_rerank(candidates, scores, items=catalog, vectors=vectors, lambda_=1 - strength)
            return lists, rec.intra_list_diversity(lists, catalog, vectors)
        lists = rec.calibrated_rerank(
            candidates, scores, histories=X[test], items=catalog, categories=toy.categories, calibration_weight=strength
        )
        return lists, np.minimum(mixes(lists), mixes(X[test])).sum(axis=1).mean()

    figure, axes = plt.subplots(2, 1, figsize=(8, 6), layout="constrained")
    kinds = np.where(np.isin(toy.ids, y[train]), np.array(toy.domains, dtype=object), "new")
    points = {}
    for (name, benefit_name), panel in zip(BENEFITS.items(), axes, strict=True):
        runs = {strength: rerank(name, strength) for strength in STRENGTHS}
        points[name] = [(s, rec.ndcg_at_k(y[test], lists), float(benefit)) for s, (lists, benefit) in runs.items()]
        TradeoffDisplay.from_results({name: points[name]}, benefit_name=benefit_name, ax=panel)
        print(f"{name} at 0.6:\n{rec.exposure_report(runs[0.6][0], catalog, kinds, clicks=y[test])}")
        (_, before, low), *_, (_, after, high) = points[name]
        print(f"from 0 to 0.95: {benefit_name} {low:.2f} -> {high:.2f}, NDCG@10 {before:.2f} -> {after:.2f}\n")
    Path(picture).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, dpi=120)
    plt.close(figure)
    print(f"picture: {picture}")
    return points


if __name__ == "__main__":
    main(*sys.argv[1:])
