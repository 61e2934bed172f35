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


def _two(scores: dict) -> str:
    return f"{scores['HR']:.4f} / {scores['NDCG']:.4f}"


FIELD_TABLES = {
    "graph_heuristic": ("graph_heuristic", graph_heuristic),
    "published": ("published", published),
    **{
        f"metrics_agreement: {measure}": (
            "metrics_agreement",
            lambda found, measure=measure: metrics_agreement(found, measure),
        )
        for measure in ("NDCG", "recall", "MRR", "hit rate", "coverage", "novelty")
    },
}
