"""Users and times reach splitters and recommenders through metadata routing, or within the rows themselves."""

import numpy as np
import pytest
import sklearn
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, cross_validate

from sklearn_llmtokens.recommend import (
    Catalog,
    ColdItemSplit,
    GlobalTimeSplit,
    HybridRecommender,
    LeaveLastOut,
    PopularityRecommender,
    TransitionRecommender,
    make_queries,
)

N_ITEMS = 8
CATALOG = Catalog([f"i{j}" for j in range(N_ITEMS)])


def make_events(n_users=30, n_events=500):
    """A table in which the event two before tells the next one, so that a window of 1 is worse than one of 3."""
    rng = np.random.default_rng(0)
    events = []
    for user in range(n_users):
        items = rng.integers(0, N_ITEMS, 2).tolist()
        while len(items) < n_events // n_users:
            items.append((items[-2] + 3) % N_ITEMS if rng.random() < 0.8 else int(rng.integers(N_ITEMS)))
        times = np.sort(rng.choice(10 * n_events, len(items), replace=False))
        events += [(f"u{user}", f"i{item}", time) for item, time in zip(items, times.tolist(), strict=True)]
    return dict(zip(("user_id", "item_id", "timestamp"), zip(*events, strict=True), strict=True))


X, Y, GROUPS, TIMES = make_queries(make_events())
PLAIN = [history.tolist() for history in X]
GRID = {"window": [1, 3]}


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def split(times, cut, users, n_before):
    """The rows up to the cut, and the last row of each user after it."""
    train = [i for i, time in enumerate(times) if time <= cut and n_before[i]]
    last = {}
    for i in sorted(range(len(times)), key=lambda i: times[i]):
        if times[i] > cut and n_before[i]:
            last[users[i]] = i
    return train, sorted(last.values())


def naive_nested(quantile):
    """The window that is best on the later part of the training part, and its score on the test part."""
    n_before = [len(history) for history in PLAIN]
    train, test = split(TIMES, np.quantile(TIMES, quantile), GROUPS, n_before)
    inner_times = TIMES[train]
    cut = np.quantile(inner_times, quantile)
    earlier, later = split(inner_times, cut, GROUPS[train], [n_before[i] for i in train])

    def fitted(window, rows):
        rows = list(rows)
        return TransitionRecommender(CATALOG, window=window).fit([PLAIN[i] for i in rows], Y[rows], GROUPS[rows])

    def score(model, rows):
        return model.score([PLAIN[i] for i in rows], Y[list(rows)])

    inner = {w: score(fitted(w, [train[i] for i in earlier]), [train[i] for i in later]) for w in GRID["window"]}
    best = max(inner, key=inner.get)
    return best, score(fitted(best, train), test)


def nested(X, quantile, **params):
    search = GridSearchCV(TransitionRecommender(CATALOG), GRID, cv=GlobalTimeSplit(quantile=quantile))
    cv = GlobalTimeSplit(quantile=quantile)
    found = cross_validate(search, X, Y, cv=cv, return_estimator=True, error_score="raise", **params)
    return found["estimator"][0].best_params_["window"], found["test_score"][0]


@pytest.mark.parametrize("quantile", [0.6, 0.8])
def test_choice_inside_of_a_cross_validation_by_time(quantile):
    best, score = nested(X, quantile)
    assert (best, score) == naive_nested(quantile)
    assert best == {0.6: 3, 0.8: 1}[quantile]


@pytest.mark.usefixtures("routing")
@pytest.mark.parametrize("quantile", [0.6, 0.8])
@pytest.mark.parametrize("rows", [X, PLAIN], ids=["rows that know", "rows by hand"])
def test_choice_inside_of_a_cross_validation_by_time_with_routing(quantile, rows):
    assert nested(rows, quantile, params={"groups": GROUPS, "times": TIMES}) == naive_nested(quantile)


@pytest.mark.usefixtures("routing")
@pytest.mark.parametrize("rows", [X, PLAIN], ids=["rows that know", "rows by hand"])
@pytest.mark.parametrize(
    ("cv", "names"),
    [
        (GlobalTimeSplit(TIMES), ["groups"]),
        (GlobalTimeSplit(), ["groups", "times"]),
        (GlobalTimeSplit(targets="successive"), ["groups", "times"]),
        (LeaveLastOut(TIMES), ["groups"]),
        (LeaveLastOut(), ["groups"]),
        (LeaveLastOut(), ["groups", "times"]),
        (GroupKFold(3), ["groups"]),
        (ColdItemSplit(2, test_size=1, random_state=0), ["groups"]),
        (KFold(3), ["groups"]),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["one", "hybrid"])
def test_users_reach_splitter_and_recommender(rows, cv, names, kind):
    recommender = PopularityRecommender(CATALOG)
    if kind == "hybrid":
        recommender = HybridRecommender([("popular", recommender)], weights=[1])
    params = {name: {"groups": GROUPS, "times": TIMES}[name] for name in names}
    found = cross_validate(recommender, rows, Y, cv=cv, params=params, return_estimator=True, error_score="raise")
    asked = {} if isinstance(cv, KFold | ColdItemSplit) else params
    for fitted, (train, _) in zip(found["estimator"], cv.split(rows, Y, **asked), strict=True):
        users = {}
        for i in train:
            users.setdefault(GROUPS[i], set()).update({*PLAIN[i], Y[i]})
        counts = [sum(item in items for items in users.values()) for item in CATALOG.ids]
        assert fitted.popularity_.tolist() == counts


@pytest.mark.usefixtures("routing")
def test_groups_that_are_no_users_are_declined():
    halves = np.arange(len(X)) % 2
    recommender = PopularityRecommender(CATALOG)
    with pytest.raises(ValueError, match=r"set_fit_request\(groups=False\) keeps them from fit"):
        cross_validate(recommender, X, Y, cv=GroupKFold(2), params={"groups": halves}, error_score="raise")
    recommender.set_fit_request(groups=False)
    assert len(cross_validate(recommender, X, Y, cv=GroupKFold(2), params={"groups": halves})["test_score"]) == 2


def test_a_splitter_asks_the_rows_what_it_is_not_passed():
    for splitter in (GlobalTimeSplit(), LeaveLastOut()):
        train, test = next(splitter.split(X))
        for other in (next(splitter.split(PLAIN, groups=GROUPS, times=TIMES)), next(splitter.split(X, None, GROUPS))):
            assert [train.tolist(), test.tolist()] == [part.tolist() for part in other]
    mixed = np.random.default_rng(0).permutation(len(X))
    assert sorted(mixed[next(LeaveLastOut().split(X[mixed]))[1]]) == next(LeaveLastOut().split(X))[1].tolist()


def test_times_that_are_passed_go_before_those_of_the_splitter():
    train, test = next(GlobalTimeSplit([1, 2, 3], cut=2, targets="successive").split([["a"]] * 3, times=[3, 2, 1]))
    assert (train.tolist(), test.tolist()) == ([1, 2], [0])


def test_of_events_at_one_time_the_last_of_the_table_is_last_in_any_order_of_rows():
    events = {"user_id": [1] * 4, "item_id": list("abcd"), "timestamp": [1, 2, 5, 5]}
    rows, y, *_ = make_queries(events)
    for order in ([0, 1, 2, 3], [3, 2, 1, 0]):
        _, test = next(GlobalTimeSplit(cut=2).split(rows[order]))
        assert y[order][test].tolist() == ["d"]
        _, test = next(GlobalTimeSplit(cut=2, targets="first").split(rows[order]))
        assert y[order][test].tolist() == ["c"]
        with pytest.warns(UserWarning, match="The last event of 1 of 1 users has the time of the one before"):
            _, test = next(LeaveLastOut().split(rows[order]))
        assert y[order][test].tolist() == ["d"]
