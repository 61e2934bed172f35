"""From a table of events (who, what, when) to the rows that recommenders and splitters work on."""

from numbers import Integral
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_scalar

from ._history import History
from ._interactions import Interactions, user_events


class Queries(NamedTuple):
    """Rows for recommenders: what came before, what followed, whose it was and when.

    Parameters
    ----------
    X : ndarray of shape (n_queries,), dtype object
        A :class:`History` each, oldest event first: a sequence of item ids, or of events (id, weight, time), that knows
        its user.
    y : ndarray of shape (n_queries,)
        The item that followed.
    groups : ndarray of shape (n_queries,)
        The user.
    times : ndarray of shape (n_queries,)
        When `y` happened.
    """

    X: np.ndarray
    y: np.ndarray
    groups: np.ndarray
    times: np.ndarray


def make_queries(
    events,
    *,
    user="auto",
    item="auto",
    time="auto",
    weight=None,
    min_history=0,
    drop_repeats=False,
    history_times=False,
):
    """Turn a table of events into queries: a row for each event, with everything that its user did before.

    Rows are ordered by user, then by time; events of a user at one time stay in the order of the table.

    Parameters
    ----------
    events : Interactions, DataFrame of pandas, polars, pyarrow or another library, mapping of columns, or array
        The events. The columns of an array of shape (n_events, 3) are user, item and time, in this order. Times are
        numbers, durations, dates, or dates as text ("2024-01-31", "2024/1/31 8:00").
    user, item, time : str, default="auto"
        Names of the columns; "auto" finds those that :meth:`Interactions.from_frame` knows, such as user_id, item_id
        and timestamp. Not used for `Interactions`, nor is `weight`.
    weight : str, default=None
        Name of a column of weights of events. With it, events of a history are (id, weight, time).
    min_history : int, default=0
        Least number of earlier events. 0 keeps the first event of each user, with an empty history: the splitters of
        this package need these rows to tell who is new, and leave them out themselves. 1 drops them.
    drop_repeats : bool, default=False
        Whether an event is dropped if the same user's event just before it has the same item.
    history_times : bool, default=False
        Whether events of a history are (id, weight, time) instead of ids; the weight is 1 without `weight`. Dates are
        seconds since 1970 there, durations are seconds.

    Returns
    -------
    Queries
        A named tuple ``(X, y, groups, times)``.

    Raises
    ------
    ValueError
        If a column is missing, there is no event, a user, item, time or weight is missing, a weight is of a
        magnitude beyond 1e30, or times are numbers written as text; the message names the row.
    TypeError
        If `events` is none of these.

    Notes
    -----
    A history knows its user, and the place of its events among those of the user. Both last through slicing, shuffling,
    copies, pickles and worker processes, so that recommenders count an event once however many rows show it, and
    splitters need neither `groups` nor `times`. Rows of two calls are of different users, even if these have the same
    name: call `make_queries` once, for all events.

    Histories share the events of their user: n events take memory for n events, not n * n / 2.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import make_queries
    >>> events = {"user_id": [1, 2, 1, 1], "item_id": ["a", "a", "c", "b"], "timestamp": [1, 1, 3, 2]}
    >>> X, y, groups, times = make_queries(events)
    >>> [list(history) for history in X], y.tolist(), groups.tolist(), times.tolist()
    ([[], ['a'], ['a', 'b'], []], ['a', 'b', 'c', 'a'], [1, 1, 1, 2], [1, 2, 3, 1])
    """
    check_scalar(min_history, "min_history", Integral, min_val=0)
    if not isinstance(events, Interactions):
        events = Interactions.from_frame(events, user=user, item=item, time=time, weight=weight)
    if events.time is None:
        raise ValueError("The interactions have no times: make_queries orders the rows of a user by time.")
    if drop_repeats:
        events = events.without_repeats()
    users = user_events(events, as_events=bool(history_times) or events.weight is not None)
    histories = [History(user, 0, at) for user in users for at in range(int(min_history), len(user.items))]
    X = np.fromiter(histories, object, len(histories))
    within = np.concatenate([np.arange(len(user.items)) for user in users])
    rows = np.flatnonzero(within >= min_history)
    return Queries(X, events.item[rows], events.user[rows], events.time[rows])
