"""The figures of `static_models.py` as tables, and the curve of accuracy over speed."""

from pathlib import Path

import numpy as np

FOUR = ("shop hotel sentiment", "shop fruit sentiment", "shop categories", "thucnews")
SHOTS = {"8": "8 labels per class", "32": "32 labels per class", "3000": "3,000 rows"}


def plot(figures: dict, file: Path) -> None:
    """Draw mean accuracy over texts a second, one line per number of labels."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    speeds, scores = figures.get("speed", {}).get("rows", {}), figures.get("accuracy", {}).get("rows", {})
    names = sorted((name for name in speeds if name in scores), key=lambda name: speeds[name]["texts_per_s"])
    if not names:
        return
    matplotlib.rcParams["svg.hashsalt"] = "static_models"
    rates = [speeds[name]["texts_per_s"] for name in names]
    figure, axis = pyplot.subplots(figsize=(7.2, 4.8), layout="constrained")
    for shots, title in SHOTS.items():
        axis.plot(rates, [_mean(scores[name], shots) for name in names], "o-", label=title)
    axis.set(xscale="log", xlabel="short reviews per second, cold", ylabel="accuracy, mean of four sets")
    above = axis.secondary_xaxis("top")
    above.set_xticks(rates, names, rotation=60, ha="left", size=8)
    above.minorticks_off()
    for rate in rates:
        axis.axvline(rate, color="0.85", linewidth=0.8, zorder=0)
    axis.legend()
    figure.savefig(file, metadata={"Date": None})
    pyplot.close(figure)


def curve(found: dict) -> tuple[list, list]:
    """One row per method: speed, times zh-mini's, accuracy by number of labels, similarity."""
    speeds, scores = ({} if part not in found else found[part]["rows"] for part in ("speed", "accuracy"))
    base = speeds.get("zh-mini", {}).get("texts_per_s", np.nan)
    clock = "s of the processor" if found.get("speed", {}).get("machine", {}).get("clock") == "cpu" else "s"
    head = ["", f"texts/{clock}", "times zh-mini's", *SHOTS.values(), "STS-B, development part"]
    rows = [
        [
            name,
            f"{row['texts_per_s']:,.0f}",
            f"{row['texts_per_s'] / base:.2g}" if row["texts_per_s"] < base else f"{row['texts_per_s'] / base:.0f}",
            *(f"{_mean(scores[name], shots):.3f}" for shots in SHOTS),
            f"{scores[name]['sts_b_zh']:.3f}" if "sts_b_zh" in scores[name] else "",
        ]
        for name, row in sorted(speeds.items(), key=lambda one: -one[1]["texts_per_s"])
        if name in scores
    ]
    return head, rows


def costs(found: dict) -> tuple[list, list]:
    """What loading, distilling and a million reviews take."""
    lines = {
        "load": lambda row: (
            f"loading zh-nano, to the first vector, after the import ({row['cpu_seconds']:.2f} s of the processor)"
        ),
        "distil": lambda row: (
            f"`distill` of {row['n_sentences']:,} sentences into {row['n_tokens']:,} tokens, from cached "
            f"vectors of {row['n_features']} features"
        ),
        "distil-million": lambda row: (
            f"the same of {row['n_sentences']:,} sentences into {row['n_tokens']:,} tokens, "
            f"with vectors of {row['n_features']} features from zh-nano, not cached"
        ),
        "reviews": lambda row: f"{row['n_texts']:,} reviews through zh-nano, Parquet to Parquet",
    }
    rows = [[say(found[name]), *_cost(found[name])] for name, say in lines.items() if name in found]
    processors = dict.fromkeys(found[name]["machine"]["processor"] for name in lines if name in found)
    return ["; ".join(processors), "threads", "time", "peak memory of the process"], rows


def _cost(row: dict) -> list[str]:
    seconds, peak = row["seconds"], row.get("peak_bytes")
    time = f"{seconds:.2f} s" if seconds < 1 else f"{seconds / 60:.1f} min"
    return [str(row["machine"]["threads"]), time, "" if peak is None else f"{peak / 1e9:.1f} GB"]


def _mean(scores: dict, shots: str) -> float:
    return float(np.mean([scores[name][shots] for name in FOUR]))


STATIC_TABLES = {"static_models: curve": ("static_models", curve), "static_models: costs": ("static_models", costs)}
