"""What others have, as tables: measures of other libraries, published figures, a heuristic without training."""

OURS = "sklearn-llmtokens"


def metrics_agreement(found: dict, measure: str) -> tuple[list, list]:
    """One row per case, one column per library; what differs from this package is bold."""
    columns = [(OURS, measure)]
    for library in found["versions"]:
        names = found["values"]["one relevant item"][library]
        columns += [(library, name) for name in sorted(names) if name.partition(",")[0] == measure]

    def cell(row: dict, library: str, name: str) -> str:
        if name not in row[library]:
            return "refused"
        text = f"{row[library][name]:.4f}"
        is_other = library != OURS and measure in row[OURS] and abs(row[library][name] - row[OURS][measure]) > 1e-9
        return f"**{text}**" if is_other else text

    head = [f"{measure}@{found['k']}", *(f"{library}{name.removeprefix(measure)}" for library, name in columns)]
    return head, [[case, *(cell(row, *column) for column in columns)] for case, row in found["values"].items()]


def graph_heuristic(found: dict) -> tuple[list, list]:
    kinds = list(next(iter(next(iter(found["rows"].values())).values())))
    rows = [
        [f"{data}, {method}", *(_two(row[kind]) for kind in kinds)]
        for data, methods in found["rows"].items()
        for method, row in methods.items()
    ]
    return ["HR@10 / NDCG@10", *kinds], rows


def published(found: dict) -> tuple[list, list]:
    """One row per data set, model and measure of validation that chose the point of the grid."""
    kinds = list(dict.fromkeys(kind for row in found["rows"] for kind in row["scores"]))
    merged: dict = {}
    for row in found["rows"]:
        merged.setdefault((row["data"], row["model"], row["chosen_by"]), {}).update(row["scores"])
    rows = [
        [f"{data}, {model}", chosen_by, *(_two(scores[kind]) for kind in kinds)]
        for (data, model, chosen_by), scores in merged.items()
    ]
    return ["HR@10 / NDCG@10", "chosen by validation", *kinds], rows


def serving(found: dict) -> tuple[list, list]:
    """One row per quantity, one column per size of the catalogue."""

    def times(row: dict) -> str:
        return " / ".join(f"{row[name]:.1f}" for name in ("p50", "p95", "p99"))

    threads = list(found["rows"][0]["threads"])
    quantities = {
        "events": lambda row: f"{row['events']:,}",
        "fit, s": lambda row: f"{row['fit_s']:.0f}",
        "processor time of one request, ms": lambda row: f"{row['threads']['1']['cpu_ms']:.1f}",
        "one request, ms (median / 95 % / 99 %)": lambda row: times(row["threads"]["1"]),
        **{
            f"the same from {n} threads at once": lambda row, n=n: times(row["threads"][n]) for n in threads if n != "1"
        },
        **{
            f"requests per second, {n} thread{'s' if n != '1' else ''}": lambda row, n=n: (
                f"{row['threads'][n]['per_second']:.0f}"
            )
            for n in threads
        },
        "one request while 100 items are added, ms": lambda row: times(row["adding"]),
        "one request while the model is fitted again, ms": lambda row: times(row["refitting"]),
        "until 100 items are there, s": lambda row: f"{row['adding']['change_s']:.1f}",
        "three rules on 100 candidates, ms": lambda row: f"{row['rules_ms']:.1f}",
        "the model, MiB": lambda row: f"{row['model_mib']:.0f}",
        "own memory of a worker that loads it, MiB": lambda row: f"{row['loaded_mib']:.0f}",
        "own memory of a worker that maps it, MiB": lambda row: f"{row['mapped_mib']:.0f}",
    }
    machine = f"{found['cpus']} processors, load average {found['load']:.1f}"
    head = [machine, *(f"{row['items']:,} items" for row in found["rows"])]
    return head, [[name, *(make(row) for row in found["rows"])] for name, make in quantities.items()]


def _two(scores: dict) -> str:
    return f"{scores['HR']:.4f} / {scores['NDCG']:.4f}"


FIELD_TABLES = {
    "graph_heuristic": ("graph_heuristic", graph_heuristic),
    "published": ("published", published),
    "serving": ("serving", serving),
    **{
        f"metrics_agreement: {measure}": (
            "metrics_agreement",
            lambda found, measure=measure: metrics_agreement(found, measure),
        )
        for measure in ("NDCG", "recall", "MRR", "hit rate", "coverage", "novelty")
    },
}
