"""Consecutive items of a catalogue, as arrays that are never changed: read, concatenated, and cut."""

import hashlib
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import narwhals as nw
import numpy as np

from .._utils._columns import read_list, read_matrix
from .._utils._messages import shorten
from .._utils._row_labels import refuse_other_order
from .._utils._text_cells import check_column
from .._utils._warnings import stacklevel_of_caller
from ..exceptions import MissingTextError
from ._catalog_ids import join_ids, read_ids, read_only
from ._feature_rows import as_native, like, take_rows

_TEXT = "text"  # the column of texts in the table that an embedder gets


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


def read_part(ids, texts, features, *, missing: str = "error") -> Part:
    """Read what a user passes as ids, texts and features; an error names the place of what is wrong."""
    for name, value in (("ids", ids), ("texts", texts)):
        if hasattr(value, "columns") and not callable(value.columns):
            raise TypeError(
                f"{name} is a frame ({type(value).__name__}): read it by Catalog.from_frame(frame), or pass its "
                "columns one by one, as in Catalog(frame['id'], frame['text'], frame[['price']])."
            )
    refuse_other_order({"ids": ids, "texts": texts, "features": features})
    ids = read_ids(ids, "ids")
    if texts is not None:
        texts = _read_texts(texts, missing)
        _check_length(texts, ids, "texts")
        _warn_of_swap(ids, texts)
    if features is not None:
        features = _as_features(features)
        _check_length(features, ids, "features")
        if texts is not None and _TEXT in getattr(features, "columns", ()):
            raise ValueError(
                f"features has a column {_TEXT!r}, which is the name of the texts beside them: give it another name."
            )
    return Part(ids, *_encode(texts), features)


def _warn_of_swap(ids: np.ndarray, texts: list[str]) -> None:
    """Warn if most ids are phrases, or not in Latin letters, and all texts are distinct single words that are."""
    if len(ids) < 2 or ids.dtype != object or len(set(texts)) < len(texts) or not all(map(_is_code, texts)):
        return
    if 2 * sum(isinstance(one, str) and not _is_code(one) for one in ids.tolist()) > len(ids):
        warnings.warn(
            f"The ids look like texts ({shorten(ids[0])}) and the texts like ids ({shorten(texts[0])}): the order is "
            "Catalog(ids, texts).",
            stacklevel=stacklevel_of_caller(),
        )


def _is_code(text: str) -> bool:
    return bool(text) and text.isascii() and not any(map(str.isspace, text))


def _read_texts(texts, missing: str) -> list[str]:
    column = check_column(read_list(texts, "texts"), "texts[{}]".format, missing="keep", surrogates="error")
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
    """Check whether an array is one of a file that is mapped into memory, or a view of one."""
    while isinstance(array, np.ndarray):
        if isinstance(array, np.memmap):
            return True
        array = array.base
    return False


def _check_length(column, ids: np.ndarray, name: str) -> None:
    if len(column) != len(ids):
        raise ValueError(f"There are {len(ids)} ids and {len(column)} {name}: one of each is needed for each item.")


def _encode(texts: Sequence[str] | None) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return the texts as one array of bytes, and where each ends."""
    if texts is None:
        return None, None
    encoded = [text.encode() for text in texts]
    ends = np.cumsum([len(text) for text in encoded], dtype=np.int64)
    return read_only(np.frombuffer(b"".join(encoded), dtype=np.uint8)), read_only(ends)


def concatenate(parts: list[Part]) -> Part:
    """Concatenate parts."""
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


def merge_parts(parts: Sequence[Part], new: Part, found: np.ndarray) -> list[Part]:
    """Return the parts with items merged in: those that `found` has a position of are replaced, -1 are new."""
    is_known = found >= 0
    merged = list(parts)
    if is_known.any():
        whole = concatenate([*merged, new.take(np.flatnonzero(is_known))])
        n_items = sum(len(part.ids) for part in parts)
        order = np.arange(n_items)
        order[found[is_known]] = n_items + np.arange(is_known.sum())
        merged = [whole.take(order)]
    if not is_known.all():
        merged.append(new if not is_known.any() else new.take(np.flatnonzero(~is_known)))
    while len(merged) > 1 and 2 * len(merged[-1].ids) > len(merged[-2].ids):  # few parts, and each item moves seldom
        merged[-2:] = [concatenate(merged[-2:])]
    return merged


def texts_of_parts(parts: Sequence[Part], idx=None) -> list[str]:
    """Return the texts at some positions, or all."""
    if idx is None:
        return [text for part in parts for text in part.texts(range(len(part.ids)))]
    starts = np.cumsum([0, *(len(part.ids) for part in parts)])
    idx = np.asarray(idx, dtype=np.intp)
    which = np.searchsorted(starts, idx, side="right") - 1
    return [parts[p].texts([int(i - starts[p])])[0] for p, i in zip(which.tolist(), idx.tolist(), strict=True)]


def beside(texts: list[str] | None, features):
    """Return the table that an embedder reads: the texts before the features."""
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


def like_known(part: Part, known: Part) -> Part:
    """Check that new items have texts and features where a catalogue has them, and return them in its types."""
    for name, has, given in (
        ("texts", known.text_ends is not None, part.text_ends is not None),
        ("features", known.features is not None, part.features is not None),
    ):
        if has and not given:
            raise ValueError(f"The catalogue has {name}: pass the {name} of these items as well.")
        if given and not has:
            raise ValueError(f"The catalogue has no {name}, but {name} were passed.")
    return part if known.features is None else replace(part, features=like(part.features, known.features))


def content_digest(part: Part) -> str:
    """Return the SHA-256 of the content of items and its types."""
    content = hashlib.sha256(repr(part.ids.tolist()).encode())
    for array in (part.text_bytes, part.text_ends):
        content.update(b"-" if array is None else array.tobytes())
        content.update(b"|")
    if part.features is not None:
        features = as_native(part.features)
        if isinstance(features, nw.DataFrame):
            content.update(repr(list(features.schema.items())).encode())
            content.update(repr([column.to_list() for column in features.iter_columns()]).encode())
        else:
            content.update(repr((features.dtype.str, features.shape)).encode())
            content.update(features.tobytes() if features.dtype != object else repr(features.tolist()).encode())
    return content.hexdigest()


def find_in_parts(ids: list, parts: Sequence[Part]) -> np.ndarray:
    """Return the positions of ids, -1 for those that no part has."""
    found = np.fromiter((parts[0].index.get(one, -1) for one in ids), np.intp, len(ids))
    offset = len(parts[0].ids)
    for part in parts[1:]:
        missing = np.flatnonzero(found < 0)
        if not len(missing):
            break
        for at in missing.tolist():
            position = part.index.get(ids[at], -1)
            found[at] = position + offset if position >= 0 else -1
        offset += len(part.ids)
    return found


def refuse_known(ids: np.ndarray, found: np.ndarray) -> None:
    """Check that no id was found in a catalogue."""
    known = np.flatnonzero(found >= 0)
    if len(known):
        raise ValueError(f"ids[{known[0]}] is {shorten(ids[known[0]])}, which is in the catalogue already.")
