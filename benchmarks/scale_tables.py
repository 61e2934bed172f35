"""The figures of benchmarks/scale_out.py as tables."""

NAMES = {"loky": "loky (`n_jobs=2`)", "dask": "dask", "ray": "Ray", "spark": "Spark"}

# The plan: texts, GPUs, operations a second of one by the data sheet of the A100 in bfloat16, and the share in use.
N_TEXTS, N_GPUS, GPU_RATE, SHARE = 100_000_000, 16, 312e12, 0.1
PRICE = 2.0  # of a GPU-hour, to have an example
SHAPES = {"multilingual-e5-small": (12, 384)}  # layers, width
DECODER = ("a decoder of 0.44e9 such weights, 28 x 1,024", 0.44e9, 28, 1024)


def engines(found: dict) -> str:
    lines = [
        "| engine | 1 worker, s | 2 workers, s | speed-up | lowest, highest | ms per 1,000 texts over one process | "
        "start, s |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in found["engines"]:
        lines.append(
            f"| {NAMES[row['engine']]} | {row['one_s']:.2f} | {row['two_s']:.2f} | {row['speed_up']:.2f} | "
            f"{min(row['speed_ups']):.2f}, {max(row['speed_ups']):.2f} | {row['overhead_ms_per_1000']:.0f} | "
            f"{row['start_s']:.1f} |"
        )
    lines += [
        "",
        f"In one process it took {found['serial_s']:.2f} s. Medians of {found['rounds']} rounds, in each of which "
        "every engine and number of workers had its turn. The largest difference between a vector of an engine and "
        f"that of one process was {power_of_ten(max(row['difference'] for row in found['engines']), 0)}.",
    ]
    return "\n".join(lines)


def parquet(found: dict) -> str:
    lines = ["| rows | peak memory, MiB | bytes per row in | bytes per row out |", "|---:|---:|---:|---:|"]
    for row in found["memory"]:
        lines.append(
            f"| {row['rows']:,} | {row['peak_MiB']:.0f} | {row['bytes_per_row_in']:.0f} | "
            f"{row['bytes_per_row_out']:.0f} |"
        )
    ratio = found["memory"][1]["peak_MiB"] / found["memory"][0]["peak_MiB"]
    lines += ["", f"Ten times the rows take {ratio:.3f} times the memory."]
    return "\n".join(lines)


def rates(found: dict) -> str:
    lines = [
        "| model | weights outside the embedding table | tokens a text | tokenizer alone, texts/s | all, texts/s | "
        "GFLOP/s |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for row in found["rates"]:
        lines.append(
            f"| {row['model']} | {row['weights_outside_embeddings']:,} | {row['tokens_per_text']:.1f} | "
            f"{row['tokenizer_texts_per_s']:,.0f} | {row['texts_per_s']:,.0f} | {row['GFLOP_per_s']:.1f} |"
        )
    return "\n".join(lines)


def plan(found: dict) -> str:
    """Work the formulas of the page out for both models, and for zh-mini on processors."""
    by_model = {row["model"]: row for row in found["rates"]}
    small = by_model["multilingual-e5-small"]
    tokens, tokenizer = small["tokens_per_text"], small["tokenizer_texts_per_s"]
    models = [
        ("multilingual-e5-small", small["weights_outside_embeddings"], *SHAPES["multilingual-e5-small"]),
        DECODER,
    ]
    cut = N_TEXTS / N_GPUS / tokenizer / 60
    columns = []
    for name, weights, n_layers, width in models:
        operations = N_TEXTS * tokens * (2 * weights + 4 * n_layers * tokens * width)
        run = operations / N_GPUS / (SHARE * GPU_RATE) / 60
        hours = N_GPUS * (cut + run) / 60
        columns.append(
            [
                name,
                power_of_ten(N_TEXTS * tokens, 2),
                power_of_ten(operations, 1),
                f"{cut:.1f}",
                f"{run:.1f}",
                f"{cut + run:.1f}",
                f"{cut / (cut + run):.0%}",
                f"{hours:.1f}",
                f"{width:,} features, {N_TEXTS * width * 2 / 1e9:.0f} GB",
                f"{PRICE * hours:.1f}",
            ]
        )
    heads = [
        "model",
        f"tokens, at {tokens:.1f} a text",
        "operations",
        f"tokenizer, minutes ({tokenizer:,.0f} texts/s a process)",
        f"model, minutes at u = {SHARE}",
        "all, minutes",
        "the tokenizer's share of it",
        "GPU-hours",
        "vectors in float16",
        f"cost at {PRICE:g} a GPU-hour, to have an example",
    ]
    rows = ["| " + " | ".join([head, *cells]) + " |" for head, *cells in zip(heads, *columns, strict=True)]
    rows.insert(1, "|---|---:|---:|")
    rate = by_model["zh-mini"]["texts_per_s"]
    hours = N_TEXTS / rate / 3600
    return "\n".join(rows) + (
        f"\n\nFor comparison, zh-mini on processors at the measured {rate:.0f} texts/s of one core takes {hours:.0f} "
        f"core-hours, {hours / 16:.1f} hours on 16 cores, and its 640 features {N_TEXTS * 640 * 2 / 1e9:.0f} GB."
    )


def power_of_ten(value: float, digits: int) -> str:
    """Write 2020000000.0 with two digits as 2.02e9, and nothing as 0."""
    if not value:
        return "0"
    mantissa, exponent = f"{value:.{digits}e}".split("e")
    return f"{mantissa}e{int(exponent)}"


SCALE_TABLES = {"engines": engines, "parquet": parquet, "rates": rates, "plan": plan}
