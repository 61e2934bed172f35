"""Ranked lists as a long table, into rules and out of them."""

from typing import Any

import narwhals as nw
import numpy as np

from ._event_table import table_columns

_NEEDED = ("query_id", "item_id", "score")


def is_ranking_frame(recommended) -> bool:
    """Check whether ranked lists are a table, as ``recommend(as_frame=True)`` returns it."""
    return hasattr(recommended, "columns") and not callable(recommended.columns)


def read_ranking_frame(frame) -> tuple[list[list], list[list], list[list[int]]]:
    """Return the lists of a table, in the order in which their queries come.

    Parameters
    ----------
    frame : DataFrame
        With the columns query_id, item_id and score; each query from its best item to its last.

    Returns
    -------
    lists : list of lists of ids
        The items of each query.
    scores : list of lists of float
        Their scores.
    rows : list of lists of int
        The rows of the table that they are from.

    Raises
    ------
    ValueError
        If a column is not there.
    """
    names, column = table_columns(frame, "recommended")
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        raise ValueError(f"recommended has no column {missing[0]!r}: pass what recommend(X, as_frame=True) returns.")
    queries, ids, scores = (nw.from_native(column(name), series_only=True).to_list() for name in _NEEDED)
    rows: dict[Any, list[int]] = {}
    for row, query in enumerate(queries):
        rows.setdefault(query, []).append(row)
    of_queries = list(rows.values())
    return [[ids[i] for i in one] for one in of_queries], [[scores[i] for i in one] for one in of_queries], of_queries


def ruled_frame(frame, rows: list[list[int]], ranking):
    """Return a table of lists after rules, with the columns of the table before and the reasons.

    Parameters
    ----------
    frame : DataFrame
        The table before.
    rows : list of lists of int
        The rows of each query in it.
    ranking : RuledRanking
        The lists after the rules.

    Returns
    -------
    DataFrame
        Of the same library; item_id, score, rank and reason are new, other columns those of the query.
    """
    native: Any = nw.from_native(frame, eager_only=True)
    is_shown = np.array([item is not None for item in ranking.items.ravel()], dtype=bool).reshape(ranking.items.shape)
    row_idx, place_idx = np.nonzero(is_shown)
    firsts = [rows[i][0] for i in row_idx.tolist()]
    new = {
        "item_id": ranking.items[row_idx, place_idx].tolist(),
        "score": ranking.scores[row_idx, place_idx],
        "rank": place_idx + 1,
        "reason": ranking.reasons[row_idx, place_idx].tolist(),
    }
    kept = native[firsts]
    names = [*native.columns, *(name for name in ("rank", "reason") if name not in native.columns)]
    columns = {name: new[name] if name in new else kept[name].to_list() for name in names}
    schema = {name: dtype for name, dtype in native.schema.items() if name not in ("rank", "reason")}
    series = [nw.new_series(name, columns[name], schema.get(name), backend=native.implementation) for name in names]
    return nw.concat([one.to_frame() for one in series], how="horizontal").to_native()
