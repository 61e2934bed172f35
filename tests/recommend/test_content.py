import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_llmtokens._utils._whitening import PrincipalDirections
from sklearn_llmtokens.recommend import Catalog, ContentRecommender
from sklearn_llmtokens.recommend import _item_vectors as vectors_module
from sklearn_llmtokens.recommend._item_vectors import DenseItemVectors, SparseItemVectors
from tests.inside import set_ranking_chunks

TEXTS = [f"{a} {b}" for a in ("绿茶", "红茶", "咖啡", "果汁") for b in ("大杯", "小杯", "礼盒")]
IDS = list(range(12))
CATALOG = Catalog(IDS, TEXTS)
HISTORIES = [[0, 1], [5], [7, 2, 9], [3, 3]]


class Table(TransformerMixin, BaseEstimator):
    """Return the vectors that it was made with, by text; of texts that are numbers, that row."""

    def __init__(self, vectors=None):
        self.vectors = vectors

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return self.vectors[[int(text) for text in X]]


def by_number(vectors, n=None, **params):
    n = len(vectors) if n is None else n
    return ContentRecommender(Catalog(range(n), [str(i) for i in range(n)]), embedder=Table(vectors), **params)


def naive(vectors, history, weights):
    profile = sum(w * vectors[i] / np.linalg.norm(vectors[i]) for w, i in zip(weights, history, strict=True))
    return vectors @ profile / np.linalg.norm(vectors, axis=1) / np.linalg.norm(profile)


@pytest.mark.parametrize(
    ("profile", "weights"),
    [("harmonic", [1 / 3, 1 / 2, 1]), ("mean", [1, 1, 1]), ("last", [0, 0, 1]), (0.5, [0.25, 0.5, 1])],
)
@pytest.mark.parametrize("as_sparse", [False, True])
def test_scores_are_cosines_with_the_profile(profile, weights, as_sparse):
    vectors = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)
    table = sparse.csr_array(vectors) if as_sparse else vectors
    recommender = by_number(table, 9, whiten=0, profile=profile).fit(None)
    assert_allclose(recommender.score_items([[4, 7, 1]])[0], naive(vectors, [4, 7, 1], weights), atol=1e-6)


def test_whitening_divides_principal_directions_by_a_power_of_their_deviation():
    rng = np.random.default_rng(0)
    vectors = (rng.normal(size=(5000, 5)) * [10, 5, 2, 1, 0.5] + 3) @ np.linalg.qr(rng.normal(size=(5, 5)))[0]
    for exponent in (0.25, 0.5, 1.0):
        white = PrincipalDirections.of(vectors).whitening(exponent).apply(vectors)
        assert_allclose(white.mean(axis=0), 0, atol=1e-4)
        std = np.sort(np.linalg.svd(vectors - vectors.mean(0), compute_uv=False) / np.sqrt(5000))
        covariance = white.T @ white / 5000
        assert_allclose(covariance, np.diag(np.diag(covariance)), atol=1e-3)
        assert_allclose(np.sort(np.sqrt(np.diag(covariance))), std ** (1 - exponent), rtol=0.05)  # shrunk a little


@pytest.mark.parametrize("n_items", [1, 2, 5])
def test_whitening_of_few_or_equal_vectors_is_finite(n_items):
    for vectors in (np.ones((n_items, 8), np.float32), np.eye(n_items, 8, dtype=np.float32)):
        assert np.isfinite(by_number(vectors).fit(None).score_items([[0]])).all()


@pytest.mark.parametrize("seed", range(20))
def test_whitening_of_two_distinct_vectors_that_are_repeated_is_finite(seed):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(2, 32)).astype(np.float32)[np.arange(16) % 2]
    scores = by_number(vectors).fit(None).score_items([[0]])[0]
    assert_allclose(scores, np.where(np.arange(16) % 2, -1, 1), atol=1e-4)


def test_whitening_of_a_small_catalogue_leaves_new_items_comparable():
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(4, 64))
    groups = np.arange(40) % 4
    vectors = (centres[groups] + 0.5 * rng.normal(size=(40, 64)) + 1).astype(np.float32)
    recommender = by_number(vectors, 20).fit(None).add_items(range(20, 40), [str(i) for i in range(20, 40)])
    found = recommender.recommend([[i] for i in range(40)], 5).astype(int)
    assert (groups[found] == groups[:, None]).mean() > 0.95  # .78 without shrinkage


def test_whitening_leaves_sparse_vectors_alone():
    scores = [ContentRecommender(CATALOG, whiten=w).fit(None).score_items(HISTORIES) for w in (0.0, 1.0)]
    assert_allclose(scores[0], scores[1])


def test_a_zero_vector_has_the_score_zero_with_every_item():
    vectors = np.eye(4, dtype=np.float32)
    vectors[2] = 0
    for table in (vectors, sparse.csr_array(vectors)):
        recommender = by_number(table, 4, whiten=0).fit(None)
        scores = recommender.score_items([[2], [0]])
        assert scores[0].tolist() == [0, 0, 0, 0]
        assert scores[1].tolist() == [1, 0, 0, 0]
        assert recommender.explain([[2]], [0])[0].tolist() == [0]
        assert recommender.recommend([[2]], 4).tolist() == [[0, 1, 3, None]]


@pytest.mark.parametrize("as_sparse", [False, True])
def test_of_an_item_with_a_blank_text_nothing_is_known(as_sparse):
    texts = ["绿茶", "", "红茶", " \u3000", "铁壶"]
    dense = make_pipeline(TfidfVectorizer(analyzer="char"), TruncatedSVD(3, random_state=0))
    embedder = TfidfVectorizer(analyzer="char") if as_sparse else dense
    recommender = ContentRecommender(Catalog(list("abcde"), texts), embedder=embedder).fit(None)
    filled = ContentRecommender(Catalog(list("ace"), texts[::2]), embedder=embedder).fit(None)
    scores = recommender.score_items([["a"], ["b"], ["b", "a"]])
    assert_allclose(scores[0, ::2], filled.score_items([["a"]])[0], atol=1e-6)
    assert (scores[:, 1::2] == 0).all()
    assert (scores[1] == 0).all()
    assert recommender.explain([["b", "a"]], ["c"])[0][0] == 0
    recommender.add_items(["f", "g"], ["绿茶", ""]).add_items(["h"], ["\n"])
    assert recommender.recommend([["a"]], 1).tolist() == [["f"]]
    assert (recommender.score_items([["a"]])[0, [1, 3, 6, 7]] == 0).all()


def test_blank_texts_in_histories_of_texts_count_for_nothing():
    recommender = ContentRecommender(CATALOG, embedder=CountVectorizer(token_pattern=r"\S+"), query="texts").fit(None)
    scores = recommender.score_items([["红茶"], [""], ["红茶", " "]])
    assert_allclose(scores[2], scores[0], atol=1e-6)
    assert (scores[1] == 0).all()


def test_a_catalogue_of_blank_texts_is_refused_and_features_speak_for_blank_texts():
    with pytest.raises(ValueError, match="All 2 texts are blank: recommend by clicks"):
        ContentRecommender(Catalog(["a", "b"], ["", " "])).fit(None)
    table = ColumnTransformer([("features", "passthrough", [1, 2])])
    catalog = Catalog(["a", "b", "c"], ["", "", ""], np.array([[1.0, 0.1], [1.0, 0.0], [0.0, 1.0]]))
    recommender = ContentRecommender(catalog, embedder=table, whiten=0).fit(None)
    assert recommender.recommend([["a"]], 1).tolist() == [["b"]]


@pytest.mark.parametrize("n_queries", [1, 2, 7])
@pytest.mark.parametrize("n_items", [5, 63, 257, 1001])
def test_equal_vectors_are_ranked_in_the_order_of_the_catalogue(n_queries, n_items):
    vectors = np.tile(np.random.default_rng(0).normal(size=(1, 37)).astype(np.float32), (n_items, 1))
    recommender = by_number(vectors, whiten=0).fit(None)
    found = recommender.recommend([[0]] * n_queries, n_items)
    assert found.tolist() == [[*range(1, n_items), None]] * n_queries


def test_duplicates_in_other_chunks_and_among_candidates_tie(monkeypatch):
    set_ranking_chunks(monkeypatch, n_items=16)
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(8, 37)).astype(np.float32)[rng.integers(0, 8, 101)]
    recommender = by_number(vectors, 90).fit(None).add_items(range(90, 101), [str(i) for i in range(90, 101)])
    scores = recommender.score_items([[i] for i in range(7)])
    for i in range(7):
        assert all(len(set(scores[i, (vectors == row).all(axis=1)])) == 1 for row in vectors)
    some = np.flatnonzero(rng.random(101) < 0.5)
    found = recommender.recommend([[i] for i in range(7)], 101, candidates=some.tolist(), filter_seen=False)
    order = [[j for j in np.argsort(-row, kind="stable") if j in some] for row in scores]
    assert [[one for one in row if one is not None] for row in found.tolist()] == order


def test_histories_of_texts_rank_a_catalogue_that_does_not_have_them():
    embedder = CountVectorizer(token_pattern=r"\S+")
    by_items = ContentRecommender(CATALOG, embedder=embedder).fit(None)
    by_texts = ContentRecommender(CATALOG, embedder=embedder, query="texts").fit([["绿茶 袋装"], []], [4, 4])
    assert by_texts.popularity_[4] == 2
    queries = [[TEXTS[i] for i in history] for history in HISTORIES]
    assert_allclose(by_texts.score_items(queries), by_items.score_items(HISTORIES), atol=1e-6)
    assert by_texts.recommend([["红茶", "绿茶 袋装"]], 3, filter_seen=True).tolist() == [[0, 1, 2]]
    assert by_texts.recommend([["一个不认识的词"], []], 2).tolist() == [[0, 1], [4, 0]]
    shares = by_texts.explain([["红茶", "绿茶"]], [3])[0]
    assert_allclose(shares.sum(), by_texts.score_items([["红茶", "绿茶"]])[0, 3], atol=1e-6)
    assert by_texts.similar_items([0], 2).shape == (1, 2)
    with pytest.raises(TypeError, match=r"X\[0\]\[0\] is 0, not a str"):
        by_texts.recommend([[0]])
    with pytest.raises(ValueError, match="X has no history"):
        by_texts.fit([])


def test_an_item_that_comes_back_has_its_new_text():
    for embedder in (None, make_pipeline(TfidfVectorizer(analyzer="char"), TruncatedSVD(8, random_state=0))):
        recommender = ContentRecommender(CATALOG, embedder=embedder, whiten=0).fit(None)
        recommender.remove_items([11]).add_items([99, 11], ["绿茶", "绿茶 大杯"])
        assert recommender.catalog_.ids.tolist() == [*IDS, 99]
        assert_allclose(recommender.score_items([[0]])[0, 11], 1, atol=1e-6)
        assert recommender.recommend([[0]], 1).tolist() == [[11]]
        recommender.add_items([100], ["绿茶 大杯"])
        assert recommender.recommend([[0]], 2).tolist() == [[11, 100]]


def test_add_items_that_fail_leave_nothing_behind():
    vectors = np.vstack([np.eye(3), np.full((1, 3), np.nan)]).astype(np.float32)
    recommender = by_number(vectors, 3, whiten=0).fit(None)
    with pytest.raises(ValueError, match="NaN or infinity"):
        recommender.add_items([7], ["3"])
    assert recommender.catalog_.n_items == 3
    assert recommender.score_items([[0]]).shape == (1, 3)


@pytest.mark.parametrize("titles", [["茶", "壶", "杯"], ["A", "B", "C"], ["!!", "??", "--"], ["a !", "b ?", "a ."]])
def test_titles_without_a_word_of_two_characters_are_compared_by_characters(titles):
    recommender = ContentRecommender(Catalog([1, 2, 3], titles)).fit(None).add_items([4], [titles[0]])
    assert recommender.recommend([[1]], k=1).tolist() == [[4]]
    assert recommender.score_items([[1]])[0, 3] == pytest.approx(1)


def test_one_word_among_characters_is_a_word():
    embedder = ContentRecommender(Catalog([1, 2, 3], ["A", "B", "Cd"])).fit(None).embedder_
    assert [part.analyzer for _, part in embedder.transformer_list] == ["word", "char_wb"]


def test_an_embedder_that_gives_no_vectors_is_refused():
    with pytest.raises(ValueError, match="NaN or infinity"):
        by_number(np.full((2, 2), np.nan, dtype=np.float32)).fit(None)
    with pytest.raises(ValueError, match=r"the shape \(2,\) for 2 items"):
        by_number(np.ones(2)).fit(None)
    with pytest.raises(ValueError, match="no texts"):
        ContentRecommender(Catalog([1])).fit(None)


def test_a_search_over_the_embedder_and_the_profile():
    X, y = [[0], [1], [3], [4], [6], [7], [9], [10]], [1, 2, 4, 5, 7, 8, 10, 11]
    grid = {"embedder__ngram_range": [(1, 1), (1, 2)], "profile": ["last", "mean"]}
    recommender = ContentRecommender(CATALOG, embedder=TfidfVectorizer(token_pattern=r"\S+"))
    search = GridSearchCV(recommender, grid, cv=2, error_score="raise").fit(X, y)
    assert len(search.cv_results_["params"]) == 4
    assert search.best_score_ > 0


@pytest.mark.parametrize("cls", [DenseItemVectors, SparseItemVectors])
def test_vectors_that_grew_are_like_those_that_were_made_at_once(cls, monkeypatch):
    monkeypatch.setattr(vectors_module, "_BLOCK_ITEMS", 8)
    rng = np.random.default_rng(0)
    form = np.asarray if cls is DenseItemVectors else sparse.csr_array
    vectors = rng.normal(size=(40, 3)).astype(np.float32)
    grown = cls.of(form(vectors[:5]), vectors[:5])
    at = 5
    for n in (1, 1, 2, 7, 1, 20, 3):
        idx = np.array([1, 3, *range(at, at + n)])  # two of them again
        before, kept = grown, grown.take(np.arange(at)).copy()
        grown = grown.extended(idx, form(vectors[idx]), vectors[idx])
        assert before.vectors.shape[0] == at
        assert abs(before.take(np.arange(at)) - kept).max() == 0
        at += n
        assert grown.vectors.shape[0] == at
    whole = cls.of(form(vectors), vectors)
    events = sparse.csr_array(rng.normal(size=(2, 40)).astype(np.float32))
    profiles = events @ whole.take(np.arange(40))
    for items in (slice(0, 40), slice(3, 21), slice(16, 24), np.array([0, 7, 8, 39])):
        assert_allclose(
            grown.scores(events @ grown.take(np.arange(40)), items), whole.scores(profiles, items), atol=1e-5
        )
    idx = np.array([39, 0, 8, 8])
    taken = [held.take(idx) for held in (grown, whole)]
    assert_allclose(*(t.toarray() if sparse.issparse(t) else t for t in taken))
    one = profiles[[0, 1, 0, 1]]
    assert_allclose(grown.pair_scores(one, idx), whole.pair_scores(one, idx), atol=1e-5)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_features_of_a_frame_go_through_a_column_transformer(library):
    frames = pytest.importorskip(library)
    prices = frames.DataFrame({"price": [float(i) for i in range(12)], "shop": ["x", "y"] * 6})
    if library == "pandas":
        prices.index = range(100, 112)
    catalog = Catalog(IDS, TEXTS, prices)
    table = ColumnTransformer(
        [("texts", TfidfVectorizer(token_pattern=r"\S+"), "text"), ("price", StandardScaler(), ["price"])]
    )
    recommender = ContentRecommender(catalog, embedder=table).fit(HISTORIES)
    recommender.add_items([77], ["绿茶 大杯"], frames.DataFrame({"price": [0.0], "shop": ["x"]}))
    assert recommender.recommend([[0]], 1).tolist() == [[77]]
    assert recommender.catalog_.columns([12, 0])["shop"].to_list() == ["x", "x"]


@pytest.mark.parametrize("n", [3, 12])
@pytest.mark.parametrize("library", ["array", "pandas", "polars"])
def test_without_an_embedder_texts_alone_are_read_beside_features(n, library):
    table = {"price": np.arange(float(n)), "shop": np.arange(n)}
    features = np.column_stack(list(table.values()))
    if library != "array":
        features = pytest.importorskip(library).DataFrame(table)
    with_features = ContentRecommender(Catalog(IDS[:n], TEXTS[:n], features)).fit(None)
    of_texts = ContentRecommender(Catalog(IDS[:n], TEXTS[:n])).fit(None)
    assert_allclose(with_features.score_items([[0, 1], [2]]), of_texts.score_items([[0, 1], [2]]))
    assert with_features.n_features_ == of_texts.n_features_
    with_features.add_items([99], ["绿茶 大杯"], features[:1])
    assert with_features.recommend([[0]], k=1)[0, 0] == 99


def test_a_blank_text_beside_features_has_a_vector_of_zeros_without_an_embedder():
    recommender = ContentRecommender(Catalog(["a", "b"], ["tea", " "], np.ones((2, 1)))).fit(None)
    assert recommender.score_items([["b"]]).tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("library", ["array", "pandas", "polars"])
def test_features_alone_need_an_embedder(library):
    features = np.arange(6.0).reshape(3, 2)
    if library != "array":
        features = pytest.importorskip(library).DataFrame({"x": features[:, 0], "y": features[:, 1]})
    catalog = Catalog(["a", "b", "c"], features=features)
    with pytest.raises(ValueError, match=r"features and no texts.*pass an embedder of the features"):
        ContentRecommender(catalog).fit(None)
    assert ContentRecommender(catalog, embedder=StandardScaler()).fit(None).n_features_ == 2


def test_an_embedder_of_texts_that_gets_a_table_is_refused_with_advice():
    pandas = pytest.importorskip("pandas")
    catalog = Catalog(IDS, TEXTS, pandas.DataFrame({"price": np.arange(12.0)}))
    with pytest.raises(ValueError, match=r"shape \(2, \d+\) for 12 items: .* a ColumnTransformer takes the texts"):
        ContentRecommender(catalog, embedder=TfidfVectorizer()).fit(None)
