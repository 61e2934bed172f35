"""A table with columns of text, numbers and categories: text_pipeline, ColumnTransformer, pandas and polars.

    python examples/classify/table.py [FOLDER]             # default: build/table

A CSV file of reviews goes in: the text, how the writer felt, the language. The category comes out.
"""

import sys
from pathlib import Path

import numpy as np
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklearn_llmtokens import EmbeddingPCA, LLMTokenEmbedder, text_pipeline
from sklearn_llmtokens.datasets import load_toy_reviews


def main(folder="build/table"):
    try:
        import pandas as pd
        import polars as pl
    except ImportError as error:
        sys.exit(f"This example needs {error.name}: pip install pandas polars pyarrow")

    path = write_csv(Path(folder) / "reviews.csv")
    table = pd.read_csv(path)
    y = table.pop("category")
    print(table.head(3).to_string(), "\n")

    # In one call: what the columns hold is found out, and what each counts is chosen.
    whole = text_pipeline(label_texts=None)
    scores = cross_val_score(whole, table, y, cv=5)
    print(f"text_pipeline, category, five folds: {scores.mean():.3f} ± {scores.std():.3f}")
    print(f"columns: {whole.fit(table, y)['column'].kinds_}\n")

    # By hand. `["text"]`, a list: the embedder gets a frame of one column, and names its features after it.
    features = ColumnTransformer(
        [
            ("text", Pipeline([("embedder", LLMTokenEmbedder()), ("pca", EmbeddingPCA(48, random_state=0))]), ["text"]),
            ("number", StandardScaler(), ["stars", "length"]),
            ("kind", OneHotEncoder(sparse_output=False), ["language"]),
        ]
    )
    model = Pipeline([("features", features), ("scaler", StandardScaler()), ("linear", LogisticRegression(C=0.05))])
    accuracy = cross_val_score(model, table, y, cv=5)
    print(
        f"by hand, category, five folds: {accuracy.mean():.3f} ± {accuracy.std():.3f} (chance: {1 / y.nunique():.3f})\n"
    )

    frame = features.set_output(transform="pandas").fit_transform(table)
    print(f"features as a pandas frame: {frame.shape}, index kept: {frame.index.equals(table.index)}")
    print(frame.iloc[:2, [0, 1, -4, -3, -2, -1]].round(3).to_string(), "\n")

    # The same pipeline reads polars frames, and gives them.
    polars_table = pl.read_csv(path).drop("category")
    polars_model = clone(model)
    polars_model["features"].set_output(transform="polars")
    same = np.array_equal(polars_model.fit(polars_table, y).predict(polars_table), model.fit(table, y).predict(table))
    polars_frame = polars_model["features"].transform(polars_table)
    print(f"features as a polars frame: {polars_frame.shape}; same predictions from both libraries: {same}")
    return {
        "accuracy": accuracy.mean(),
        "whole": scores.mean(),
        "columns": list(frame.columns),
        "polars": polars_frame,
        "same": same,
    }


def write_csv(path):
    """Write the toy reviews as a file such as a shop would export."""
    frame = load_toy_reviews(as_frame=True).frame
    names = np.array(load_toy_reviews().target_names)
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.assign(
        stars=frame["sentiment"].map({0: 1, 1: 5}), length=frame["text"].str.len(), category=names[frame["target"]]
    )[["text", "stars", "length", "language", "category"]].to_csv(path, index=False)
    return path


if __name__ == "__main__":
    main(*sys.argv[1:])
