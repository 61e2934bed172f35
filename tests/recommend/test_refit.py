"""Learning anew after items were added, and changing a live item."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import FunctionTransformer

from sklearn_llmtokens import text_recommender
from sklearn_llmtokens.recommend import (
    Catalog,
    ContentRecommender,
    EASERecommender,
    HybridRecommender,
    PopularityRecommender,
)

CATALOG = Catalog(["a", "b", "c", "d"], ["green tea", "black tea", "iron pot", "oak desk"])
HISTORIES = [["a", "c"], ["b", "c"], ["a", "b", "d"]]


def recipe():
    return text_recommender(CATALOG, embedder=TfidfVectorizer(analyzer="char"))


def test_the_message_of_a_fit_says_which_catalogue_is_read():
    recommender = recipe().fit(HISTORIES).add_items(["n"], ["white tea"])
    with pytest.raises(ValueError, match=r"X\[0\]\[1\] is 'n', .*fit reads `catalog`; `catalog_`.*refit\(X, y\)"):
        recommender.fit([["a", "n"]])
    with pytest.raises(ValueError, match=r"y\[0\] is 'n', .*refit"):
        recommender.fit([["a"]], ["n"])
    with pytest.raises(ValueError, match=r"X\[0\]\[0\] is 'z'") as caught:
        recommender.fit([["z"]])
    assert "refit" not in str(caught.value)


def test_refit_of_the_recipe_keeps_every_parameter():
    recommender = recipe().set_params(content__profile="last", lexical__whiten=0.25, neighbours="drop")
    recommender.fit(HISTORIES).add_items(["n"], ["white tea"]).remove_items(["d"])
    assert recommender.refit([["a", "n"], ["b", "n"], ["a", "n"]]) is recommender
    params = recommender.get_params()
    assert (params["content__profile"], params["lexical__whiten"]) == ("last", 0.25)
    assert params["neighbours"] == "drop"
    catalogs = [value for name, value in params.items() if name.endswith("catalog")]
    assert all(catalog.ids.tolist() == ["a", "b", "c", "d", "n"] for catalog in catalogs)
    assert recommender.popularity_.tolist() == [2, 1, 0, 0, 3]
    assert recommender.predict([["b"]]).tolist() == ["n"]
    assert "d" not in recommender.recommend([["a"]], 5)[0].tolist()
    assert recommender.fit([["a", "n"]]).predict([["a"]]).tolist() == ["n"]


def test_refit_leaves_what_was_passed_in():
    part = EASERecommender(CATALOG)
    recommender = HybridRecommender([("ease", part)], weights=[1]).fit(HISTORIES).add_items(["n"], ["white tea"])
    recommender.refit([["a", "n"]])
    assert part.catalog is CATALOG
    assert recommender.catalog.n_items == 5


def test_refit_leaves_other_catalogues_and_arrays_among_the_parameters():
    class Bridge(PopularityRecommender):
        def __init__(self, catalog, other=None, numbers=None):
            super().__init__(catalog)
            self.other = other
            self.numbers = numbers

    other, numbers = Catalog(["x"], ["elsewhere"]), np.zeros(3)
    recommender = Bridge(CATALOG, other, numbers).fit(HISTORIES).add_items(["n"], ["white tea"]).refit([["n"]])
    assert recommender.catalog.n_items == 5
    assert recommender.other is other
    assert recommender.numbers.tolist() == [0, 0, 0]


def test_refit_passes_y_on():
    recommender = PopularityRecommender(CATALOG).fit(HISTORIES).add_items(["n"], ["white tea"])
    assert recommender.refit([["a"], ["b"]], ["n", "n"]).popularity_.tolist() == [1, 1, 0, 0, 2]


def test_a_text_of_a_live_item_changes_at_once():
    recommender = ContentRecommender(CATALOG).fit(HISTORIES)
    assert recommender.predict([["a"]]).tolist() == ["b"]
    recommender.update_items(["b", "d"], ["oak chair", "green tea cup"])
    assert recommender.predict([["a"]]).tolist() == ["d"]
    assert recommender.popularity_.tolist() == [2, 2, 2, 1]
    assert recommender.catalog_.texts() == ["green tea", "oak chair", "iron pot", "green tea cup"]
    assert recommender.catalog is CATALOG
    with pytest.raises(ValueError, match="which is in the catalogue already: update_items changes its text"):
        recommender.add_items(["b"], ["oak chair"])


@pytest.mark.parametrize("name", ["content", "hybrid"])
def test_a_changed_text_scores_as_if_it_had_been_there_in_fit(name):
    words = FunctionTransformer(
        lambda texts: np.array([[word in text for word in ["tea", "pot", "desk"]] for text in texts], float)
    )

    def fitted(catalog):
        content = ContentRecommender(catalog, embedder=words, whiten=0.0)
        parts = [("content", content), ("ease", EASERecommender(catalog, l2=1.0))]
        made = {
            "content": content,
            "hybrid": HybridRecommender(parts, weights=[1, 1]),
        }
        return made[name].fit(HISTORIES)

    updated = fitted(CATALOG).update_items(["d"], ["tea on a desk"])
    expected = fitted(CATALOG.replace(["d"], ["tea on a desk"]))
    assert updated.catalog_ == expected.catalog_
    queries = [["a"], ["b", "d"], ["c"]]
    np.testing.assert_allclose(updated.score_items(queries), expected.score_items(queries), atol=1e-6)


def test_features_alone_or_texts_alone_are_changed():
    catalog = Catalog(["a", "b"], ["green tea", "iron pot"], [[1.0], [2.0]])
    recommender = PopularityRecommender(catalog).fit([["a"]])
    recommender.update_items(["b"], features=[[5.0]])
    assert (recommender.catalog_.texts(), recommender.catalog_.features().tolist()) == (catalog.texts(), [[1.0], [5.0]])
    recommender.update_items(["a"], ["red tea"])
    assert recommender.catalog_.texts() == ["red tea", "iron pot"]
    assert recommender.catalog_.features().tolist() == [[1.0], [5.0]]


@pytest.mark.parametrize(
    ("ids", "texts", "features", "message"),
    [
        (["z"], ["tea"], None, r"ids\[0\] is 'z', which is not in the catalogue"),
        (["a", "a"], ["tea", "pot"], None, r"ids\[1\] is 'a', which is ids\[0\] already"),
        (["a"], None, None, "neither texts nor features"),
        (["a"], ["tea", "pot"], None, "1 ids and 2 texts"),
        (["a"], [None], None, r"texts\[0\] is missing"),
        (["a"], None, [[1.0]], "has no features"),
    ],
)
def test_an_update_that_fails_changes_nothing(ids, texts, features, message):
    recommender = ContentRecommender(CATALOG).fit(HISTORIES)
    before = dict(vars(recommender))
    with pytest.raises(ValueError, match=message):
        recommender.update_items(ids, texts, features)
    assert vars(recommender) == before


def test_a_catalogue_with_items_replaced_keeps_their_places():
    other = CATALOG.replace(["c", "a"], ["kettle", "mint tea"])
    assert other.ids.tolist() == CATALOG.ids.tolist()
    assert other.texts() == ["mint tea", "black tea", "kettle", "oak desk"]
    assert CATALOG.texts()[2] == "iron pot"
