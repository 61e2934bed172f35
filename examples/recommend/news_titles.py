"""
News titles: sections, and more of the same
===========================================

Titles alone, without a click: which section is a title of, and which titles does a reader of these like? TF-IDF of
characters beside ``text_pipeline``, with few labels and with many.

Titles are those of THUCNews if ``fetch_thucnews`` has downloaded them before; otherwise, those of the toy catalogue.
"""

import numpy as np
from matplotlib import pyplot as plt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer

from sklearn_llmtokens import LLMTokenEmbedder, text_pipeline
from sklearn_llmtokens.datasets import fetch_thucnews, load_toy_catalog
from sklearn_llmtokens.recommend import Catalog, ContentRecommender

# %%
# Titles and sections
# -------------------
# Of the 10,000 titles, 2,000 by chance.
try:
    news = fetch_thucnews(download_if_missing=False)
except OSError:
    toy = load_toy_catalog()
    titles, sections = np.array(toy.texts, dtype=object), np.array(toy.categories)
else:
    chosen = np.sort(np.random.default_rng(0).choice(len(news.data), 2000, replace=False))
    titles, sections = news.data[chosen], np.array(news.target_names)[news.target[chosen]]
print(f"{len(titles)} titles in {len(set(sections))} sections: {', '.join(sorted(set(sections)))}")
for section, title in zip(sections[:3], titles[:3], strict=True):
    print(f"  {section}: {title}")

# %%
# Which section?
# --------------
X_train, X_test, y_train, y_test = train_test_split(titles, sections, test_size=0.5, stratify=sections, random_state=0)
models = {
    "TF-IDF of characters": make_pipeline(
        TfidfVectorizer(analyzer="char", ngram_range=(1, 2)), LogisticRegression(C=10, max_iter=1000)
    ),
    "text_pipeline": text_pipeline(embedder="zh-nano"),
}
sizes = sorted({min(size, len(X_train)) for size in (50, 200, 1000)})
accuracy = {
    name: [model.fit(X_train[:n], y_train[:n]).score(X_test, y_test) for n in sizes] for name, model in models.items()
}
for name, values in accuracy.items():
    print(f"{name:22}", "  ".join(f"{n} labels: {value:.3f}" for n, value in zip(sizes, values, strict=True)))

# %%
# Few labels and many
# -------------------
figure, axes = plt.subplots(figsize=(8, 6), layout="constrained")
for name, values in accuracy.items():
    axes.plot(sizes, values, marker="o", label=name)
axes.set(xlabel="titles with a label", ylabel="accuracy on other titles", xscale="log", xticks=sizes, xticklabels=sizes)
axes.legend(frameon=False)
plt.show()

# %%
# More of the same
# ----------------
# A reader has read three titles of one section; how many of the next ten are of that section?
catalog = Catalog([f"T{i}" for i in range(len(titles))], titles.tolist())
section_of = dict(zip(catalog.ids, sections, strict=True))
readers, wanted = [], []
for section in sorted(set(sections)):
    ids = catalog.ids[sections == section]
    readers += [list(ids[i : i + 3]) for i in range(0, min(len(ids) - 2, 60), 3)]
    wanted += [section] * (len(readers) - len(wanted))
embedders = {
    "TF-IDF of characters": TfidfVectorizer(analyzer="char", ngram_range=(1, 2)),
    "zh-nano": make_pipeline(LLMTokenEmbedder("zh-nano"), Normalizer()),
}
same = {}
for name, embedder in embedders.items():
    lists = ContentRecommender(catalog, embedder=embedder).fit(None).recommend(readers, k=10)
    same[name] = np.mean([[section_of[i] == s for i in row] for row, s in zip(lists, wanted, strict=True)])
    print(f"{name:22} of ten titles, {same[name]:.2f} are of the section (chance: {1 / len(set(sections)):.2f})")
