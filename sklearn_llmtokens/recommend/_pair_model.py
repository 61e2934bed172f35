"""Item-item models as sums over training sequences: what is learnt from, how it grows, and the weights that follow.

Products of events are linear in the sequences. So new events are learnt by adding the products of the sequences as they
are now and subtracting those of the sequences as they were, and by solving anew for the items that this changes.
"""

from typing import Any

import numpy as np
from scipy import sparse

from ._catalog import Catalog
from ._content_prior import ContentPrior
from ._embedded_items import embedded_items, find_new, is_blank
from ._fit_log import FitLog
from ._histories import Histories
from ._item_item import ItemItemMixin, ItemWeights, as_float32
from ._item_regression import dense_regression, neighbour_regression

# Changes of the gram matrix up to the first, beside its diagonal, wait for the next updates. Columns that one step of
# Jacobi's method changes by more than the second, beside their largest weight, are solved anew.
WAITS_BELOW, SOLVED_ABOVE = 0.005, 0.05
_PRIOR_NEIGHBORS = 16  # entries of a column of the prior that are kept, for each neighbour: fewer rank worse


class PairModelMixin(ItemItemMixin):
    """Hooks of recommenders that learn a matrix of items by items from sums of products of events.

    They implement ``_products(sequences)``, a tuple of matrices of shape (n_items, n_items) or vectors, and
    ``_weights(products, change)``, the `ItemWeights` that follow; `change` is what an update added, None in a fit.
    ``self._products_`` holds the sums, over all items of the catalogue.
    """

    catalog_: Catalog
    _embedded: list | None
    _products_: tuple

    def _fit(self, sequences: Histories) -> None:
        self._refit(sequences)

    def _refit(self, sequences: Histories) -> None:
        self._products_ = self._products(sequences)
        self._item_weights = self._weights(self._products_, None)

    def _update(self, now: Histories, before: Histories) -> None:
        n_items = self.catalog_.n_items
        old = tuple(_resized(one, n_items) for one in self._products_)
        change = tuple(_cleaned(a - b) for a, b in zip(self._products(now), self._products(before), strict=True))
        self._products_ = tuple(a + b for a, b in zip(old, change, strict=True))
        self._item_weights = self._weights(self._products_, change)

    def _products(self, sequences: Histories) -> tuple:
        raise NotImplementedError

    def _weights(self, products: tuple, change: tuple | None) -> ItemWeights:
        raise NotImplementedError


class RegressionMixin(PairModelMixin):
    """Hooks of recommenders that solve ridge regressions, with the content of items as a prior on demand.

    They implement ``_systems(products)``: the gram matrix, and what the items are regressed on; and
    ``_targets(products, columns)``, the latter for some items alone.
    """

    catalog: Catalog
    l2: float
    prior: Any
    item_input: str
    prior_strength: float
    max_dense_items: int
    n_neighbors: int
    _log: FitLog
    _prior: ContentPrior | None
    _prior_items: Any
    _prior_columns: sparse.csc_array | None  # what is kept of the prior where the regression is approximate
    _waiting: sparse.csr_array | None  # changes of the gram matrix that no update has learnt yet
    _steps: np.ndarray  # of each item's weights since they were solved, added up

    @property
    def prior_(self):
        """The fitted `prior`."""
        return None if self._prior_items is None else self._prior_items.embedder

    def _fit(self, sequences: Histories) -> None:
        self._prior, self._prior_items, self._prior_columns = None, None, None
        if self.prior is not None:
            reads_features = self._reads_table(self.catalog_)
            items = embedded_items(self._embedded, self.catalog_, self.prior, reads_features, self._log)
            self._prior, self._prior_items = ContentPrior.of(items), items.without_items()
        self._refit(sequences)

    def _systems(self, products: tuple) -> tuple:
        raise NotImplementedError

    def _targets(self, products: tuple, columns: np.ndarray) -> sparse.csc_array:
        raise NotImplementedError

    def _inputs_of_parts(self, X) -> dict[str, list]:
        """Return what `prior` reads in ``fit(X)``: for `precompute` of a search."""
        if self.prior is None:
            return {}
        if self._reads_table(self.catalog):
            return {"prior": [self.catalog.columns()]}
        return {"prior": [[text for text in self.catalog.texts() if not is_blank(text)]]}

    def _reads_table(self, catalog: Catalog) -> bool:
        """Return whether `prior` reads the features of a catalogue beside its texts."""
        return self.item_input == "auto" and catalog.has_features

    def _add(self, idx: np.ndarray) -> None:
        if self._prior is None or not len(idx):
            return
        made = [] if self._embedded is None else self._embedded
        items = find_new(made, self._prior_items)
        if items is None:
            items = self._prior_items.of_new(self.catalog_, idx)
            made.append(items)
        self._prior, changed = self._prior.extended(idx, items)
        self._products_ = tuple(_resized(one, self.catalog_.n_items) for one in self._products_)
        if len(changed):
            self._item_weights = self._with_items(changed, self._prior)

    def _with_items(self, idx: np.ndarray, prior: ContentPrior) -> ItemWeights:
        """Return the weights with those of items whose content is new; of those without events, with what they say."""
        n_items = self.catalog_.n_items
        gram, _ = self._systems(self._products_)
        total = float(self.l2) + float(self.prior_strength)
        kept = prior.largest(self._n_of_prior(), idx)
        columns = self._solved(self._products_, idx, kept)
        cold = idx[gram.diagonal()[idx] == 0]
        rows = float(self.prior_strength) / total * prior.rows(cold)
        old = self._item_weights.weights
        if not sparse.issparse(old):
            weights = np.zeros((n_items, n_items), dtype=np.float32)
            weights[: len(old), : len(old)] = old
            weights[cold] = rows
            weights[:, idx] = columns.toarray()
            return ItemWeights(np.arange(n_items), weights, n_items)
        known = sparse.csr_array(_resized(self._prior_columns, n_items))
        known = _with_rows(known, cold, _largest_of_rows(prior.rows(cold), self._n_of_prior()))
        self._prior_columns = _with_columns(sparse.csc_array(known), idx, kept)
        resized = sparse.csr_array(_resized(old, n_items))
        resized = _with_rows(resized, cold, _largest_of_rows(rows, int(self.n_neighbors)))
        whole = _with_columns(sparse.csc_array(resized), idx, columns)
        return ItemWeights(np.arange(n_items), sparse.csr_array(whole, dtype=np.float32), n_items)

    def _regression(self, products: tuple, change: tuple | None, what: str) -> ItemWeights:
        """Return ridge regressions of each item on others."""
        l2, strength, n_items = float(self.l2), float(self.prior_strength), self.catalog_.n_items
        if change is not None and sparse.issparse(self._item_weights.weights):
            weights = self._corrected(products, change)
        else:
            gram, targets = self._systems(products)
            known = np.arange(n_items) if self._prior is not None else _with_events(gram, targets)
            if len(known) <= self.max_dense_items:
                if self._prior is None:
                    strength, gram, targets = 0.0, gram[known][:, known], targets[known][:, known]
                weights = self._dense(gram, targets, l2, strength)
                return ItemWeights(known, as_float32(weights, what), n_items)
            if self._prior is not None and self._prior_columns is None:
                self._prior_columns = self._prior.largest(self._n_of_prior(), known)
            self._waiting, self._steps = None, np.zeros(n_items)
            weights = sparse.csr_array(self._solved(products, np.arange(n_items), self._prior_columns))
        weights.data = as_float32(weights.data, what)
        return ItemWeights(np.arange(n_items), weights, n_items)

    def _dense(self, gram, targets, l2: float, strength: float) -> np.ndarray:
        return dense_regression(gram, targets, l2, self._prior, strength)

    def _n_of_prior(self) -> int:
        return _PRIOR_NEIGHBORS * int(self.n_neighbors)

    def _solved(self, products: tuple, columns: np.ndarray, prior: sparse.csc_array | None) -> sparse.csc_array:
        """Solve the approximate regressions of some items; `prior` has their columns of the weights of the prior."""
        total, right = float(self.l2), self._targets(products, columns)
        if prior is not None:
            total += float(self.prior_strength)
            right = right + float(self.prior_strength) * prior
        return neighbour_regression(self._systems(products)[0], right, total, int(self.n_neighbors))

    def _corrected(self, products: tuple, change: tuple) -> sparse.csr_array:
        """Return the weights after a change of the products: a step of Jacobi's method, or solved where it is long."""
        n_items = self.catalog_.n_items
        weights = sparse.csr_array(_resized(self._item_weights.weights, n_items))
        total = float(self.l2) + (0.0 if self._prior is None else float(self.prior_strength))
        gram, targets = self._systems(change)
        if self._waiting is not None:
            gram = gram + _resized(self._waiting, n_items)
        inverse = 1 / (self._systems(products)[0].diagonal() + total)
        now, self._waiting = _parted(gram, np.sqrt(inverse))
        step = sparse.csr_array(targets - now @ weights)
        step.data *= np.repeat(inverse, np.diff(step.indptr))
        largest = [abs(one).max(axis=0).toarray().ravel() for one in (step, weights)]
        self._steps = _resized(self._steps, n_items) + largest[0]
        is_long = self._steps > SOLVED_ABOVE * largest[1]
        self._steps[is_long], solved = 0.0, np.flatnonzero(is_long)
        whole = sparse.csc_array(weights + step)
        if len(solved):
            prior = None if self._prior_columns is None else self._prior_columns[:, solved]
            whole = _with_columns(whole, solved, self._solved(products, solved, prior))
        return sparse.csr_array(whole)


def _parted(gram: sparse.csr_array, scale: np.ndarray) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Return the entries of a change that count now, and those that wait, being small beside the diagonal."""
    entries = sparse.coo_array(gram)
    counts = np.abs(entries.data) * scale[entries.row] * scale[entries.col] > WAITS_BELOW
    return tuple(
        sparse.csr_array((entries.data[kept], (entries.row[kept], entries.col[kept])), shape=gram.shape)
        for kept in (counts, ~counts)
    )


def _with_events(gram: sparse.csr_array, targets: sparse.csr_array) -> np.ndarray:
    """Return the items that predict, or are predicted: the last one of a sequence does not predict."""
    is_target = np.bincount(targets.indices, minlength=targets.shape[1]) > 0
    return np.flatnonzero((gram.diagonal() > 0) | is_target)


def _resized(product, n_items: int):
    """Return a matrix or a vector for more items, with zeros for those that it did not have."""
    if not sparse.issparse(product):
        return np.concatenate([product, np.zeros(n_items - len(product), dtype=product.dtype)])
    larger = product.copy()
    larger.resize((n_items, n_items))
    return larger


def _cleaned(product):
    """Return a sum without entries that subtraction left of nothing."""
    if sparse.issparse(product):
        product.data[np.abs(product.data) < 1e-9] = 0
        product.eliminate_zeros()
    return product


def _with_columns(matrix: sparse.csc_array, idx: np.ndarray, columns: sparse.csc_array) -> sparse.csc_array:
    """Return a matrix whose columns at `idx` are replaced.

    Examples
    --------
    >>> matrix = sparse.csc_array(np.array([[1.0, 2.0], [3.0, 4.0]]))
    >>> _with_columns(matrix, np.array([0]), sparse.csc_array(np.array([[5.0], [6.0]]))).toarray()
    array([[5., 2.],
           [6., 4.]])
    """
    source = np.arange(matrix.shape[1])
    source[idx] = matrix.shape[1] + np.arange(len(idx))
    return sparse.csc_array(sparse.hstack([matrix, columns], format="csc")[:, source])


def _with_rows(matrix: sparse.csr_array, idx: np.ndarray, rows: sparse.csr_array) -> sparse.csr_array:
    """Return a matrix whose rows at `idx` are replaced."""
    return sparse.csr_array(_with_columns(sparse.csc_array(matrix.T), idx, sparse.csc_array(rows.T)).T)


def _largest_of_rows(rows: np.ndarray, n: int) -> sparse.csr_array:
    """Return the `n` entries of the largest magnitude of each row."""
    if rows.shape[1] > n:
        least = -np.partition(-np.abs(rows), n - 1, axis=1)[:, n - 1 : n]
        rows = np.where(np.abs(rows) >= least, rows, 0)
    return sparse.csr_array(rows)
