"""Items with a text, a picture and a price: a ColumnTransformer as the embedder of a recommender.

    python examples/recommend/multimodal.py

The vectors of pictures would come from an image model. None is needed to show how the parts go together: here they are
made up, a noisy sign of the category. A new item needs the same columns.
"""

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, Normalizer, StandardScaler

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.datasets import load_toy_catalog
from sklearn_llmtokens.recommend import Catalog, ContentRecommender, recall_at_k

IMAGE = [f"image{i}" for i in range(16)]


def main(k=10):
    import pandas as pd  # pip install "sklearn-llmtokens[frames]"

    toy = load_toy_catalog()
    generator = np.random.default_rng(0)
    categories = sorted(set(toy.categories))
    signs = dict(zip(categories, generator.normal(size=(len(categories), len(IMAGE))), strict=True))
    pictures = np.array([signs[c] for c in toy.categories]) + generator.normal(size=(len(toy.ids), len(IMAGE)))
    features = pd.DataFrame(pictures, columns=IMAGE).assign(price=toy.prices)

    # Each block gets rows of about length 1; the weights say how much each counts.
    number = make_pipeline(FunctionTransformer(np.log1p, feature_names_out="one-to-one"), StandardScaler())
    embedder = ColumnTransformer(
        [
            ("text", make_pipeline(LLMTokenEmbedder(), Normalizer()), "text"),
            ("image", make_pipeline(StandardScaler(), Normalizer()), IMAGE),
            ("price", number, ["price"]),
        ],
        transformer_weights={"image": 0.7, "price": 0.1},
    )
    catalog = Catalog(toy.ids, toy.titles, features)
    results = {}
    for name, weights in (("text", {"image": 0, "price": 0}), ("text, image, price", embedder.transformer_weights)):
        recommender = ContentRecommender(catalog, embedder=embedder.set_params(transformer_weights=weights))
        lists = recommender.fit(None).recommend(toy.histories, k=k)
        results[name] = recall_at_k(toy.targets, lists, k=k)
        print(f"{name:20} HR@{k}: {results[name]:.2f}")

    tent = features[toy.ids == "S025"].reset_index(drop=True)
    recommender.add_items(["NEW"], ["双人徒步帐篷"], tent)
    results["found"] = "NEW" in recommender.similar_items(["S025"], k=5)
    print(f"a new tent with the picture of S025 is among the five items nearest to it: {results['found']}")
    return results


if __name__ == "__main__":
    main()
