"""Hold items out, not users: how good is a recommender at what it has never seen anybody choose."""

from numbers import Integral, Real

import numpy as np
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import check_random_state, check_scalar

from .._utils._columns import read_column, refuse_missing
from ._ids import refuse_other_types
from ._splitting import HeldItems


class ColdItemSplit(BaseCrossValidator):
    """Test on items that occur nowhere in the training rows.

    In each split some of the items of `y` are drawn. Rows whose `y` is one of them are the test; rows that hold one of
    them neither in `y` nor in the history are training; all others are left out. With one row per event, as
    `make_queries` gives them, training keeps the rows of a user that come before the first cold item.

    Parameters
    ----------
    n_splits : int, default=5
        Number of splits.
    test_size : float or int, default=0.05
        Share (float) or number (int) of the distinct items of `y` that are drawn. Much more, and few rows are left.
    random_state : int, RandomState instance or None, default=None
        Draws the items.

    See Also
    --------
    GlobalTimeSplit : Its test rows hold the items that are new by themselves.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import ColdItemSplit
    >>> X, y = [["a"], ["b"], ["a"], ["c"]], ["b", "a", "c", "a"]
    >>> for train, test in ColdItemSplit(1, test_size=1, random_state=0).split(X, y):
    ...     print(train, test)
    [0 1] [2]
    """

    def __init__(self, n_splits=5, *, test_size=0.05, random_state=None):
        self.n_splits = n_splits
        self.test_size = test_size
        self.random_state = random_state

    def split(self, X, y, groups=None):
        """Yield the rows of training and test.

        Parameters
        ----------
        X : sequence of histories, length n_queries
            The rows.
        y : array-like of shape (n_queries,)
            The item that followed.
        groups : None
            Not used.

        Yields
        ------
        train : ndarray of shape (n_train,)
            Rows without a cold item.
        test : ndarray of shape (n_test,)
            Rows whose `y` is cold.

        Raises
        ------
        ValueError
            If a parameter is out of range, lengths differ, ids of `X` and `y` share no type, or a part is empty.
        """
        targets = refuse_missing(read_column(y, "y"), "y", "leave the row out.", source=y).tolist()
        if len(targets) != len(X):
            raise ValueError(f"X has {len(X)} rows and y has {len(targets)}: one item for each row is needed.")
        items = list(dict.fromkeys(targets))
        n_cold = self._n_cold(len(items))
        generator = check_random_state(self.random_state)
        held = HeldItems(X)
        refuse_other_types(targets, held.ids, ("y", "X"))
        for _ in range(self.get_n_splits()):
            cold = {items[i] for i in generator.choice(len(items), n_cold, replace=False)}
            is_test = np.array([item in cold for item in targets])
            is_warm = ~is_test & ~held.any_of(cold)
            train, test = np.flatnonzero(is_warm), np.flatnonzero(is_test)
            if not len(train):
                raise ValueError(f"{n_cold} cold items leave no row for training: choose a smaller test_size.")
            yield train, test

    def get_n_splits(self, X=None, y=None, groups=None):
        """Return the number of splits.

        Parameters
        ----------
        X, y, groups : None
            Not used.

        Returns
        -------
        int
            `n_splits`.
        """
        check_scalar(self.n_splits, "n_splits", Integral, min_val=1)
        return int(self.n_splits)

    def _n_cold(self, n_items: int) -> int:
        if isinstance(self.test_size, Integral) and not isinstance(self.test_size, bool):
            return int(check_scalar(self.test_size, "test_size", Integral, min_val=1, max_val=n_items))
        check_scalar(self.test_size, "test_size", Real, min_val=0, max_val=1, include_boundaries="neither")
        return max(1, round(self.test_size * n_items))
