"""The items that can be recommended: ids, texts and further columns, in an order that breaks ties.

A catalogue is a value: clones of a recommender share it, and worker processes map its arrays instead of copying them,
texts as UTF-8 in one array of bytes. It is a tuple of parts, so that one that grew shares the others with its origin.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from .._utils._columns import read_list
from .._utils._messages import shorten
from ._catalog_ids import join_ids, plain_ids, read_only, refuse_duplicates
from ._catalog_part import (
    Part,
    beside,
    concatenate,
    content_digest,
    find_in_parts,
    like_known,
    merge_parts,
    read_part,
    refuse_known,
    texts_of_parts,
)
from ._feature_rows import take_rows
from ._unknown_items import find_items

_CHANGES = "append, merge and drop give a changed one, and Catalog(ids, texts, features) a new one."


class Catalog:
    """Items with their texts: what a recommender ranks.

    Parameters
    ----------
    ids : sequence of str or int, length n_items
        One id for each item, each once. Their order is the order of the items, which breaks ties.
    texts : list, array or Series of str, length n_items, default=None
        One text for each item. None serves recommenders that learn from clicks alone.
    features : array-like or DataFrame of shape (n_items, n_features), default=None
        Further columns of each item, such as vectors of images or prices. An embedder is given them beside the texts:
        as a frame of the same library, with the texts first in a column "text", or, where they are an array, as an
        array of objects whose column 0 is the texts. :class:`sklearn.compose.ColumnTransformer` takes both apart.
        They are copied, except for an array that is mapped from a file (:class:`numpy.memmap`): of it the catalogue has
        a read-only view, so that features may be larger than memory, and its file must not be changed.
    missing : {"error", "zero"}, default="error"
        Whether a missing text (None, NaN, NA) is an error, or an empty text, whose item has a vector of zeros in
        :class:`ContentRecommender`. It holds for items that are added later, too.

    Attributes
    ----------
    n_items : int
        Number of items.
    ids : ndarray of shape (n_items,), dtype int64 or object
        The ids: int64 where all of them are integers that fit. Read-only.
    has_texts : bool
        Whether there are texts.
    has_features : bool
        Whether there are further columns.

    Raises
    ------
    ValueError
        If an id occurs twice, an id or a text is missing, the lengths differ, or a frame of features beside texts has a
        column "text".
    TypeError
        If an id is neither a str nor an int, or a text is not a str.

    Notes
    -----
    A catalogue never changes: `append`, `merge` and `drop` give another one. :func:`sklearn.base.clone` returns the
    same object. Two catalogues are equal if their content is.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import Catalog
    >>> catalog = Catalog(["tea", "pot"], ["green tea, loose leaves", "a small iron teapot"])
    >>> catalog.n_items, catalog.index_of(["pot", "tea"])
    (2, array([1, 0]))
    >>> catalog.append(["cup"], ["a cup for tea"]).ids
    array(['tea', 'pot', 'cup'], dtype=object)
    """

    _parts: tuple[Part, ...]
    _missing: str = "error"  # of catalogues in older pickles

    def __init__(self, ids, texts=None, features=None, *, missing="error"):
        if missing not in ("error", "zero"):
            raise ValueError(f"missing={shorten(missing)} is neither 'error' nor 'zero'.")
        self._keep((read_part(ids, texts, features, missing=missing),), missing)
        refuse_duplicates(self._parts[0].ids)

    @property
    def n_items(self) -> int:
        """Number of items."""
        return sum(len(part.ids) for part in self._parts)

    @cached_property
    def ids(self) -> np.ndarray:
        """The ids, in order; read-only."""
        return read_only(join_ids([part.ids for part in self._parts]))

    @property
    def has_texts(self) -> bool:
        """Whether there are texts."""
        return self._parts[0].text_ends is not None

    @property
    def has_features(self) -> bool:
        """Whether there are further columns."""
        return self._parts[0].features is not None

    def texts(self, idx=None) -> list[str]:
        """Return the texts of items.

        Parameters
        ----------
        idx : array-like of int, default=None
            Positions of the items. None gives all.

        Returns
        -------
        list of str
            One text for each item.

        Raises
        ------
        ValueError
            If the catalogue has no texts.
        """
        if not self.has_texts:
            raise ValueError("This catalogue has no texts: Catalog(ids, texts) has.")
        return texts_of_parts(self._parts, idx)

    def features(self, idx=None) -> Any:
        """Return the further columns of items.

        Parameters
        ----------
        idx : array-like of int, default=None
            Positions of the items. None gives all.

        Returns
        -------
        ndarray or frame of shape (n, n_features), or None
            The features; None where the catalogue has none.
        """
        idx = np.arange(self.n_items) if idx is None else np.asarray(idx, dtype=np.intp)
        return take_rows([part.features for part in self._parts], idx)

    def columns(self, idx=None) -> Any:
        """Return what an embedder reads of items: the texts, or a table of texts and features.

        Parameters
        ----------
        idx : array-like of int, default=None
            Positions of the items. None gives all.

        Returns
        -------
        list of str, frame, or ndarray of shape (n, 1 + n_features)
            The texts alone where there are no features.

        Raises
        ------
        ValueError
            If the catalogue has neither texts nor features.
        """
        if not self.has_features:
            return self.texts(idx)
        return beside(self.texts(idx) if self.has_texts else None, self.features(idx))

    def index_of(self, ids, *, name="ids") -> np.ndarray:
        """Return the positions of items.

        Parameters
        ----------
        ids : sequence of str or int, length n
            Ids of the catalogue.
        name : str, default="ids"
            What they are called in the message.

        Returns
        -------
        ndarray of shape (n,), dtype=intp
            Their positions.

        Raises
        ------
        ValueError
            If an id is not in the catalogue; the message has the id and its place.
        TypeError
            If one is no id: ids are str or int, those of numpy and Arrow too, and 1.0 and True are not the id 1.
        """
        return find_items(self, read_list(ids, name), lambda at: f"{name}[{at}]")

    def lookup(self, ids: Sequence) -> np.ndarray:
        """Return the positions of items, -1 for an id that is not in the catalogue.

        Parameters
        ----------
        ids : sequence of str or int, length n
            Any ids; a missing value is found nowhere.

        Returns
        -------
        ndarray of shape (n,), dtype=intp
            Positions, or -1. What is no id is a TypeError, as in `index_of`.
        """
        return find_in_parts(plain_ids(read_list(ids, "ids"), "ids[{}]".format), self._parts)

    def append(self, ids, texts=None, features=None) -> "Catalog":
        """Return a catalogue with further items at its end.

        Parameters
        ----------
        ids : sequence of str or int, length n
            New ids.
        texts : list, array or Series of str, length n, default=None
            Their texts; needed where this catalogue has texts.
        features : array-like or DataFrame of shape (n, n_features), default=None
            Their further columns; needed where this catalogue has them. Those of a frame are found by name.

        Returns
        -------
        Catalog
            The longer catalogue, which shares what it can with this one.

        Raises
        ------
        ValueError
            If an id is there already or occurs twice, or texts or features are missing, not asked for or of other
            columns.
        """
        new = self._new(ids, texts, features)
        refuse_known(new.ids, self.lookup(new.ids.tolist()))
        return self.merge(new)

    def merge(self, other) -> "Catalog":
        """Return a catalogue with the items of another one: new ones at the end, known ones with the other's texts.

        Parameters
        ----------
        other : Catalog
            Items with texts where this catalogue has texts, and with features where it has features.

        Returns
        -------
        Catalog
            The other catalogue; items of this one keep their positions.

        Raises
        ------
        ValueError
            If one of both has texts or features and the other has not.
        """
        part = like_known(concatenate(list(other._parts)), self._parts[0])
        return self._of(merge_parts(self._parts, part, self.lookup(part.ids.tolist())))

    def replace(self, ids, texts=None, features=None) -> "Catalog":
        """Return a catalogue in which some items have other texts or features.

        Parameters
        ----------
        ids : sequence of str or int, length n
            Ids of this catalogue, each once.
        texts : list, array or Series of str, length n, default=None
            Their new texts. None leaves the texts.
        features : array-like or DataFrame of shape (n, n_features), default=None
            Their new features. None leaves the features.

        Returns
        -------
        Catalog
            The other catalogue; items keep their positions.

        Raises
        ------
        ValueError
            If an id is not in the catalogue or occurs twice, or it has no texts or features that were passed.
        """
        ids = read_list(ids, "ids")
        idx = self.index_of(ids)
        texts = self.texts(idx) if texts is None and self.has_texts else texts
        features = self.features(idx) if features is None else features
        return self.merge(self._new(ids, texts, features))

    def drop(self, ids) -> "Catalog":
        """Return a catalogue without some items.

        Parameters
        ----------
        ids : sequence of str or int
            Ids of this catalogue.

        Returns
        -------
        Catalog
            The shorter catalogue; positions of later items move up.

        Raises
        ------
        ValueError
            If an id is not in this catalogue.
        """
        kept = np.delete(np.arange(self.n_items), self.index_of(ids))
        return self._of((concatenate(list(self._parts)).take(kept),))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content and its types, by which catalogues are compared."""
        return content_digest(concatenate(list(self._parts)))

    def _new(self, ids, texts, features) -> "Catalog":
        return type(self)(ids, texts, features, missing=self._missing)

    def _of(self, parts: Iterable[Part]) -> "Catalog":
        other = object.__new__(type(self))
        other._keep(tuple(parts), self._missing)
        return other

    def _keep(self, parts: tuple[Part, ...], missing: str) -> None:
        object.__setattr__(self, "_parts", parts)
        object.__setattr__(self, "_missing", missing)

    def __setattr__(self, name: str, value) -> None:
        raise AttributeError(f"A Catalog is immutable, {name!r} cannot be set: {_CHANGES}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"A Catalog is immutable, {name!r} cannot be deleted: {_CHANGES}")

    def __len__(self) -> int:
        return self.n_items

    def __eq__(self, other) -> bool:
        return self is other or (isinstance(other, Catalog) and self.digest == other.digest)

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        columns = [name for name, has in (("texts", self.has_texts), ("features", self.has_features)) if has]
        return f"<Catalog of {self.n_items} items{' with ' if columns else ''}{' and '.join(columns)}>"

    def __sklearn_clone__(self):
        return self

    def __getstate__(self) -> dict:
        return {"_parts": self._parts, "_missing": self._missing}
