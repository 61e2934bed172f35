"""How a catalogue changes: it does not, and each change returns another one that shares what it can."""

from typing import Any, Self

import numpy as np

from .._utils._columns import read_list
from ._catalog_part import Part, concatenate, like_known, merge_parts, refuse_known


class CatalogChangesMixin:
    """Methods that return a changed catalogue."""

    index_of: Any
    lookup: Any
    texts: Any
    features: Any
    _parts: tuple[Part, ...]
    _new: Any
    _of: Any

    def append(self, ids, texts=None, features=None) -> Self:
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

    def merge(self, other) -> Self:
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

    def replace(self, ids, texts=None, features=None) -> Self:
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
        has_texts = self._parts[0].text_ends is not None
        texts = self.texts(idx) if texts is None and has_texts else texts
        features = self.features(idx) if features is None else features
        return self.merge(self._new(ids, texts, features))

    def drop(self, ids) -> Self:
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
        whole = concatenate(list(self._parts))
        kept = np.delete(np.arange(len(whole.ids)), self.index_of(ids))
        return self._of((whole.take(kept),))
