"""Checks of ranked lists: their form, their order, who may be given what, and why."""

import numpy as np

from ._compare import assert_same, attempt, prepare, refused
from ._samples import installed


def check_recommend_form(name, recommender, *, X, y):
    """``recommend`` gives (n_queries, k) ids of the catalogue and falling scores; ``predict`` the first."""
    fitted = prepare(recommender).fit(X, y)
    k = 3
    items, scores = fitted.recommend(X, k, return_scores=True)
    assert items.shape == scores.shape == (len(X), k), f"{name}.recommend gives the shape {items.shape}."
    assert scores.dtype == np.float32, f"{name}.recommend gives scores of {scores.dtype}."
    known = {*fitted.catalog_.ids.tolist(), None}
    assert set(items.ravel().tolist()) <= known, f"{name}.recommend gives ids that are not in the catalogue."
    assert (scores[:, 1:] <= scores[:, :-1]).all(), f"{name}.recommend gives scores that rise."
    assert_same(fitted.recommend(X, k), items, f"{name}.recommend gives other items with return_scores")
    assert_same(fitted.predict(X), items[:, 0], f"{name}.predict is not the first of recommend")
    for what, value in (("zero", 0), ("negative", -1)):
        with refused(f"{name}.recommend with a {what} k", ValueError):
            fitted.recommend(X, value)
    none = fitted.recommend([], k)
    assert none.shape == (0, k), f"{name}.recommend of no histories gives the shape {none.shape}, not {(0, k)}."


def check_recommend_agrees_with_scores(name, recommender, *, X, y):
    """Lists are those that a stable sort of `score_items` gives: ties in the order of the catalogue, seen items out."""
    fitted = prepare(recommender).fit(X, y)
    scores = fitted.score_items(X)
    n_items = fitted.catalog_.n_items
    assert scores.shape == (len(X), n_items), f"{name}.score_items gives the shape {scores.shape}."
    assert scores.dtype == np.float32, f"{name}.score_items gives {scores.dtype}."
    assert np.isfinite(scores).all(), f"{name}.score_items gives NaN or infinity."
    for filter_seen in (True, False):
        found = fitted.recommend(X, n_items, filter_seen=filter_seen)
        expected = [
            _ranked(fitted.catalog_, row, history if filter_seen else [])
            for row, history in zip(scores, X, strict=True)
        ]
        for i, (actual, wanted) in enumerate(zip(found, expected, strict=True)):
            assert actual.tolist() == wanted, f"{name}: row {i} is {actual.tolist()}, not {wanted}."


def check_recommend_order_invariance(name, recommender, *, X, y):
    """The same histories in another order give the same lists."""
    fitted = prepare(recommender).fit(X, y)
    order = np.random.default_rng(0).permutation(len(X))
    shuffled = [X[i] for i in order]
    assert_same(fitted.score_items(shuffled), fitted.score_items(X)[order], f"{name} scores another order otherwise")
    assert_same(fitted.recommend(shuffled), fitted.recommend(X)[order], f"{name} ranks another order otherwise")


def check_recommend_subset_invariance(name, recommender, *, X, y):
    """A history alone gives what it gives among others."""
    fitted = prepare(recommender).fit(X, y)
    alone = np.vstack([fitted.score_items([history]) for history in X])
    assert_same(alone, fitted.score_items(X), f"{name} scores a history alone otherwise")
    alone = np.vstack([fitted.recommend([history]) for history in X])
    assert_same(alone, fitted.recommend(X), f"{name} ranks a history alone otherwise")


def check_recommend_containers(name, recommender, *, X, y):
    """Histories may be lists, tuples or arrays, in a list or an array; an id may be in one twice."""
    expected = prepare(recommender).fit(X, y).recommend(X)
    as_objects = np.empty(len(X), dtype=object)
    as_objects[:] = [np.asarray(history, dtype=object) for history in X]
    for what, other in (
        ("arrays in a list", list(as_objects)),
        ("an array of arrays", as_objects),
        ("a tuple", tuple(X)),
    ):
        fitted = attempt(f"{name}.fit on {what}", prepare(recommender).fit, other, np.asarray(y, dtype=object))
        assert_same(fitted.recommend(other), expected, f"{name} ranks {what} otherwise")
    attempt(f"{name} on a history that has an id twice", fitted.recommend, [[*X[0], *X[0]]])
    wrong: dict = {"a str": "abc", "histories that are ids": [history[0] for history in X], "a set": set()}
    for what, value in wrong.items():
        with refused(f"{name}.recommend of {what}", TypeError, ValueError):
            fitted.recommend(value)


def check_recommend_empty_history(name, recommender, *, X, y):
    """An empty history is ranked by popularity, beside others and alone."""
    fitted = prepare(recommender).fit(X, y)
    n_items = fitted.catalog_.n_items
    expected = _ranked(fitted.catalog_, fitted.popularity_, [])
    for what, queries in (("alone", [[]]), ("beside others", [X[0], []])):
        found = attempt(
            f"{name} on an empty history {what}", lambda queries=queries: fitted.recommend(queries, n_items)
        )
        assert found[-1].tolist() == expected, f"{name} does not rank an empty history {what} by popularity."
    assert_same(fitted.score_items([[]])[0], fitted.popularity_, f"{name}.score_items of an empty history")
    assert len(fitted.explain([[]], [y[0]])[0]) == 0, f"{name}.explain gives shares for an empty history."


def check_recommend_short_rows(name, recommender, *, X, y):
    """Where fewer than k items are left, None fills the row: k larger than the catalogue, or everything seen."""
    fitted = prepare(recommender).fit(X, y)
    ids = fitted.catalog_.ids.tolist()
    items, scores = fitted.recommend([X[0], ids], len(ids) + 2, return_scores=True)
    n_left = len(ids) - len(set(X[0]))
    assert items.shape == (2, len(ids) + 2), f"{name}.recommend with a k beyond the catalogue gives {items.shape}."
    assert None not in items[0, :n_left].tolist(), f"{name} gives too few items."
    assert items[0, n_left:].tolist() == [None] * (len(set(X[0])) + 2), f"{name} does not fill short rows with None."
    assert items[1].tolist() == [None] * (len(ids) + 2), f"{name} recommends something to who has seen everything."
    assert np.isneginf(scores[1]).all(), f"{name} gives scores to None."


def check_recommend_candidates(name, recommender, *, X, y):
    """Candidates, one list for all or one for each query, are ranked among themselves."""
    fitted = prepare(recommender).fit(X, y)
    ids, scores = fitted.catalog_.ids.tolist(), fitted.score_items(X)
    rng = np.random.default_rng(0)
    shared = [ids[i] for i in rng.permutation(len(ids))[: len(ids) // 2]]
    own = [[ids[i] for i in rng.permutation(len(ids))[:3]] for _ in X]
    for what, candidates, lists in (
        ("one list", shared, [shared] * len(X)),
        ("lists", own, own),
        ("none", [], [[]] * len(X)),
    ):
        found = fitted.recommend(X, 3, candidates=candidates, filter_seen=False)
        for i, allowed in enumerate(lists):
            blocked = [one for one in ids if one not in allowed]
            expected = [*_ranked(fitted.catalog_, scores[i], blocked), None, None, None][:3]
            assert found[i].tolist() == expected, (
                f"{name} with {what} of candidates: {found[i].tolist()}, not {expected}."
            )
    with refused(f"{name}.recommend with an unknown candidate", ValueError):
        fitted.recommend(X, 3, candidates=[object.__repr__(fitted)])
    with refused(f"{name}.recommend with too few lists of candidates", ValueError):
        fitted.recommend(X, 3, candidates=own[:-1])


def check_recommend_exclude(name, recommender, *, X, y):
    """Excluded items are left out, for all queries or for one."""
    fitted = prepare(recommender).fit(X, y)
    scores = fitted.score_items(X)
    first = fitted.predict(X).tolist()
    own = [[one] for one in first]
    for what, exclude, lists in (("one list", first[:1], [first[:1]] * len(X)), ("lists", own, own)):
        found = fitted.recommend(X, 2, exclude=exclude)
        for i, blocked in enumerate(lists):
            expected = [*_ranked(fitted.catalog_, scores[i], [*blocked, *X[i]]), None, None][:2]
            wanted = f"{name} with {what} to exclude: {found[i].tolist()}, not {expected}."
            assert found[i].tolist() == expected, wanted


def check_recommend_as_frame(name, recommender, *, X, y):
    """As a frame the lists are the same, one row per item: short rows, candidates, exclusions and labels included."""
    if not installed("pandas"):
        return
    import pandas

    fitted = prepare(recommender).fit(X, y)
    ids = fitted.catalog_.ids.tolist()
    labels = [f"q{i}" for i in range(len(X) + 1)]
    queries = [*X, ids]  # who has seen everything
    first = fitted.predict(X).tolist()
    for what, options in (
        ("k=3", {"k": 3}),
        ("a k beyond the catalogue", {"k": len(ids) + 2}),
        ("candidates", {"k": 2, "candidates": ids[: len(ids) // 2], "filter_seen": False}),
        ("exclude", {"k": 2, "exclude": [*([one] for one in first), []]}),
        ("seen items", {"k": 2, "filter_seen": False}),
    ):
        lists, scores = fitted.recommend(queries, return_scores=True, **options)
        expected = [
            (label, item, score, rank)
            for label, row, row_scores in zip(labels, lists.tolist(), scores.tolist(), strict=True)
            for rank, (item, score) in enumerate(zip(row, row_scores, strict=True), start=1)
            if item is not None
        ]
        for at, given in ((range(len(queries)), queries), (labels, pandas.Series(queries, index=labels))):
            frame = fitted.recommend(given, as_frame=True, **options)
            columns = ["query_id", "item_id", "score", "rank"]
            assert frame.columns.tolist() == columns, f"{name}: the frame has the columns {frame.columns.tolist()}."
            named = dict(zip(labels, at, strict=True))
            wanted = [(named[label], *others) for label, *others in expected]
            found = list(frame.itertuples(index=False, name=None))
            assert found == wanted, f"{name}: the frame with {what} is not what recommend returns without it."


def check_explain_adds_up(name, recommender, *, X, y):
    """The shares of the events add up to the score, for one item for each query and for several."""
    fitted = prepare(recommender).fit(X, y)
    scores = fitted.score_items(X).astype(np.float64)
    tolerance = 1e-5 * max(1.0, float(np.abs(scores).max()))
    shares = fitted.explain(X, y)
    for i, (history, share, score) in enumerate(
        zip(X, shares, scores[np.arange(len(X)), fitted.catalog_.index_of(y)], strict=True)
    ):
        assert share.shape == (len(history),), f"{name}.explain gives {share.shape} for {len(history)} events."
        assert abs(share.sum() - score) <= tolerance, (
            f"{name}: the shares of row {i} add up to {share.sum()}, not {score}."
        )
    items, top_scores = fitted.recommend(X, 2, return_scores=True)
    for i, share in enumerate(fitted.explain(X, items)):
        assert share.shape == (len(X[i]), 2), f"{name}.explain of two items gives {share.shape}."
        there = np.isfinite(top_scores[i])
        assert np.isnan(share[:, ~there]).all(), f"{name}.explain gives shares for None."
        assert (np.abs(share.sum(axis=0) - top_scores[i])[there] <= tolerance).all(), (
            f"{name}: row {i} does not add up."
        )


def _ranked(catalog, scores, blocked) -> list:
    """Return all ids by falling score, equal ones in their order, the blocked ones as None at the end."""
    ids = catalog.ids.tolist()
    order = np.argsort(-scores.astype(np.float64), kind="stable")
    left = [ids[i] for i in order if ids[i] not in set(blocked)]
    return left + [None] * (len(ids) - len(left))
