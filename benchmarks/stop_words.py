"""What a list of stop words costs and brings on real texts: TF-IDF of words and a linear model, with each list.

    python benchmarks/stop_words.py --write    # some minutes; benchmarks/results/stop_words.json, and the page

`--data` is a data home (`SKLEARN_LLMTOKENS_DATA` by default) with the shop reviews (Chinese, their sentiment) and
Banking77 (English, its intents). Beside the accuracy: the share of texts that hold a word which the named list keeps
and the list as it is drops, and the share of which nothing is left.
"""

import argparse
import os

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from tables import save

from sklearn_llmtokens import JiebaTokenizer
from sklearn_llmtokens.datasets import fetch_banking77, fetch_shopping_reviews

SIZES = (2_000, 40_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=os.environ.get("SKLEARN_LLMTOKENS_DATA"), help="data home")
    parser.add_argument("--write", action="store_true", help="save the figures, and fill the page")
    options = parser.parse_args()
    home = {"data_home": options.data, "download_if_missing": False, "return_X_y": True}

    texts, labels = fetch_shopping_reviews(target="sentiment", duplicates="drop", **home)
    rows = [row for size in SIZES for row in measure("shop reviews", "zh", *split(texts, labels, size))]
    train, test = (fetch_banking77(subset=subset, **home) for subset in ("train", "test"))
    rows += measure("Banking77", "en", train[0], test[0], train[1], test[1])
    print(*rows, sep="\n")
    if options.write:
        save("stop_words", rows)


def split(texts, labels, size: int):
    return train_test_split(np.asarray(texts, object), labels, train_size=size, test_size=20_000, random_state=0)


def measure(data: str, language: str, train, test, y_train, y_test) -> list[dict]:
    """Return a row for each list; `train` and `test` are lists of texts."""
    whole = {name: JiebaTokenizer(stop_words=name).fit(["a"]).stop_words_ for name in (language, f"{language}-all")}
    kept = whole[f"{language}-all"] - whole[language]
    rows = []
    for name in (None, language, f"{language}-all"):
        words = JiebaTokenizer(stop_words=name, lowercase=True)
        model = make_pipeline(TfidfVectorizer(analyzer=words), LinearSVC(C=0.3)).fit(train, y_train)
        cut = words.fit_transform(list(test))
        rows.append(
            {
                "data": data,
                "texts": len(train),
                "stop_words": name,
                "accuracy": round(model.score(test, y_test), 4),
                "with_a_kept_word": round(float(np.mean([not kept.isdisjoint(text.split()) for text in cut])), 3),
                "empty": round(float(np.mean([not text for text in cut])), 5),
            }
        )
    return rows


if __name__ == "__main__":
    main()
