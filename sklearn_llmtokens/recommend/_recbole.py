"""Atomic files of RecBole: events (``.inter``) and items (``.item``), with the type of each column in the first line.

Fields are taken as they stand between tabs, as the converters of RecBole write them. RecBole itself reads them through
`pandas.read_csv` with quoting: quotes around a field are lost, other fields that begin with a quote are an error, and
the ids "NA", "nan" and "null" are missing.
"""

from .._utils._messages import shorten
from ._catalog import Catalog
from ._event_table import find_column
from ._interactions import Interactions

_TYPES = ("token", "token_seq", "float", "float_seq")
_READERS = {"token": lambda value: value or None, "float": lambda value: float(value) if value else None}


def load_recbole_interactions(path, *, user="auto", item="auto", time="auto", weight=None) -> Interactions:
    r"""Read the events of an ``.inter`` file of RecBole.

    Parameters
    ----------
    path : str or path-like
        A UTF-8 file, whose first line names the columns and their types: ``user_id:token``, ``item_id:token``,
        ``timestamp:float``, separated by tabs.
    user, item : str, default="auto"
        Names of the columns, without the type; "auto" finds those that :meth:`Interactions.from_frame` knows.
    time : str or None, default="auto"
        Name of the column; None where there is none.
    weight : str or None, default=None
        Name of the column, such as "rating"; None where each event counts 1.

    Returns
    -------
    Interactions
        The events. Ids are str, as all tokens are.

    Raises
    ------
    ValueError
        If a line has not the fields that the first one names, a column is missing or holds sequences, or a user, item,
        time or weight is missing.
    OSError
        If the file cannot be read.

    See Also
    --------
    load_recbole_catalog : Read the items.

    References
    ----------
    .. [1] Wayne Xin Zhao et al. "RecBole: Towards a Unified, Comprehensive and Efficient Framework for Recommendation
       Algorithms". CIKM 2021. https://recbole.io/docs/user_guide/data/atomic_files.html

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from sklearn_llmtokens.recommend import load_recbole_interactions
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "toy.inter")
    ...     _ = path.write_text("user_id:token\titem_id:token\ttimestamp:float\n7\t10\t2\n7\t11\t1\n")
    ...     load_recbole_interactions(path).item
    array(['11', '10'], dtype=object)
    """
    columns, types = _read_atomic(path)
    asked = {"user": user, "item": item, "time": time, "weight": weight}
    names = {role: find_column(columns, role, f"{path}") if name == "auto" else name for role, name in asked.items()}
    lists = [name for name, kind in types.items() if kind == "token_seq" and name.endswith("_list")]
    if lists:
        raise ValueError(
            f"{path} has the column {lists[0]!r}: each line is a history and what followed, not an event. Pass the "
            "file that it was made from."
        )
    for name in names.values():
        if types.get(name, "token").endswith("_seq"):
            raise ValueError(f"{name!r} of {path} is of type {types[name]}: an event has one value.")
    return Interactions.from_frame(columns, **names)


def load_recbole_catalog(path, *, text, item="auto") -> Catalog:
    r"""Read the items of an ``.item`` file of RecBole.

    Parameters
    ----------
    path : str or path-like
        A UTF-8 file, whose first line names the columns and their types: ``item_id:token``, ``title:token_seq``,
        separated by tabs.
    text : str, list of str, or None
        Names of the columns, without the type, that are the text of an item: "movie_title" or "title" in RecBole's own
        files. Several are joined by a space, those that are empty left out. None reads the ids alone.
    item : str, default="auto"
        Name of the column of ids; "auto" finds those that :meth:`Interactions.from_frame` knows.

    Returns
    -------
    Catalog
        The items in the order of the file. Ids are str, as all tokens are.

    Raises
    ------
    ValueError
        If a line has not the fields that the first one names, a column is missing, or an id is missing or occurs
        twice.
    OSError
        If the file cannot be read.

    See Also
    --------
    load_recbole_interactions : Read the events.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from sklearn_llmtokens.recommend import load_recbole_catalog
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "toy.item")
    ...     _ = path.write_text("item_id:token\ttitle:token_seq\tclass:token_seq\n10\tBlack tea\tdrinks tea\n")
    ...     load_recbole_catalog(path, text=["title", "class"]).texts()
    ['Black tea drinks tea']
    """
    columns, _ = _read_atomic(path)
    names = [] if text is None else [text] if isinstance(text, str) else list(text)
    id_name = find_column(columns, "item", f"{path}") if item == "auto" else item
    missing = [name for name in (id_name, *names) if name not in columns]
    if missing:
        raise ValueError(f"{path} has no column {missing[0]!r}, it has {list(columns)}: name the columns to use.")
    texts = [" ".join(filter(None, parts)) for parts in zip(*(columns[name] for name in names), strict=True)]
    return Catalog(columns[id_name], texts if names else None)


def _read_atomic(path) -> tuple[dict[str, list], dict[str, str]]:
    """Return the columns of a file by name, floats as float and empty values as None, and their types."""
    with open(path, encoding="utf-8-sig", newline="\n") as file:  # a lone \r is part of a title
        types = _read_header(next(file, ""), path)
        columns: dict[str, list] = {name: [] for name in types}
        readers = [(columns[name].append, _READERS.get(kind, str)) for name, kind in types.items()]
        for number, line in enumerate(file, start=2):
            fields = line.rstrip("\r\n").split("\t")
            if fields == [""]:
                continue
            if len(fields) != len(readers):
                raise ValueError(f"{path}:{number} has {len(fields)} tab-separated fields, expected {len(readers)}.")
            try:
                for (append, read), value in zip(readers, fields, strict=True):
                    append(read(value))
            except ValueError:
                raise ValueError(
                    f"{path}:{number} has {shorten(value)} in a column of type float: a number is expected."
                ) from None
    return columns, types


def _read_header(line: str, path) -> dict[str, str]:
    """Return the type of each column, by name."""
    fields = line.rstrip("\r\n").split("\t")
    pairs = [field.rpartition(":") for field in fields]
    wrong = next(
        (field for field, (name, _, kind) in zip(fields, pairs, strict=True) if not name or kind not in _TYPES), None
    )
    if wrong is not None:
        raise ValueError(
            f"{path} is no atomic file of RecBole: its first line has the field {shorten(wrong)}, where NAME:TYPE is "
            f"expected, with one of the types {', '.join(_TYPES)}."
        )
    types = {name: kind for name, _, kind in pairs}
    if len(types) < len(pairs):
        raise ValueError(f"{path} names a column twice: {fields}.")
    return types
