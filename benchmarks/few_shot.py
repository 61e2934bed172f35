"""Few labels, many labels and similarity: the bundled checkpoint beside its teachers and its rivals.

    python benchmarks/few_shot.py --data FOLDER [--teacher FOLDER] [--words words.npz]
    python benchmarks/few_shot.py --data FOLDER --write    # benchmarks/results/few_shot.json, the pages and the card

`--data` is a data home (`SKLEARN_LLMTOKENS_DATA` by default; see `sklearn_llmtokens.datasets.get_data_home`) that
holds the public sets; a set whose file is not there is skipped, and said so. `--write-held-out FILE` writes the texts
that are measured here, one a line, for `python -m tools.train_zh_mini --held-out FILE`: none of them may be trained on.

Protocol: logistic regression (C=1, or each of `--C`) on the vectors after StandardScaler, fitted on k labels of each
class drawn at random, or on 3,000 rows; accuracy on up to 2,000 other rows; the mean over the draws. TF-IDF goes
unscaled into the same model with C=10, and where there are more than 50 classes into one such model for each of them,
since one model of all needs gigabytes; `text_pipeline` stands as it comes. Pairs: Spearman's correlation of the cosine
with the score, nothing fitted.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tables import load, save

from sklearn_llmtokens import LLMTokenEmbedder, datasets, text_pipeline
from sklearn_llmtokens.checkpoints import bundled_checkpoint

SHOTS = (8, 32, 3000)
N_TEST = 2000
PAIR_SETS = ("sts_b_zh", "afqmc", "lcqmc")


def main(argv=None):
    args = _parser().parse_args(argv)
    if args.write_held_out:
        write_held_out(args.write_held_out, args.data)
        return
    sets, pairs = load_sets(args.data, args.rows, args.sets), load_pairs(args.data, args.pairs)
    if not sets and not pairs:
        print("no data: give --data or set SKLEARN_LLMTOKENS_DATA to a folder with the public sets")
        return
    results = load("few_shot", {}) if args.write else {}
    for name, encode in representations(args).items():
        encode = _once(encode)
        for c in (None,) if isinstance(encode, FromTexts) else args.C:
            label = name if c in (None, 1.0) else f"{name}, C={c:g}"
            started = time.perf_counter()
            found = measure(encode, sets, pairs, args.draws, c)
            print(label, json.dumps(found, ensure_ascii=False), f"{time.perf_counter() - started:.1f} s", flush=True)
            kept = results.setdefault(label, {"accuracy": {}, "spearman": {}})
            for part, figures in found.items():
                kept[part] |= figures
            if args.write:
                save("few_shot", results)


# --- the sets ---------------------------------------------------------------------------------------------------------


def is_held_out(text):
    """Half of the reviews, chosen by their text: measured with, never trained on."""
    return int(hashlib.md5(text.strip().encode()).hexdigest()[:8], 16) % 2 == 0


def load_sets(data_home, n_rows, names=None, seed=0):
    """Return {name: (texts, labels)} of the sets that are there, or of `names` alone, at most `n_rows` rows each."""
    home = {"data_home": data_home, "download_if_missing": False}
    loaders = {
        "shop hotel sentiment": lambda: _reviews(home, "酒店", "sentiment"),
        "shop fruit sentiment": lambda: _reviews(home, "水果", "sentiment"),
        "shop categories": lambda: _reviews(home, None, "category"),
        "thucnews": lambda: _bunch(datasets.fetch_thucnews(**home)),
        "tnews": lambda: _bunch(datasets.fetch_tnews(subset="all", **home)),
        "eprstmt": lambda: _bunch(datasets.fetch_eprstmt(subset="all", **home)),
        "iflytek": lambda: _bunch(datasets.fetch_iflytek(subset="all", **home)),
        "csldcp": lambda: _bunch(datasets.fetch_csldcp(subset="all", **home)),
    }
    found = {name: _try(name, loader) for name, loader in loaders.items() if not names or name in names}
    return {name: _sample(*rows, n_rows, seed) for name, rows in found.items() if rows is not None}


def load_pairs(data_home, n_pairs, seed=0):
    """Return {name: (firsts, seconds, scores)} of the development parts that are there."""
    home = {"data_home": data_home, "download_if_missing": False}
    found = {name: _try(name, lambda name=name: datasets.fetch_sentence_pairs(name, **home)) for name in PAIR_SETS}
    pairs = {}
    for name, bunch in found.items():
        if bunch is not None:
            rows = np.sort(np.random.default_rng(seed).permutation(len(bunch.target))[:n_pairs])
            pairs[name] = (list(bunch.data[rows, 0]), list(bunch.data[rows, 1]), np.asarray(bunch.target[rows], float))
    return pairs


def write_held_out(path, data_home):
    """Write every text that can be measured here, one a line."""
    texts = [text for rows, _ in load_sets(data_home, None).values() for text in rows]
    texts += [text for firsts, seconds, _ in load_pairs(data_home, None).values() for text in (*firsts, *seconds)]
    home = {"data_home": data_home, "download_if_missing": False}
    reviews = _try("reviews", lambda: datasets.fetch_shopping_reviews(**home))
    texts += [text for text in reviews.data if is_held_out(text)] if reviews is not None else []
    lines = dict.fromkeys(" ".join(text.split("\n")).strip() for text in texts)
    Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _reviews(home, category, target):
    reviews = datasets.fetch_shopping_reviews(target=target, duplicates="drop", **home)
    names = np.array(datasets.fetch_shopping_reviews(target="category", duplicates="drop", **home).target_names)
    chosen = np.array([is_held_out(text) for text in reviews.data])
    if category is not None:
        chosen &= names[reviews.category] == category
    return list(reviews.data[chosen]), np.asarray(reviews.target[chosen])


def _bunch(bunch):
    return list(bunch.data), np.asarray(bunch.target)


def _try(name, loader):
    try:
        return loader()
    except OSError as error:
        print(f"skipped {name}: {str(error).splitlines()[0]}")
        return None


def _sample(texts, labels, n_rows, seed):
    rows = np.random.default_rng(seed).permutation(len(texts))[:n_rows]
    return [texts[i] for i in rows], labels[rows]


# --- the representations ----------------------------------------------------------------------------------------------


def representations(args):
    """Return {name: callable of texts that gives vectors, or `FromTexts`}."""
    chosen = {"TF-IDF, characters 1-3": FromTexts(character_tfidf)}
    if args.words:
        chosen["PPMI-SVD of jieba words, SIF"] = _words(args.words)
    if args.teacher:
        chosen["teacher"] = _checkpoint(args.teacher, args.max_length)
    chosen["random, same shape"] = _random(args.checkpoint, args.max_length)
    chosen["zh-mini"] = _checkpoint(args.checkpoint, args.max_length)
    chosen["text_pipeline with zh-mini"] = FromTexts(_recipe(args.checkpoint, args.cache))
    return {name: encode for name, encode in chosen.items() if not args.only or name in args.only}


@dataclass(frozen=True)
class FromTexts:
    """A classifier that learns from the labelled texts themselves; `make(n_classes)` gives an unfitted one."""

    make: Callable


def character_tfidf(n_classes=2):
    """TF-IDF of 1 to 3 characters and logistic regression."""
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True)
    if n_classes > 50:
        return make_pipeline(vectorizer, OneVsRestClassifier(LogisticRegression(C=10.0, solver="liblinear")))
    return make_pipeline(vectorizer, LogisticRegression(C=10.0, max_iter=300))


def _recipe(folder, cache):
    return lambda n_classes: text_pipeline(embedder=LLMTokenEmbedder(str(folder), cache=cache))


def _checkpoint(folder, max_length):
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder))
    model.max_seq_length = min(model.max_seq_length, max_length)
    return lambda texts: model.encode(list(texts), batch_size=32, show_progress_bar=False)


def _random(folder, max_length):
    from sentence_transformers import SentenceTransformer
    from torch import nn

    model = SentenceTransformer(str(folder))
    model.max_seq_length = min(model.max_seq_length, max_length)
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)
    return lambda texts: model.encode(list(texts), batch_size=32, show_progress_bar=False)


def _words(path):
    from tools.train_zh_mini.word_vectors import WordVectors

    return WordVectors.load(path).encode


def _once(encode):
    """Return `encode`, which gives the same list of texts its vectors again without a second pass."""
    if isinstance(encode, FromTexts):
        return encode
    kept = {}

    def look_up(texts):
        key = tuple(texts)
        if key not in kept:
            kept[key] = encode(texts)
        return kept[key]

    return look_up


# --- the measure ------------------------------------------------------------------------------------------------------


def measure(encode, sets, pairs, draws, c):
    """Return accuracies by set and number of labels, their means, and Spearman's correlation by pair set."""
    accuracy = {name: few_shot(encode, texts, labels, draws, c) for name, (texts, labels) in sets.items()}
    spearman = (
        {} if isinstance(encode, FromTexts) else {name: similarity(encode, *pair) for name, pair in pairs.items()}
    )
    return {"accuracy": accuracy, "spearman": spearman}


def few_shot(encode, texts, labels, draws, c):
    """Return {labels per class, or number of rows: mean accuracy}."""
    inputs = np.asarray(texts, dtype=object) if isinstance(encode, FromTexts) else encode(texts)
    make = encode.make if isinstance(encode, FromTexts) else partial(_scaled, c)
    results = {}
    for shots, n_draws in zip(SHOTS, draws, strict=True):
        scores = [_one_draw(make, inputs, labels, shots, seed) for seed in range(n_draws)]
        if None not in scores:
            results[str(shots)] = round(float(np.mean(scores)), 4)
    return results


def _one_draw(make, inputs, labels, shots, seed):
    """Accuracy of one draw, or None where the set is too small for it."""
    train, test = _split(labels, shots, np.random.default_rng(seed))
    if len(test) < 200:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return make(len(np.unique(labels))).fit(inputs[train], labels[train]).score(inputs[test], labels[test])


def _scaled(c, n_classes):
    return make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=300))


def _split(labels, shots, rng):
    order = rng.permutation(len(labels))
    if shots >= 1000:
        return order[:shots], order[shots:][:N_TEST]
    train = np.concatenate([order[labels[order] == label][:shots] for label in np.unique(labels)])
    return train, np.setdiff1d(order, train, assume_unique=True)[:N_TEST]


def similarity(encode, firsts, seconds, scores):
    """Spearman's correlation of cosine and score."""
    left, right = (_unit(np.asarray(encode(texts), np.float64)) for texts in (firsts, seconds))
    return round(float(spearmanr((left * right).sum(1), scores)[0]), 4)


def _unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(min=1e-12)


def _parser():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("SKLEARN_LLMTOKENS_DATA"))
    parser.add_argument("--checkpoint", type=Path, default=bundled_checkpoint("zh-mini"))
    parser.add_argument("--teacher", type=Path)
    parser.add_argument("--words", type=Path, help="words.npz that the training wrote")
    parser.add_argument("--rows", type=int, default=5000, help="at most so many rows of a set")
    parser.add_argument("--sets", nargs="*", help="names of the labelled sets to measure with; all by default")
    parser.add_argument("--pairs", type=int, default=2000, help="at most so many pairs of a set")
    parser.add_argument(
        "--draws", type=int, nargs=3, default=(8, 5, 1), help="draws for 8 labels, 32 labels and 3,000 rows"
    )
    parser.add_argument("--C", type=float, nargs="+", default=[1.0], help="inverse strengths of the regularisation")
    parser.add_argument("--max-length", type=int, default=128, help="pieces of a text that are read")
    parser.add_argument("--cache", default="memory", help="folder of vectors, for text_pipeline")
    parser.add_argument("--only", nargs="*", help="names of the representations to measure")
    parser.add_argument("--write", action="store_true", help="add the figures to those there are, and fill the pages")
    parser.add_argument("--write-held-out", type=Path)
    return parser


if __name__ == "__main__":
    main()
