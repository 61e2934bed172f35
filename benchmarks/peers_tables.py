"""The tables of `peers.py`: texts, rankings, and what was run."""

import datetime

import numpy as np


def texts(found: dict, markdown) -> str:
    lines = []
    for row in sorted(found["text"], key=lambda one: -float(np.mean(one["accuracy"]["many"]))):
        few, many = (float(np.mean(row["accuracy"][one])) for one in ("few", "many"))
        embed = f"{row['embed_s'] * 1000 / row['n_embedded']:.1f}" if "embed_s" in row else "as its vectors"
        lines.append([f"`{row['name']}`", package(row), f"{few:.3f}", f"{many:.3f}", embed])
    few, train = found["settings"]["n_few"], found["settings"]["n_train"]
    return markdown(
        ["", "package", f"{few} labels per category", f"{train:,} labels", "processor s for 1,000 texts"], lines
    )


def rankings(found: dict, markdown) -> str:
    rows = sorted(found["ranking"], key=lambda one: -one["hit_rate"])
    lines = [
        [
            f"`{row['name']}`",
            package(row),
            f"{row['hit_rate']:.4f}",
            f"{row['hit_rate_warm']:.4f}",
            f"{row['fit_s']:.1f}",
            f"{row['recommend_s']:.1f}",
        ]
        for row in rows
    ]
    n_queries = rows[0]["n_queries"]
    head = ["", "package", "HR@10", "of bought items", "fit, processor s", f"lists of {n_queries:,} users, processor s"]
    return markdown(head, lines)


def versions(found: dict, _) -> str:
    """Return one sentence of when, where and what was run."""
    rows = found["ranking"] + found["text"]
    date = datetime.date.fromisoformat(f"{found['settings']['date']}-01")
    pythons = sorted({f"Python {row['python']} with NumPy {row['numpy']}" for row in rows})
    packages = sorted({row["version"] for row in rows}, key=str.lower)
    return f"Run in {date:%B %Y}, one thread: {', '.join(packages)}; {', '.join(pythons)}."


def package(row: dict) -> str:
    """Return the name of a row's package without its version, which `versions` has."""
    return row["version"].split()[0]


PEER_TABLES = {"texts": texts, "rankings": rankings, "versions": versions}
