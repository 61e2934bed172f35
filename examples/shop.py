"""Shop recommendation: items for a basket, restricted to those in stock, with explanations.

    python examples/shop.py

Recommenders are compared by cross-validation over time, with measures for the customer and for the catalogue; the best
one then serves a basket.
"""

from sklearn.model_selection import cross_validate

from sklearn_llmtokens import text_recommender
from sklearn_llmtokens.datasets import load_toy_catalog
from sklearn_llmtokens.recommend import (
    Catalog,
    EASERecommender,
    GlobalTimeSplit,
    PopularityRecommender,
    make_queries,
    make_top_k_scorer,
)


def main():
    toy = load_toy_catalog()
    catalog = Catalog(toy.ids, toy.texts)
    title = dict(zip(toy.ids, toy.titles, strict=True))
    X, y, groups, times = make_queries(toy.events)

    cv = GlobalTimeSplit(times, quantile=[0.7, 0.85], targets="successive")  # two windows, one after the other
    scoring = {name: make_top_k_scorer(name, k=10) for name in ("recall", "ndcg", "coverage")}
    models = {
        "popular": PopularityRecommender(catalog),
        "clicks alone": EASERecommender(catalog),
        "text and clicks": text_recommender(catalog),
    }
    results = {}
    print(f"{'':16} {'HR@10':>6} {'NDCG@10':>8} {'coverage':>9}")
    for name, model in models.items():
        scores = cross_validate(model, X, y, groups=groups, cv=cv, scoring=scoring, error_score="raise")
        results[name] = {metric: scores[f"test_{metric}"].mean() for metric in scoring}
        print("{:16} {recall:6.2f} {ndcg:8.2f} {coverage:9.2f}".format(name, **results[name]))

    basket = [["S001", "S005"]]
    in_stock = [item for item in toy.ids if item.startswith("S") and item != "S002"]
    model = models["text and clicks"].fit(X, y)
    ranked = model.recommend(basket, k=3, candidates=in_stock)
    shares = model.explain(basket, ranked)[0]  # (n_events, k): what each thing in the basket adds to each score
    print(f"\nin the basket: {'; '.join(title[item] for item in basket[0])}")
    for j, item in enumerate(ranked[0]):
        reason = title[basket[0][shares[:, j].argmax()]]
        print(f"  {title[item]}  (most of all for: {reason})")
    results["ranked"], results["shares"] = ranked[0].tolist(), shares
    return results


if __name__ == "__main__":
    main()
