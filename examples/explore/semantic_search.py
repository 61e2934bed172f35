"""Who complains about cold meals? Search reviews by what they mean, not by their words alone.

python examples/explore/semantic_search.py [PICTURE]      # default: build/semantic_search.png
"""

import sys
from pathlib import Path

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.datasets import load_toy_reviews
from sklearn_llmtokens.exploration import SemanticSearch

QUERIES = ["饭菜送到都凉了", "电影的画面很美", "房间很吵，睡不着"]


def main(picture="build/semantic_search.png"):
    texts = list(load_toy_reviews().data)
    search = SemanticSearch(LLMTokenEmbedder("zh-nano")).fit(texts)
    rows, similarities = search.query(QUERIES, k=5)
    for query, row, similarity in zip(QUERIES, rows.tolist(), similarities.tolist(), strict=True):
        print(query)
        for i, value in zip(row, similarity, strict=True):
            print(f"    {value:.2f} {texts[i]}")
    print(f"picture: {draw(texts, rows, similarities, Path(picture))}")
    return {query: [texts[i] for i in row] for query, row in zip(QUERIES, rows.tolist(), strict=True)}


def draw(texts, rows, similarities, path):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    from sklearn_llmtokens.plotting import use_chinese_font

    use_chinese_font()
    figure, axes = plt.subplots(len(QUERIES), figsize=(8, 6), sharex=True, layout="constrained")
    for ax, query, row, similarity in zip(axes, QUERIES, rows, similarities, strict=True):
        ax.barh(range(len(row)), similarity, color="tab:blue", alpha=0.4)
        for place, i in enumerate(row):
            ax.text(0.005, place, texts[i][:40], va="center", fontsize=9)
        ax.set(yticks=[], title=query)
        ax.invert_yaxis()
    axes[-1].set_xlabel("cosine similarity")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return path


if __name__ == "__main__":
    main(*sys.argv[1:])
