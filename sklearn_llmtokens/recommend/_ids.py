"""Lists of item ids as integer codes: the one place that reads padded, ragged and array-like lists.

Measures and re-rankers work on codes of shape (n_queries, n_columns), -1 where a row has no item.
"""

from collections.abc import Iterable, Mapping, Set
from numbers import Integral, Number

import numpy as np
from sklearn.utils import check_scalar

from .._utils._columns import is_missing, read_list, read_rows
from .._utils._messages import shorten
from ._catalog import Catalog
from ._catalog_ids import read_ids
from ._unknown_items import find_items

PAD = -1


def item_index(items) -> dict:
    """Return the position of each id of a catalogue.

    Parameters
    ----------
    items : Catalog or array-like of shape (n_items,)
        The catalogue, or its ids.

    Returns
    -------
    dict
        Position by id, which is not to be changed.

    Raises
    ------
    ValueError
        If there is no item, or an id occurs twice.

    Examples
    --------
    >>> item_index(["a", "b"])
    {'a': 0, 'b': 1}
    """
    if isinstance(items, Catalog) and items.n_items:
        return items._positions
    ids = ids_of(items).tolist()
    if not ids:
        raise ValueError("items is empty: pass a Catalog or the ids of its items.")
    index = {item: position for position, item in enumerate(ids)}
    if len(index) < len(ids):
        position = next(position for position, item in enumerate(ids) if index[item] != position)
        raise ValueError(f"items[{position}] is {shorten(ids[position])}, which occurs again: ids must be unique.")
    return index


def ids_of(items) -> np.ndarray:
    """Return the ids of a catalogue, or of a column of ids that is passed in its place, int64 or object.

    Examples
    --------
    >>> ids_of(["a", 1]), ids_of([2, 1])
    (array(['a', 1], dtype=object), array([2, 1]))
    """
    return items.ids if isinstance(items, Catalog) else read_ids(items, "items")


def encode_lists(recommended, index: dict | None = None, k: int | None = None) -> tuple[np.ndarray, dict]:
    """Return the codes of ranked lists.

    Parameters
    ----------
    recommended : array-like of shape (n_queries, n_columns), or sequence of sequences
        Item ids, best first. None, NaN and NaT fill short rows.
    index : dict, default=None
        Code by id. None numbers the ids as they come.
    k : int, default=None
        Only the first k are read. None reads all.

    Returns
    -------
    codes : ndarray of shape (n_queries, n_columns), dtype int64
        Codes, -1 at the end of short rows.
    index : dict
        Code by id.

    Raises
    ------
    ValueError
        If `k` is less than 1, a row is no list, an id is not in `index`, or an id is twice in a row.

    Examples
    --------
    >>> encode_lists([["b", "a"], ["a", None]], {"a": 0, "b": 1})[0]
    array([[ 1,  0],
           [ 0, -1]])
    """
    if k is not None:
        check_scalar(k, "k", Integral, min_val=1)
    rows = read_rows(recommended, "recommended", "lists of ids")
    lists = []
    for i, row in enumerate(rows):
        if isinstance(row, str) or not isinstance(row, Iterable):
            raise ValueError(
                f"recommended[{i}] is {shorten(row)}, not a list of item ids: pass one list for each query."
            )
        lists.append([item for item in read_list(row, f"recommended[{i}]")[:k] if not is_missing(item)])
    known = index is not None
    index = {} if index is None else index
    codes = np.full((len(lists), max(map(len, lists), default=0)), PAD, dtype=np.int64)
    for i, items in enumerate(lists):
        if len(set(items)) < len(items):
            twice = next(item for j, item in enumerate(items) if item in items[:j])
            raise ValueError(f"recommended[{i}] holds {shorten(twice)} twice: a list names an item once.")
        if known:
            codes[i, : len(items)] = [_code(index, item, i, j) for j, item in enumerate(items)]
        else:
            codes[i, : len(items)] = [index.setdefault(item, len(index)) for item in items]
    return codes, index


def decode_ids(items, codes: np.ndarray) -> np.ndarray:
    """Return the ids at some positions, always as an object array, so that None has a place in it.

    Parameters
    ----------
    items : Catalog or array-like of shape (n_items,)
        The catalogue, or its ids.
    codes : ndarray of shape (n_queries, n_columns)
        Positions in the catalogue, -1 where a row is short.

    Returns
    -------
    ndarray of shape (n_queries, n_columns), dtype=object
        Ids as str and int; None where a row is short.

    Examples
    --------
    >>> decode_ids(["a", "b"], np.array([[1, 0], [0, -1]]))
    array([['b', 'a'],
           ['a', None]], dtype=object)
    """
    found = np.full(codes.shape, None, dtype=object)
    found[codes >= 0] = ids_of(items)[codes[codes >= 0]].astype(object)
    return found


def event_item(event):
    """Return the item of an event of a history: the id itself, or the first of (id, weight[, time]).

    Parameters
    ----------
    event : str, int, tuple, or mapping with the key "item"
        An event; of Arrow too, where an event is a struct.

    Returns
    -------
    str or int
        The item's id.

    Examples
    --------
    >>> event_item("a"), event_item(("a", 2.0)), event_item({"item": "a", "weight": 2.0})
    ('a', 'a', 'a')
    """
    if hasattr(event, "as_py"):
        event = event.as_py()
    if isinstance(event, tuple):
        return event[0]
    return event["item"] if isinstance(event, Mapping) else event


def event_weight(event) -> float:
    """Return the weight of an event of a history: 1 where it has none.

    Parameters
    ----------
    event : str, int, tuple, or mapping with the key "item"
        As `event_item` takes it.

    Returns
    -------
    float
        The weight.

    Examples
    --------
    >>> event_weight("a"), event_weight(("a", 2.0)), event_weight({"item": "a", "weight": 3})
    (1.0, 2.0, 3.0)
    """
    if hasattr(event, "as_py"):
        event = event.as_py()
    if isinstance(event, tuple):
        return float(event[1]) if len(event) > 1 else 1.0
    weight = event.get("weight") if isinstance(event, Mapping) else None
    return 1.0 if weight is None else float(weight)


def as_sets(y_true, n_queries: int) -> list[frozenset]:
    """Return the relevant items of each query.

    Parameters
    ----------
    y_true : array-like of shape (n_queries,), or sequence of collections
        One item id, or a collection of them, for each query; None, NaN and NaT fill short rows.
    n_queries : int
        Number of lists.

    Returns
    -------
    list of frozenset
        The relevant items.

    Raises
    ------
    ValueError
        If the number of queries differs, a query has no relevant item, or `y_true` is one id or has no order.

    Examples
    --------
    >>> as_sets(["a", "b"], 2)
    [frozenset({'a'}), frozenset({'b'})]
    """
    if isinstance(y_true, str | bytes) or not isinstance(y_true, Iterable):
        raise ValueError(
            f"y_true is {shorten(y_true)}: pass a list of one item id, or one collection of ids, for each query."
        )
    if isinstance(y_true, Set | Mapping):
        raise ValueError(
            f"y_true is a {type(y_true).__name__}, which has no order: pass a list of one entry for each query."
        )
    rows = read_rows(y_true, "y_true", "ids")
    if len(rows) != n_queries:
        raise ValueError(
            f"y_true has {len(rows)} rows and recommended has {n_queries}: one list for each query is needed."
        )
    sets = [_as_set(row, i) for i, row in enumerate(rows)]
    empty = next((i for i, items in enumerate(sets) if not items), None)
    if empty is not None:
        raise ValueError(f"y_true[{empty}] holds no item: leave the query out, nothing can be relevant to it.")
    return sets


def check_relevant(y_true, catalog, n_queries: int, *, unknown: str) -> None:
    """Raise a ValueError if a relevant item is not in the catalogue, unless such items are ignored.

    Parameters
    ----------
    y_true : array-like of shape (n_queries,), or sequence of collections
        As in `as_sets`.
    catalog : Catalog
        Where the ids are looked up.
    n_queries : int
        Number of lists.
    unknown : {"error", "ignore"}
        Whether an id that is not in the catalogue is an error. If none has a type of its ids, it always is.
    """
    sets = as_sets(y_true, n_queries)
    rows = [i for i, items in enumerate(sets) for _ in items]
    find_items(catalog, [item for items in sets for item in items], lambda at: f"y[{rows[at]}]", unknown=unknown)


def refuse_other_types(ids: Iterable, others: Iterable, names: tuple[str, str]) -> None:
    """Raise a ValueError if ids of two sides share no type, so that none of them can be equal.

    Parameters
    ----------
    ids, others : iterable of ids
        Missing values say nothing.
    names : pair of str
        What both sides are called in the message.

    Examples
    --------
    >>> refuse_other_types([1, 2], [1.0], ("y_true", "recommended"))
    >>> refuse_other_types([1, 2], ["1"], ("y_true", "recommended"))
    Traceback (most recent call last):
        ...
    ValueError: y_true has ids of type int and recommended of type str, such as 1 and '1': none of them can be equal.
    """
    one, other = _one_of_each_kind(ids), _one_of_each_kind(others)
    if one and other and not one.keys() & other.keys():
        first, second = next(iter(one.values())), next(iter(other.values()))
        raise ValueError(
            f"{names[0]} has ids of type {type(first).__name__} and {names[1]} of type "
            f"{type(second).__name__}, such as {shorten(first)} and {shorten(second)}: none of them can be equal."
        )


def _one_of_each_kind(ids: Iterable) -> dict:
    kinds: dict = {}
    for item in ids:
        if not is_missing(item):
            kinds.setdefault(_kind(item), item)
    return kinds


def _kind(item) -> type:
    """Return a type for all values that may be equal: numbers are, whatever their type."""
    return next((kind for kind in (str, bytes, Number) if isinstance(item, kind)), type(item))


def _as_set(row, i: int) -> frozenset:
    if isinstance(row, Mapping):
        raise ValueError(
            f"y_true holds {shorten(row)}: a collection of ids is expected, relevance has no degrees here."
        )
    if isinstance(row, str | bytes) or not isinstance(row, Iterable):
        return frozenset() if is_missing(row) else frozenset([row])
    return frozenset(item for item in _items_of(row, f"y_true[{i}]") if not is_missing(item))


def _code(index: dict, item, i: int, j: int) -> int:
    code = index.get(item)
    if code is None:
        raise ValueError(f"recommended[{i}][{j}] is {shorten(item)}, which is not an item of the catalogue.")
    return code


def _items_of(row: Iterable, name: str) -> list:
    return list(row) if isinstance(row, Set) else read_list(row, name)
