"""Tables of `few_labels.py`: every classifier, and what is chosen on one half of the sets, measured on the other."""

from __future__ import annotations

import numpy as np

# two halves, each with sentiment, sections of news and products
HALVES = (
    ("eprstmt", "thucnews", "fruit sentiment"),
    ("hotel sentiment", "tnews", "shop categories", "tablet sentiment"),
)
ENGLISH = ("banking77",)  # has another encoder
COLUMNS = {"0": "no label", "8": "8 labels a class", "32": "32 labels a class", "3000": "3,000 rows"}


def means_table(found, markdown) -> str:
    """Return means over the sets that each number of labels was measured on."""
    found = {name: of for name, of in found.items() if name not in ENGLISH}
    methods = _methods(found)

    def cell(method, n):
        sets = [name for name in found if method in found[name].get(n, {})]
        if not sets:
            return ""
        return f"{np.mean([np.mean(found[name][n][method]) for name in sets]):.3f}"

    counts = {n: [name for name in found if n in found[name]] for n in COLUMNS}
    note = "; ".join(f"{title}: {', '.join(counts[n])}" for n, title in COLUMNS.items() if counts[n])
    table = markdown(["", *COLUMNS.values()], ([method, *(cell(method, n) for n in COLUMNS)] for method in methods))
    return f"{table}\n\nSets of each column: {note}."


def sets_table(found, markdown) -> str:
    """Return accuracies by set, with the standard error over the draws."""
    methods = _methods(found)

    columns = [(name, n) for name in found for n in COLUMNS if n in found[name]]
    head = ["", *(f"{name}, {COLUMNS[n]}" for name, n in columns)]
    return markdown(
        head, ([method, *(_with_error(found[name][n].get(method)) for name, n in columns)] for method in methods)
    )


def many_classes_table(found, markdown) -> str:
    """Return accuracies where 1,000 rows have many classes of very different sizes."""
    sets = [name for name in found if "1000" in found[name]]
    methods = list(dict.fromkeys(m for name in sets for m in found[name]["1000"] if ":" not in m))
    rows = ([m, *(_with_error(found[name]["1000"].get(m, [])) for name in sets)] for m in methods)
    return markdown(["1,000 rows", *sets], rows)


def _with_error(scores) -> str:
    """Return the mean over the draws, and its standard error where there are several."""
    if not scores:
        return ""
    error = f" ± {np.std(scores, ddof=1) / np.sqrt(len(scores)):.3f}" if len(scores) > 1 else ""
    return f"{np.mean(scores):.3f}{error}"


def _methods(found) -> list[str]:
    """Return the classifiers in the order of the benchmark, which measures few of them without a label."""
    counts = ("8", "32", "3000", "0")
    return list(dict.fromkeys(m for n in counts for of in found.values() for m in of.get(n, {}) if ":" not in m))


def halves_table(found, markdown) -> str:
    """Return the classifier without names that is best on one half of the sets, and its accuracy on the other."""
    lines = []
    for n in ("8", "32"):
        for chosen_on, shown_on in (HALVES, HALVES[::-1]):
            here, there = ([name for name in half if n in found.get(name, {})] for half in (chosen_on, shown_on))
            if not here or not there:
                continue
            plain = [m for m in _methods(found) if "names" not in m and "unlabelled" not in m]
            methods = [m for m in plain if all(m in found[name][n] for name in here + there)]

            def mean(method, sets, n=n):
                return float(np.mean([np.mean(found[name][n][method]) for name in sets]))

            best = max(methods, key=lambda method: mean(method, here))
            logistic = mean("logistic regression, all features", there)
            at_most = max(mean(method, there) for method in methods)
            lines.append(
                [COLUMNS[n], ", ".join(here), best, f"{mean(best, there):.3f}", f"{logistic:.3f}", f"{at_most:.3f}"]
            )
    head = ["", "chosen on", "chosen", "on the other sets", "logistic regression there", "best there"]
    return markdown(head, lines)


LABEL_TABLES = {"means": means_table, "sets": sets_table, "halves": halves_table, "many classes": many_classes_table}


def few_clue_table(found, markdown) -> str:
    """Return a row for each set of `few_clue.py`, beside the published figures."""
    columns = list(dict.fromkeys(name for of in found.values() for name in of["published"]))

    methods = [method for method in next(iter(found.values())) if method.startswith("text_pipeline")]

    def ours(scores):
        return f"{np.mean(scores):.3f} ± {np.std(scores, ddof=1) / np.sqrt(len(scores)):.3f}"

    lines = [
        [
            f"{name}, {of['classes']} classes",
            f"{of['labels a class']}",
            *(ours(of[method]) if method in of else "" for method in methods),
            *(f"{of['published'][column]:.3f}" if column in of["published"] else "" for column in columns),
        ]
        for name, of in found.items()
    ]
    return markdown(["", "labels a class", *methods, *columns], lines)


def fit_time_table(found, markdown) -> str:
    """Return a row for each case of `fit_time.py`: seconds to fit."""
    head = [f"{found['rows']:,} rows", f"{found['baseline']}, s", "now, s", "times as long"]
    lines = [
        [
            row["case"],
            f"{row['baseline_ms'] / 1000:.2f}",
            f"{row['ms'] / 1000:.2f}",
            f"{row['ms'] / row['baseline_ms']:.2f}",
        ]
        for row in found["cases"]
    ]
    return markdown(head, lines)
