"""Some items of a catalogue in a row, as arrays that are never changed: read from what a user has, joined, and cut."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral
from typing import Any

import narwhals as nw
import numpy as np

from .._utils._columns import is_missing, read_column, read_matrix
from .._utils._messages import shorten
from .._utils._texts import read_texts
from ..exceptions import MissingTextError
from ._feature_rows import as_native, take_rows

_TEXT = "text"  # the column of texts in the table that an embedder gets
_INT64 = np.iinfo(np.int64)


@dataclass(frozen=True)
class Part:
    """Some items in a row: ids, texts as UTF-8 with the end of each, features."""

    ids: np.ndarray
    text_bytes: np.ndarray | None
    text_ends: np.ndarray | None
    features: Any

    @cached_property
    def index(self) -> dict:
        return {one: i for i, one in enumerate(self.ids.tolist())}

    def texts(self, idx: Iterable[int]) -> list[str]:
        assert self.text_bytes is not None
        assert self.text_ends is not None
        buffer, ends = memoryview(self.text_bytes), self.text_ends  # type: ignore[arg-type]
        return [str(buffer[ends[i - 1] if i else 0 : ends[i]], "utf-8") for i in idx]

    def take(self, idx: np.ndarray) -> "Part":
        texts = None if self.text_ends is None else self.texts(idx)
        return Part(self.ids[idx], *_encode(texts), take_rows([self.features], idx))

    def __getstate__(self) -> dict:
        return {name: value for name, value in vars(self).items() if name != "index"}


def plain_ids(ids: list, place: Callable[[int], str], *, kind: str = "an id") -> list:
    """Give ids to look up as str and int, those of numpy and Arrow too; a float or a bool, which hash alike, is no id.

    Parameters
    ----------
    ids : list
        Anything; what is missing stays as it is.
    place : callable
        Gives the name of a place in the message.
    kind : str, default="an id"
        What is expected, for the message.

    Returns
    -------
    list
        The ids.

    Raises
    ------
    TypeError
        If one is neither a str, an int nor missing.

    Examples
    --------
    >>> plain_ids([np.int64(3), "a"], "ids[{}]".format)
    [3, 'a']
    >>> plain_ids([1.0], "ids[{}]".format)
    Traceback (most recent call last):
        ...
    TypeError: ids[0] is a float, not an id (1.0): ids are str or int.
    """
    if set(map(type, ids)) <= {str, int}:
        return ids
    plain = [_plain_id(one) for one in ids]
    for at, one in enumerate(plain):
        if type(one) not in (str, int) and not is_missing(one):
            raise TypeError(f"{place(at)} is a {type(one).__name__}, not {kind} ({shorten(one)}): ids are str or int.")
    return plain


def _plain_id(one):
    """Give an id as a str or an int; anything else as it is, a scalar of Arrow as its value."""
    if hasattr(one, "as_py"):
        one = one.as_py()
    if isinstance(one, str):
        return str(one)
    return int(one) if isinstance(one, Integral) and not isinstance(one, bool | np.timedelta64) else one


def read_part(ids, texts, features, *, missing: str = "error") -> Part:
    """Read what a user passes as ids, texts and features; an error names the place of what is wrong."""
    for name, value in (("ids", ids), ("texts", texts)):
        if hasattr(value, "columns"):
            raise TypeError(
                f"{name} is a frame ({type(value).__name__}): pass its columns one by one, as in Catalog(frame['id'], "
                "frame['text'], frame[['price']])."
            )
    ids = as_ids(as_list(ids, "ids"), "ids")
    if texts is not None:
        texts = _as_texts(texts, missing)
        _check_length(texts, ids, "texts")
    if features is not None:
        features = _as_features(features)
        _check_length(features, ids, "features")
        if texts is not None and _TEXT in getattr(features, "columns", ()):
            raise ValueError(
                f"features has a column {_TEXT!r}, which is the name of the texts beside them: give it another name."
            )
    return Part(ids, *_encode(texts), features)


def as_list(ids, what: str) -> list:
    """Give ids of any ordered container as a list; others are a TypeError that calls them `what`."""
    if isinstance(ids, str | bytes) or not isinstance(ids, Iterable):
        raise TypeError(f"{what} is a {type(ids).__name__}: pass a list, an array or a Series of ids.")
    if isinstance(ids, set | frozenset | dict):
        raise TypeError(f"{what} is a {type(ids).__name__}, which has no order: pass a list of ids.")
    if hasattr(ids, "columns"):
        raise TypeError(f"{what} is a frame ({type(ids).__name__}): pass one column of it, or its .to_numpy().")
    return np.ma.asanyarray(ids).tolist() if getattr(ids, "ndim", 1) > 1 else read_column(ids, what).tolist()


def as_ids(ids: list, what: str) -> np.ndarray:
    """Return ids as int64 where all of them are integers that fit, else as objects."""
    if set(map(type, ids)) - {str, int}:
        ids = [_as_id(one, f"{what}[{i}]") for i, one in enumerate(ids)]
    if ids and all(type(one) is int and _INT64.min <= one <= _INT64.max for one in ids):
        return read_only(np.array(ids, dtype=np.int64))
    array = np.empty(len(ids), dtype=object)
    array[:] = ids
    return read_only(array)


def _as_id(one, position: str) -> str | int:
    one = _plain_id(one)
    if type(one) in (str, int):
        return one
    if is_missing(one):
        raise ValueError(f"{position} is missing ({shorten(one)}): each item needs an id.")
    raise TypeError(f"{position} is {shorten(one)} of type {type(one).__name__}: an id is a str or an int.")


def _as_texts(texts, missing: str) -> list[str]:
    if getattr(texts, "ndim", 1) != 1:
        raise ValueError(f"texts has {texts.ndim} dimensions: pass one column, and the others as features.")
    try:
        column = read_texts(texts, missing="keep").columns[0]
    except (ValueError, TypeError) as error:
        raise type(error)(str(error).replace("X[", "texts[").replace("X is", "texts is")) from None
    if missing == "error" and None in column:
        raise MissingTextError(
            f"texts[{column.index(None)}] is missing: fill it, or pass Catalog(..., missing='zero'): it is an empty "
            "text there, whose item has a vector of zeros."
        )
    return ["" if text is None else text for text in column]


def _as_features(features):
    native = as_native(features)
    if isinstance(native, nw.DataFrame):
        return native.clone().to_native()
    array = read_matrix(features, "features")
    return read_only(array if _is_mapped(features) or array is not features else array.copy())


def _is_mapped(array) -> bool:
    """Say whether an array is one of a file that is mapped into memory, or a view of such a one."""
    while isinstance(array, np.ndarray):
        if isinstance(array, np.memmap):
            return True
        array = array.base
    return False


def _check_length(column, ids: np.ndarray, name: str) -> None:
    if len(column) != len(ids):
        raise ValueError(f"There are {len(ids)} ids and {len(column)} {name}: one of each an item is needed.")


def refuse_duplicates(ids: np.ndarray) -> None:
    """Raise a ValueError if an id occurs twice."""
    seen: dict = {}
    for i, one in enumerate(ids.tolist()):
        first = seen.setdefault(one, i)
        if first != i:
            raise ValueError(f"ids[{i}] is {shorten(one)}, which is ids[{first}] already: each item needs its own id.")


def _encode(texts: Sequence[str] | None) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Give the texts as one array of bytes, and where each ends."""
    if texts is None:
        return None, None
    encoded = [text.encode() for text in texts]
    ends = np.cumsum([len(text) for text in encoded], dtype=np.int64)
    return read_only(np.frombuffer(b"".join(encoded), dtype=np.uint8)), read_only(ends)


def join_ids(arrays: list[np.ndarray]) -> np.ndarray:
    """Put ids one behind the other, without those of no items, whose dtype says nothing."""
    arrays = [array for array in arrays if len(array)] or arrays[:1]
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def merged(parts: list[Part]) -> list[Part]:
    """Merge the last parts while they are of like size, so that there are few of them and each item is moved seldom."""
    while len(parts) > 1 and 2 * len(parts[-1].ids) > len(parts[-2].ids):
        parts[-2:] = [concatenate(parts[-2:])]
    return parts


def concatenate(parts: list[Part]) -> Part:
    """Put parts one behind the other."""
    if len(parts) == 1:
        return parts[0]
    ids = read_only(join_ids([part.ids for part in parts]))
    text_bytes = text_ends = features = None
    if parts[0].text_ends is not None:
        text_bytes = read_only(np.concatenate([part.text_bytes for part in parts]))
        starts = np.cumsum([0, *(len(part.text_bytes) for part in parts[:-1])])  # type: ignore[arg-type]
        text_ends = read_only(
            np.concatenate([part.text_ends + start for part, start in zip(parts, starts, strict=True)])
        )
    if parts[0].features is not None:
        features = take_rows([part.features for part in parts], np.arange(len(ids)))
    return Part(ids, text_bytes, text_ends, features)


def beside(texts: list[str] | None, features):
    """Put the texts before the features."""
    native = as_native(features)
    if texts is None:
        return features
    if isinstance(native, nw.DataFrame):
        column = nw.new_series(_TEXT, texts, nw.String, backend=native.implementation)
        index = nw.maybe_get_index(native)
        if index is not None:
            column = nw.maybe_set_index(column, index=index)
        return nw.concat([column.to_frame(), native], how="horizontal").to_native()
    table = np.empty((len(texts), 1 + features.shape[1]), dtype=object)
    table[:, 0] = texts
    table[:, 1:] = features
    return table


def read_only(array: np.ndarray) -> np.ndarray:
    """Give a view that cannot be written to."""
    view = array.view()
    view.setflags(write=False)
    return view
