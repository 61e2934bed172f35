"""Static checkpoints: accuracy over texts a second, the time to load one, and the cost of a distillation.

    python benchmarks/static_models.py                     # every section
    python benchmarks/static_models.py speed load --write  # some; benchmarks/results/static_models.*, and the pages
    python benchmarks/static_models.py accuracy speed --only zh-nano zh-mini

Sections: accuracy, speed, load, distil, distil-million, reviews. SKLEARN_LLMTOKENS_DATA names the data home,
SKLEARN_LLMTOKENS_E5 the folder of multilingual-e5-small. Where model2vec is installed with what its distillation needs,
its own distillation of zh-mini is measured as well. What is not there is left out, with a message.

Accuracy is that of `few_shot.py`: the same four sets, splits and logistic regression, and the development part of
STS-B; TF-IDF, zh-mini and multilingual-e5-small have theirs from its results. Speed is that of short reviews in one
process without a cache, cutting into tokens included: blocks of texts go to each method in turn, and the figure is the
median over the rounds. ``--clock cpu`` counts seconds of the processor, which other work on the machine changes little.
`load` is the time to the first vector of a process that has imported the package, the median of some. `distil` distils
sentences whose vectors of zh-mini, in 8 bits, are in a folder already; where they are not, some minutes pass before the
clock starts. `distil-million` does the same with 50,000 tokens and texts made by joining halves of sentences; its
teacher is zh-nano, which needs no cache. `reviews` sends a million texts, made by joining halves of real reviews,
through zh-nano to Parquet. These run in processes of their own; a peak is that of the process.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from few_shot import load_pairs, load_sets, measure
from speed.data import folder_of, load_texts, reviews
from speed.machine import processor
from static_tables import FOUR, plot
from tables import RESULTS, load, save

SECTIONS = ("accuracy", "speed", "load", "distil", "distil-million", "reviews")
TFIDF, MODEL2VEC = "TF-IDF, characters 1-3", "model2vec of zh-mini"
MEASURED = {TFIDF: TFIDF, "zh-mini": "zh-mini", "multilingual-e5-small": "teacher"}  # rows of few_shot.json
BLOCKS = {TFIDF: 5_000, "zh-nano": 20_000, MODEL2VEC: 20_000, "zh-mini": 1_000, "multilingual-e5-small": 300}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", default=SECTIONS, help=f"of {', '.join(SECTIONS)}")
    parser.add_argument("--only", nargs="*", help=f"of {', '.join(BLOCKS)}")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=5000, help="at most so many rows of a set")
    parser.add_argument("--sentences", type=int, default=300_000, help="of section distil")
    parser.add_argument("--texts", type=int, default=1_000_000, help="of sections distil-million, reviews")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall", help="of section speed")
    parser.add_argument("--data", type=Path, default=os.environ.get("SKLEARN_LLMTOKENS_DATA"), help="data home")
    parser.add_argument("--work", type=Path, help="where vectors are kept; a temporary folder by default")
    parser.add_argument("--write", action="store_true", help="add the figures to those there are, and fill the pages")
    parser.add_argument("--run", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        print(json.dumps(ALONE[options.run](options)))
        return
    os.environ["RAYON_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = str(options.threads)
    os.environ["TOKENIZERS_PARALLELISM"] = "true" if options.threads > 1 else "false"
    figures = load("static_models", {}) if options.write else {}
    with tempfile.TemporaryDirectory() as temporary:
        options.work = options.work or Path(temporary)
        for section in options.sections:
            found = _alone(section, options) if section in ALONE else {"rows": BESIDE[section](options)}
            kept = {} if section in ALONE else {"rows": figures.get(section, {}).get("rows", {}) | found["rows"]}
            figures[section] = found | kept | {"machine": _machine(options)}
            if options.write:
                save("static_models", figures)
    if options.write:
        plot(figures, RESULTS / "static_models.svg")


def _machine(options) -> dict:
    load_average = round(os.getloadavg()[1], 1)
    return {"processor": processor(), "threads": options.threads, "clock": options.clock, "load": load_average}


def _alone(section: str, options) -> dict:
    """Run a section in a process of its own and return what it printed last: the median where it is repeated."""
    command = [sys.executable, __file__, "--run", section, "--work", str(options.work), "--threads"]
    command += [str(options.threads), "--sentences", str(options.sentences), "--texts", str(options.texts)]
    command += ["--data", str(options.data)] if options.data else []
    found = []
    for _ in range(options.rounds if section == "load" else 1):  # a fraction of a second varies
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        print(section, done.stdout.splitlines()[-1], flush=True)
        found.append(json.loads(done.stdout.splitlines()[-1]))
    return sorted(found, key=lambda one: one.get("seconds", 0))[len(found) // 2]


# Side by side --------------------------------------------------------------------------------------------------------


def representations(names, work: Path) -> dict:
    """Return {name: fitted embedder, or None for TF-IDF} of what is here."""
    from sklearn_llmtokens import LLMTokenEmbedder

    found: dict = {}
    for name in names:
        folder = _checkpoint(name, work)
        if name == TFIDF:
            found[name] = None
        elif folder is not None:
            found[name] = LLMTokenEmbedder(folder, cache=None).fit(["a"])
    return found


def _checkpoint(name: str, work: Path) -> str | None:
    """Return what `LLMTokenEmbedder` takes, or None and a message."""
    if name == MODEL2VEC:
        return _model2vec(work)
    return name if name in ("zh-nano", TFIDF) else folder_of(name)


def accuracy(options) -> dict:
    sets = load_sets(options.data, options.rows, FOUR) if options.data else {}
    pairs = load_pairs(options.data, 2000) if options.data else {}
    pairs = {name: pair for name, pair in pairs.items() if name == "sts_b_zh"}
    known = load("few_shot", {})
    found = {name: known[row] for name, row in MEASURED.items() if row in known}
    others = [name for name in options.only or BLOCKS if name not in MEASURED]
    for name, embedder in representations(others, options.work).items() if sets else ():
        found[name] = measure(embedder.transform, sets, pairs, (8, 5, 1), 1.0)
    rows = {name: {**row["accuracy"], **row["spearman"]} for name, row in found.items()}
    for name, row in rows.items():
        print(name, json.dumps(row, ensure_ascii=False), flush=True)
    return rows


def speed(options) -> dict:
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = load_texts("short reviews", options.data)
    if texts is None:
        return {}
    methods = {
        name: embedder and embedder.transform
        for name, embedder in representations(options.only or BLOCKS, options.work).items()
    }
    if TFIDF in methods:
        counts = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True)
        methods[TFIDF] = counts.fit(texts[:3000]).transform
    seconds: dict = {name: [] for name in methods}
    for transform in methods.values():
        transform(texts[:64])
    clock = time.perf_counter if options.clock == "wall" else time.process_time
    for number in range(options.rounds):
        for name, transform in methods.items():
            block = [texts[i % len(texts)] for i in range(number * BLOCKS[name], (number + 1) * BLOCKS[name])]
            start = clock()
            transform(block)
            seconds[name].append(clock() - start)
    rates = {name: BLOCKS[name] / statistics.median(spent) for name, spent in seconds.items()}
    for name, rate in rates.items():
        print(f"{name}: {rate:,.0f} texts/s", flush=True)
    return {name: {"texts_per_s": round(rate, 1)} for name, rate in rates.items()}


def _model2vec(work: Path) -> str | None:
    """Make model2vec's own distillation of zh-mini; return its folder, or None and a message."""
    folder = work / "model2vec"
    if folder.exists():
        return str(folder)
    try:
        from model2vec.distill import distill
    except ImportError:
        print("left out: model2vec is not here, or not what its distillation needs")
        return None
    distill(folder_of("zh-mini")).save_pretrained(folder)
    return str(folder)


# In a process of its own ----------------------------------------------------------------------------------------------


def load_time(_options) -> dict:
    from sklearn.preprocessing import StandardScaler

    from sklearn_llmtokens import LLMTokenEmbedder

    StandardScaler().fit([[0.0]])  # scikit-learn imports its progress bars at the first fit of any estimator
    start, cpu_start = time.perf_counter(), time.process_time()
    LLMTokenEmbedder("zh-nano", cache=None).fit_transform(["物流很快"])
    spent, cpu = time.perf_counter() - start, time.process_time() - cpu_start
    return {"seconds": round(spent, 3), "cpu_seconds": round(cpu, 3), "torch_imported": "torch" in sys.modules}


def distil(options) -> dict:
    """Distil a sample of sentences whose vectors are in a folder."""
    from sklearn_llmtokens import LLMTokenEmbedder

    lines = _sentences(options.data)
    sentences = [lines[i] for i in np.random.default_rng(0).permutation(len(lines))[: options.sentences]]
    del lines
    teacher = LLMTokenEmbedder("zh-mini", dtype="int8", cache=str(options.work / "vectors")).fit(sentences[:1])
    for start in range(0, len(sentences), 10_000):
        teacher.transform(sentences[start : start + 10_000])
    return _distil(teacher, sentences, n_tokens=37_000)


def distil_million(options) -> dict:
    """Distil many texts into many tokens: halves of two sentences are joined."""
    from sklearn_llmtokens import LLMTokenEmbedder

    lines = _sentences(options.data)
    firsts, seconds = np.random.default_rng(0).integers(len(lines), size=(2, options.texts))
    texts = [_half(lines[i], 0) + _half(lines[j], 1) for i, j in zip(firsts, seconds, strict=True)]
    del lines
    return _distil(LLMTokenEmbedder("zh-nano", cache=None).fit(texts[:1]), texts, n_tokens=50_000)


def _sentences(data: Path) -> list[str]:
    import lzma

    return lzma.decompress((data / "text" / "zh_sentences.txt.xz").read_bytes()).decode().splitlines()


def _distil(teacher, texts: list[str], n_tokens: int) -> dict:
    from sklearn_llmtokens import distill

    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        distill(teacher, texts, folder, n_tokens=n_tokens, dtype="int8")
        spent = time.perf_counter() - start
    found = {"n_sentences": len(set(texts)), "n_tokens": n_tokens, "n_features": teacher.n_features_out_}
    return found | {"seconds": round(spent, 1), "peak_bytes": _peak()}


def million_reviews(options) -> dict:
    """Send texts made by joining halves of two real reviews through zh-nano to Parquet."""
    import pyarrow as pa
    from pyarrow import parquet

    from sklearn_llmtokens import LLMTokenEmbedder, embed_parquet

    known = [text for text, _ in reviews(options.data / "text" / "online_shopping_10_cats.zip")]
    rng = np.random.default_rng(0)
    source, out = options.work / "reviews.parquet", options.work / "review-vectors"
    with parquet.ParquetWriter(source, pa.schema([("text", pa.string())])) as writer:
        for start in range(0, options.texts, 50_000):
            firsts, seconds = rng.integers(len(known), size=(2, min(50_000, options.texts - start)))
            made = [_half(known[i], 0) + _half(known[j], 1) for i, j in zip(firsts, seconds, strict=True)]
            writer.write_table(pa.table({"text": made}))
    before, start = _peak(), time.perf_counter()
    embed_parquet(source, out, text_columns="text", embedder=LLMTokenEmbedder("zh-nano", cache=None))
    spent = time.perf_counter() - start
    n_bytes = sum(path.stat().st_size for path in out.rglob("*.parquet"))
    return {
        "n_texts": options.texts,
        "seconds": round(spent, 1),
        "peak_bytes": _peak(),
        "peak_before_bytes": before,
        "bytes_in": source.stat().st_size,
        "bytes_out": n_bytes,
    }


def _half(text: str, which: int) -> str:
    middle = (len(text) + 1) // 2
    return text[middle:] if which else text[:middle]


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


BESIDE = {"accuracy": accuracy, "speed": speed}
ALONE = {"load": load_time, "distil": distil, "distil-million": distil_million, "reviews": million_reviews}

if __name__ == "__main__":
    main()
