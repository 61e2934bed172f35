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
speed stands the mean cosine of the rows to sentence-transformers' own.

{machines}
"""

TRIED = """
## What decides the speed, and what was tried

On two cores with AVX2 (Zen 3), one thread, seconds of the processor, unless it says otherwise.

- **Products of matrices are nine tenths of a float32 pass.** A token costs a layer of multilingual-e5-small 43
  microseconds of products, 2.3 of attention, 1.6 of GELU and about 1 of the rest. Plain products of torch reach the
  same rate as weights packed in advance (oneDNN, MKL) from 64 tokens on, and as one product for query, key and value.
- **No padding, and full batches.** On a CPU the tokens of a batch stand in one row, text after text, and attention is
  computed for one length at a time: no text is padded or sees another, and its row does not depend on its company. A
  pass of multilingual-e5-small costs some 20 milliseconds beyond its products whatever it holds, so that batches of one
  length each, which were tried first, lost to padded ones where texts are few: .90 of sentence-transformers' speed on
  216 short reviews. Models whose attention is of another kind (T5, windows as in ModernBERT) keep them. The time
  a token (zh-mini) is level from 512 to 4,096 tokens a batch and a tenth worse at 256, so that
  `batch_tokens="auto"` is a constant, 2,048, and needs no probe.
- **8 bits.** `dtype="int8"` scales each token by its own largest value and each output channel of the weights by its
  own. Without VNNI two products are added in 16 bits, so that one factor must give up a bit: with 8 bits for
  activations and 7 for weights the mean cosine to float32 on multilingual-e5-small is .9991; the other way round it is
  .9978, and with one scale for a whole batch, as torch's dynamic layers have it, .9904. The sums are of integers and
  exact: a row does not depend on its batch. The 8-bit products run at 1.7 times the float32 rate on this processor,
  which is the bound of what 8 bits can give here.
- **Prompts of decoders.** What stands before the text is the same in every sequence, and a causal model makes the same
  of it whatever follows: it is run once, and its keys and values are kept. On SmolLM2-135M with texts of 18 tokens this
  is 1.26 times as fast for 4 tokens of prompt (`"prompt_eol"`) and 2.37 times for 24; a single text gains 1.11.
  Such texts go in batches of one length, so that few of them gain less.
- **One text at a time.** The checkpoint's files are looked at (their sizes and times of change) and not opened again
  unless one has changed, which took half of the time around the model.

Not kept, as they cost more than they give:

- Centring activations by channel (cosine .9993), scales by input channel as in SmoothQuant (.9996) and activations with
  a zero point of their own (.9995): each is one or two passes more over the activations.
- A thread that tokenises ahead of the model was not built: tokenising takes 2% of the time with zh-mini, less with
  larger models, and torch fills all cores meanwhile.
- Attention by plain products for short texts: level with torch's fused kernel at 16 tokens, slower from 32 on.
- `torch._int_mm` (forty times slower than float32 with AVX2) and oneDNN's 8-bit layers (a third slower than FBGEMM's
  in large batches).
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
    return (
        f"{settings['processor']}, {settings['instructions']}, {settings['threads']} thread(s), {clock}; "
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
        "peak memory, MB": lambda row: f"{row.get('peak_memory_mb', 0):,}",
    }
    return markdown(columns, rows)


def accuracy_table(rows: Rows) -> str:
    return markdown(
        {
            "model": lambda row: row["model"],
            "method": lambda row: row["method"],
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
            "of it texts and rows, MB": lambda row: f"{row['input_and_result_mb']}",
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
            "forward pass, ms": lambda row: f"{row['forward_ms']}",
            "beyond it": lambda row: f"{row['beyond']:.1%}",
            "seen before, ms": lambda row: f"{row['from_the_store_ms']}",
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
        "Logistic regression on the vectors of the same 1,000 short reviews, 10 categories, five-fold validation.\n"
        "The two float32 rows hold the same vectors to six digits: the difference between them, five texts, is more\n"
        "than that of 8 bits to sentence-transformers, and is what so few texts cannot resolve.",
        accuracy_table,
    ),
    "growth": (
        "Growth",
        "Real reviews of all lengths, each number of texts in a fresh process.",
        growth_table,
    ),
    "duplicates": ("Copies", "A share of the short reviews are copies of others, in random order.", duplicates_table),
    "serving": (
        "One text at a time",
        "`pipeline.predict([text])` with logistic regression, a text that was not seen before, and the part of it that "
        "is the\nmodel's own forward pass; then the same texts again. Medians of 100.",
        serving_table,
    ),
    "decoder": (
        "Decoders",
        'SmolLM2-135M-Instruct with `prompt="prompt_eol"` on English questions, two blocks of 40 texts, so few that '
        "the\nratios of the blocks differ widely. A pass that stops at a layer costs the layers that it runs.",
        decoder_table,
    ),
}
