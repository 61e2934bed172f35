"""Texts of `peers.py`: encoders of skrub, sentence-transformers, embetter and model2vec, called as they document it."""

import json
import shutil
import time
from pathlib import Path

import numpy as np

STRENGTHS = (0.001, 0.01, 0.1, 1.0)


def methods(data: dict, folder: Path) -> dict:
    """Return the package of each method, and what runs it."""
    found = {
        "StringEncoder": ("skrub", lambda choice: string_encoder(data, choice)),
        "StaticModel": ("model2vec", lambda choice: model2vec(data, choice, folder)),
    }
    if data["checkpoint"]:
        found |= {
            "SentenceTransformer": ("sentence-transformers", lambda choice: sentence_transformer(data, choice, folder)),
            "LLMEncoder": ("skrub", lambda choice: llm_encoder(data, choice, folder)),
            "SentenceEncoder": ("embetter", lambda choice: embetter(data, folder)),
        }
    return found


def string_encoder(data: dict, choice) -> dict:
    from skrub import StringEncoder

    settings = {
        f'StringEncoder({n}, analyzer="{analyzer}", ngram_range={ngrams})': {
            "n_components": n,
            "analyzer": analyzer,
            "ngram_range": ngrams,
        }
        for n in (30, 100, 300)
        for analyzer, ngrams in (("char_wb", (3, 4)), ("char", (1, 3)), ("char", (1, 2)))
    }
    name = choice.best(settings, lambda one: validation(data, *of_frames(StringEncoder(**one, random_state=0))))
    return {"name": name} | features(data, *of_frames(StringEncoder(**settings[name], random_state=0)))


def sentence_transformer(data: dict, choice, folder: Path) -> dict:
    """Return what the model reaches, with the batch size that takes the fewest seconds: it changes no vector."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(data["checkpoint"], device="cpu")
    model.encode(data["train"][:8])

    def seconds(batch_size: int) -> float:
        started = time.process_time()
        model.encode(data["train"][:300], batch_size=batch_size)
        return time.process_time() - started

    settings = {f"SentenceTransformer(e5), batch_size={n}": n for n in (8, 32)}
    name = choice.best(settings, lambda n: -seconds(n))

    def encode(part: str):
        def kept(texts: list):
            X = model.encode(texts, batch_size=settings[name])
            np.save(folder / f"sentence-transformers-{part}.npy", X)
            return X

        return kept

    return {"name": name} | features(data, encode("train"), encode("test"))


def llm_encoder(data: dict, choice, folder: Path) -> dict:
    """Return what the encoder reaches, with the best number of principal components of the vectors."""
    from sklearn.decomposition import PCA
    from skrub import LLMEncoder

    vectors = np.load(folder / "sentence-transformers-train.npy")
    fitted, asked = (vectors[data["validation"][part]] for part in ("fit", "check"))

    def score(n: int | None) -> float:
        if n is None:
            return validation(data, lambda _: fitted, lambda _: asked)
        pca = PCA(n, random_state=0)
        return validation(data, lambda _: pca.fit_transform(fitted), lambda _: pca.transform(asked))

    settings = {f"LLMEncoder(e5, n_components={n})": n for n in (30, 100, 200, None)}
    name = choice.best(settings, score)
    encoder = LLMEncoder(data["checkpoint"], n_components=settings[name], device="cpu", random_state=0)
    fit_transform, transform = of_frames(encoder)
    if settings[name] is not None:
        return {"name": name} | features(data, fit_transform, transform)
    fit_transform(data["train"][:8])  # which loads the model, and finds a factor for all vectors
    return {"name": name} | same_vectors(data, folder, transform)


def embetter(data: dict, folder: Path) -> dict:
    from embetter.text import SentenceEncoder

    encoder = SentenceEncoder(data["checkpoint"], device="cpu")
    return {"name": "SentenceEncoder(e5)"} | same_vectors(data, folder, encoder.fit_transform)


def same_vectors(data: dict, folder: Path, transform) -> dict:
    """Return seconds, and the accuracy of sentence-transformers if the test vectors are the same up to a factor.

    Raises
    ------
    RuntimeError
        If they are not.
    """
    started = time.process_time()
    X_test = np.asarray(transform(data["test"]))
    seconds = time.process_time() - started
    expected = np.load(folder / "sentence-transformers-test.npy")
    factor = (X_test * expected).sum() / (expected**2).sum()
    difference = float(np.abs(X_test / factor - expected).max())
    if difference > 1e-4:
        raise RuntimeError(f"Vectors differ from those of sentence-transformers by {difference:.2g}.")
    found = json.loads((folder / "text - SentenceTransformer.found.json").read_text(encoding="utf-8"))
    return {"embed_s": seconds, "n_embedded": len(X_test), "difference": difference, "accuracy": found["accuracy"]}


def model2vec(data: dict, choice, folder: Path) -> dict:
    from model2vec import StaticModel
    from model2vec.distill import distill

    settings = {f"StaticModel, distilled from zh-mini, pca_dims={n}": n for n in (128, 256, 384, None)}

    def static(n):
        path = folder / f"static-{n}"
        if not (path / "done").exists():
            shutil.rmtree(path, ignore_errors=True)
            started = time.process_time()
            distill(data["zh_mini"], device="cpu", pca_dims=n).save_pretrained(path)
            (path / "done").write_text(str(time.process_time() - started))
        return StaticModel.from_pretrained(path)

    name = choice.best(settings, lambda n: validation(data, static(n).encode, static(n).encode))
    model = static(settings[name])
    distill_s = float((folder / f"static-{settings[name]}" / "done").read_text())
    return {"name": name, "distill_s": distill_s} | features(data, model.encode, model.encode)


def of_frames(encoder) -> tuple:
    """Return what fits and transforms lists with an encoder of skrub, which takes a column and returns a frame."""
    import pandas as pd

    def column(texts: list):
        return pd.Series(texts, name="text")

    return (
        lambda texts: encoder.fit_transform(column(texts)).to_numpy(),
        lambda texts: encoder.transform(column(texts)).to_numpy(),
    )


def features(data: dict, fit_transform, transform) -> dict:
    """Return accuracy with few labels and many, of one classifier for all packages, and seconds of the vectors."""
    started = time.process_time()
    X_train = np.asarray(fit_transform(data["train"]))
    X_test = np.asarray(transform(data["test"]))
    seconds = time.process_time() - started
    return {"embed_s": seconds, "n_embedded": len(X_train) + len(X_test), **scores(data, X_train, X_test)}


def validation(data: dict, fit_transform, transform) -> float:
    """Return the accuracy on the validation part, after a fit on other training texts."""
    fitted, asked = data["validation"]["fit"], data["validation"]["check"]
    X_fit = np.asarray(fit_transform([data["train"][i] for i in fitted]))
    X_asked = np.asarray(transform([data["train"][i] for i in asked]))
    y = np.asarray(data["y_train"])
    return classifier().fit(X_fit, y[fitted]).score(X_asked, y[asked])


def classifier():
    """Return scaled logistic regression, whose strength three folds of the training rows choose."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    return GridSearchCV(pipeline, {"logisticregression__C": STRENGTHS}, cv=3)


def scores(data: dict, X_train, X_test) -> dict:
    """Return the accuracy of the classifier, of each draw of the training rows."""
    y_train, y_test = np.asarray(data["y_train"]), np.asarray(data["y_test"])
    accuracy, fit_s = {}, {}
    for name, draws in data["rows"].items():
        started = time.process_time()
        accuracy[name] = [float(classifier().fit(X_train[rows], y_train[rows]).score(X_test, y_test)) for rows in draws]
        fit_s[name] = (time.process_time() - started) / len(draws)
    return {"accuracy": accuracy, "fit_s": fit_s}
