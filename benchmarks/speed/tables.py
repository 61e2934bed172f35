"""The figures of benchmarks/throughput.py as tables, and the plot of its main section."""

from collections.abc import Callable, Sequence
from pathlib import Path


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


Cell = str | Callable[[dict], str]
"""A format of the fields of a row, or a function of it."""


def markdown(columns: dict[str, Cell], rows: Sequence[dict]) -> str:
    cells = [cell.format_map if isinstance(cell, str) else cell for cell in columns.values()]
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(cell(row) for cell in cells) + " |" for row in rows]
    return "\n".join(lines)


def machine(figures: dict, section: str) -> str:
    """Return on what a section was measured, as a sentence."""
    settings = figures[section]["settings"]
    clock = "the clock on the wall" if settings["clock"] == "wall" else "seconds of the processor"
    versions = ", ".join(f"{name} {version}" for name, version in settings["versions"].items())
    return (
        f"{settings['processor']}, {settings['instructions']}, {settings['threads']} thread(s), {clock}, load average "
        f"{settings['load']}; Python {settings['python']}, {versions}."
    )


def section(name: str, columns: dict[str, Cell]) -> Callable[[dict], str]:
    """Return the function of all figures that writes the table of a section, and on what it was measured."""
    return lambda figures: f"{markdown(columns, figures[name]['rows'])}\n\n{machine(figures, name)}"


def optional(field: str, template: str) -> Callable[[dict], str]:
    return lambda row: "" if row.get(field) is None else template.format_map(row)


MODEL = {"model": "{model}"}
METHOD = {"method": "{method}"}
RATE = {"texts/s": "{texts_per_s:,.1f}"}
RATIO = {"times sentence-transformers'": "{ratio:.2f}"}
COSINE = {"mean cosine": "{cosine_mean:.5f}"}
FIRST_CALL = {"first call, s": "{first_call_s:.1f}"}


def summary(figures: dict) -> str:
    """Short texts alone, and of each row what a choice needs."""
    rows = [row for row in figures["speed"]["rows"] if row["texts"] in ("short reviews", "questions")]
    columns = {**MODEL, **METHOD, **RATE, **RATIO, **COSINE, **FIRST_CALL}
    return f"{markdown(columns, rows)}\n\n{machine(figures, 'speed')}"


def precisions(figures: dict) -> str:
    """Our own precisions on short texts, and the processor that they were measured on."""
    own, settings = "LLMTokenEmbedder, ", figures["speed"]["settings"]
    rows = [
        row for row in figures["speed"]["rows"] if row["method"].startswith(own) and row["texts"] == "short reviews"
    ]
    columns = {**MODEL, "`dtype`": lambda row: row["method"].removeprefix(own), **RATIO, **COSINE}
    return f"{markdown(columns, rows)}\n\n{settings['processor']}, {settings['instructions']}."


def operations(figures: dict) -> str:
    """One row per model and dtype, one column per kind of operation."""
    rows = figures["operations"]["rows"]
    models = list(dict.fromkeys((row["model"], row["dtype"]) for row in rows))
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    by = {(row["model"], row["dtype"], row["kind"]): row for row in rows}
    columns = {**MODEL, "dtype": "{dtype}", **{kind: f"{{{kind}[us]}} ({{{kind}[share]:.0%}})" for kind in kinds}}
    wide = [{"model": m, "dtype": dtype} | {kind: by[m, dtype, kind] for kind in kinds} for m, dtype in models]
    return f"{markdown(columns, wide)}\n\n{machine(figures, 'operations')}"


SPEED_TABLES: dict[str, Callable[[dict], str]] = {
    "short texts": summary,
    "precisions": precisions,
    "peers": section(
        "speed",
        {
            **MODEL,
            "texts (tokens each)": "{texts} ({tokens_a_text:.0f})",
            "texts a block": "{texts_a_block:,}",
            **METHOD,
            **RATE,
            "tokens/s": "{tokens_per_s:,}",
            **RATIO,
            **COSINE,
            "of the matrix rate": optional("share_of_matrix_rate", "{share_of_matrix_rate:.0%}"),
            **FIRST_CALL,
            "peak memory, MB": optional("peak_memory_mb", "{peak_memory_mb:,}"),
        },
    ),
    "accuracy": section("accuracy", {**MODEL, **METHOD, "texts": "{rows:,}", "accuracy": "{accuracy:.4f}", **COSINE}),
    "growth": section(
        "growth",
        {
            **MODEL,
            **METHOD,
            "texts": "{n_texts:,}",
            "tokens": "{n_tokens:,}",
            "microseconds a token": "{us_per_token}",
            "peak memory, MB": "{peak_memory_mb:,}",
            "at the first text, MB": "{at_start_mb:,}",
            "texts and rows, MB": "{input_and_result_mb:,}",
        },
    ),
    "duplicates": section("duplicates", {**MODEL, **METHOD, "copies": "{duplicates:.0%}", **RATE, **RATIO}),
    "serving": section(
        "serving",
        {
            **MODEL,
            "dtype": "{dtype}",
            "predict, ms": "{predict_ms}",
            "the model in transformers, ms": "{transformers_ms}",
            "predict beyond it": "{beyond_transformers:.0%}",
            "seen before, ms": "{from_the_store_ms}",
        },
    ),
    "decoder": section(
        "decoder",
        {
            **METHOD,
            **RATE,
            "times the padded pass": "{ratio:.2f}",
            "mean cosine": optional("cosine_mean", "{cosine_mean:.5f}"),
        },
    ),
    "operations": operations,
    "batches": section(
        "batches", {**MODEL, "batch_tokens": "{batch_tokens:,}", "microseconds a token": "{us_per_token}"}
    ),
}
