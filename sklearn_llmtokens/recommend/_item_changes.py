"""How the catalogue of a fitted recommender changes, at once and without a fit."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._utils._columns import read_list
from .._utils._messages import shorten
from ._catalog import Catalog


class ItemChangesMixin:
    """Methods that add, change and remove items of a fitted recommender."""

    catalog_: Catalog
    active_: np.ndarray
    popularity_: np.ndarray
    _embedded: list | None = None  # while items are embedded: what was embedded of them for other parts

    def add_items(self, ids, texts=None, features=None):
        """Add items at once, without a fit: the next call ranks them.

        Parameters
        ----------
        ids : sequence of str or int, length n
            Ids that are new, or were removed and come back, with the texts given here.
        texts : list, array or Series of str, length n, default=None
            Their texts; needed where the catalogue has texts.
        features : array-like or DataFrame of shape (n, n_features), default=None
            Their further columns; needed where the catalogue has them. Those of a frame are found by name.

        Returns
        -------
        BaseRecommender
            The recommender itself.

        Raises
        ------
        ValueError
            If an id is in the catalogue and was not removed, or occurs twice.
        """
        check_is_fitted(self)
        new = self.catalog_._new(ids, texts, features)
        if not new.n_items:
            return self
        found = self.catalog_.lookup(new.ids.tolist())
        there = np.flatnonzero(found >= 0)
        here = there[self.active_[found[there]]]
        if len(here):
            at = int(here[0])
            raise ValueError(
                f"ids[{at}] is {shorten(new.ids[at])}, which is in the catalogue already: update_items changes its "
                "text."
            )
        catalog = self.catalog_.merge(new)
        idx = np.concatenate([np.sort(found[there]), np.arange(len(self.active_), catalog.n_items)])
        extended = self._extended(catalog, idx)
        extended.active_[idx] = True
        vars(self).update(vars(extended))
        return self

    def update_items(self, ids, texts=None, features=None):
        """Change the texts or features of items at once, without a fit: clicks and places in the catalogue stay.

        Parameters
        ----------
        ids : sequence of str or int, length n
            Ids of the catalogue. Those that were removed stay removed.
        texts : list, array or Series of str, length n, default=None
            Their new texts. None leaves the texts.
        features : array-like or DataFrame of shape (n, n_features), default=None
            Their new features. None leaves the features.

        Returns
        -------
        BaseRecommender
            The recommender itself.

        Raises
        ------
        ValueError
            If an id is not in the catalogue or occurs twice, or neither texts nor features are given.

        Examples
        --------
        >>> from sklearn_llmtokens.recommend import Catalog, ContentRecommender
        >>> catalog = Catalog(["a", "b", "c"], ["green tea", "iron pot", "black tea"])
        >>> recommender = ContentRecommender(catalog).fit(None).update_items(["b"], ["green tea, loose"])
        >>> recommender.recommend([["a"]], k=1)
        array([['b']], dtype=object)
        """
        check_is_fitted(self)
        if texts is None and features is None:
            raise ValueError("update_items got neither texts nor features: pass those that are to change.")
        ids = read_list(ids, "ids")
        idx = self.catalog_.index_of(ids)
        catalog = self.catalog_.replace(ids, texts, features)
        vars(self).update(vars(self._extended(catalog, np.sort(idx))))
        return self

    def remove_items(self, ids):
        """Remove items at once, without a fit: they are not recommended any more.

        Histories may go on naming them: what a user did stays true.

        Parameters
        ----------
        ids : sequence of str or int
            Ids of the catalogue.

        Returns
        -------
        BaseRecommender
            The recommender itself.

        Raises
        ------
        ValueError
            If an id is not in the catalogue.
        """
        check_is_fitted(self)
        idx = self.catalog_.index_of(ids)
        active = self.active_.copy()
        active[idx] = False
        self.active_ = active
        return self

    def _extended(self, catalog: Catalog, idx: np.ndarray, embedded: list | None = None):
        """Return a recommender of a longer catalogue, whose items at `idx` are new or came back; this one stays.

        `embedded` holds what was embedded of these items already, by other parts of the same recommender.
        """
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        n_new = catalog.n_items - len(self.active_)
        other.catalog_ = catalog
        other.active_ = np.concatenate([self.active_, np.ones(n_new, dtype=bool)])
        other.popularity_ = np.concatenate([self.popularity_, np.zeros(n_new, dtype=np.float32)])
        other._embedded = [] if embedded is None else embedded
        other._add(idx)
        del other._embedded
        return other

    def _add(self, idx: np.ndarray) -> None:
        """Do nothing: what was learnt from clicks knows nothing of new items."""
