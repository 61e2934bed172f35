"""Shop recommendation: items for a basket, restricted to those in stock, with explanations.

    python examples/recommend/shop.py

Recommenders are compared on two windows of time, with measures for the customer and for the catalogue; the best one
then serves a basket.
"""

from sklearn_llmtokens import text_recommender
from sklearn_llmtokens.datasets import load_toy_catalog
from sklearn_llmtokens.recommend import (
    Catalog,
    EASERecommender,
    GlobalTimeSplit,
    PopularityRecommender,
    evaluate,
    make_queries,
)


def main():
    toy = load_toy_catalog()
    catalog = Catalog(toy.ids, toy.texts)
    title = dict(zip(toy.ids, toy.titles, strict=True))
    queries = make_queries(toy.events)

    models = {
        "popular": PopularityRecommender(catalog),
        "clicks alone": EASERecommender(catalog),
        "text and clicks": text_recommender(catalog),
    }
    windows = GlobalTimeSplit(quantile=[0.7, 0.85], targets="successive")  # two, one after the other
    table = evaluate(models, queries, windows, ["hit_rate@10", "ndcg@10", "coverage@10"], baseline="popular")
    print(table[["hit_rate@10", "hit_rate@10_low", "hit_rate@10_high", "ndcg@10", "coverage@10"]].round(2).to_string())
    results = table.to_dict("index")

    basket = [["S001", "S005"]]
    in_stock = [item for item in toy.ids if item.startswith("S") and item != "S002"]
    model = models["text and clicks"].fit(queries.X, queries.y)
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
