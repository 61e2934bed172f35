"""Checks of what recommenders do with ids that are not known, with lists passed back, and with items seen before."""

from ._compare import assert_same, attempt, prepare, refused
from ._recommender_items import _new_id


def check_unknown_ids_ignored(name, recommender, *, X, y):
    """With ``unknown="ignore"``, ids that are not in the catalogue are as if they were not there."""
    if "unknown" not in recommender.get_params(deep=False):
        return
    lenient = prepare(recommender).set_params(unknown="ignore")
    unknown = _new_id(recommender.catalog, 0)
    longer = [[unknown, *X[0], unknown], *X[1:]]
    expected = prepare(recommender).fit(X, y)
    fitted = attempt(f"{name}.fit on an unknown id that is ignored", lenient.fit, longer, y)
    assert_same(fitted.popularity_, expected.popularity_, f"{name} counts an unknown id that is ignored")
    assert_same(fitted.score_items(longer), expected.score_items(X), f"{name} scores an unknown id that is ignored")
    first = expected.recommend(X, 1).tolist()
    for what in ("candidates", "exclude"):
        found = fitted.recommend(X, 3, **{what: [[unknown, *row] for row in first]})
        wanted = expected.recommend(X, 3, **{what: first})
        assert_same(found, wanted, f"{name} does not ignore an unknown id in {what}")
    shares = fitted.explain(longer, y)
    assert [len(row) for row in shares] == [len(row) for row in longer], f"{name}.explain loses unknown events."
    assert shares[0][0] == shares[0][-1] == 0, f"{name}.explain gives a share to an unknown id."
    assert_same(shares[0][1:-1], expected.explain(X, y)[0], f"{name}.explain gives other shares", atol=1e-5)
    for what, call in (
        ("histories", lambda: fitted.recommend([[b"bytes"]])),
        ("ids of another type", lambda: fitted.recommend([[_other_type(one) for one in X[0]]])),
    ):
        with refused(f"{name} that ignores unknown ids, on {what}", ValueError, TypeError):
            call()


def check_lists_can_be_passed_back(name, recommender, *, X, y):
    """What ``recommend`` returns, short rows too, can be passed as `exclude`, `candidates` and histories."""
    fitted = prepare(recommender).fit(X, y)
    ids = fitted.catalog_.ids.tolist()
    queries = [X[0], ids, []]
    k = len(ids) - len(set(X[0])) + 1  # one more than is left for the first
    items = fitted.recommend(queries, k)
    assert items[0, -1] is None, f"{name}.recommend does not fill a short row with None."
    rest = attempt(f"{name} on its own lists to exclude", lambda: fitted.recommend(queries, 2, exclude=items))
    assert rest[0].tolist() == [None, None], f"{name} recommends what is excluded."
    again = attempt(f"{name} on its own lists of candidates", lambda: fitted.recommend(queries, k, candidates=items))
    assert_same(again, items, f"{name} ranks its own list of candidates otherwise")
    padded = attempt(f"{name} on its own lists as histories", fitted.score_items, items)
    plain = [[item for item in row if item is not None] for row in items.tolist()]
    assert_same(padded, fitted.score_items(plain), f"{name} scores padded histories otherwise")
    shares = fitted.explain([[None, *X[0]]], [y[0]])[0]
    assert len(shares) == len(X[0]) + 1, f"{name}.explain gives {len(shares)} shares for {len(X[0]) + 1} places."
    assert shares[0] == 0, f"{name}.explain gives a share to padding."
    with refused(f"{name} on a history with a gap", ValueError):
        fitted.recommend([[X[0][0], None, X[0][0]]])


def check_filter_seen(name, recommender, *, X, y):
    """The parameter `filter_seen` is what ``recommend``, ``predict`` and ``score`` do by themselves."""
    if "filter_seen" not in recommender.get_params(deep=False):
        return
    fitted = prepare(recommender).set_params(filter_seen=False).fit(X, y)
    assert_same(fitted.recommend(X, 3), fitted.recommend(X, 3, filter_seen=False), f"{name} filters what was seen")
    best = fitted.predict(X).tolist()
    assert fitted.score(X, best) == 1, f"{name}.score does not count what was seen."
    hidden = fitted.recommend(X, filter_seen=True)
    seen = [set(row) & set(history) for row, history in zip(hidden.tolist(), X, strict=True)]
    assert not any(seen), f"{name}.recommend(filter_seen=True) does not win over the parameter."


def _other_type(one):
    return str(one) if isinstance(one, int) else sum(str(one).encode())
