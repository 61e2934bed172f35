"""The figures of benchmarks/throughput.py as tables, and the plot of its main section."""

from collections.abc import Callable, Sequence
from pathlib import Path

Rows = list[dict]


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


def markdown(columns: dict[str, Callable[[dict], str]], rows: Sequence[dict]) -> str:
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(cell(row) for cell in columns.values()) + " |" for row in rows]
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


def summary(figures: dict) -> str:
    """Short texts alone, and of each row what a choice needs."""
    rows = [row for row in figures["speed"]["rows"] if row["texts"] in ("short reviews", "questions")]
    columns: dict[str, Callable[[dict], str]] = {
        "model": lambda row: row["model"],
        "method": lambda row: row["method"],
        "texts/s": lambda row: f"{row['texts_per_s']:,.1f}",
        "times sentence-transformers'": lambda row: f"{row['ratio']:.2f}",
        "mean cosine": lambda row: f"{row['cosine_mean']:.5f}",
        "first call, s": lambda row: f"{row['first_call_s']:.1f}",
    }
    return f"{markdown(columns, rows)}\n\n{machine(figures, 'speed')}"


def peers(rows: Rows) -> str:
    def share(row: dict) -> str:
        return f"{row['share_of_matrix_rate']:.0%}" if "share_of_matrix_rate" in row else ""

    columns: dict[str, Callable[[dict], str]] = {
        "model": lambda row: row["model"],
        "texts (tokens each)": lambda row: f"{row['texts']} ({row['tokens_a_text']:.0f})",
        "texts a block": lambda row: f"{row['texts_a_block']:,}",
        "method": lambda row: row["method"],
        "texts/s": lambda row: f"{row['texts_per_s']:,.1f}",
        "tokens/s": lambda row: f"{row['tokens_per_s']:,}",
        "times sentence-transformers'": lambda row: f"{row['ratio']:.2f}",
        "mean cosine": lambda row: f"{row['cosine_mean']:.5f}",
        "of the matrix rate": share,
        "first call, s": lambda row: f"{row['first_call_s']:.1f}",
        "peak memory, MB": lambda row: f"{row['peak_memory_mb']:,}" if "peak_memory_mb" in row else "",
    }
    return markdown(columns, rows)


def accuracy(rows: Rows) -> str:
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


def growth(rows: Rows) -> str:
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


def duplicates(rows: Rows) -> str:
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


def serving(rows: Rows) -> str:
    return markdown(
        {
            "model": lambda row: row["model"],
            "dtype": lambda row: row["dtype"],
            "predict, ms": lambda row: f"{row['predict_ms']}",
            "the model in transformers, ms": lambda row: f"{row['transformers_ms']}",
            "predict beyond it": lambda row: f"{row['beyond_transformers']:.0%}",
            "seen before, ms": lambda row: f"{row['from_the_store_ms']}",
        },
        rows,
    )


def decoder(rows: Rows) -> str:
    return markdown(
        {
            "method": lambda row: row["method"],
            "texts/s": lambda row: f"{row['texts_per_s']:,.1f}",
            "times the padded pass": lambda row: f"{row['ratio']:.2f}",
            "mean cosine": lambda row: "" if row["cosine_mean"] is None else f"{row['cosine_mean']:.5f}",
        },
        rows,
    )


def operations(rows: Rows) -> str:
    models = list(dict.fromkeys((row["model"], row["dtype"]) for row in rows))
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    by = {(row["model"], row["dtype"], row["kind"]): row for row in rows}
    columns: dict[str, Callable[[dict], str]] = {"model": lambda row: row["model"], "dtype": lambda row: row["dtype"]}
    for kind in kinds:
        columns[kind] = lambda row, kind=kind: f"{row[kind]['us']} ({row[kind]['share']:.0%})"
    return markdown(
        columns,
        [{"model": m, "dtype": dtype} | {kind: by[m, dtype, kind] for kind in kinds} for m, dtype in models],
    )


def batches(rows: Rows) -> str:
    return markdown(
        {
            "model": lambda row: row["model"],
            "batch_tokens": lambda row: f"{row['batch_tokens']:,}",
            "microseconds a token": lambda row: f"{row['us_per_token']}",
        },
        rows,
    )


def _section(name: str, make: Callable[[Rows], str]) -> Callable[[dict], str]:
    return lambda figures: f"{make(figures[name]['rows'])}\n\n{machine(figures, name)}"


SPEED_TABLES: dict[str, Callable[[dict], str]] = {
    "short texts": summary,
    "peers": _section("speed", peers),
    "accuracy": _section("accuracy", accuracy),
    "growth": _section("growth", growth),
    "duplicates": _section("duplicates", duplicates),
    "serving": _section("serving", serving),
    "decoder": _section("decoder", decoder),
    "operations": _section("operations", operations),
    "batches": _section("batches", batches),
}
