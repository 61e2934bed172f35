import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from sklearn_llmtokens.recommend import (
    Catalog,
    ColdItemSplit,
    GlobalTimeSplit,
    Interactions,
    LeaveLastOut,
    PopularityRecommender,
    make_queries,
)

from .profiles import fuzz

N_ITEMS, N_USERS = 6, 4
events = st.lists(
    st.tuples(st.integers(0, N_USERS - 1), st.integers(0, N_ITEMS - 1), st.integers(0, 50)), min_size=2, max_size=20
)


def timelines(table):
    """Items of each user by time, equal times in the order of the table."""
    found = {}
    for user, item, time in sorted(table, key=lambda event: event[2]):
        found.setdefault(user, []).append((item, time))
    return found


def popularity(sets):
    return [float(sum(item in one for one in sets)) for item in range(N_ITEMS)]


@fuzz
@given(table=events, data=st.data())
def test_an_event_counts_once(table, data):
    user, item, time = map(list, zip(*table, strict=True))
    columns = {"user_id": user, "item_id": item, "timestamp": time}
    X, y, groups, _ = make_queries(columns)
    model = PopularityRecommender(Catalog(range(N_ITEMS)))
    whole = popularity([{item for item, _ in line} for line in timelines(table).values()])
    assert model.fit(Interactions(user, item, time)).popularity_.tolist() == whole
    assert model.fit(X, y).popularity_.tolist() == whole
    rows = data.draw(st.lists(st.integers(0, len(y) - 1), min_size=1, unique=True))
    shown = {}
    for row in rows:  # what a user is known to have done: the history and the target of the longest row
        shown.setdefault(groups[row], set()).update([*X[row], y[row]])
    expected = popularity(shown.values())
    assert model.fit(X[rows], y[rows]).popularity_.tolist() == expected
    by_hand = [list(history) for history in X[rows]]
    assert model.fit(by_hand, y[rows], groups=groups[rows]).popularity_.tolist() == expected


@fuzz
@given(table=events, quantile=st.sampled_from([0.3, 0.5, 0.8]), targets=st.sampled_from(["last", "successive"]))
def test_splitters_keep_the_future_out(table, quantile, targets):
    user, item, _ = map(list, zip(*table, strict=True))
    times = list(range(len(table)))  # distinct, so that one row is the last of its user
    X, y, groups, when = make_queries({"user_id": user, "item_id": item, "timestamp": times})
    cut = np.quantile(when, quantile)
    late = [row for row in range(len(y)) if when[row] > cut]
    if targets == "last":
        late = [row for row in late if when[row] == max(when[groups == groups[row]])]
    early = [row for row in range(len(y)) if when[row] <= cut and len(X[row])]
    late = [row for row in late if len(X[row])]
    if early and late:
        ((train, test),) = GlobalTimeSplit(quantile=quantile, targets=targets).split(X, y)
        assert train.tolist() == early
        assert test.tolist() == late
        assert max(when[train]) < min(when[test])

    is_last = [when[row] == max(when[groups == groups[row]]) for row in range(len(y))]
    parts = [[row for row in range(len(y)) if is_last[row] == last and len(X[row])] for last in (False, True)]
    if all(parts):
        ((train, test),) = LeaveLastOut().split(X, y)
        assert [train.tolist(), test.tolist()] == parts

    assume(len(set(item)) > 2)
    try:
        (train, test), *_ = ColdItemSplit(1, test_size=1, random_state=0).split(X, y)
    except ValueError as error:
        assert "no row for training" in str(error)  # noqa: PT017
        return
    (cold,) = set(y[test])
    assert test.tolist() == np.flatnonzero(y == cold).tolist()
    assert train.tolist() == [row for row in range(len(y)) if y[row] != cold and cold not in list(X[row])]
