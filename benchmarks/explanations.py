"""Which words decided: contributions of `explain_text` beside occlusion, LIME, SHAP and chance, on real reviews.

    python benchmarks/explanations.py --write    # benchmarks/results/explanations.json, and the page
    python benchmarks/explanations.py --rows 50 --lime-rows 3 --samples 500    # minutes
    python benchmarks/explanations.py --parts lime --lime-file FILE --minutes 9    # again, until all rows are there

`--data` is a data home (`SKLEARN_LLMTOKENS_DATA` by default) with the shop reviews. LIME and SHAP are measured where
they are installed (`pip install lime shap`), and are left out otherwise, with a message.

Faithfulness: models are fitted on 3,000 reviews. Of `--rows` others, of 10 to 120 words (a fifth as many for
`text_pipeline`), the words with the largest contributions to the score of the predicted class are deleted, a share of
10 to 40 %, and the score is computed again.
The more it falls, on the mean, the better the words were chosen (area over the perturbation curve; Samek et al. 2017,
"Evaluating the visualization of what a deep neural network has learned", IEEE TNNLS 28). LIME gets `--lime-rows` of the
rows and `--samples` variants of each, and the others are shown on these rows too. What it found is kept in
`--lime-file`, so that many rows can be done in several runs of `--minutes`.

Speed: seconds for each of `--speed-rows` texts, one after the other in one process, without a cache; LIME with its
default of 5,000 variants, SHAP's partition explainer with its default of 500 evaluations. Passes are distinct texts
that go through the language model.
"""

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler
from tables import load, save

from sklearn_llmtokens import JiebaTokenizer, LLMTokenEmbedder, text_pipeline
from sklearn_llmtokens.datasets import fetch_shopping_reviews
from sklearn_llmtokens.inspection import explain_text

SHARES = (0.1, 0.2, 0.4)
N_TRAIN = 3000
N_CHOSEN_ON = 2000  # reviews of seed 0 from which those came that the method was chosen on
PARTS = ("speed", "faithfulness", "lime")
LIME_SAMPLES, SHAP_EVALUATIONS = 5000, 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=os.environ.get("SKLEARN_LLMTOKENS_DATA"), help="data home")
    parser.add_argument("--model", default="zh-mini", help="checkpoint")
    parser.add_argument("--cache", default=None, help="folder for the vectors of deleted words")
    parser.add_argument("--parts", nargs="+", default=["speed", "faithfulness", "lime"], choices=PARTS)
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1, help="of the reviews; 0 has those that the method was chosen on")
    parser.add_argument("--lime-rows", type=int, default=20)
    parser.add_argument("--lime-file", type=Path, default=None, help="JSON of what LIME found, read and written")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="LIME begins no text after so many")
    parser.add_argument("--samples", type=int, default=500, help="variants of a text for LIME, for faithfulness")
    parser.add_argument("--speed-rows", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="save the figures, and fill the page")
    options = parser.parse_args()

    figures = load("explanations", {}) | {"checkpoint": options.model, "train": N_TRAIN, "seed": options.seed}
    if "speed" in options.parts:
        figures["speed"] = measure_speed(options)
        print(figures["speed"], flush=True)
    if "faithfulness" in options.parts:
        figures["models"] = measure_faithfulness(options)
        print(*figures["models"], sep="\n", flush=True)
    if "lime" in options.parts and (found := measure_lime(options)):
        figures["lime"] = found
        print(found, flush=True)
    if options.write:
        save("explanations", figures)


def measure_speed(options):
    texts, labels, others, _ = reviews(options.data, "sentiment", 20 * options.speed_rows, options.seed)
    model = recipe(LLMTokenEmbedder(options.model, cache=options.cache)).fit(texts, labels)
    return speed(model, others, options.speed_rows)


def measure_faithfulness(options):
    rows = []
    for name, target, build, n_rows in (
        ("vectors, sentiment", "sentiment", vectors_alone, options.rows),
        ("text_pipeline, sentiment", "sentiment", recipe, options.rows // 5),
        ("text_pipeline, 10 shop categories", "category", recipe, options.rows // 5),
    ):
        texts, labels, others, other_labels = reviews(options.data, target, n_rows, options.seed)
        model = build(LLMTokenEmbedder(options.model, cache=options.cache)).fit(texts, labels)
        row = {"model": name, "accuracy": round(model.score(others, other_labels), 4), "rows": len(others)}
        values, passes = values_of_words(model, others)
        row |= {"falls": measured_falls(model, others, values), "passes": passes}
        rows.append(row)
    return rows


def measure_lime(options) -> dict | None:
    """Return the falls of all methods on the rows that LIME got; None without LIME."""
    lime = lime_explainer()
    if lime is None or not options.lime_rows:
        return None
    texts, labels, others, _ = reviews(options.data, "sentiment", options.rows, options.seed)
    model = vectors_alone(LLMTokenEmbedder(options.model, cache=options.cache)).fit(texts, labels)
    others, file, started = others[: options.lime_rows], options.lime_file, time.perf_counter()
    kept = json.loads(file.read_text("utf-8")) if file and file.exists() else {}
    predicted = model.predict(others)
    model.set_params(llmtokenembedder__cache=None)  # thousands of variants, none of which is needed again
    for text, label in zip(others, predicted, strict=True):
        if text not in kept and time.perf_counter() - started < 60 * options.minutes:
            found, n_passes = lime(model, text, label, options.samples)
            kept[text] = [found.tolist(), n_passes]
    model.set_params(llmtokenembedder__cache=options.cache)
    if file:
        file.write_text(json.dumps(kept, ensure_ascii=False), "utf-8")
    others = [text for text in others if text in kept]
    values, passes = values_of_words(model, others)
    values["LIME"] = [np.array(kept[text][0]) for text in others]
    passes["LIME"] = float(np.mean([kept[text][1] for text in others]))
    falls = measured_falls(model, others, values)
    return {"rows": len(others), "samples": options.samples, "falls": falls, "passes": passes}


def vectors_alone(embedder):
    return make_pipeline(embedder, StandardScaler(), Normalizer(), LogisticRegression(C=10, max_iter=1000))


def recipe(embedder):
    return text_pipeline(embedder=embedder)


def reviews(data_home, target, n_rows, seed):
    """Return texts and labels to fit on, and others of 10 to 120 words; none of those that the method was chosen on."""
    bunch = fetch_shopping_reviews(target=target, duplicates="drop", data_home=data_home, download_if_missing=False)
    order = np.random.default_rng(seed).permutation(len(bunch.data))
    if seed:
        seen = np.random.default_rng(0).permutation(len(bunch.data))[N_TRAIN : N_TRAIN + N_CHOSEN_ON]
        order = order[~np.isin(order, seen)]
    rest = [i for i in order[N_TRAIN : N_TRAIN + 4 * n_rows] if 10 <= len(spans_of(bunch.data[i])) <= 120][:n_rows]
    train = order[:N_TRAIN]
    return list(bunch.data[train]), bunch.target[train], [bunch.data[i] for i in rest], bunch.target[rest]


def spans_of(text):
    return [(start, end) for start, end, _ in JiebaTokenizer().word_spans(text)]


# --- faithfulness -----------------------------------------------------------------------------------------------------


def values_of_words(model, texts):
    """Return by method the value of each text's words for the predicted class, and the passes for a text."""
    predicted = model.predict(texts)
    spans = [spans_of(text) for text in texts]
    rng = np.random.default_rng(0)
    values = {
        "contributions": explained(model, texts, predicted, "exact"),
        "occlusion": explained(model, texts, predicted, "occlusion"),
        "random": [rng.normal(size=len(words)) for words in spans],
    }
    passes = {"contributions": 1.0, "occlusion": float(np.mean([len(words) + 1 for words in spans])), "random": 0.0}
    return values, passes


def measured_falls(model, texts, values):
    """Return mean falls of the score of the predicted class, with standard errors, by method and share."""
    scores, predicted = model.decision_function(texts), model.predict(texts)
    spans = [spans_of(text) for text in texts]
    return {name: means(fall(model, texts, spans, scores, predicted, rows)) for name, rows in values.items()}


def explained(model, texts, predicted, method):
    """Return the contributions of each text's words to the score of its predicted class."""
    return [
        explain_text(model, [text], target=label, method=method)[0].contributions[:, 0]
        for text, label in zip(texts, predicted, strict=True)
    ]


def fall(model, texts, spans, scores, predicted, values):
    """Return how far the score of the predicted class falls: (n_texts, n_shares)."""
    n_texts = len(values)
    columns = np.searchsorted(model.classes_, predicted[:n_texts])
    found = []
    for share in SHARES:
        cut = [without(texts[i], spans[i], values[i], share) for i in range(n_texts)]
        change = scores[:n_texts] - model.decision_function(cut)
        if change.ndim == 1:  # of two classes, the second one has the score
            found.append(change * np.where(columns == 1, 1, -1))
        else:
            found.append(change[np.arange(n_texts), columns])
    return np.stack(found, axis=1)


def without(text, spans, values, share):
    """Return the text without the share of its words that has the largest values, one word at least."""
    n_deleted = max(1, round(share * len(spans)))
    deleted = np.argsort(-np.asarray(values), kind="stable")[:n_deleted]
    for start, end in sorted((spans[i] for i in deleted), reverse=True):
        text = text[:start] + text[end:]
    return text


def means(rows):
    """Return the mean fall and its standard error, by share."""
    errors = rows.std(axis=0, ddof=1) / np.sqrt(len(rows))
    return {
        str(share): [round(float(rows[:, k].mean()), 4), round(float(errors[k]), 4)] for k, share in enumerate(SHARES)
    }


# --- peers ------------------------------------------------------------------------------------------------------------


def counted(model):
    """Return `predict_proba` of texts, and the list of how many distinct ones each call had."""
    calls = []

    def predict(texts):
        calls.append(len(set(texts)))
        return model.predict_proba(list(texts))

    return predict, calls


def lime_explainer():
    """Return a function of (model, text, label, n_samples) to (values of words, passes); None without LIME."""
    try:
        from lime.lime_text import LimeTextExplainer
    except ImportError:
        print("LIME is not installed and is left out")
        return None

    def explain(model, text, label, n_samples):
        split = LimeTextExplainer(
            split_expression=lambda text: [text[start:end] for start, end in spans_of(text)],
            bow=False,
            mask_string="",
            random_state=0,
        )
        k = int(np.searchsorted(model.classes_, label))
        predict, calls = counted(model)
        n_words = len(spans_of(text))
        found = split.explain_instance(text, predict, labels=[k], num_features=n_words, num_samples=n_samples)
        values = np.zeros(n_words)
        for word, value in found.as_map()[k]:
            values[word] = value
        return values, sum(calls)

    return explain


def shap_explainer():
    """Return a function of (model, text) to (values of words, passes); None without SHAP."""
    try:
        import shap
    except ImportError:
        print("SHAP is not installed and is left out")
        return None

    def cut(text, return_offsets_mapping=True):
        spans = spans_of(text)
        return {"input_ids": [text[start:end] for start, end in spans], "offset_mapping": spans}

    def explain(model, text):
        predict, calls = counted(model)
        explainer = shap.Explainer(predict, shap.maskers.Text(cut), algorithm="partition")
        found = explainer([text], max_evals=SHAP_EVALUATIONS, silent=True)
        return found.values[0], sum(calls)

    return explain


# --- speed ------------------------------------------------------------------------------------------------------------


def speed(model, texts, n_rows):
    """Return seconds and passes for each text, of the first texts of 20 to 40 words."""
    model.set_params(features__meaning__embedder__cache=None)
    chosen = [text for text in texts if 20 <= len(spans_of(text)) <= 40][:n_rows]
    words = [len(spans_of(text)) for text in chosen]
    explain_text(model, chosen[:1])  # loads the model
    rows = [
        timed("contributions", lambda text: (explain_text(model, [text]), 1), chosen),
        timed(
            "occlusion", lambda text: (explain_text(model, [text], method="occlusion"), len(spans_of(text)) + 1), chosen
        ),
    ]
    shap, lime = shap_explainer(), lime_explainer()
    if shap is not None:
        rows.append(timed("SHAP, partition, 500 evaluations", lambda text: shap(model, text), chosen))
    if lime is not None:
        label = model.classes_[0]
        rows.append(timed("LIME, 5,000 variants", lambda text: lime(model, text, label, LIME_SAMPLES), chosen))
    return {"texts": len(chosen), "words": round(float(np.mean(words)), 1), "rows": rows}


def timed(name, explain, texts):
    start = time.perf_counter()
    passes = [explain(text)[1] for text in texts]
    seconds = (time.perf_counter() - start) / len(texts)
    return {"method": name, "seconds": round(seconds, 4), "passes": round(float(np.mean(passes)), 1)}


if __name__ == "__main__":
    main()
