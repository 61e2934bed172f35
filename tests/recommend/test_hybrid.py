"""Hybrids: parts and their parameters, shares, changes of the catalogue, searches and pickles."""

import copy

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_validate

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.recommend import (
    Catalog,
    ContentRecommender,
    EASERecommender,
    HybridRecommender,
    PopularityRecommender,
    TransitionRecommender,
)
from tests.recommend.hybrids import N_ITEMS, make_catalog, make_histories, make_parts


def test_learns_the_same_twice_and_from_a_clone(hybrid):
    histories, queries = make_histories(100), make_histories(5, seed=3)
    first = hybrid.fit(histories).score_items(queries)
    np.testing.assert_array_equal(first, hybrid.fit(histories).score_items(queries))
    np.testing.assert_array_equal(first, clone(hybrid).fit(histories).score_items(queries))


def test_parts_are_cloned(catalog):
    parts = make_parts(catalog)
    HybridRecommender(parts).fit(make_histories(50))
    assert not any(hasattr(part, "catalog_") for _, part in parts)


def test_parts_have_learnt_from_everything(catalog):
    histories = make_histories(120)
    hybrid = HybridRecommender(make_parts(catalog)).fit(histories)
    for name, part in make_parts(catalog):
        fitted = hybrid.recommenders_[name]
        np.testing.assert_array_equal(fitted.popularity_, part.fit(histories).popularity_)
        np.testing.assert_allclose(fitted.score_items([["i3", "i9"]]), part.score_items([["i3", "i9"]]), rtol=1e-5)


@pytest.mark.parametrize("weights", ["auto", [1, (2, 0.5), 3]])
def test_shares_of_events_add_up_to_the_score(catalog, weights):
    histories = [[item for item in history if item not in ("i7", "i8")] for history in make_histories(100)]
    hybrid = HybridRecommender(make_parts(catalog), weights=weights).fit(histories)
    queries = [["i1", "i5", "i9"], ["i30"], ["i44", "i3"]]
    items = [["i7", "i10"], ["i31", "i8"], ["i4", "i45"]]
    scores = hybrid.score_items(queries)
    for row, shares in enumerate(hybrid.explain(queries, items)):
        assert shares.shape == (len(queries[row]), 2)
        np.testing.assert_allclose(shares.sum(axis=0), scores[row, catalog.index_of(items[row])], rtol=1e-4, atol=1e-5)


def test_scores_do_not_depend_on_candidates_or_on_other_queries(hybrid):
    hybrid.fit(make_histories(100))
    queries = [["i1", "i5"], ["i30"]]
    whole = hybrid.score_items(queries)
    ids, scores = hybrid.recommend(queries, k=2, candidates=["i2", "i40"], return_scores=True)
    for row in range(2):
        np.testing.assert_allclose(scores[row], whole[row, hybrid.catalog_.index_of(ids[row].tolist())], rtol=1e-5)
        np.testing.assert_allclose(hybrid.score_items(queries[row : row + 1])[0], whole[row], rtol=1e-5, atol=1e-6)


def test_items_can_be_added_and_removed_at_once(hybrid):
    hybrid.fit(make_histories(200))
    hybrid.add_items(["new"], ["tea tea number0 number6"])
    assert "new" in hybrid.recommend([["i0", "i36"]], k=20)[0]
    assert all(part.catalog_.n_items == N_ITEMS + 1 for part in hybrid.recommenders_.values())
    np.testing.assert_allclose(
        hybrid.explain([["i0", "i36"]], ["new"])[0].sum(), hybrid.score_items([["i0", "i36"]])[0, -1], rtol=1e-4
    )
    hybrid.remove_items(["new"])
    assert "new" not in hybrid.recommend([["i0"]], k=N_ITEMS)[0]
    hybrid.add_items(["new"], ["book lamp"])
    assert "new" in hybrid.recommend([["i0"]], k=N_ITEMS)[0]


class Fragile(TfidfVectorizer):
    def transform(self, texts):
        if any("bad" in text for text in texts):
            raise RuntimeError("no vector")
        return super().transform(texts).toarray()


@pytest.mark.parametrize("nested", ["beside", "in a hybrid"])
def test_an_embedder_that_fails_on_new_items_leaves_all_as_it_was(catalog, nested):
    content, fragile = ContentRecommender(catalog), ContentRecommender(catalog, embedder=Fragile())
    if nested == "in a hybrid":
        content = HybridRecommender([("content", content), ("next", TransitionRecommender(catalog))], weights=[1, 1])
    hybrid = HybridRecommender([("first", content), ("fragile", fragile)], weights=[1, 1]).fit(make_histories(30))
    hybrid.remove_items(["i2"])
    queries = [["i1"], ["i2"], [], ["i8", "i50"]]
    before, parts = hybrid.score_items(queries), dict(hybrid.recommenders_)
    of_parts = [part.score_items(queries) for part in parts.values()]
    with pytest.raises(RuntimeError, match="no vector"):
        hybrid.add_items(["i2", "new", "new2"], ["book", "tea", "bad"])
    assert hybrid.recommenders_ == parts
    np.testing.assert_array_equal(hybrid.score_items(queries), before)
    for part, scores in zip(parts.values(), of_parts, strict=True):
        np.testing.assert_array_equal(part.score_items(queries), scores)
    fresh = clone(hybrid).fit(make_histories(30)).remove_items(["i2"]).add_items(["i2", "new"], ["lamp", "cup"])
    again = hybrid.add_items(["i2", "new"], ["lamp", "cup"]).score_items([*queries, ["new"]])
    np.testing.assert_array_equal(again, fresh.score_items([*queries, ["new"]]))


def test_a_shallow_copy_takes_in_items_and_the_original_goes_on_as_it_was(hybrid):
    hybrid.fit(make_histories(60))
    before = hybrid.score_items([["i1"]])
    longer = copy.copy(hybrid).add_items(["new"], ["tea number1"]).remove_items(["i3"])
    assert longer.score_items([["new"]]).shape == (1, N_ITEMS + 1)
    np.testing.assert_array_equal(hybrid.score_items([["i1"]]), before)
    assert hybrid.active_.all()


def test_empty_history_gets_what_is_popular(hybrid):
    hybrid.fit([*make_histories(60), *[["i5", "i6"]] * 20])
    np.testing.assert_array_equal(hybrid.score_items([[]])[0], hybrid.popularity_)
    assert set(hybrid.recommend([[]], k=2)[0]) == {"i5", "i6"}


def test_ranks_add_reciprocal_ranks(catalog):
    histories, queries = make_histories(80), make_histories(6, seed=4)
    hybrid = HybridRecommender(make_parts(catalog), weights=[1, 1, 1], fusion="ranks").fit(histories)
    assert hybrid.score_items(queries).max() <= 3.2
    with pytest.raises(ValueError, match="no exact shares"):
        hybrid.explain([["i1"]], ["i2"])
    learnt = HybridRecommender(make_parts(catalog), fusion="ranks").fit(make_histories(300))
    assert learnt.weights_["next"][0] > 0


def test_reciprocal_ranks_agree_with_a_naive_loop(catalog):
    histories, queries = make_histories(80), make_histories(20, seed=4)
    part = TransitionRecommender(catalog)
    hybrid = HybridRecommender([("next", part)], weights=[1], fusion="ranks").fit(histories)
    scores = clone(part).fit(histories).score_items(queries)
    expected = [[61 / (61 + sum(other > one for other in row)) if one > 0 else 0 for one in row] for row in scores]
    np.testing.assert_allclose(hybrid.score_items(queries), expected, rtol=1e-6)
    assert len(np.unique(scores[0])) > 5


def test_parameters_of_parts_can_be_read_and_set(catalog):
    hybrid = HybridRecommender([("content", ContentRecommender(catalog)), ("ease", EASERecommender(catalog))])
    assert hybrid.get_params()["content__profile"] == "harmonic"
    hybrid.set_params(content__profile="last", ease=PopularityRecommender(catalog), fusion="ranks")
    assert hybrid.recommenders[0][1].profile == "last"
    assert isinstance(hybrid.recommenders[1][1], PopularityRecommender)
    assert clone(hybrid).get_params()["fusion"] == "ranks"


def test_drop_leaves_a_part_out(catalog):
    histories, queries = make_histories(60), make_histories(4, seed=5)
    dropped = HybridRecommender(make_parts(catalog)).set_params(ease="drop").fit(histories)
    without = HybridRecommender(make_parts(catalog)[::2]).fit(histories)
    np.testing.assert_array_equal(dropped.score_items(queries), without.score_items(queries))


def test_a_hybrid_can_be_a_part(catalog):
    inner = HybridRecommender(make_parts(catalog)[1:], weights=[1, 1])
    outer = HybridRecommender([("content", make_parts(catalog)[0][1]), ("clicks", inner)]).fit(make_histories(60))
    assert outer.get_params()["clicks__ease__l2"] == 5.0
    assert outer.add_items(["new"], ["tea"]).score_items([["i1"]]).shape == (1, N_ITEMS + 1)


def test_survives_a_pickle(hybrid, tmp_path):
    hybrid.fit(make_histories(60))
    joblib.dump(hybrid, tmp_path / "hybrid")
    loaded = joblib.load(tmp_path / "hybrid")
    np.testing.assert_array_equal(loaded.score_items([["i1"]]), hybrid.score_items([["i1"]]))


def test_can_be_searched_over_embedder_profile_and_weights(checkpoints):
    catalog = make_catalog()
    content = ContentRecommender(catalog, embedder=LLMTokenEmbedder(checkpoints["bert"]))
    hybrid = HybridRecommender([("content", content), ("next", TransitionRecommender(catalog))])
    histories = make_histories(60)
    X = np.empty(60, dtype=object)
    X[:] = [history[:-1] for history in histories]
    y = np.array([history[-1] for history in histories], dtype=object)
    grid = [
        {"content__embedder__pooling": ["mean", "cls"], "content__profile": ["harmonic", "last"]},
        {"weights": ["auto", [1, 5], {"content": 1, "next": 0}], "content": [ContentRecommender(catalog)]},
    ]
    search = GridSearchCV(hybrid, grid, cv=2).fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert len(search.predict(X[:3])) == 3


def test_cross_validates_by_groups(hybrid):
    histories = make_histories(60)
    X, y = [history[:-1] for history in histories], [history[-1] for history in histories]
    scores = cross_validate(hybrid, X, y, groups=np.arange(60) // 3, cv=GroupKFold(3))["test_score"]
    assert (scores > 0).all()


@pytest.mark.parametrize(
    ("parts", "options", "error", "message"),
    [
        ([], {}, ValueError, "at least one"),
        ([("a", "drop")], {}, ValueError, "at least one"),
        (["a"], {}, ValueError, "pairs"),
        ([("a", "ease"), ("a", "next")], {}, ValueError, "not unique"),
        ([("a__b", "ease")], {}, ValueError, "__"),
        ([("weights", "ease")], {}, ValueError, "conflict"),
        ([("a", TfidfVectorizer())], {}, TypeError, "'a' is a TfidfVectorizer"),
        ([("a", "ease"), ("b", "next")], {"weights": [1]}, ValueError, "1 entries for 2 recommenders"),
        ([("a", "ease"), ("b", "next")], {"weights": {"a": 1}}, ValueError, "'b'"),
        ([("a", "ease"), ("b", "next")], {"weights": {"a": 1, "b": 1, "c": 1}}, ValueError, "'c'"),
        ([("a", "ease")], {"weights": ["heavy"]}, ValueError, "'heavy'"),
        ([("a", "ease")], {"weights": [np.nan]}, ValueError, "nan"),
        ([("a", "ease")], {"weights": [(1, 2, 3)]}, ValueError, "pair"),
        ([("a", "ease")], {"weights": "learned"}, ValueError, "weights"),
        ([("a", "ease")], {"fusion": "votes"}, ValueError, "fusion"),
        ([("a", "ease")], {"n_validation": 0}, ValueError, "n_validation"),
    ],
)
def test_refuses_what_does_not_fit(catalog, parts, options, error, message):
    known = {"ease": EASERecommender(catalog), "next": TransitionRecommender(catalog)}
    parts = [
        (one[0], known.get(one[1], one[1]) if isinstance(one[1], str) else one[1]) if one != "a" else one
        for one in parts
    ]
    with pytest.raises(error, match=message):
        HybridRecommender(parts, **options).fit(make_histories(5))


def test_refuses_parts_of_different_catalogues(catalog):
    other = Catalog(["i0", "i1"], ["a", "b"])
    parts = [("ease", EASERecommender(catalog)), ("content", ContentRecommender(other))]
    with pytest.raises(ValueError, match="'content' has another catalogue"):
        HybridRecommender(parts).fit(make_histories(5))
