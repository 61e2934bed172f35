"""How long texts take to become vectors, beside another commit in the same run.

    git worktree add ../before COMMIT
    python benchmarks/embedding_speed.py --baseline ../before --write benchmarks/results/embedding_speed.md

Each folder is a checkout of this repository and runs in a process of its own, one thread each. Both embed the same
texts, and take turns: a ratio is the median of the baseline's times divided by the median of ours, by the clock and in
processor time. The vectors of both are compared, and the scores of the search. Without ``--baseline`` our own times
alone are printed.
"""

import argparse
import platform
import random
import tempfile
import warnings
from itertools import product
from pathlib import Path

import numpy as np
from checkouts import commit, measure, table, work, write

SUBJECTS = ["物流", "包装", "客服", "质量", "屏幕", "味道", "价格", "房间", "电池", "声音", "面料", "做工"]
PRAISE = ["很快", "完好", "热情", "过硬", "清晰", "很好", "实惠", "干净", "耐用", "悦耳", "舒适", "精细"]
BLAME = ["太慢", "破损", "冷淡", "很差", "模糊", "很怪", "偏高", "很脏", "不行", "刺耳", "粗糙", "马虎"]
CLOSINGS = ["，下次还会再来", "，推荐给大家", "，和描述的一样", "，已经退货了", "，等了好几天", ""]

CALLS_OF_ONE_TEXT, CALLS_FROM_A_CACHE = 20, 20


def short_reviews(n_texts: int) -> tuple[list[str], list[int]]:
    """Distinct reviews of 4 to 25 characters, and whether they praise."""
    opinions = [*((word, 1) for word in PRAISE), *((word, 0) for word in BLAME)]
    parts = list(product(SUBJECTS, opinions, SUBJECTS, CLOSINGS))
    chosen = random.Random(0).sample(parts, n_texts)
    texts = [f"{subject}{word}，{other}{word}{closing}" for subject, (word, _), other, closing in chosen]
    return texts, [label for _, (_, label), _, _ in chosen]


def mixed(n_texts: int) -> list[str]:
    """Texts of about 5 to 500 tokens, as many of each length."""
    reviews, _ = short_reviews(5_000)
    rng, texts = random.Random(1), []
    for _ in range(n_texts):
        n_characters = rng.randint(5, 500)
        joined = "。".join(rng.sample(reviews, n_characters // 8 + 1))
        texts.append(joined[:n_characters])
    return texts


def cases(n_texts: int) -> dict:
    """By name, what makes the call that is timed."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline

    from sklearn_llmtokens import LLMTokenEmbedder
    from sklearn_llmtokens.model_selection import precompute

    warnings.simplefilter("ignore")
    reviews, labels = short_reviews(n_texts)
    long = mixed(max(2, n_texts // 3))

    def embed(texts, n_calls=1, **params):
        def prepare():
            embedder = LLMTokenEmbedder(**params).fit(texts)
            embedder.transform(texts)

            def call():
                for _ in range(n_calls - 1):
                    embedder.transform(texts)
                return embedder.transform(texts)

            return call

        return prepare

    def from_a_folder():
        folder = tempfile.TemporaryDirectory()
        call = embed(reviews, CALLS_FROM_A_CACHE, cache=folder.name)()
        return lambda keep=folder: call()

    def search():
        grid = {
            "llmtokenembedder__layer": [1, 2, -1],
            "llmtokenembedder__pooling": ["mean", "max", "cls", ("mean", "max")],
            "logisticregression__C": [0.1, 1.0],
        }
        texts, y = reviews[: n_texts // 3 or 10], labels[: n_texts // 3 or 10]

        def call():
            pipeline = make_pipeline(LLMTokenEmbedder(), LogisticRegression(max_iter=200))
            with tempfile.TemporaryDirectory() as folder:
                fitted = precompute(GridSearchCV(pipeline, grid, cv=5), texts, y, cache=folder).fit(texts, y)
            return fitted.cv_results_["mean_test_score"].reshape(1, -1)

        return call

    cold = {"cache": None}
    return {
        "cold, float32, short reviews": embed(reviews, **cold),
        "cold, float32, 5 to 500 tokens": embed(long, **cold),
        "cold, int8, short reviews": embed(reviews, dtype="int8", **cold),
        "cold, int8, 5 to 500 tokens": embed(long, dtype="int8", **cold),
        f"{CALLS_FROM_A_CACHE} warm reads from memory": embed(reviews, CALLS_FROM_A_CACHE, cache="memory"),
        f"{CALLS_FROM_A_CACHE} warm reads from a folder": from_a_folder,
        "a search of 24 candidates in 5 folds": search,
        f"one text, {CALLS_OF_ONE_TEXT} calls": embed(reviews[:1], CALLS_OF_ONE_TEXT, **cold),
        f"one text, int8, {CALLS_OF_ONE_TEXT} calls": embed(reviews[:1], CALLS_OF_ONE_TEXT, dtype="int8", **cold),
    }


def summarise(vectors) -> list:
    return np.asarray(vectors)[:20].tolist()


def is_same(ours: list, theirs: list) -> bool:
    return bool(np.allclose(ours, theirs, rtol=0, atol=1e-6))


def page(rows: list[dict], baseline: Path | None, n_texts: int, n_repeats: int) -> str:
    return f"""# Speed of embedding

Written by `benchmarks/embedding_speed.py`: zh-mini, {n_texts:,} short reviews, a third as many texts of 5 to 500 tokens
and in the search, beside {commit(baseline)}, in one run of alternating calls; medians of {n_repeats}, one thread,
numpy {np.__version__}, {platform.machine()}. Times are of whole calls, from lists of texts to arrays. "Same" means
vectors, or scores of the search, within 1e-6.

{table(rows, "same")}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--baseline", type=Path, metavar="FOLDER", help="another checkout of this repository")
    parser.add_argument("--cases", nargs="+", metavar="CASE", help="these alone")
    parser.add_argument("--texts", type=int, default=600, help="short reviews; a third as many of the longer texts")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--write", type=Path, metavar="PAGE.md", help="write the table, and its figures as .json")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        work(cases(arguments.texts), summarise)
        return
    names = arguments.cases or list(cases(arguments.texts))
    options = ["--texts", str(arguments.texts)]
    rows = measure(__file__, options, arguments.baseline, names, arguments.repeats, is_same)
    print(table(rows, "same"))
    if arguments.write:
        write(arguments.write, page(rows, arguments.baseline, arguments.texts, arguments.repeats), rows)


if __name__ == "__main__":
    main()
