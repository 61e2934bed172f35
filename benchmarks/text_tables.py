"""`text_pipeline` beside `skrub.tabular_pipeline` on tables that have columns of text.

    python benchmarks/text_tables.py --cache FOLDER
    python benchmarks/text_tables.py --cache FOLDER --write    # benchmarks/results/text_tables.json, and the page
    python benchmarks/text_tables.py --tables films --splits 1

- reviews: 2,000 Chinese shop reviews with the kind of goods and counts of characters, commas, digits and other signs;
  the sentiment is predicted. `SKLEARN_LLMTOKENS_DATA` names the data home.
- films: 2,000 films of Wikidata (CC0) with title, director, writers, cast, producers, genres, countries, date, length
  and reported receipts; whether critics liked them (60 % of reviews or more) is predicted. They are in the package
  `bokeh-sampledata`, whose wheel has the file: `pip install --no-deps bokeh-sampledata`. No package that was found
  ships a table with Chinese texts.

Each table is fitted on `--splits` random halves and scored on the other half: with all columns, with the columns of
text alone, and with the others alone. Both get the same language model: zh-mini for reviews, all-MiniLM-L6-v2 for
films. skrub is measured with gradient boosting, its default, and with logistic regression. Its default encoder of texts
is `StringEncoder` (30 components of TF-IDF of characters); the other one is that of the same language model, reduced
to 30 components by default. What is not installed is left out, with a message.
"""

import argparse
import sqlite3
import warnings

import numpy as np
import pandas as pd
from accuracy import RememberingModel, bundled, minilm_folder, skrub_encoder, skrub_is_here
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from tables import load, save

from sklearn_llmtokens import LLMTokenEmbedder, text_pipeline
from sklearn_llmtokens.datasets import fetch_shopping_reviews
from sklearn_llmtokens.text import TableReader

N_ROWS = 2000
TEXT_PARTS = ("features__characters", "features__words", "features__meaning")
COLUMNS = ("all columns", "texts alone", "numbers, dates and categories alone")
_models: dict = {}


def main(argv=None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", nargs="*", default=list(TABLES))
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--cache", default="memory", help="folder of vectors")
    parser.add_argument("--write", action="store_true", help="save the figures, and fill the page")
    options = parser.parse_args(argv)
    results = load("text_tables", {}) if options.write else {}
    for name in options.tables:
        try:
            frame, y, model = TABLES[name]()
        except (OSError, ImportError) as error:
            print(f"left out: {name} ({str(error).splitlines()[0]})")
            continue
        kinds = TableReader(missing="empty").fit(frame).kinds_
        print(name, frame.shape, kinds, flush=True)
        rows = {}
        for method, fit in methods(model, options.cache).items():
            rows[method] = {columns: measure(fit, frame, y, kinds, columns, options.splits) for columns in COLUMNS}
            for columns, scores in rows[method].items():
                means = {measure: round(float(np.mean(of)), 3) for measure, of in scores.items()}
                print(f"{name}, {method}, {columns}: {means}", flush=True)
        results[name] = {"kinds": kinds, "rows": len(frame), "splits": options.splits, "scores": rows}
    if options.write:
        save("text_tables", results)


def methods(model: str, cache: str) -> dict:
    """Return functions that take a frame, its columns of text and labels, and return a fitted classifier."""

    def ours(frame, texts, columns, y):
        embedder = LLMTokenEmbedder(model, cache=cache)
        pipeline = text_pipeline(embedder=embedder, missing="zero", text_columns=texts)
        if columns == COLUMNS[2]:
            pipeline.set_params(**dict.fromkeys(TEXT_PARTS, "drop"))
        return pipeline.fit(frame, y)

    found = {"text_pipeline": ours}
    if not skrub_is_here():
        return found
    for last, estimator in (("gradient boosting", "classifier"), ("logistic regression", LogisticRegression())):
        for encoder in ("StringEncoder", "the same model"):
            found[f"skrub, {last}, {encoder}"] = skrub_method(estimator, model if encoder != "StringEncoder" else None)
    return found


def skrub_method(estimator, model):
    def fit(frame, texts, columns, y):
        import skrub

        pipeline = skrub.tabular_pipeline(estimator)
        encoder = skrub.StringEncoder(random_state=0) if model is None else remembering_encoder(str(bundled(model)))
        return pipeline.set_params(tablevectorizer__high_cardinality=encoder).fit(frame, y)

    return fit


def remembering_encoder(folder: str):
    """Return skrub's encoder of a language model, which looks up the texts that it has encoded before."""
    from sentence_transformers import SentenceTransformer

    if folder not in _models:
        _models[folder] = RememberingModel(SentenceTransformer(folder, device="cpu"))

    class RememberingEncoder(skrub_encoder()):
        _estimator = property(lambda self: _models[folder])

    return RememberingEncoder(folder, random_state=0)


def measure(fit, frame, y, kinds, columns, n_splits) -> dict:
    """Return accuracies and areas under the ROC curve by split."""
    texts = [name for name, kind in kinds.items() if kind == "text"]
    is_ours = fit.__name__ == "ours"
    if columns == COLUMNS[1]:
        frame = frame[texts]
    elif columns == COLUMNS[2] and not is_ours:
        frame = frame.drop(columns=texts)
    found: dict = {"accuracy": [], "AUC": []}
    for seed in range(n_splits):
        order = np.random.default_rng(seed).permutation(len(y))
        train, test = order[: len(y) // 2], order[len(y) // 2 :]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of long texts, new categories and convergence, of all alike
            model = fit(frame.iloc[train], texts, columns, y[train])
            found["accuracy"].append(float(model.score(frame.iloc[test], y[test])))
            found["AUC"].append(float(roc_auc_score(y[test], model.predict_proba(frame.iloc[test])[:, 1])))
    return found


# --- the tables -------------------------------------------------------------------------------------------------------


def reviews():
    bunch = fetch_shopping_reviews(target="sentiment", duplicates="drop", download_if_missing=False)
    names = np.array(fetch_shopping_reviews(target="category", download_if_missing=False).target_names)
    chosen = np.random.default_rng(0).permutation(len(bunch.target))[:N_ROWS]
    text = pd.Series(np.asarray(bunch.data, dtype=object)[chosen])
    frame = pd.DataFrame(
        {
            "goods": names[np.asarray(bunch.category)[chosen]],
            "review": text,
            "characters": text.str.len(),
            "commas": text.str.count("[，,]"),
            "exclamations": text.str.count("[！!]"),
            "questions": text.str.count("[？?]"),
            "digits": text.str.count(r"\d"),
        }
    )
    return frame, np.asarray(bunch.target)[chosen], "zh-mini"


def films():
    from bokeh_sampledata.movies_data import movie_path

    model = minilm_folder()
    if model is None:
        raise ImportError("all-MiniLM-L6-v2 is not here")
    query = (
        "select o.Title, o.Director, o.Writer, o.Cast, t.Production, o.Genre, o.Country, o.Language, o.Released, "
        "o.Rating, o.Runtime, t.BoxOffice, o.Oscars, t.Reviews, t.Meter from omdb o join tomatoes t on o.ID = t.ID "
        "where t.Meter is not null and t.Reviews >= 5 order by o.ID"
    )
    with sqlite3.connect(movie_path) as connection:
        frame = pd.read_sql(query, connection)
    frame = frame.iloc[np.random.default_rng(0).permutation(len(frame))[:N_ROWS]].reset_index(drop=True)
    return frame.drop(columns="Meter"), (frame["Meter"] >= 60).to_numpy().astype(int), model


TABLES = {"reviews": reviews, "films": films}

if __name__ == "__main__":
    main()
