import datetime
import importlib.util
import os
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_validate

from sklearn_llmtokens.datasets import load_toy_catalog
from sklearn_llmtokens.recommend import (
    Catalog,
    ColdItemSplit,
    GlobalTimeSplit,
    LeaveLastOut,
    PopularityRecommender,
    TransitionRecommender,
    make_queries,
    make_top_k_scorer,
)

events = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5), st.integers(0, 12)), min_size=8, max_size=40)


def naive_queries(rows, cut, targets):
    """The protocol in plain loops: histories and targets."""
    users = {}
    for user, item, time in sorted(rows, key=lambda row: (row[0], row[2])):
        users.setdefault(user, []).append((item, time))
    found = []
    for user, sequence in users.items():
        n_before = sum(time <= cut for _, time in sequence)
        if n_before == len(sequence):
            continue
        at = {"last": [len(sequence) - 1], "first": [n_before], "successive": range(n_before, len(sequence))}[targets]
        found += [(user, [i for i, _ in sequence[:k]], sequence[k][0]) for k in at if k >= 1]
    train = [(user, [i for i, t in sequence if t <= cut]) for user, sequence in users.items()]
    return [(user, items) for user, items in train if len(items) >= 2], found


@settings(deadline=None)
@given(rows=events, cut=st.integers(2, 10), targets=st.sampled_from(["last", "first", "successive"]))
def test_global_time_split_gives_the_queries_of_the_protocol(rows, cut, targets):
    X, y, groups, times = make_queries(np.array(rows))
    train_sequences, expected = naive_queries(rows, cut, targets)
    splitter = GlobalTimeSplit(times, cut=cut, targets=targets)
    if not expected or not train_sequences:
        with pytest.raises(ValueError, match="leaves no row for"):
            next(splitter.split(X, y, groups))
        return
    train, test = next(splitter.split(X, y, groups))
    assert [(groups[i], X[i].tolist(), y[i]) for i in test] == expected
    assert max(times[train]) <= cut < min(times[test])
    longest = {groups[i]: [*X[i].tolist(), y[i]] for i in train}
    assert longest == dict(train_sequences)


@settings(deadline=None)
@given(rows=events, quantile=st.sampled_from([0.3, 0.5, 0.9]))
def test_no_cut_lies_inside_a_tie(rows, quantile):
    X, y, groups, times = make_queries(np.array(rows))
    try:
        train, test = next(GlobalTimeSplit(times, quantile=quantile, targets="successive").split(X, y, groups))
    except ValueError:
        return
    assert not set(times[train]) & set(times[test])


def test_several_cuts_give_windows():
    times = np.arange(100)
    X = [["a"]] * 100
    splitter = GlobalTimeSplit(times, quantile=[0.8, 0.6], targets="successive")
    assert splitter.get_n_splits() == 2
    (train, test), (train_2, test_2) = splitter.split(X)
    assert test.tolist() == list(range(60, 80))
    assert test_2.tolist() == list(range(80, 100))
    assert (len(train), len(train_2)) == (60, 80)


def test_dates_are_cut_like_numbers():
    start = datetime.datetime(2024, 1, 1)
    dates = [start + datetime.timedelta(days=day) for day in range(10)]
    X = [["a"]] * 10
    for times in (dates, np.array(dates, dtype="datetime64[ns]")):
        for how in ({"cut": datetime.datetime(2024, 1, 7, 12)}, {"quantile": 0.7}):
            train, test = next(GlobalTimeSplit(times, targets="successive", **how).split(X))
            assert train.tolist() == list(range(7))
            assert test.tolist() == [7, 8, 9]


def test_first_targets_need_the_rows_of_first_events():
    events = {"user_id": [1, 1, 2, 2, 2], "item_id": list("abcde"), "timestamp": [1, 2, 6, 7, 8]}
    X, y, groups, times = make_queries(events, min_history=1)
    with pytest.raises(ValueError, match=r"X\[1\] has one event before it .*\(make_queries\(min_history=0\)\)"):
        next(GlobalTimeSplit(times, cut=5, targets="first").split(X, y, groups))


@pytest.mark.parametrize("times", [["2024-01-02", "2024-01-10", "2024-02-01"], [1.5, 2, 10]])
def test_times_that_are_objects_are_ordered_as_dates_or_numbers(times):
    splitter = GlobalTimeSplit(np.array(times, dtype=object), quantile=0.5, targets="successive")
    assert [part.tolist() for part in next(splitter.split([[1]] * 3))] == [[0, 1], [2]]


DAYS = ["2024-01-01", "2024-01-02", "2024-01-03"]


@pytest.mark.parametrize(
    "cut",
    [
        1704153600,
        1704153600.0,
        Decimal(1704153600),
        "2024-01-02",
        "2024-01-02T01:00+01:00",
        datetime.date(2024, 1, 2),
        datetime.datetime(2024, 1, 2, tzinfo=datetime.UTC),
        np.datetime64("2024-01-02"),
        [datetime.date(2024, 1, 2)],
    ],
)
@pytest.mark.parametrize("kind", ["seconds", "dates", "texts"])
def test_a_date_among_numbers_is_seconds_since_1970(cut, kind):
    times = np.array(DAYS, dtype="datetime64[s]")
    times = {"seconds": times.astype(np.int64).tolist(), "dates": times, "texts": DAYS}[kind]
    splitter = GlobalTimeSplit(times, cut=cut, targets="successive")
    assert splitter.get_n_splits() == 1
    assert [part.tolist() for part in next(splitter.split([["a"]] * 3))] == [[0, 1], [2]]


def test_durations_are_cut_by_durations_and_seconds():
    times = [datetime.timedelta(days=n) for n in range(4)]
    for how in ({"cut": datetime.timedelta(days=1)}, {"cut": 86400}, {"quantile": 0.4}):
        train, test = next(GlobalTimeSplit(times, targets="successive", **how).split([["a"]] * 4))
        assert (train.tolist(), test.tolist()) == ([0, 1], [2, 3])


@pytest.mark.parametrize(
    ("cut", "message"),
    [
        ("x", "'cut' holds 'x': numbers or dates are expected"),
        ("20240102", "'cut' holds '20240102' at 0, a number"),
        (datetime.timedelta(1), r"cut is datetime.timedelta\(days=1\), and times of dtype datetime64"),
        (float("nan"), r"cut\[0\] is missing"),
        (datetime.date(2030, 1, 1), "The cut at 2030-01-01.* leaves no row for test"),
    ],
)
def test_a_cut_that_does_not_fit_is_refused(cut, message):
    with pytest.raises(ValueError, match=message):
        next(GlobalTimeSplit(DAYS, cut=cut, targets="successive").split([["a"]] * 3))


@pytest.mark.parametrize("splitter", [GlobalTimeSplit(DAYS), LeaveLastOut(DAYS)])
@pytest.mark.parametrize("groups", [np.ma.array([1, 2, 3], mask=[0, 1, 0]), [1, None, 3], ["a", float("nan"), "b"]])
def test_groups_that_are_missing_are_named(splitter, groups):
    with pytest.raises(ValueError, match=r"groups\[1\] is missing \(.*\): name the user of each row"):
        next(splitter.split([["a"]] * 3, None, groups))


@pytest.mark.parametrize("times", [np.ma.array([1, 2, 3], mask=[0, 1, 0]), ["2024-01-01", None, "2024-01-03"]])
def test_times_that_are_missing_are_named(times):
    for splitter in (GlobalTimeSplit(times), LeaveLastOut(times)):
        with pytest.raises(ValueError, match=r"times\[1\] is missing"):
            next(splitter.split([["a"]] * 3, None, [1, 2, 3]))


@pytest.mark.parametrize(
    ("options", "groups", "message"),
    [
        ({}, None, "groups is None: pass the user of each row as groups, or rows of make_queries"),
        ({"times": None}, [1] * 4, "times is None: pass the time of each row as times, or rows of make_queries"),
        ({}, [1, 2], "X has 4 rows and groups has 2"),
        ({"targets": "all"}, [1] * 4, "targets='all' is not known; choose one of 'last', 'first', 'successive'"),
        ({"quantile": 1.5}, [1] * 4, "quantile == 1.5"),
        ({"cut": 99}, [1] * 4, "The cut at 99 leaves no row for test"),
        ({"times": [1, 2]}, [1] * 4, "X has 4 rows and times has 2"),
        ({"times": [1, 2, np.nan, 3]}, [1] * 4, r"times\[2\] is missing"),
        ({"times": list("abcd")}, [1] * 4, "'times' holds 'a': numbers or dates are expected"),
        ({"times": [[1], [2], [3], [4]]}, [1] * 4, r"'times' holds \[1\]: numbers or dates are expected"),
        ({"times": ["20240102", "9", "12", "7"]}, [1] * 4, "'times' holds '20240102' at 0, a number .* convert"),
        ({"times": np.array([1, 2, None, 3], dtype=object)}, [1] * 4, r"times\[2\] is missing"),
    ],
)
def test_global_time_split_says_what_is_wrong(options, groups, message):
    splitter = GlobalTimeSplit(**{"times": [1, 2, 3, 4], **options})
    with pytest.raises(ValueError, match=message):
        next(splitter.split([["a"]] * 4, None, groups))


@settings(deadline=None)
@given(rows=events)
def test_leave_last_out_takes_the_last_row_of_each_user(rows):
    rows = [(user, item, n) for n, (user, item, _) in enumerate(rows)]  # no ties
    X, y, groups, times = make_queries(np.array(rows))
    users = {}
    for user, item, _ in rows:
        users.setdefault(user, []).append(item)
    expected = [(user, items[:-1], items[-1]) for user, items in sorted(users.items()) if len(items) > 1]
    if not any(len(items) > 2 for items in users.values()):
        return
    mixed = np.random.default_rng(0).permutation(len(X))  # the order of rows does not matter where times are given
    train, test = next(LeaveLastOut(times[mixed]).split(X[mixed], None, groups[mixed]))
    found = sorted(((groups[mixed][i], X[mixed][i].tolist(), y[mixed][i]) for i in test), key=lambda row: row[0])
    assert found == expected
    assert len(train) == sum(max(len(items) - 2, 0) for items in users.values())
    assert np.array_equal(next(LeaveLastOut().split(X, None, groups))[1], np.sort(mixed[test]))


def test_leave_last_out_warns_of_ties():
    events = {"user_id": [1, 1, 1, 2, 2, 2], "item_id": list("abcabc"), "timestamp": [1, 2, 2, 1, 1, 3]}
    X, y, groups, times = make_queries(events)
    with pytest.warns(UserWarning, match="The last event of 1 of 2 users has the time of the one before"):
        next(LeaveLastOut(times).split(X, y, groups))
    with pytest.raises(ValueError, match="No row is left for training"):
        next(LeaveLastOut().split([["a"], ["b"]], None, [1, 2]))


@settings(deadline=None)
@given(rows=events, seed=st.integers(0, 9), n_cold=st.integers(1, 2))
def test_cold_items_occur_nowhere_in_training(rows, seed, n_cold):
    X, y, *_ = make_queries(np.array(rows), history_times=seed % 2 == 0)
    if len(set(y.tolist())) <= n_cold:
        return
    try:
        folds = list(ColdItemSplit(3, test_size=n_cold, random_state=seed).split(X, y))
    except ValueError:
        return
    assert len(folds) == 3
    for train, test in folds:
        cold = set(y[test].tolist())
        assert len(cold) == n_cold
        for i in train:
            history = {event[0] if isinstance(event, tuple) else event for event in list(X[i])}
            assert not cold & (history | {y[i]})
        for i in set(range(len(y))) - set(train) - set(test):
            assert y[i] not in cold


def test_cold_item_split_says_what_is_wrong():
    with pytest.raises(ValueError, match="X has 2 rows and y has 1"):
        next(ColdItemSplit().split([["a"], ["b"]], ["b"]))
    with pytest.raises(ValueError, match="2 cold items leave no row for training"):
        next(ColdItemSplit(test_size=2).split([["a"], ["b"]], ["b", "a"]))
    with pytest.raises(ValueError, match="test_size == 5, must be <= 2"):
        next(ColdItemSplit(test_size=5).split([["a"], ["b"]], ["b", "a"]))


@pytest.fixture(scope="module")
def toy():
    bunch = load_toy_catalog()
    return Catalog(bunch.ids, bunch.texts), make_queries(bunch.events)


def splitters(queries):
    return [
        GlobalTimeSplit(queries.times),
        LeaveLastOut(queries.times),
        ColdItemSplit(2, random_state=0),
        GroupKFold(2),
    ]


@pytest.mark.parametrize("which", range(4))
def test_splitters_serve_cross_validate(toy, which):
    catalog, queries = toy
    X, y, groups, _ = queries
    cv = splitters(queries)[which]
    scores = cross_validate(
        TransitionRecommender(catalog),
        X,
        y,
        groups=groups,
        cv=cv,
        scoring={"HR": make_top_k_scorer("recall"), "coverage": make_top_k_scorer("coverage")},
    )
    assert len(scores["test_HR"]) == cv.get_n_splits(X, y, groups)
    assert np.isfinite(scores["test_coverage"]).all()
    assert (scores["test_HR"] == 0).all() == isinstance(cv, ColdItemSplit)  # transitions cannot reach cold items
    repr(cv)


def test_splitters_serve_a_search(toy):
    catalog, (X, y, groups, times) = toy
    search = GridSearchCV(
        TransitionRecommender(catalog),
        {"window": [1, 5]},
        scoring=make_top_k_scorer("ndcg"),
        cv=GlobalTimeSplit(times, targets="successive"),
        refit=False,
    ).fit(X, y, groups=groups)
    assert np.ptp(search.cv_results_["mean_test_score"]) > 0
    clone(search)


def test_times_of_other_rows_are_refused_inside_a_split(toy):
    catalog, (X, y, groups, times) = toy
    search = GridSearchCV(PopularityRecommender(catalog), {}, cv=GlobalTimeSplit(times))
    with pytest.raises(
        ValueError, match=r"X has 500 rows and times has .* leave times out if make_queries made the rows"
    ):
        search.fit(X[:500], y[:500], groups=groups[:500])


def protocol():
    """The module with the protocol of the published figures, and the events, where both are at hand."""
    path, home = (os.environ.get(f"SKLEARN_LLMTOKENS_{name}") for name in ("PROTOCOL", "DATA"))
    if not path or not home:
        pytest.skip(
            "set SKLEARN_LLMTOKENS_PROTOCOL to a file with the protocol of arXiv 2507.16289 (docs/benchmarks/ranking.md"
            " says what it must have) and SKLEARN_LLMTOKENS_DATA to a data home"
        )
    spec = importlib.util.spec_from_file_location("ranking_protocol", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    events = Path(home) / "interactions" / "amazon_beauty_events.parquet"
    if not events.is_file():
        pytest.skip("SKLEARN_LLMTOKENS_DATA has no events of Amazon Beauty")
    return module, pytest.importorskip("pandas").read_parquet(events)


@pytest.mark.parametrize("targets", ["last", "first", "successive"])
def test_the_queries_of_the_published_protocol_are_reproduced(targets):
    pytest.importorskip("pyarrow")
    module, events = protocol()
    train_lists, test_lists = module.split(events)
    histories, items = module.queries(test_lists, targets)

    X, y, groups, times = make_queries(events, drop_repeats=True)
    train, test = next(GlobalTimeSplit(times, targets=targets).split(X, y, groups))
    assert y[test].tolist() == items
    assert all(X[i].tolist() == history for i, history in zip(test, histories, strict=True))
    longest = {groups[i]: i for i in train}
    assert [[*X[i].tolist(), y[i].item()] for i in longest.values()] == train_lists
