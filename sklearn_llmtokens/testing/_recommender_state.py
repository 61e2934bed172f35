"""Checks of what a recommender remembers, and that it works in the tools of scikit-learn."""

import pickle
import tempfile
from pathlib import Path

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_validate

from ._compare import assert_same, attempt, fingerprint, fitted_attributes, prepare, refused
from ._recommender_items import _columns, _new_id


def check_recommender_clone(name, recommender, *, X, y):
    """A clone has the same parameters, shares the catalogue, and is not fitted."""
    recommender = prepare(recommender)
    params = recommender.get_params(deep=False)
    made = type(recommender)(**params)
    for key, value in params.items():
        assert made.get_params(deep=False)[key] is value, f"{name}.__init__ changes {key}: it is to be stored as it is."
    copy = clone(recommender.fit(X, y))
    assert copy.get_params(deep=False).keys() == params.keys(), f"A clone of {name} has other parameters."
    assert copy.catalog is recommender.catalog, f"A clone of {name} copies the catalogue."
    assert not fitted_attributes(copy), f"A clone of a fitted {name} has {sorted(fitted_attributes(copy))}."


def check_recommender_fit_leaves_params(name, recommender, *, X, y):
    """``fit`` changes no parameter and gives the recommender itself."""
    recommender = prepare(recommender)
    before = {key: (value, fingerprint(value)) for key, value in recommender.get_params(deep=False).items()}
    assert recommender.fit(X, y) is recommender, f"{name}.fit does not return the recommender."
    for key, value in recommender.get_params(deep=False).items():
        assert value is before[key][0], f"{name}.fit replaces the parameter {key}."
        assert fingerprint(value) == before[key][1], f"{name}.fit changes the parameter {key} in place."


def check_recommender_pickle(name, recommender, *, X, y):
    """A pickle ranks and scores as the original, whether it was made before or after ``fit``."""
    fitted = prepare(recommender).fit(X, y)
    blank = attempt(f"Pickling a {name}", lambda: pickle.loads(pickle.dumps(prepare(recommender))))
    loaded = attempt(f"Pickling a fitted {name}", lambda: pickle.loads(pickle.dumps(fitted)))
    for what, other in (("before", blank.fit(X, y)), ("after", loaded)):
        assert_same(other.score_items(X), fitted.score_items(X), f"A {name} pickled {what} fit scores otherwise")
        assert_same(other.recommend(X), fitted.recommend(X), f"A {name} pickled {what} fit ranks otherwise")


def check_recommender_memmap(name, recommender, *, X, y):
    """Fitted arrays may be memory maps that cannot be written to; items can be removed and come back even so."""
    fitted = prepare(recommender).fit(X, y)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = Path(folder, "recommender.joblib")
        attempt(f"Dumping a fitted {name} with joblib", joblib.dump, fitted, path)
        loaded = joblib.load(path, mmap_mode="r")
        assert_same(loaded.recommend(X), fitted.recommend(X), f"A {name} on memory maps ranks otherwise")
        attempt(f"Removing an item from a {name} on memory maps", loaded.remove_items, [X[0][0]])
        del loaded


def check_recommender_fit_idempotent(name, recommender, *, X, y):
    """Fitting twice on the same histories changes nothing."""
    recommender = prepare(recommender).fit(X, y)
    before = recommender.score_items(X)
    assert_same(recommender.fit(X, y).score_items(X), before, f"A second fit of {name} changes the scores")


def check_recommender_forgets(name, recommender, *, X, y):
    """``fit`` forgets what it knew: earlier histories, items added and items removed."""
    few = slice(0, max(4, len(X) // 2))
    new = prepare(recommender).fit(X[few], y[few])
    used = prepare(recommender).fit(X, y).remove_items([X[0][0]]).fit(X[few], y[few])
    assert_same(used.score_items(X), new.score_items(X), f"{name} remembers an earlier fit")
    assert_same(used.recommend(X), new.recommend(X), f"{name} remembers that an item was removed before fit")
    assert fitted_attributes(used) == fitted_attributes(new), f"{name} keeps attributes of an earlier fit."


def check_recommender_failed_fit(name, recommender, *, X, y):
    """A fit that fails leaves a recommender as it was, with items that were added and removed."""
    fitted = prepare(recommender).fit(X, y)
    at = fitted.catalog_.index_of([X[0][0]])
    new = _new_id(fitted.catalog_, 0)
    fitted.add_items([new], *_columns(fitted.catalog_, at)).remove_items([y[0]])
    before, scores = fingerprint(vars(fitted)), fitted.score_items([*X, [new]])
    for what, rows, targets in (
        ("an item that was added", [*X[:-1], [new]], y),
        ("an unknown y", X, [*y[:-1], _new_id(fitted.catalog_, 9)]),
        ("a y that is too short", X, y[:-1]),
        ("no row", [], []),
        ("no histories", "abc", y),
    ):
        with refused(f"{name}.fit on {what}", ValueError, TypeError):
            fitted.fit(rows, targets)
        assert fingerprint(vars(fitted)) == before, f"{name}.fit on {what} fails and leaves another state."
    assert_same(fitted.score_items([*X, [new]]), scores, f"{name} scores otherwise after a fit that failed")


def check_recommender_refit(name, recommender, *, X, y):
    """``refit`` learns over the catalogue with items that were added; parameters stay, and so does what was removed."""
    fitted = prepare(recommender).fit(X, y)
    new, gone = _new_id(fitted.catalog_, 0), X[0][0]
    fitted.add_items([new], *_columns(fitted.catalog_, fitted.catalog_.index_of([gone]))).remove_items([gone])
    rows = [[*X[0], new], *X[1:]]
    params = {key: value for key, value in fitted.get_params().items() if not hasattr(value, "get_params")}
    assert attempt(f"{name}.refit", fitted.refit, rows, y) is fitted, f"{name}.refit does not return the recommender."
    assert fitted.catalog.ids.tolist()[-1] == new, f"{name}.refit does not read the catalogue as it is."
    assert fitted.popularity_[-1] == 1, f"{name}.refit does not learn from an item that was added."
    assert gone not in fitted.recommend(X).ravel().tolist(), f"{name}.refit brings back what was removed."
    for key, value in params.items():
        kept = key.rpartition("__")[2] in ("catalog", "recommenders") or fingerprint(
            fitted.get_params()[key]
        ) == fingerprint(value)
        assert kept, f"{name}.refit changes the parameter {key}."
    fresh = prepare(fitted).fit(rows, y)
    assert_same(fitted.score_items(rows), fresh.score_items(rows), f"{name}.refit scores otherwise than a new fit")


def check_recommender_calls_leave_state(name, recommender, *, X, y):
    """Nothing but ``fit``, ``add_items`` and ``remove_items`` changes a recommender."""
    recommender = prepare(recommender).fit(X, y)
    before = {key: fingerprint(value) for key, value in vars(recommender).items()}
    first = recommender.recommend(X)
    recommender.score_items(X)
    recommender.predict(X)
    recommender.explain(X, y)
    recommender.score(X, y)
    recommender.similar_items([X[0][0]])
    after = {key: fingerprint(value) for key, value in vars(recommender).items()}
    changed = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    assert not changed, f"Calls change {changed} of {name}."
    assert_same(recommender.recommend(X), first, f"A second call of {name}.recommend gives other items")


def check_recommender_cross_validation(name, recommender, *, X, y):
    """``cross_validate`` works with plain and with grouped folds; no fold fails, and scores are between 0 and 1."""
    for cv, groups in ((2, None), (GroupKFold(2), np.arange(len(X)) // 2)):
        found = attempt(
            f"cross_validate of {name}",
            lambda cv=cv, groups=groups: cross_validate(
                prepare(recommender), X, y, groups=groups, cv=cv, error_score="raise"
            ),
        )
        scores = found["test_score"]
        assert ((scores >= 0) & (scores <= 1)).all(), f"{name}.score gives {scores}: NDCG is between 0 and 1."


def check_recommender_search(name, recommender, *, X, y):
    """``GridSearchCV`` takes a recommender, and gives its ``predict`` and ``score``."""
    recommender = prepare(recommender)
    key, value = next(iter(recommender.get_params(deep=False).items()))
    search = GridSearchCV(recommender, {key: [value]}, cv=2, error_score="raise")
    attempt(f"GridSearchCV over {name}", search.fit, X, y)
    expected = prepare(recommender).fit(X, y)
    assert_same(search.predict(X), expected.predict(X), f"GridSearchCV over {name} predicts otherwise")
    assert search.score(X, y) == expected.score(X, y), f"GridSearchCV over {name} scores otherwise."
