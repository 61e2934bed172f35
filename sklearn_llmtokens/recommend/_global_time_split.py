"""Split by one moment in time for all users: the only split in which nothing is learned from the future."""

from numbers import Integral, Real

import numpy as np
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import check_scalar

from .._utils._messages import shorten
from ._splitting import history_lengths, numbers_of_rows, times_of_rows, users_of_rows
from ._times import n_cuts, read_cuts

_TARGETS = ("last", "first", "successive")


class GlobalTimeSplit(BaseCrossValidator):
    """Train on what happened up to a moment, test on what happened after it.

    A row is a query: a history and the item that followed, as `make_queries` gives them. Whatever happened at the
    moment of the cut itself is training, so that events of one time never part. A test history holds everything that
    its user did before the target, after the cut too: a recommender keeps no users, and sees the history anyway.

    Parameters
    ----------
    times : array-like of shape (n_queries,), default=None
        When the item of each row followed: numbers, durations, dates, or dates as ISO text ("2024-01-31"). None where
        they are passed to `split`, or the rows know them. Dates with a time zone are compared in UTC, and those without
        one are taken as UTC.
    quantile : float or sequence of floats, default=0.9
        Where to cut, as a quantile of `times`. Several give as many splits, each tested up to the next cut.
    cut : number, duration, date, ISO text or sequence of them, default=None
        The moments themselves, instead of `quantile`. A date among times that are numbers, and a number among dates, is
        seconds since 1970.
    targets : {"last", "first", "successive"}, default="last"
        Which rows of the test period count: the last of each user, the first of each user, or all.
    min_history : int, default=1
        Rows with fewer events in their history are left out of both parts. They are counted in `quantile`.

    See Also
    --------
    LeaveLastOut : The last row of each user, whenever that was.
    sklearn.model_selection.TimeSeriesSplit : Cuts by row number, inside ties too.

    Notes
    -----
    The three kinds of targets are those of [1]_, which compares them.

    Rows of `make_queries` know their users and times, in every part of them: one splitter serves a cross-validation and
    a search inside of it. For rows made by hand, `split` requests `groups` and `times` through scikit-learn's metadata
    routing.

    References
    ----------
    .. [1] Danil Gusak et al. "Time to Split: Exploring Data Splitting Strategies for Offline Evaluation of Sequential
       Recommenders". RecSys 2025. arXiv:2507.16289.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import GlobalTimeSplit, make_queries
    >>> events = {"user_id": [1, 1, 1, 2, 2], "item_id": list("abcab"), "timestamp": [1, 2, 5, 2, 4]}
    >>> X, y, groups, times = make_queries(events)
    >>> train, test = next(GlobalTimeSplit(times, cut=3).split(X, y, groups))
    >>> y[train].tolist(), y[test].tolist()
    (['b'], ['c', 'b'])
    """

    __metadata_request__split = {"groups": True, "times": True}

    def __init__(self, times=None, *, quantile=0.9, cut=None, targets="last", min_history=1):
        self.times = times
        self.quantile = quantile
        self.cut = cut
        self.targets = targets
        self.min_history = min_history

    def split(self, X, y=None, groups=None, times=None):
        """Yield the rows of training and test.

        Parameters
        ----------
        X : sequence of histories, length n_queries
            The rows.
        y : None
            Not used.
        groups : array-like of shape (n_queries,), default=None
            The user of each row, for the targets "last" and "first". None asks the rows.
        times : array-like of shape (n_queries,), default=None
            When the item of each row followed. None takes the parameter, and asks the rows if that is None.

        Yields
        ------
        train : ndarray of shape (n_train,)
            Rows up to the cut.
        test : ndarray of shape (n_test,)
            Rows after it that are targets.

        Raises
        ------
        ValueError
            If a parameter is out of range, lengths differ, users are needed and missing, a part is empty, or, with
            the targets "first", a row may be the second event of a user who is new.
        """
        times = times_of_rows(self.times if times is None else times, X)
        if times is None:
            raise ValueError(
                "times is None: pass the time of each row as times, or rows of make_queries, which know theirs."
            )
        self._check()
        one_a_user = self.targets != "successive"
        users = users_of_rows(groups, X) if one_a_user else np.zeros(len(X), dtype=np.int64)
        lengths = history_lengths(X)
        cuts, times = self._cuts(times)
        numbers = numbers_of_rows(X)
        for i, cut in enumerate(cuts):
            is_train = times <= cut
            is_test = ~is_train if i == len(cuts) - 1 else ~is_train & (times <= cuts[i + 1])
            if one_a_user:
                is_test = _one_a_user(is_test, users, times, numbers, self.targets)
            if self.targets == "first" and self.min_history > 0:
                _refuse_doubtful(is_test, is_train, users, lengths)
            is_long = lengths >= self.min_history
            train, test = np.flatnonzero(is_train & is_long), np.flatnonzero(is_test & is_long)
            if not len(train) or not len(test):
                part = "training" if not len(train) else "test"
                raise ValueError(f"The cut at {cut} leaves no row for {part}: choose another quantile or cut.")
            yield train, test

    def get_n_splits(self, X=None, y=None, groups=None, times=None):
        """Return the number of splits.

        Parameters
        ----------
        X, y, groups, times : None
            Not used.

        Returns
        -------
        int
            One a cut.
        """
        return np.size(self.quantile) if self.cut is None else n_cuts(self.cut)

    def __repr__(self):
        times = "" if self.times is None else f"<{len(self.times)} times>, "
        where = f"quantile={self.quantile}" if self.cut is None else f"cut={self.cut}"
        return f"GlobalTimeSplit({times}{where}, targets={self.targets!r})"

    def _check(self):
        if self.targets not in _TARGETS:
            raise ValueError(
                f"targets={shorten(self.targets)} is not known; choose one of {', '.join(map(repr, _TARGETS))}."
            )
        check_scalar(self.min_history, "min_history", Integral, min_val=0)
        if self.cut is None:
            for quantile in np.ravel(self.quantile).tolist():
                check_scalar(quantile, "quantile", Real, min_val=0, max_val=1, include_boundaries="neither")

    def _cuts(self, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the moments in order, and the times in a dtype that compares with them."""
        if self.cut is not None:
            return read_cuts(self.cut, times)
        quantiles = np.sort(np.ravel(self.quantile))
        if times.dtype.kind in "mM":
            return np.quantile(times.astype(np.int64), quantiles, method="lower").astype(times.dtype), times
        return np.quantile(times, quantiles), times


def _one_a_user(
    is_test: np.ndarray, users: np.ndarray, times: np.ndarray, numbers: np.ndarray, targets: str
) -> np.ndarray:
    """Keep the first or the last test row of each user, by time and then by number."""
    rows = np.flatnonzero(is_test)
    rows = rows[np.lexsort((rows, numbers[rows], times[rows]))]
    if targets == "last":
        rows = rows[::-1]
    kept = np.zeros_like(is_test)
    kept[rows[np.unique(users[rows], return_index=True)[1]]] = True
    return kept


def _refuse_doubtful(is_test: np.ndarray, is_train: np.ndarray, users: np.ndarray, lengths: np.ndarray) -> None:
    """Refuse a first target with one event before it and no row of training: that one event may lie after the cut."""
    is_known = np.isin(users, users[is_train])
    doubtful = np.flatnonzero(is_test & ~is_known & (lengths == 1))
    if len(doubtful):
        row = int(doubtful[0])
        raise ValueError(
            f"X[{row}] has one event before it and its user no row before the cut, so that it is not known whether "
            "it is the first target of a known user or the second of a new one: keep the rows with empty histories "
            "(make_queries(min_history=0))."
        )
