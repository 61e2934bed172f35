"""What each part of `text_recommender` is worth, from the hits of `ranking_choice.py`."""

import numpy as np

RECIPE = "the recipe"


def parts_worth(found: dict) -> tuple[list, list]:
    """One row per part: what HR@10 loses without it, with the standard error of the difference.

    Both are means over the kinds of queries. Kinds share queries, so that their errors are taken for fully correlated.
    """
    by_data = {one["data"]: one["rows"] for one in found["results"] if RECIPE in one["rows"]}
    if not by_data:
        return ["HR@10, lost without", "not yet run with the present recipe"], []
    labels = [label for rows in by_data.values() for label in rows if label.startswith(("without ", "default weights"))]
    whole = [f"{np.mean([hits.mean() for hits in _hits(rows[RECIPE])]):.4f}" for rows in by_data.values()]
    lines = [
        [label, *(_lost(rows[RECIPE], rows[label]) if label in rows else "" for rows in by_data.values())]
        for label in dict.fromkeys(labels)
    ]
    return ["HR@10, lost without", *by_data], [[RECIPE, *whole], *lines]


def fits(found: list) -> tuple[list, list]:
    """One row per catalogue: what a fit from texts and events took."""
    head = ["fit from texts and events", "items", "events", "seconds", "seconds of the processor", "peak memory, GB"]
    lines = [
        [
            row["data"],
            f"{row['n_items']:,}",
            f"{row['n_events']:,}",
            f"{row['seconds']:.1f}",
            f"{row['processor_seconds']:.1f}",
            f"{row['peak_bytes'] / 1e9:.2f}",
        ]
        for row in found
    ]
    return head, lines


def made_up(found: list) -> tuple[list, list]:
    """One row per made-up catalogue: hit rates of each method, the best ones in bold."""
    methods = [name for name in found[0] if name != "world"]
    lines = []
    for row in found:
        best = max(row[method] for method in methods)
        values = [f"{row[method]:.3f}" for method in methods]
        lines.append([row["world"], *(f"**{one}**" if one == f"{best:.3f}" else one for one in values)])
    return ["HR@10", *methods], lines


def _lost(recipe: dict, other: dict) -> str:
    lost = [one - two for one, two in zip(_hits(recipe), _hits(other), strict=True)]
    error = np.mean([one.std() / np.sqrt(len(one)) for one in lost])
    return f"{np.mean([one.mean() for one in lost]):+.4f} ± {error:.4f}"


def _hits(row: dict) -> list[np.ndarray]:
    """Return whether each query found its target, float64, for each kind of queries."""
    return [
        np.unpackbits(np.frombuffer(bytes.fromhex(row["hits"][kind]), np.uint8), count=n).astype(float)
        for kind, n in row["n_queries"].items()
    ]
