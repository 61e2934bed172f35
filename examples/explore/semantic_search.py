"""
Search by meaning
=================

Who complains about cold meals? Search reviews by what they mean, not by their words alone.
"""

from matplotlib import pyplot as plt

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.datasets import load_toy_reviews
from sklearn_llmtokens.exploration import SemanticSearch
from sklearn_llmtokens.plotting import use_chinese_font

# %%
# Three queries
# -------------
queries = ["饭菜送到都凉了", "电影的画面很美", "房间很吵，睡不着"]
texts = list(load_toy_reviews().data)
search = SemanticSearch(LLMTokenEmbedder("zh-nano")).fit(texts)
rows, similarities = search.query(queries, k=5)
for query, row, similarity in zip(queries, rows.tolist(), similarities.tolist(), strict=True):
    print(query)
    for i, value in zip(row, similarity, strict=True):
        print(f"    {value:.2f} {texts[i]}")

# %%
# The same as bars
# ----------------
# ``use_chinese_font`` lets matplotlib write Chinese.
use_chinese_font()
figure, axes = plt.subplots(len(queries), figsize=(8, 6), sharex=True, layout="constrained")
for ax, query, row, similarity in zip(axes, queries, rows, similarities, strict=True):
    ax.barh(range(len(row)), similarity, color="tab:blue", alpha=0.4)
    for place, i in enumerate(row):
        ax.text(0.005, place, texts[i][:40], va="center", fontsize=9)
    ax.set(yticks=[], title=query)
    ax.invert_yaxis()
axes[-1].set_xlabel("cosine similarity")
plt.show()
