"""Content-based recommendation without clicks: similar items, and search by a free text.

    python examples/recommend/content.py

Words that are the same find a little, meaning finds more: TF-IDF beside a language model, and both side by side.
"""

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import Normalizer

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.datasets import load_toy_catalog
from sklearn_llmtokens.recommend import Catalog, ContentRecommender

WISHES = ["想学做几道下饭的家常菜", "孩子晚上不肯睡觉怎么办", "周末去山里露营要带什么", "阳台上种点什么好养活"]


def main(k=5):
    toy = load_toy_catalog()
    catalog = Catalog(toy.ids, toy.texts)
    title = dict(zip(toy.ids, toy.titles, strict=True))
    category = dict(zip(toy.ids, toy.categories, strict=True))
    words = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True)
    meaning = make_pipeline(LLMTokenEmbedder(), Normalizer())
    embedders = {"words": words, "meaning": meaning, "both": FeatureUnion([("words", words), ("meaning", meaning)])}

    results = {}
    for name, embedder in embedders.items():
        model = ContentRecommender(catalog, embedder=embedder).fit(None)
        near = model.similar_items(toy.ids, k=k)
        same = [[category[i] == category[item] for i in row] for item, row in zip(toy.ids, near, strict=True)]
        results[name] = np.mean(same)
        print(f"{name:8} of the {k} nearest items, {results[name]:.2f} are of the same category")

    print(f"\nmore like {title['C003']}:")
    for item in near[toy.ids.tolist().index("C003"), :3]:
        print(f"  {title[item]}")

    reader = ContentRecommender(catalog, embedder=embedders["meaning"], query="texts").fit(None)
    answers = reader.recommend([[wish] for wish in WISHES], k=1)[:, 0]
    for wish, item in zip(WISHES, answers, strict=True):
        print(f"{wish}  ->  {title[item]}")
    results["answers"] = [category[item] for item in answers]
    return results


if __name__ == "__main__":
    main()
