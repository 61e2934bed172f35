"""Checks of the items: unknown, repeated, removed, new, similar."""

import numpy as np

from ._compare import assert_same, attempt, prepare, refused


def check_unknown_id_refused(name, recommender, *, X, y):
    """An id that is not in the catalogue is an error that names it and its place, in every method."""
    unknown = _new_id(recommender.catalog, 0)
    fitted = prepare(recommender).fit(X, y)
    row = len(X) - 1
    wrong = [*X[:row], [*X[row], unknown]]
    for what, call in (
        ("fit", lambda: prepare(recommender).fit(wrong, y)),
        ("score_items", lambda: fitted.score_items(wrong)),
        ("recommend", lambda: fitted.recommend(wrong)),
        ("predict", lambda: fitted.predict(wrong)),
    ):
        with refused(f"{name}.{what} of an unknown id", ValueError, row=row):
            call()
        _names(f"{name}.{what}", call, f"X[{row}][{len(X[row])}]", repr(unknown))
    _names(
        f"{name}.fit with an unknown y",
        lambda: prepare(recommender).fit(X, [*y[:-1], unknown]),
        f"y[{row}]",
        repr(unknown),
    )
    with refused(f"{name}.fit with a y that is too short", ValueError):
        prepare(recommender).fit(X, y[:-1])
    for what, call in (
        ("similar_items", lambda: fitted.similar_items([unknown])),
        ("remove_items", lambda: fitted.remove_items([unknown])),
        ("explain", lambda: fitted.explain(X, [unknown] * len(X))),
    ):
        with refused(f"{name}.{what} of an unknown id", ValueError):
            call()


def check_growing_histories_count_once(name, recommender, *, X, y):
    """Rows that are the growing history of one user teach what the last of them teaches."""
    whole = [[*history, item] for history, item in zip(X, y, strict=True)]
    grown = [(sequence[:n], sequence[n], user) for user, sequence in enumerate(whole) for n in range(1, len(sequence))]
    one = prepare(recommender).fit([sequence[:-1] for sequence in whole], [sequence[-1] for sequence in whole])
    many = prepare(recommender).fit(*map(list, zip(*grown, strict=True)))
    assert_same(many.popularity_, one.popularity_, f"{name} counts a user's rows as users")


def check_remove_items(name, recommender, *, X, y):
    """A removed item is recommended no more, at once; histories may still name it, and it can come back."""
    fitted = prepare(recommender).fit(X, y)
    before, scores = fitted.recommend(X), fitted.score_items(X)
    gone = before[0, 0]
    assert fitted.remove_items([gone]) is fitted, f"{name}.remove_items does not return the recommender."
    assert gone not in fitted.recommend(X).ravel().tolist(), f"{name} recommends an item that was removed."
    attempt(f"{name} on a history that names a removed item", fitted.recommend, [[gone]])
    at = fitted.catalog_.index_of([gone])
    attempt(f"Bringing an item of {name} back", fitted.add_items, [gone], *_columns(fitted.catalog_, at))
    assert_same(fitted.score_items(X), scores, f"{name} scores otherwise after an item came back", atol=1e-5)
    assert gone in fitted.recommend(X).ravel().tolist(), f"{name} does not recommend an item that came back."


def check_add_items(name, recommender, *, X, y):
    """New items are in the next call, at the end of the catalogue."""
    fitted = prepare(recommender).fit(X, y)
    catalog, scores = fitted.catalog_, fitted.score_items(X)
    new = [_new_id(catalog, i) for i in range(2)]
    at = catalog.index_of([X[0][0], X[0][0]])
    assert fitted.add_items(new, *_columns(catalog, at)) is fitted, f"{name}.add_items does not return the recommender."
    assert catalog.n_items == scores.shape[1], f"{name}.add_items changes the catalogue that was there."
    assert fitted.catalog_.ids.tolist() == [*catalog.ids.tolist(), *new], f"{name}.add_items does not add at the end."
    longer = fitted.score_items(X)
    assert longer.shape == (len(X), catalog.n_items + 2), f"{name}.score_items after add_items gives {longer.shape}."
    assert new[0] in fitted.recommend([X[0]], catalog.n_items + 2)[0].tolist(), f"{name} does not rank a new item."
    attempt(f"{name} on a history of a new item", fitted.recommend, [[new[0]], [*X[0], new[1]]])
    with refused(f"{name}.add_items of an id that is there", ValueError):
        fitted.add_items([new[0]], *_columns(catalog, at[:1]))
    with refused(f"{name}.add_items of an id twice", ValueError):
        fitted.add_items([_new_id(catalog, 5)] * 2, *_columns(catalog, at))
    assert_same(fitted.score_items(X), longer, f"{name}.add_items that was refused leaves something behind")
    assert fitted.fit(X, y).catalog_.n_items == catalog.n_items, f"{name}.fit keeps items that were added before."


def check_add_items_leaves_scores(name, recommender, *, X, y):
    """New items change no score of the others. Scores that are shares of the largest may change: expect it to fail."""
    fitted = prepare(recommender).fit(X, y)
    catalog, scores = fitted.catalog_, fitted.score_items(X)
    at = catalog.index_of([X[0][0]])
    longer = fitted.add_items([_new_id(catalog, 0)], *_columns(catalog, at)).score_items(X)
    assert_same(longer[:, :-1], scores, f"{name}.add_items changes the scores of other items", atol=1e-5)


def check_update_items(name, recommender, *, X, y):
    """``update_items`` changes texts at once; with the texts that an item has, nothing changes."""
    fitted = prepare(recommender).fit(X, y)
    catalog, scores = fitted.catalog_, fitted.score_items(X)
    if not (catalog.has_texts or catalog.has_features):
        return
    one, other = y[0], next(item for item in catalog.ids.tolist() if item != y[0])
    own, others = (_columns(catalog, catalog.index_of([item])) for item in (one, other))
    fitted.remove_items([other])
    assert fitted.update_items([one], *own) is fitted, f"{name}.update_items does not return the recommender."
    assert_same(fitted.score_items(X), scores, f"{name}.update_items with the same texts changes scores", atol=1e-5)
    fitted.update_items([one], *others).update_items([other], *own)
    assert fitted.catalog_.ids.tolist() == catalog.ids.tolist(), f"{name}.update_items moves items."
    assert other not in fitted.recommend(X).ravel().tolist(), f"{name}.update_items brings back what was removed."
    with refused(f"{name}.update_items of an unknown id", ValueError):
        fitted.update_items([_new_id(catalog, 0)], *own)
    with refused(f"{name}.update_items without texts and features", ValueError):
        fitted.update_items([one])


def check_similar_items(name, recommender, *, X, y):
    """``similar_items`` gives k others for each id."""
    fitted = prepare(recommender).fit(X, y)
    ids = fitted.catalog_.ids.tolist()[:3]
    found = fitted.similar_items(ids, k=2)
    assert found.shape == (len(ids), 2), f"{name}.similar_items gives the shape {found.shape}."
    for one, row in zip(ids, found, strict=True):
        assert one not in row.tolist(), f"{name}.similar_items gives the item itself."


def _new_id(catalog, i: int):
    ids = catalog.ids
    return int(ids.max()) + 1 + i if ids.dtype.kind in "iu" else f"an id that is new {i}"


def _columns(catalog, at: np.ndarray) -> tuple:
    """Return the texts and features of items, to add others that are like them."""
    return catalog.texts(at) if catalog.has_texts else None, catalog.features(at) if catalog.has_features else None


def _names(what: str, call, *words: str) -> None:
    try:
        call()
    except ValueError as error:
        message = str(error)
    else:
        raise AssertionError(f"{what}: accepted, where a ValueError should be raised.")
    missing = [word for word in words if word not in message]
    assert not missing, f"{what} does not name {missing}: {message}"
