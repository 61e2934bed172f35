"""The tables of the pages, from the figures in benchmarks/results.

    python benchmarks/tables.py            # fill every page anew
    python benchmarks/tables.py --check    # exit with 1 and the names of the pages that do not agree with the figures

A page says where a table stands: what is between ``<!-- table: NAME -->`` and ``<!-- end -->`` is replaced. All other
text of a page is written by hand. A benchmark that is run with ``--write`` saves its figures here and fills the pages.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from command_tables import COMMAND_TABLES
from explanations_tables import EXPLANATION_TABLES
from exploration_tables import EXPLORATION_TABLES
from few_labels_tables import LABEL_TABLES, few_clue_table, fit_time_table
from field_tables import FIELD_TABLES
from peers_tables import PEER_TABLES
from ranking_tables import fits, made_up, parts_worth
from scale_tables import SCALE_TABLES
from speed.tables import SPEED_TABLES
from static_tables import STATIC_TABLES
from text_tables_table import text_tables

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PLACE = re.compile(r"(<!-- table: (.+?) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def save(name: str, figures) -> None:
    """Write the figures of a benchmark, and fill the tables of all pages."""
    (RESULTS / f"{name}.json").write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"\nwritten: {RESULTS / name}.json", *fill())


def load(name: str, default=None):
    """Read the figures of a benchmark; `default` where there are none."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else default


def pages() -> list[Path]:
    """List the pages that have tables."""
    checkpoints = ROOT / "sklearn_llmtokens" / "checkpoints"
    folders = (ROOT, ROOT / "benchmarks", checkpoints / "zh-mini", checkpoints / "zh-nano")
    found = [path for folder in folders for path in folder.glob("*.md")]
    found += (ROOT / "docs").rglob("*.md")
    found += (ROOT / "benchmarks" / "experiments").glob("*.md")
    return sorted(path for path in found if PLACE.search(path.read_text(encoding="utf-8")))


def filled(page: str) -> str:
    """Return the text of a page with its tables made anew."""
    return PLACE.sub(lambda place: f"{place[1]}{TABLES[place[2]]()}\n{place[4]}", page)


def fill() -> list[str]:
    """Fill all pages; return the names of those that changed."""
    changed = []
    for path in pages():
        before = path.read_text(encoding="utf-8")
        if (after := filled(before)) != before:
            path.write_text(after, encoding="utf-8")
            changed.append(str(path.relative_to(ROOT)))
    return changed


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; the cells of a column that begins with a digit somewhere stand at the right."""
    rows = [list(row) for row in rows]
    right = [any(re.match(r"\*{0,2}[\d.-]", row[i]) for row in rows) for i in range(len(head))]
    right[0] = False
    lines = [head, ["---:" if one else "---" for one in right], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


# Tables ----------------------------------------------------------------------------------------------------------


def accuracy() -> str:
    found = load("accuracy")
    settings, rows = found["settings"], found["rows"]
    tasks = list(settings["n_train"])
    best = {task: max(np.mean(row["scores"][task]) for row in rows if row["scores"][task]) for task in tasks}

    def cell(scores: list[float] | None, task: str) -> str:
        if scores is None:
            return "not its language"
        text = f"{np.mean(scores):.3f}" + (f" ± {np.std(scores):.3f}" if len(scores) > 1 else "")
        return f"**{text}**" if np.mean(scores) == best[task] else text

    sizes = {(settings["n_train"][task], settings["n_test"][task]) for task in tasks}
    rows_of = " or ".join(f"{train:,} rows to train and {test:,} to test" for train, test in sorted(sizes))
    versions = ", ".join(f"{name} {version}" for name, version in settings["versions"].items())
    return (
        markdown(
            ["method", *tasks],
            ([row["method"], *(cell(row["scores"][task], task) for task in tasks)] for row in rows),
        )
        + f"\n\n{settings['n_seeds']} random splits, {rows_of}. zh-mini has the fingerprint "
        f"`{settings['zh_mini_fingerprint']}`.\nPython {settings['python']}, {versions}."
    )


def few_shot(measure: str) -> str:
    found = load("few_shot")
    shots, mean_of = (
        ("8", "32", "3000"),
        ("shop hotel sentiment", "shop fruit sentiment", "shop categories", "thucnews"),
    )
    names = list(dict.fromkeys(name for row in found.values() for name in row["accuracy"]))
    pairs = list(dict.fromkeys(name for row in found.values() for name in row["spearman"]))

    def three(accuracy: dict) -> str:
        return " / ".join(f"{accuracy[n]:.3f}" if n in accuracy else "-" for n in shots)

    def means(row: dict) -> list[str]:
        return [f"{np.mean([row['accuracy'][name][n] for name in mean_of]):.3f}" for n in shots]

    if measure == "sets":
        rows = ([label, *(three(row["accuracy"].get(name, {})) for name in names)] for label, row in found.items())
        return markdown(["", *names], rows)
    if measure == "pairs":  # nothing is fitted to pairs
        asked = {label: row for label, row in found.items() if row["spearman"] and ", C=" not in label}
        return markdown(
            ["", *pairs],
            ([label, *(f"{row['spearman'][pair]:.3f}" for pair in pairs)] for label, row in asked.items()),
        )
    whole = {
        label: row
        for label, row in found.items()
        if all(len(row["accuracy"].get(name, {})) == len(shots) for name in mean_of)
    }
    stsb = {label: row["spearman"].get("sts_b_zh") for label, row in whole.items()}
    return markdown(
        ["", "8 labels a class", "32 labels a class", "3,000 rows", "STS-B, development part"],
        ([label, *means(row), f"{stsb[label]:.3f}" if stsb[label] else ""] for label, row in whole.items()),
    )


def million() -> str:
    by: dict[str, list[dict]] = {}
    for row in load("million"):
        name = row["store"] + ("" if row["store"] == "no store" else f", {row['what']}")
        by.setdefault(name, []).append(row)
    sizes = [row["n_texts"] for row in next(iter(by.values()))]
    lines = []
    for name, rows in by.items():
        growth = rows[-1]["peak_beyond_texts_bytes"] - rows[0]["peak_beyond_texts_bytes"]
        peaks = (f"{row['peak_beyond_texts_bytes'] / 1e6:.0f}" for row in rows)
        lines.append([name, *peaks, f"{growth / (sizes[-1] - sizes[0]):.0f}"])
    return markdown(["", *(f"{n:,} texts, MB" for n in sizes), "bytes for each further text"], lines)


def ranking(name: str, data: str) -> str:
    found = next(one for one in load(name)["results"] if one["data"] == data)
    kinds = list(dict.fromkeys(kind for row in found["rows"].values() for kind in row["scores"]))
    seconds = any(row.get("fit_seconds") for row in found["rows"].values())
    lines = []
    for label, row in found["rows"].items():
        cells = [f"{row['scores'][kind]:.4f}" if kind in row["scores"] else "" for kind in kinds]
        lines.append([label, *cells, *([" / ".join(map(str, row.get("fit_seconds") or []))] if seconds else [])])
    return markdown([found["title"], *kinds, *(["fit, s"] if seconds else [])], lines)


def ranking_summary() -> str:
    """One row per catalogue and question; of single parts and of published figures, the best one."""
    ours, minilm = "text_recommender", "text_recommender, all-MiniLM-L6-v2"
    lines = []
    for one in load("ranking")["results"]:
        rows = one["rows"]
        published = {label: row for label, row in rows.items() if "fit_seconds" not in row}
        parts = {label: row for label, row in rows.items() if label not in {*published, ours, minilm}}
        for kind, score in rows[ours]["scores"].items():
            ndcg = rows[ours].get("ndcg", {}).get(kind)
            beside = rows.get(minilm, {"scores": {}})["scores"].get(kind)
            cells = ["" if value is None else f"{value:.4f}" for value in (score, ndcg, beside)]
            lines.append([f"{one['data']}, {kind}", *cells, _best(parts, kind), _best(published, kind)])
    titles = ["", "HR@10, zh-mini", "NDCG@10, zh-mini", "HR@10, all-MiniLM-L6-v2", "best part alone", "best published"]
    return markdown(titles, lines)


def _best(rows: dict, kind: str) -> str:
    """Return the largest score and whose it is."""
    found = [(row["scores"][kind], label) for label, row in rows.items() if kind in row["scores"]]
    if not found:
        return ""
    score, label = max(found)
    return f"{score:.4f} ({label.partition(' (')[0]})"


def search_cost(part: str) -> str:
    found = load("search_cost")
    ours, texts, seconds = found["ours"], "texts_through_the_model", "whole_search_extrapolated_s"
    wall = ours["wall_s"]
    if part == "peers":
        lines = [["`precompute` and search", f"{ours[texts]:,}", f"{wall['precompute'] + wall['search']:,.0f}"]]
        for name, row in found["peers"].items():
            lines.append([name, f"{row[texts]:,}", f"{row[seconds]:,.0f} (from a part)"])
        return markdown(["", "texts through the model", "whole search, s"], lines)
    names = {
        "one_plain_embedding_pass": "one plain pass",
        "classifiers_alone": "the classifiers alone",
        "precompute": "`precompute`",
        "search": "the search",
    }
    ratios = ours["whole_over_floor_of_each_round"]["wall_s"]
    ratio = f"**{ours['whole_over_floor']['wall_s']:.2f}** ({min(ratios):.2f} to {max(ratios):.2f})"
    lines = [[title, f"{wall[name]:.1f}"] for name, title in names.items()]
    lines.append(["**`precompute` and search, over the plain pass and the classifiers**", ratio])
    return markdown([f"median of {ours['rounds']} rounds", "s on the wall"], lines)


def ease_scale() -> str:
    head = ["items", "clicks", "form", "fit, s", "model, MiB", "peak, MiB", "ten items for one user, ms", "in 500, ms"]
    return markdown(
        head,
        (
            [
                f"{row['items']:,}",
                f"{row['clicks']:,}",
                row["form"],
                f"{row['fit_cpu_s']:.0f}",
                f"{row['model_mib']:,.0f}",
                f"{row['peak_mib']:,.0f}",
                f"{row['one_user_cpu_ms']:.1f}",
                f"{row['batch_cpu_ms']:.2f}",
            ]
            for row in load("ease_scale")
        ),
    )


def ranking_update() -> str:
    head = ["", "fit, s", "update, s", "times as fast", "largest difference of scores", "same ten items"]
    rows = load("ranking_update")["update"]
    lines = [
        [
            row["recommender"],
            f"{row['fit_s']:.1f}",
            f"{row['update_s']:.1f}",
            f"{row['ratio']:.1f}",
            f"{row['largest_difference']:.3f}",
            f"{row['same_items']:.3f}",
        ]
        for row in rows
    ]
    return markdown(head, lines)


def reference_check() -> str:
    found, by = load("reference_check"), {}
    for row in found["rows"]:
        key = (row["model"], row["reference"], row["layer"])
        by.setdefault(key, {})[row["pooling"]] = row["relative_to_largest_value"]
    poolings = list(dict.fromkeys(row["pooling"] for row in found["rows"]))
    poolings.sort(key=lambda one: one == "its own")
    rows = ([*key, *(f"{row[one]:.0e}" if one in row else "" for one in poolings)] for key, row in by.items())
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    worst = max(row["relative_to_largest_value"] for row in found["rows"])
    return (
        markdown(["model", "reference", "layer", *poolings], rows)
        + f"\n\nThe worst of {len(found['rows'])} is {worst:.1e}, with {versions}."
    )


def segmentation() -> str:
    return markdown(
        ["setting", "jieba", "`JiebaTokenizer`", "times jieba's", "texts that differ", "that differ with rjieba alone"],
        (
            [
                row["setting"],
                f"{row['jieba_chars_per_s']:,}",
                f"{row['ours_chars_per_s']:,}",
                f"{row['ratio']:.1f}",
                f"{row['differ']:,} of {row['texts']:,}",
                "" if row["differ_rjieba"] is None else f"{row['differ_rjieba']:,}",
            ]
            for row in load("segmentation")["rows"]
        ),
    )


def stop_words() -> str:
    return markdown(
        ["texts to learn from", "`stop_words`", "accuracy", "kept", "empty"],
        (
            [
                f"{row['data']}, {row['texts']:,}",
                f"`{row['stop_words']!r}`".replace("'", '"'),
                f"{row['accuracy']:.3f}",
                f"{row['with_a_kept_word']:.0%}",
                f"{row['empty']:.2%}",
            ]
            for row in load("stop_words")
        ),
    )


def store() -> str:
    rows = load("store")
    return markdown(
        [f"{rows[0]['rows']:,} texts", "rows/s", "rows/s of processor time"],
        ([row["what"], f"{row['rows_per_s']:,.0f}", f"{row['rows_per_processor_s']:,.0f}"] for row in rows),
    )


def _of(name: str, make: Callable[[dict], str]) -> Callable[[], str]:
    return lambda: make(load(name))


TABLES: dict[str, Callable[[], str]] = {
    "accuracy": accuracy,
    **{f"few_shot: {part}": lambda part=part: few_shot(part) for part in ("means", "sets", "pairs")},
    **{
        f"few_labels: {part}": lambda make=make: make(load("few_labels"), markdown)
        for part, make in LABEL_TABLES.items()
    },
    "few_clue": lambda: few_clue_table(load("few_clue"), markdown),
    "fit_time": lambda: fit_time_table(load("fit_time"), markdown),
    **{
        f"explanations: {part}": lambda make=make: make(load("explanations"), markdown)
        for part, make in EXPLANATION_TABLES.items()
    },
    **{
        f"exploration: {part}": lambda make=make: make(load("exploration"), markdown)
        for part, make in EXPLORATION_TABLES.items()
    },
    **{f"peers: {part}": lambda make=make: make(load("peers"), markdown) for part, make in PEER_TABLES.items()},
    "million": million,
    "ranking": ranking_summary,
    "ranking_choice": lambda: markdown(*parts_worth(load("ranking_choice"))),
    "ranking_fit": lambda: markdown(*fits(load("ranking_fit"))),
    "ranking_made_up": lambda: markdown(*made_up(load("ranking_made_up"))),
    "ranking_recency": lambda: markdown(*parts_worth(load("ranking_recency"))),
    "ranking_weights": lambda: markdown(*parts_worth(load("ranking_weights"))),
    **{
        f"{name}: {one['data']}": lambda name=name, data=one["data"]: ranking(name, data)
        for name in ("ranking", "ranking_choice")
        for one in load(name)["results"]
    },
    **{f"search_cost: {part}": lambda part=part: search_cost(part) for part in ("peers", "ours")},
    "ease_scale": ease_scale,
    "ranking_update": ranking_update,
    "reference_check": reference_check,
    "segmentation": segmentation,
    "stop_words": stop_words,
    **{
        f"text_tables: {name}": lambda name=name: markdown(*text_tables(load("text_tables"), name))
        for name in ("reviews", "films")
    },
    "store": store,
    **{
        name: lambda made=made: markdown(*made[1](load(made[0])))
        for name, made in {**FIELD_TABLES, **COMMAND_TABLES, **STATIC_TABLES}.items()
    },
    **{f"scale: {part}": _of("scale", make) for part, make in SCALE_TABLES.items()},
    **{f"speed: {part}": _of("speed", make) for part, make in SPEED_TABLES.items()},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing")
    if not parser.parse_args().check:
        print(*fill(), sep="\n")
        return
    stale = [
        str(path.relative_to(ROOT)) for path in pages() if filled(path.read_text("utf-8")) != path.read_text("utf-8")
    ]
    sys.exit("\n".join(stale) or 0)


if __name__ == "__main__":
    main()
