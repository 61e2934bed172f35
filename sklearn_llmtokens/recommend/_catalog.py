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
from ._catalog_changes import CatalogChangesMixin
from ._catalog_ids import join_ids, plain_ids, read_only, refuse_duplicates
from ._catalog_part import Part, beside, concatenate, content_digest, find_in_parts, read_part, texts_of_parts
from ._feature_rows import take_rows
from ._item_table import read_item_table
from ._unknown_items import find_items

_CHANGES = "append, merge and drop give a changed one, and Catalog(ids, texts, features) a new one."


class Catalog(CatalogChangesMixin):
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
        If an id occurs twice, an id or a text is missing, the lengths differ, a frame of features beside texts has a
        column "text", or the row labels contradict each other.
    TypeError
        If an id is neither a str nor an int, a text is not a str, or a frame is passed in the place of ids.

    Warns
    -----
    UserWarning
        If the ids look like texts and the texts like ids.

    See Also
    --------
    Catalog.from_frame : Read a table of items.

    Notes
    -----
    Columns of pandas are read by position. Where they have the same row labels in another order, because one was sorted
    alone, that is an error.

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

    @classmethod
    def from_frame(cls, items, *, id="auto", text="auto", features=None, missing="error") -> "Catalog":
        """Read a table of items.

        Parameters
        ----------
        items : DataFrame of pandas, polars, pyarrow or another library, mapping of columns, or array with named fields
            One row for each item.
        id : str, default="auto"
            Name of the column of ids; "auto" finds item_id, itemId, movieId, item or id. Case, spaces, "_" and "-" do
            not matter.
        text : str, list of str, or None, default="auto"
            Name of the column of text; "auto" finds text, title or name. Several columns are joined by a space, what is
            missing left out. None reads no texts.
        features : str or list of str, default=None
            Names of the columns that are features, of a DataFrame.
        missing : {"error", "zero"}, default="error"
            As in :class:`Catalog`: what a missing text is.

        Returns
        -------
        Catalog
            The items in the order of the table.

        Raises
        ------
        ValueError
            If a column is missing, several columns may be the one that is looked for, and as for :class:`Catalog`.
        TypeError
            If `items` is none of these, or a lazy frame; the message has the call that brings it into memory.

        See Also
        --------
        load_recbole_catalog : Read an ``.item`` file of RecBole.

        Examples
        --------
        >>> from sklearn_llmtokens.recommend import Catalog
        >>> items = {"item_id": ["t", "p"], "title": ["green tea", "pot"], "brand": ["Lu", None]}
        >>> Catalog.from_frame(items, text=["title", "brand"]).texts()
        ['green tea Lu', 'pot']
        """
        return cls(*read_item_table(items, id, text, features), missing=missing)

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
            example = f", ids alone, such as {shorten(self.ids[0])}" if self.n_items else ""
            raise ValueError(f"This catalogue has no texts{example}: Catalog(ids, texts) has.")
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

    @cached_property
    def _positions(self) -> dict:
        """The position of each id, which nobody changes."""
        return self._parts[0].index if len(self._parts) == 1 else {one: i for i, one in enumerate(self.ids.tolist())}

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
