"""Tables of `explanations.py`: how far scores fall, and seconds for each text."""


def falls(figures: dict, markdown) -> str:
    """Return the table of deletions, of every model and method."""
    shares = list(figures["models"][0]["falls"]["random"])
    head = ["model", "words chosen by", "passes per text", *(f"{float(share):.0%} deleted" for share in shares)]
    rows = [
        [row["model"], method, f"{row['passes'][method]:.0f}", *map(_cell, found.values())]
        for row in figures["models"]
        for method, found in row["falls"].items()
    ]
    return markdown(head, rows)


def falls_beside_lime(figures: dict, markdown) -> str:
    """Return the same on the rows that LIME got."""
    lime = figures["lime"]
    shares = list(lime["falls"]["random"])
    head = [
        f"words chosen by, {lime['rows']} texts",
        "passes per text",
        *(f"{float(share):.0%} deleted" for share in shares),
    ]
    rows = [[name, f"{lime['passes'][name]:.0f}", *map(_cell, found.values())] for name, found in lime["falls"].items()]
    return markdown(head, rows)


def seconds(figures: dict, markdown) -> str:
    """Return seconds and passes, and how many times those of `explain_text` they are."""
    speed = figures["speed"]
    first = speed["rows"][0]
    head = [f"method, {speed['texts']} texts of {speed['words']} words", "passes", "seconds", "times `explain_text`"]
    rows = [
        [row["method"], f"{row['passes']:.0f}", f"{row['seconds']:.2f}", f"{row['seconds'] / first['seconds']:.0f}"]
        for row in speed["rows"]
    ]
    return markdown(head, rows)


def _cell(values: list[float]) -> str:
    return f"{values[0]:.2f} ± {values[1]:.2f}"


EXPLANATION_TABLES = {"falls": falls, "falls beside lime": falls_beside_lime, "seconds": seconds}
