"""Tables of `exploration.py`: milliseconds of a query, seconds of near-duplicates, names of clusters."""


def query(figures: dict, markdown) -> str:
    """Return the milliseconds of one query, and how many times those of `SemanticSearch` they are."""
    search = figures["search"]
    ours = search["ms"]["SemanticSearch"]
    sizes = f"{search['rows']:,} vectors of {search['features']} numbers, the {search['k']} best"
    head = [
        f"{sizes}, threads: {figures['threads']}",
        "ms, the fastest call",
        "times `SemanticSearch`",
    ]
    return markdown(head, [[f"`{name}`", f"{ms:.1f}", f"{ms / ours:.1f}"] for name, ms in search["ms"].items()])


def duplicates(figures: dict, markdown) -> str:
    """Return seconds and numbers of near-duplicates of texts and of vectors."""
    found = figures["texts"]
    head = [f"{found['n']:,} reviews", "threshold", "processor seconds", "groups", "pairs", "rows that are dropped"]
    rows = [
        [
            row["what"],
            str(row["threshold"]),
            f"{row['seconds']:.1f}",
            f"{row['groups']:,}",
            f"{row['pairs']:,}",
            f"{row['dropped']:,}",
        ]
        for row in found["duplicates"]
    ]
    return markdown(head, rows)


def names(figures: dict, markdown) -> str:
    """Return the names that categories of reviews get from their words."""
    found = figures["texts"]["names"]["names"]
    return markdown(["category", "name"], [[category, name] for category, name in found.items()])


EXPLORATION_TABLES = {"query": query, "duplicates": duplicates, "names": names}
