"""The page and the plot of benchmarks/throughput.py, from its figures."""

from collections.abc import Callable, Sequence
from pathlib import Path

Rows = list[dict]


def page(figures: dict) -> str:
    """Write the page as Markdown."""
    parts = [INTRODUCTION.format(machines="\n".join(f"- {line}" for line in machines(figures)))]
    for name, (title, text, table) in SECTIONS.items():
        rows = figures.get(name, {}).get("rows", [])
        if rows:
            parts.append(f"## {title}\n\n{text}\n\n{table(rows)}")
    parts.append(TRIED)
    return "\n\n".join(part.strip() for part in parts) + "\n"


def plot(figures: dict, file: Path) -> None:
    """Draw speed against fidelity, a panel a length."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    matplotlib.rcParams["svg.hashsalt"] = "speed"
    rows = figures.get("speed", {}).get("rows", [])
    kinds = list(dict.fromkeys((row["model"], row["texts"], row["clock"]) for row in rows))
    if not kinds:
        return
    figure, axes = pyplot.subplots(
        1, len(kinds), figsize=(4.2 * len(kinds), 4.2), sharey=True, squeeze=False, layout="constrained"
    )
    for axis, (model, kind, clock) in zip(axes[0], kinds, strict=True):
        chosen = [row for row in rows if (row["model"], row["texts"], row["clock"]) == (model, kind, clock)][::-1]
        own = ["C1" if row["method"].startswith("LLMTokenEmbedder") else "C0" for row in chosen]
        bars = axis.barh([row["method"] for row in chosen], [row["ratio"] for row in chosen], color=own)
        axis.bar_label(bars, [f"{row['ratio']}  (cos {row['cosine_mean']:.4f})" for row in chosen], padding=3, size=7)
        axis.set(title=f"{model}\n{kind}; {clock}", xlabel="texts/s, times sentence-transformers'")
        axis.axvline(1, color="0.5", linewidth=0.8)
        axis.margins(x=0.45)
    figure.savefig(file, metadata={"Date": None})
    pyplot.close(figure)


INTRODUCTION = """
# Speed

Written by `benchmarks/throughput.py`, whose figures are in [speed.json](speed.json). The same weights on the same
texts, cold: nothing comes from a cache. Every method runs in a process of its own; blocks of texts go to each in turn,
and a ratio is the median over blocks against sentence-transformers as it comes (float32, batches of 32). Beside each
speed stands the mean cosine of the rows to sentence-transformers' own. A load average above the number of threads says
that the machine did other things at the same time, for which ratios differ from run to run by a tenth and more.

{machines}
"""

TRIED = """
## What decides the speed, and what was tried

- **Few operations.** transformers runs a layer of BERT or XLM-R as some fifteen modules. Here such a layer is one
  product for query, key and value, attention, and three more products, two of which add up what follows them: fewer
  passes over memory in a batch, and less time around the arithmetic for a single text. A model is run this way if it
  gives the same as transformers does; any other is run by transformers.
- **No padding, and full batches.** On a CPU the tokens of a batch stand in one row, text after text, and attention is
  computed for one length at a time: no text is padded or sees another, and its row does not depend on its company.
  Batches of one length each, which were tried first, lost to padded ones where texts are few. Models whose attention is
  of another kind (T5, windows as in ModernBERT) keep them.
- **Attention of short texts.** torch's fused kernel takes one head of one text at a time, and two threads do it no
  faster than one. Up to 48 tokens the heads of all texts of a length go into one batch of plain products, which takes
  less time on two threads and about the same on one.
- **8 bits.** `dtype="int8"` scales each token by its own largest value and each output channel of the weights by its
  own. Without VNNI two products are added in 16 bits, so that one factor must give up a bit: 8 bits for activations and
  7 for weights lose less than the other way round, and one scale for a whole batch, as torch's dynamic layers have it,
  loses far more. The sums are of integers and exact: a row does not depend on its batch. The rate of the 8-bit products
  is the bound of what 8 bits can give ("Products of matrices" has it beside that of float32, "What a pass is made of"
  their share): attention, GELU and normalisation stay in float32.
- **Prompts of decoders.** What stands before the text is the same in every sequence, and a causal model makes the same
  of it whatever follows: it is run once, and its keys and values are kept.
- **One text at a time.** The checkpoint's files are looked at (their sizes and times of change) and not opened again
  unless one has changed. What is left beyond the pass is the work of many small steps: checks of the input by
  scikit-learn, the tokenizer, the keys of the store, pooling and the classifier.

Not kept, as they cost more than they give:

- For 8 bits, centring activations by channel, scales by input channel as in SmoothQuant, and activations with a zero
  point of their own: each is one or two passes more over the activations. A fixed zero point far below the middle for
  what comes out of GELU, which is hardly negative, does not change the cosine.
- The products of a layer over so few tokens at a time that what lies between them stays in the cache: the weights are
  then read once for each part, which costs more.
- GELU as a part of oneDNN's product, and GELU by tanh: both slower than torch's own.
- A thread that tokenises ahead of the model: tokenising is a small part, and torch fills all cores meanwhile.
- Attention by plain products for texts of more than some 50 tokens: slower than torch's fused kernel.
- `torch._int_mm`, which has no kernel for processors without VNNI, and oneDNN's 8-bit layers, slower than FBGEMM's in
  large batches.
"""


def machines(figures: dict) -> list[str]:
    """Tell on what each section was measured, sections of equal settings together."""
    by_settings: dict[str, list[str]] = {}
    for name, found in figures.items():
        if name in SECTIONS and found.get("settings"):
            by_settings.setdefault(_settings(found["settings"]), []).append(SECTIONS[name][0].lower())
    return [f"{', '.join(names)}: {text}" for text, names in by_settings.items()]


def _settings(settings: dict) -> str:
    clock = "the clock on the wall" if settings["clock"] == "wall" else "seconds of the processor"
    versions = ", ".join(f"{name} {version}" for name, version in settings["versions"].items())
    load = f", load average {settings['load']}" if "load" in settings else ""
    return (
        f"{settings['processor']}, {settings['instructions']}, {settings['threads']} thread(s), {clock}{load}; "
        f"Python {settings['python']}, {versions}."
    )


def speed_table(rows: Rows) -> str:
    columns: dict[str, Callable[[dict], str]] = {
        "model": lambda row: row["model"],
        "texts (tokens each)": lambda row: f"{row['texts']} ({row['tokens_a_text']:.0f})",
        "texts a block": lambda row: f"{row['texts_a_block']:,}",
        "clock": lambda row: row["clock"],
        "method": lambda row: row["method"],
        "texts/s": lambda row: f"{row['texts_per_s']:,.1f}",
        "tokens/s": lambda row: f"{row['tokens_per_s']:,}",
        "times sentence-transformers'": lambda row: f"{row['ratio']:.2f}",
        "mean cosine": lambda row: f"{row['cosine_mean']:.5f}",
        "of the matrix rate": lambda row: f"{row['share_of_matrix_rate']:.0%}",
        "first call, s": lambda row: f"{row['first_call_s']:.1f}",
        "peak memory, MB": lambda row: f"{row['peak_memory_mb']:,}" if "peak_memory_mb" in row else "",
    }
    return markdown(columns, rows)


def accuracy_table(rows: Rows) -> str:
    return markdown(
        {
            "model": lambda row: row["model"],
            "method": lambda row: row["method"],
            "texts": lambda row: f"{row['rows']:,}",
            "accuracy": lambda row: f"{row['accuracy']:.4f}",
            "mean cosine": lambda row: f"{row['cosine_mean']:.5f}",
        },
        rows,
    )


def growth_table(rows: Rows) -> str:
    return markdown(
        {
            "model": lambda row: row["model"],
            "method": lambda row: row["method"],
            "texts": lambda row: f"{row['n_texts']:,}",
            "tokens": lambda row: f"{row['n_tokens']:,}",
            "microseconds a token": lambda row: f"{row['us_per_token']}",
            "peak memory, MB": lambda row: f"{row['peak_memory_mb']:,}",
            "at the first text, MB": lambda row: f"{row['at_start_mb']:,}",
            "texts and rows, MB": lambda row: f"{row['input_and_result_mb']:,}",
        },
        rows,
    )


def duplicates_table(rows: Rows) -> str:
    return markdown(
        {
            "model": lambda row: row["model"],
            "method": lambda row: row["method"],
            "copies": lambda row: f"{row['duplicates']:.0%}",
            "texts/s": lambda row: f"{row['texts_per_s']:,.1f}",
            "times sentence-transformers'": lambda row: f"{row['ratio']:.2f}",
        },
        rows,
    )


def serving_table(rows: Rows) -> str:
    return markdown(
        {
            "model": lambda row: row["model"],
            "dtype": lambda row: row["dtype"],
            "predict, ms": lambda row: f"{row['predict_ms']}",
            "the model in transformers, ms": lambda row: f"{row.get('transformers_ms', '')}",
            "predict beyond it": lambda row: f"{row['beyond_transformers']:.0%}" if "transformers_ms" in row else "",
            "our own pass, ms": lambda row: f"{row['forward_ms']}",
            "predict beyond that": lambda row: f"{row['beyond']:.0%}",
            "seen before, ms": lambda row: f"{row['from_the_store_ms']}",
        },
        rows,
    )


def operations_table(rows: Rows) -> str:
    models = list(dict.fromkeys((row["model"], row["dtype"]) for row in rows))
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    by = {(row["model"], row["dtype"], row["kind"]): row for row in rows}
    columns: dict[str, Callable[[dict], str]] = {
        "model": lambda row: row["model"],
        "dtype": lambda row: row["dtype"],
    }
    for kind in kinds:
        columns[kind] = lambda row, kind=kind: f"{row[kind]['us']} ({row[kind]['share']:.0%})"  # type: ignore[misc]
    return markdown(
        columns,
        [{"model": m, "dtype": dtype} | {kind: by[m, dtype, kind] for kind in kinds} for m, dtype in models],
    )


def products_table(rows: Rows) -> str:
    names = [name for name in rows[0] if name != "shape"]
    columns: dict[str, Callable[[dict], str]] = {"tokens x in x out": lambda row: row["shape"]}
    for name in names:
        columns[name] = lambda row, name=name: f"{row[name]}"  # type: ignore[misc]
    return markdown(columns, rows)


def batches_table(rows: Rows) -> str:
    return markdown(
        {
            "model": lambda row: row["model"],
            "batch_tokens": lambda row: f"{row['batch_tokens']:,}",
            "microseconds a token": lambda row: f"{row['us_per_token']}",
        },
        rows,
    )


def decoder_table(rows: Rows) -> str:
    return markdown(
        {
            "method": lambda row: row["method"],
            "texts/s": lambda row: f"{row['texts_per_s']:,.1f}",
            "times the padded pass": lambda row: f"{row['ratio']:.2f}",
            "mean cosine": lambda row: "" if row["cosine_mean"] is None else f"{row['cosine_mean']:.5f}",
        },
        rows,
    )


def markdown(columns: dict[str, Callable[[dict], str]], rows: Sequence[dict]) -> str:
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(cell(row) for cell in columns.values()) + " |" for row in rows]
    return "\n".join(lines)


SECTIONS: dict[str, tuple[str, str, Callable[[Rows], str]]] = {
    "speed": (
        "Beside its peers",
        "The share of the matrix rate is the operations of the layers a second over what products of this machine do "
        "in the same\nprecision, measured between the blocks. First call: from a process with nothing loaded to the "
        "first vector.\n\n![Speed and fidelity](speed.svg)",
        speed_table,
    ),
    "accuracy": (
        "What the precision does to a classifier",
        "Logistic regression on the vectors of the same short reviews, 10 categories, five-fold validation. The two "
        "float32\nrows of one model hold the same vectors to six digits: the difference between them is what so few "
        "texts cannot\nresolve.",
        accuracy_table,
    ),
    "growth": (
        "Growth",
        "Each number of texts in a fresh process: real reviews, and for a model of two layers with random weights "
        "(tiny) pieces of\nthem. Peak memory holds the texts, the rows, a copy of the rows on their way to the process "
        "that measures, and what\nPython takes for each text; beside it what the process has after its first text. "
        "What the embedder itself takes beyond\ntexts and rows is on [the page on the store](store.md).",
        growth_table,
    ),
    "duplicates": ("Copies", "A share of the short reviews are copies of others, in random order.", duplicates_table),
    "serving": (
        "One text at a time",
        "`pipeline.predict([text])` with logistic regression, a text that was not seen before; beside it a bare call "
        "of the\nmodel in transformers (float32, on the token ids of the same text) and the part of `predict` that is "
        "our own pass of the\nmodel; then the same texts again. Medians of 100.",
        serving_table,
    ),
    "decoder": (
        "Decoders",
        'SmolLM2-135M-Instruct with `prompt="prompt_eol"` on English questions, so few texts that the '
        "ratios\nof the blocks differ. A pass that stops at a layer costs the layers that it runs.",
        decoder_table,
    ),
    "operations": (
        "What a pass is made of",
        "Microseconds a token and layer by kind of operation, as torch's profiler has it, short reviews.",
        operations_table,
    ),
    "products": (
        "Products of matrices",
        "1e9 operations a second in the forms that torch has for a product of these sizes.",
        products_table,
    ),
    "batches": (
        "The size of a batch",
        'Why `batch_tokens="auto"` is a constant on a CPU, 2,048 tokens, and needs no probe.',
        batches_table,
    ),
}
