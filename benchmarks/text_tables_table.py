"""The table of `text_tables.py`: accuracy and area under the ROC curve by method and columns."""

import numpy as np


def text_tables(found: dict, name: str) -> tuple[list, list]:
    """One row per method, one column per choice of columns."""
    scores = found[name]["scores"]
    columns = list(next(iter(scores.values())))

    def cell(of: dict) -> str:
        means = [float(np.mean(of[measure])) for measure in ("accuracy", "AUC")]
        error = float(np.std(of["accuracy"], ddof=1)) / len(of["accuracy"]) ** 0.5 if len(of["accuracy"]) > 1 else 0.0
        return f"{means[0]:.3f} ± {error:.3f} / {means[1]:.3f}"

    head = [f"{name}: accuracy / AUC", *columns]
    return head, [[method, *(cell(of[one]) for one in columns)] for method, of in scores.items()]
