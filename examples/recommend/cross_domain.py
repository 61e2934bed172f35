"""Cross-domain recommendation: recommend goods to readers of news, from two catalogues without a common item.

    python examples/recommend/cross_domain.py

What was read elsewhere comes as texts (`query="texts"`): the same embedder reads both catalogues, and nothing has to
be learned from clicks in the shop.
"""

import numpy as np

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.datasets import load_toy_catalog
from sklearn_llmtokens.recommend import Catalog, ContentRecommender, recall_at_k


def main(k=5):
    toy = load_toy_catalog()
    text = dict(zip(toy.ids, toy.texts, strict=True))
    title = dict(zip(toy.ids, toy.titles, strict=True))
    shop = [item for item in toy.ids if item.startswith("S")]

    # A query: the texts of what a reader read outside of the shop, before the last thing bought in it.
    read, bought = [], []
    for history, target in zip(toy.histories, toy.targets, strict=True):
        items = [*history, target]
        last = max((n for n, item in enumerate(items) if item.startswith("S")), default=0)
        before = [text[item] for item in items[:last] if not item.startswith("S")]
        if before:
            read.append(before)
            bought.append(items[last])
    print(f"{len(read)} readers of news and articles, {len(shop)} goods")

    goods = Catalog(shop, [text[item] for item in shop])
    recommender = ContentRecommender(goods, embedder=LLMTokenEmbedder(), query="texts").fit(None)
    lists = recommender.recommend(read, k=k)
    hit_rate = recall_at_k(bought, lists, k=k)

    names, counts = np.unique(
        bought, return_counts=True
    )  # an oracle: it has counted the very purchases to be predicted
    popular = recall_at_k(bought, [names[np.argsort(-counts, kind="stable")[:k]]] * len(bought), k=k)

    print(f"a reader of   {read[0][-1]}")
    print(f"is advised    {'; '.join(title[item] for item in lists[0, :3])}")
    print(f"HR@{k}: {hit_rate:.2f} (best sellers: {popular:.2f}; at random: {k / len(shop):.2f})")
    return {"hit_rate": hit_rate, "popular": popular, "at_random": k / len(shop)}


if __name__ == "__main__":
    main()
