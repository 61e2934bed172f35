"""Who is who: an event counts once for its user, however rows were cut, copied, split and sent to workers."""

import copy
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit, cross_validate, train_test_split
from sklearn.utils import resample, shuffle

from sklearn_llmtokens.exceptions import TrainingRowsWarning
from sklearn_llmtokens.recommend import (
    BaseRecommender,
    Catalog,
    ColdItemSplit,
    Event,
    GlobalTimeSplit,
    HybridRecommender,
    Interactions,
    LeaveLastOut,
    PopularityRecommender,
    TransitionRecommender,
    make_queries,
    novelty,
)

N_ITEMS = 6
CATALOG = Catalog([f"i{j}" for j in range(N_ITEMS)])


class Recorder(BaseRecommender):
    """Keep the training sequences, each as a list of (item, weight, time)."""

    def _fit(self, sequences):
        n = len(sequences.item_idx)
        weights = np.ones(n) if sequences.weights is None else sequences.weights
        times = np.full(n, np.nan) if sequences.times is None else sequences.times
        ids = self.catalog_.ids[sequences.item_idx]
        events = list(zip(ids.tolist(), weights.tolist(), times.tolist(), strict=True))
        bounds = zip(sequences.indptr[:-1], sequences.indptr[1:], strict=True)
        self.sequences_ = [events[start:stop] for start, stop in bounds]


def make_table(seed, n_users=8, n_events=30):
    """A table whose times have ties, and whose users have from none to many events."""
    rng = np.random.default_rng(seed)
    return {
        "user_id": rng.choice([f"u{j}" for j in range(n_users)], n_events),
        "item_id": rng.choice(CATALOG.ids, n_events),
        "timestamp": rng.integers(0, 15, n_events),
        "stars": rng.integers(-1, 4, n_events),
    }


def naive_events(table):
    """The events of each user, oldest first, as (item, weight, time)."""
    order = sorted(range(len(table["user_id"])), key=lambda row: (table["user_id"][row], table["timestamp"][row], row))
    found = {}
    for row in order:
        event = str(table["item_id"][row]), float(table["stars"][row]), float(table["timestamp"][row])
        found.setdefault(str(table["user_id"][row]), []).append(event)
    return found


def naive_shown(table, X, rows, *, targets=True):
    """The events that some of the rows show, by user: a row of n events shows the first n, and the one that followed.

    The rows are all rows of the table, so that row i of a user is the one with i events before it.
    """
    n_shown = {}
    for row in rows:
        n_shown[X[row].user] = max(n_shown.get(X[row].user, 0), len(X[row]) + targets)
    return {user: events[: n_shown[user]] for user, events in naive_events(table).items() if user in n_shown}


def naive_popularity(shown):
    counts = {item: sum(item in {event[0] for event in events} for events in shown.values()) for item in CATALOG.ids}
    return [counts[item] for item in CATALOG.ids]


def ids_of(shown):
    return sorted([event[0] for event in events] for events in shown.values() if events)


def fitted_ids(*args, **kwargs):
    sequences = Recorder(CATALOG).fit(*args, **kwargs).sequences_
    return sorted([event[0] for event in sequence] for sequence in sequences if sequence)


def popularity(*args, **kwargs):
    return PopularityRecommender(CATALOG).fit(*args, **kwargs).popularity_.tolist()


COPIES = {
    "as they are": lambda X, y: (X, y),
    "a list": lambda X, y: (list(X), y.tolist()),
    "a tuple": lambda X, y: (tuple(X), tuple(y)),
    "shuffled": lambda X, y: shuffle(X, y, random_state=0),
    "reversed": lambda X, y: (X[::-1], y[::-1]),
    "drawn with repeats": lambda X, y: resample(X, y, random_state=0, n_samples=4 * len(X)),
    "copied": lambda X, y: (X.copy(), y.copy()),
    "copied deeply": lambda X, y: (copy.deepcopy(X), y),
    "each copied by itself": lambda X, y: ([copy.deepcopy(history) for history in X], y),
    "pickled": lambda X, y: pickle.loads(pickle.dumps((X, y))),
    "each pickled by itself": lambda X, y: ([pickle.loads(pickle.dumps(history)) for history in X], y),
    "halves pickled apart": lambda X, y: (
        np.concatenate([pickle.loads(pickle.dumps(p)) for p in (X[::2], X[1::2])]),
        np.r_[y[::2], y[1::2]],
    ),
    "a Series": lambda X, y: (pd.Series(X), pd.Series(y)),
    "a Series with gaps in its index": lambda X, y: (pd.Series(X)[::-1], pd.Series(y)[::-1]),
    "a column of a frame": lambda X, y: (pd.DataFrame({"X": X, "y": y}).sort_values("y")["X"], np.sort(y)),
    "a Series of polars": lambda X, y: (pl.Series(X, dtype=pl.Object), pl.Series(y)),
    "cut to their latest two, and whole": lambda X, y: ([*(history[-2:] for history in X), *X], [*y, *y]),
}


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("seed", range(3))
def test_rows_know_their_users_through(how, seed):
    table = make_table(seed)
    X, y, *_ = make_queries(table)
    shown = naive_shown(table, X, range(len(X)))
    if how == "a column of a frame":
        order = np.argsort(y, kind="stable")
        X, y = X[order], y[order]
    X, y = COPIES[how](X, y)
    assert fitted_ids(X, y) == ids_of(shown)
    assert popularity(X, y) == naive_popularity(shown)


@pytest.mark.parametrize("seed", range(20))
def test_any_part_of_the_rows_shows_the_events_in_it(seed):
    table = make_table(seed)
    X, y, groups, _ = make_queries(table)
    rng = np.random.default_rng(seed)
    for _ in range(5):
        rows = rng.choice(len(X), rng.integers(1, len(X)), replace=False)
        shown = naive_shown(table, X, rows)
        assert fitted_ids(X[rows], y[rows]) == ids_of(shown)
        assert popularity(X[rows], y[rows]) == naive_popularity(shown)
        assert popularity(X[rows], y[rows], groups=groups[rows]) == naive_popularity(shown)
        assert popularity(X[rows]) == naive_popularity(naive_shown(table, X, rows, targets=False))


@pytest.mark.parametrize("form", ["lists", "arrays", "tuples", "a Series"])
@pytest.mark.parametrize("seed", range(10))
def test_groups_say_it_for_rows_made_by_hand(form, seed):
    table = make_table(seed)
    X, y, groups, _ = make_queries(table)
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(X))[: rng.integers(1, len(X))]
    shown = naive_shown(table, X, rows)
    plain = {
        "lists": lambda: [X[row].tolist() for row in rows],
        "arrays": lambda: [np.asarray(X[row]) for row in rows],
        "tuples": lambda: [tuple(X[row]) for row in rows],
        "a Series": lambda: pd.Series([X[row].tolist() for row in rows]),
    }[form]()
    for users in (groups[rows], groups[rows].tolist(), pd.Series(groups[rows]), pl.Series(groups[rows].tolist())):
        assert fitted_ids(plain, y[rows], groups=users) == ids_of(shown)
    assert popularity(plain, y[rows].tolist(), groups[rows]) == naive_popularity(shown)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "options", [{"weight": "stars"}, {"history_times": True}, {"weight": "stars", "history_times": True}]
)
def test_weights_and_times_are_those_of_the_table(seed, options):
    table = make_table(seed)
    X, y, *_ = make_queries(table, **options)
    rows = np.random.default_rng(seed).permutation(len(X))[:20]
    shown = naive_shown(table, X, rows)
    if "weight" not in options:
        shown = {user: [(item, 1.0, time) for item, _, time in events] for user, events in shown.items()}
    assert sorted(Recorder(CATALOG).fit(X[rows], y[rows]).sequences_) == sorted(shown.values())


SPLITTERS = {
    "GlobalTimeSplit, last": GlobalTimeSplit(quantile=0.6),
    "GlobalTimeSplit, first": GlobalTimeSplit(cut=9, targets="first"),
    "GlobalTimeSplit, successive": GlobalTimeSplit(quantile=[0.5, 0.8], targets="successive"),
    "LeaveLastOut": LeaveLastOut(),
    "ColdItemSplit": ColdItemSplit(3, test_size=1, random_state=0),
    "GroupKFold": GroupKFold(3),
    "KFold, shuffled": KFold(4, shuffle=True, random_state=0),
    "ShuffleSplit": ShuffleSplit(3, random_state=0),
}


def groups_for(cv, groups):
    return groups if isinstance(cv, GroupKFold) else None


@pytest.mark.filterwarnings("ignore:The last event of")
@pytest.mark.parametrize("cv", SPLITTERS.values(), ids=SPLITTERS)
@pytest.mark.parametrize("seed", range(5))
def test_every_split_counts_the_events_of_its_training_rows(cv, seed):
    table = make_table(seed, n_events=40)
    X, y, groups, times = make_queries(table)
    for train, _ in cv.split(X, y, groups_for(cv, groups)):
        shown = naive_shown(table, X, train)
        assert fitted_ids(X[train], y[train]) == ids_of(shown)
        assert popularity(X[train], y[train]) == naive_popularity(shown)
        if isinstance(cv, GlobalTimeSplit):
            cut = times[train].max()
            is_before = table["timestamp"] <= cut
            before = naive_events({name: column[is_before] for name, column in table.items()})
            assert all(events == before[user][: len(events)] for user, events in shown.items())
            assert {user for user, events in before.items() if len(events) > 1} == shown.keys()
        plain = [X[row].tolist() for row in train]
        assert popularity(plain, y[train], groups[train]) == naive_popularity(shown)


@pytest.mark.filterwarnings("ignore:The last event of")
@pytest.mark.parametrize("container", [np.asarray, pd.Series, list])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_workers_count_the_same(n_jobs, container):
    table = make_table(0, n_users=20, n_events=200)
    X, y, groups, _ = make_queries(table)
    for cv in SPLITTERS.values() if container is np.asarray else [KFold(2, shuffle=True, random_state=0)]:
        users = groups_for(cv, groups)
        found = cross_validate(
            PopularityRecommender(CATALOG),
            container(X),
            y,
            groups=users,
            cv=cv,
            n_jobs=n_jobs,
            return_estimator=True,
            scoring=_no_score,
        )["estimator"]
        expected = [naive_popularity(naive_shown(table, X, train)) for train, _ in cv.split(X, y, users)]
        assert [one.popularity_.tolist() for one in found] == expected


def _no_score(estimator, X, y):
    return 0.0


def test_a_table_is_fitted_as_it_is():
    table = make_table(3)
    events = naive_events(table)
    interactions = Interactions.from_frame(pd.DataFrame(table), weight="stars")
    assert Recorder(CATALOG).fit(interactions).sequences_ == list(events.values())
    unweighted = Interactions.from_frame(table, time=None)
    expected = {}
    for user, item in zip(table["user_id"].tolist(), table["item_id"].tolist(), strict=True):
        expected.setdefault(user, []).append((item, 1.0))
    found = Recorder(CATALOG).fit(unweighted).sequences_
    assert [[event[:2] for event in sequence] for sequence in found] == [expected[user] for user in sorted(expected)]
    assert popularity(unweighted) == naive_popularity(events)
    assert popularity(unweighted) == popularity(unweighted.histories())


def test_a_search_of_hybrids_holds_out_each_user_once():
    table = make_table(1, n_users=60, n_events=600)
    X, y, *_ = make_queries(table, history_times=True)
    parts = [("next", TransitionRecommender(CATALOG)), ("popular", PopularityRecommender(CATALOG))]
    rows = HybridRecommender(parts).fit(X, y)
    whole = HybridRecommender(parts).fit(Interactions.from_frame(table))
    assert rows.popularity_.tolist() == whole.popularity_.tolist() == naive_popularity(naive_events(table))
    assert rows.weights_ == whole.weights_
    np.testing.assert_array_equal(rows.score_items(X), whole.score_items(X))


def test_two_people_with_equal_beginnings_stay_two():
    X, y = [["i0"]] * 50 + [["i0", "i1"]] * 50, ["i1"] * 50 + ["i2"] * 50
    assert popularity(X, y) == [100, 100, 50, 0, 0, 0]
    assert popularity(X, y, groups=range(100)) == [100, 100, 50, 0, 0, 0]
    assert popularity([[*history, item] for history, item in zip(X, y, strict=True)]) == [100, 100, 50, 0, 0, 0]
    assert popularity(X, y, groups=[*range(50)] * 2) == [50, 50, 50, 0, 0, 0]
    items = np.array(["i0", "i1", "i2"], dtype=object)
    views = [items[:1], items[:2]] * 3 + [items[:0]] * 3  # which share memory
    assert popularity(views, ["i1", "i2"] * 3 + ["i5"] * 3) == [6, 6, 3, 0, 0, 3]


@pytest.mark.parametrize("seed", range(60))
def test_one_row_for_each_user_counts_each_row(seed):
    rng = np.random.default_rng(seed)
    rows = [rng.choice(CATALOG.ids[:3], rng.integers(2, 5)).tolist() for _ in range(8)]
    counts = [sum(item in row for row in rows) for item in CATALOG.ids]
    X, y = [row[:-1] for row in rows], [row[-1] for row in rows]
    assert popularity(X, y, groups=range(8)) == counts
    assert popularity(rows) == counts
    events = [(user, item, n) for user, row in enumerate(rows) for n, item in enumerate(row)]
    queries = make_queries(dict(zip(("user_id", "item_id", "timestamp"), zip(*events, strict=True), strict=True)))
    is_last = np.r_[queries.groups[1:] != queries.groups[:-1], True]
    assert popularity(queries.X[is_last], queries.y[is_last]) == counts


def test_users_of_two_tables_are_different_ones():
    first, second = (
        make_queries({"user_id": ["u", "u"], "item_id": items, "timestamp": [1, 2]})
        for items in (["i0", "i1"], ["i0", "i2"])
    )
    X, y = np.concatenate([first.X, second.X]), np.concatenate([first.y, second.y])
    assert fitted_ids(X, y) == [["i0", "i1"], ["i0", "i2"]]
    again = make_queries({"user_id": ["u", "u"], "item_id": ["i0", "i1"], "timestamp": [1, 2]})
    assert fitted_ids(np.concatenate([first.X, again.X]), [*first.y, *again.y]) == [["i0", "i1"]]


def test_rows_by_hand_beside_rows_that_know_their_user():
    X, y, *_ = make_queries({"user_id": ["u", "u"], "item_id": ["i0", "i1"], "timestamp": [1, 2]})
    assert fitted_ids([*X, ["i0"], ["i4"]], [*y, "i1", "i5"]) == [["i0", "i1"], ["i0", "i1"], ["i4", "i5"]]
    assert fitted_ids([*X, ["i0", "i1"]], [*y, "i2"], groups=["u", "u", "u"]) == [["i0", "i1", "i2"]]


def test_rows_of_one_user_that_contradict_each_other_are_refused():
    with pytest.raises(
        ValueError, match=r"X\[0\] and X\[2\] are of one user, whose event 1 is 'i1' by the one and 'i2'"
    ):
        popularity([["i0"], ["i0"], ["i0", "i2"]], ["i1", "i1", "i3"], groups=["u", "v", "u"])
    X, y, *_ = make_queries({"user_id": ["u", "v"], "item_id": ["i0", "i1"], "timestamp": [1, 2]})
    with pytest.raises(
        ValueError, match=r"groups has 'g' for X\[0\] and X\[1\], which make_queries made for the users 'u' and 'v'"
    ):
        popularity(X, y, groups=["g", "g"])


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (["u"], "X has 2 rows and groups has 1"),
        (["u", None], r"groups\[1\] is missing"),
        (np.ma.array([1, 2], mask=[0, 1]), r"groups\[1\] is missing"),
    ],
)
def test_groups_are_one_user_for_each_row(groups, message):
    with pytest.raises(ValueError, match=message):
        popularity([["i0"], ["i1"]], ["i1", "i2"], groups=groups)


def test_rows_that_look_like_growing_histories_are_warned_of():
    X, y, groups, _ = make_queries(make_table(0))
    plain = [history.tolist() for history in X]
    with pytest.warns(
        TrainingRowsWarning, match=r"of 30 rows are, with what followed, .* pass the users as groups"
    ) as caught:
        PopularityRecommender(CATALOG).fit(plain, y)
    assert caught[0].filename == __file__
    popularity(plain, y, groups=groups)
    popularity(plain)


def test_targets_in_another_order_than_their_rows_are_warned_of():
    X, *_ = make_queries({"user_id": ["u"] * 3, "item_id": ["i0", "i1", "i2"], "timestamp": [1, 2, 3]})
    with pytest.warns(
        TrainingRowsWarning, match=r"y is not what followed in 2 of 3 rows .*: X\[1\] was followed by 'i1'"
    ) as caught:
        found = Recorder(CATALOG).fit(X, ["i0", "i2", "i4"]).sequences_
    assert caught[0].filename == __file__
    assert [[event[0] for event in sequence] for sequence in found] == [["i0", "i2", "i1", "i4"]]


def test_a_history_is_a_sequence_of_its_events():
    X, *_ = make_queries({"user_id": [7] * 4, "item_id": ["a", "b", "c", "d"], "timestamp": ["2024-01-01"] * 4})
    history = X[3]
    assert (len(history), list(history), history.tolist()) == (3, ["a", "b", "c"], ["a", "b", "c"])
    assert (history[0], history[-1], history[1:], history[::-1], history[5:]) == (
        "a",
        "c",
        ["b", "c"],
        ["c", "b", "a"],
        [],
    )
    assert history == ["a", "b", "c"]
    assert history == np.array(["a", "b", "c"])
    assert history != ["a", "b"]
    assert history != "abc"
    assert "b" in history
    assert history.index("c") == 2
    assert np.asarray(history).tolist() == np.array(history, dtype="U1").tolist() == ["a", "b", "c"]
    assert history.user == history[:1].user == 7
    assert history.time == np.datetime64("2024-01-01")
    assert repr(history) == "History(['a', 'b', 'c'])"
    with pytest.raises(IndexError):
        history[3]
    with pytest.raises(TypeError, match="unhashable"):
        hash(history)
    events, *_ = make_queries({"user_id": [7] * 2, "item_id": ["a", "b"], "timestamp": [5, 6]}, history_times=True)
    assert events[1] == [Event("a", 1.0, 5.0)]
    assert events[1][0].time == 5.0
    assert np.asarray(events[1]).tolist() == [("a", 1.0, 5.0)]


def test_a_pickle_of_some_rows_has_the_events_of_their_users_alone():
    users = ["u"] * 500 + ["secret"]
    X, *_ = make_queries({"user_id": users, "item_id": ["a"] * 501, "timestamp": range(501)})
    assert b"secret" in pickle.dumps(X)
    of_u = pickle.dumps(X[[history.user == "u" for history in X]])
    assert b"secret" not in of_u
    assert len(of_u) < 60_000  # n events, not n * n / 2


def test_parts_of_split_rows_know_their_users():
    table = make_table(2)
    X, y, *_ = make_queries(table)
    rows = np.arange(len(X))
    X_train, _, y_train, _, train, _ = train_test_split(X, y, rows, random_state=0)
    assert popularity(X_train, y_train) == naive_popularity(naive_shown(table, X, train))


def test_what_is_novel_is_measured_by_users():
    table = make_table(4)
    X, _, groups, _ = make_queries(table)
    whole = [[event[0] for event in events] for events in naive_events(table).values()]
    lists = [["i0", "i1"], ["i5"]]
    assert novelty(lists, Interactions.from_frame(table)) == novelty(lists, whole)
    is_last = np.r_[groups[1:] != groups[:-1], True]
    assert novelty(lists, X) == novelty(lists, [history.tolist() for history in X[is_last]])
