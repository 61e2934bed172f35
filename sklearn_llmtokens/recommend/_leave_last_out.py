"""Leave-one-out for recommenders: the last event of each user is the test."""

import warnings
from numbers import Integral

import numpy as np
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import check_scalar

from ._splitting import history_lengths, numbers_of_rows, times_of_rows, users_of_rows


class LeaveLastOut(BaseCrossValidator):
    """Test on the last row of each user, train on the rows before it.

    Common, and lenient: most targets lie before events of other users that were trained on. `GlobalTimeSplit` does not
    look into the future.

    Parameters
    ----------
    times : array-like of shape (n_queries,), default=None
        When the item of each row followed: numbers, durations, dates, or dates as ISO text. None where they are passed
        to `split`, or the rows know them, as those of `make_queries` do; otherwise the order of the rows counts, in
        which no ties are seen.
    min_history : int, default=1
        Rows with fewer events in their history are left out of both parts.

    Warns
    -----
    UserWarning
        If last events are tied in time with the ones before them: which one is last is then up to the order of the
        table, and where that order is not the true one (item ids, say) it leaks.

    See Also
    --------
    GlobalTimeSplit : One moment for all users.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import LeaveLastOut, make_queries
    >>> events = {"user_id": [1, 1, 1, 2, 2], "item_id": list("abcab"), "timestamp": [1, 2, 5, 2, 4]}
    >>> X, y, groups, times = make_queries(events)
    >>> train, test = next(LeaveLastOut(times).split(X, y, groups))
    >>> y[train].tolist(), y[test].tolist()
    (['b'], ['c', 'b'])
    """

    __metadata_request__split = {"groups": True, "times": True}

    def __init__(self, times=None, *, min_history=1):
        self.times = times
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
            The user of each row. None asks the rows, which know it if `make_queries` made them.
        times : array-like of shape (n_queries,), default=None
            When the item of each row followed. None takes the parameter, and asks the rows if that is None.

        Yields
        ------
        train : ndarray of shape (n_train,)
            Rows that are not the last of their user.
        test : ndarray of shape (n_test,)
            The last row of each user.

        Raises
        ------
        ValueError
            If lengths differ, `groups` is missing, or a part is empty.
        """
        check_scalar(self.min_history, "min_history", Integral, min_val=0)
        users = users_of_rows(groups, X)
        times = times_of_rows(self.times if times is None else times, X)
        times = np.arange(len(X)) if times is None else times
        order = np.lexsort((np.arange(len(X)), numbers_of_rows(X), times, users))
        is_last = np.r_[users[order][1:] != users[order][:-1], True]
        self._warn_of_ties(users[order], times[order], is_last)

        is_long = history_lengths(X)[order] >= self.min_history
        train, test = np.sort(order[~is_last & is_long]), np.sort(order[is_last & is_long])
        if not len(train) or not len(test):
            part = "training" if not len(train) else "test"
            raise ValueError(f"No row is left for {part}: users with several rows are needed.")
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
            1.
        """
        return 1

    def __repr__(self):
        times = "None" if self.times is None else f"<{len(self.times)} times>"
        return f"LeaveLastOut({times}, min_history={self.min_history})"

    def _warn_of_ties(self, users, times, is_last):
        """Warn where the last row of a user has the time of the row before."""
        is_tied = np.r_[False, (users[1:] == users[:-1]) & (times[1:] == times[:-1])] & is_last
        if is_tied.any():
            warnings.warn(
                f"The last event of {int(is_tied.sum())} of {int(is_last.sum())} users has the time of the one before: "
                "the order of the table decides which is last. GlobalTimeSplit never cuts inside a tie.",
                UserWarning,
                stacklevel=3,
            )
