"""The recipe as it comes, on catalogues and clicks that it was not made with in view."""

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import HashingVectorizer

from sklearn_llmtokens import text_recommender
from sklearn_llmtokens.recommend import (
    Catalog,
    ContentRecommender,
    Event,
    HybridRecommender,
    Interactions,
    PopularityRecommender,
    TransitionRecommender,
    make_queries,
)

TEXTS = [f"{a}{b}{c}" for a in "绿红黑白" for b in "铁木纸瓷" for c in "茶壶杯"]
N = len(TEXTS)
EMBEDDER = HashingVectorizer(analyzer="char", ngram_range=(1, 2), n_features=64, norm=None)


def clicks(ids, n=120, shortest=1, longest=5, seed=0):
    rng = np.random.default_rng(seed)
    return [[ids[j] for j in rng.integers(0, len(ids), rng.integers(shortest, longest + 1))] for _ in range(n)]


def timed(histories, step):
    return [[Event(item, time=step * (10.0 * i + j)) for j, item in enumerate(one)] for i, one in enumerate(histories)]


def assert_serves(recommender, queries):
    """Lists are full of unseen ids, scores finite, shares add up, and a new item is ranked."""
    lists = recommender.recommend(queries, k=3)
    scores = recommender.score_items(queries)
    assert np.isfinite(scores).all()
    for query, row in zip(queries, lists.tolist(), strict=True):
        seen = {event.item if isinstance(event, Event) else event for event in query}
        assert not seen & set(row)
        assert len({*row} - {None}) == min(3, recommender.catalog_.n_items - len(seen))
    shares = recommender.explain(queries, lists[:, 0])
    best = recommender.catalog_.index_of([item for item in lists[:, 0] if item is not None])
    if len(best) == len(queries):
        expected = scores[np.arange(len(queries)), best]
        for i, query in enumerate(queries):
            if len(query):
                assert shares[i].sum() == pytest.approx(expected[i], rel=1e-3, abs=1e-4)
    n_items = recommender.catalog_.n_items
    ids = recommender.catalog_.ids
    recommender.add_items(["new"] if isinstance(ids[0], str) else [10**6], ["绿铁茶 新"])
    assert recommender.score_items(queries).shape == (len(queries), n_items + 1)


@pytest.mark.parametrize(
    "ids",
    [list(range(N)), [f"i{i}" for i in range(N)], np.arange(N, dtype=np.int32), np.array([f"i{i}" for i in range(N)])],
    ids=["int", "str", "int32", "numpy str"],
)
def test_ids_of_any_kind(ids):
    recommender = text_recommender(Catalog(ids, TEXTS), embedder=EMBEDDER).fit([np.array(one) for one in clicks(ids)])
    assert_serves(recommender, [[ids[1], ids[5]], [ids[2]], []])


@pytest.mark.parametrize("n_items", [1, 2, 3, 7])
def test_very_few_items(n_items):
    recommender = text_recommender(Catalog(range(n_items), TEXTS[:n_items]), embedder=EMBEDDER)
    assert_serves(recommender.fit(clicks(range(n_items))), [[0], []])


@pytest.mark.parametrize(
    "histories",
    [
        clicks(range(N), longest=1),
        clicks(range(4)),
        [[0]] * 60,
        [[0, 0, 0]] * 60,
        [[0, 1]] * 60,
        clicks(range(N), n=2),
        [list(range(N))] * 30,
        timed(clicks(range(N)), 1.0),
        timed(clicks(range(N)), 0.0),
        [[(item, -1.0) for item in one] for one in clicks(range(N))],
        [[(item, 1e6) for item in one] for one in clicks(range(N))],
        None,
    ],
    ids=[
        "one click a user",
        "clicks on four items alone",
        "one item",
        "one item again and again",
        "one pair",
        "two users",
        "users who have seen all",
        "times",
        "one moment for all",
        "dislikes alone",
        "huge weights",
        "no clicks",
    ],
)
def test_clicks_of_any_kind(histories):
    recommender = text_recommender(Catalog(range(N), TEXTS), embedder=EMBEDDER).fit(histories)
    assert_serves(recommender, [[1, 5], [2], []])


@pytest.mark.parametrize("history_times", [False, True])
@pytest.mark.parametrize("times", ["one", "many"])
def test_rows_of_a_table_of_events(history_times, times):
    rng = np.random.default_rng(0)
    when = np.zeros(200) if times == "one" else rng.random(200)
    events = pd.DataFrame({"user_id": rng.integers(0, 60, 200), "item_id": rng.integers(0, N, 200), "timestamp": when})
    X, y, *_ = make_queries(events, history_times=history_times)
    assert_serves(text_recommender(Catalog(range(N), TEXTS), embedder=EMBEDDER).fit(X, y), [[1, 5], [2], []])


@pytest.mark.parametrize(
    "texts",
    [
        ["茶"] * N,
        TEXTS[: N // 2] * 2,
        [""] * (N - 2) + TEXTS[:2],
        ["。！"] * N,
        ["😀", "\u3000", "a" * 5000] * (N // 3),
    ],
    ids=["all alike", "duplicates", "hardly any", "punctuation", "odd"],
)
def test_texts_of_any_kind(texts):
    recommender = text_recommender(Catalog(range(N), texts), embedder=EMBEDDER).fit(clicks(range(N)))
    assert_serves(recommender, [[1, 5], [2], []])


def test_items_without_a_text_are_not_like_each_other():
    texts = ["", *TEXTS[1 : N // 2], *[""] * (N - N // 2)]
    recommender = text_recommender(Catalog(range(N), texts), embedder=EMBEDDER).fit(None)
    assert (recommender.score_items([[0]]) == 0).all()


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ([[1, 999]], None, r"X\[0\]\[1\] is 999, which is not in the catalogue"),
        ([[1], [2]], [3, 999], r"y\[1\] is 999, which is not in the catalogue"),
        ([["1"]], None, r"X\[0\]\[0\] is '1', which is not in the catalogue"),
        ([[1, None, 2]], None, r"X\[0\]\[1\] is missing"),
        ([[1]], [2, 3], "X has 1 rows and y has 2"),
        ([], None, "X has no history"),
    ],
)
def test_what_is_not_in_the_catalogue_is_named(X, y, message):
    with pytest.raises(ValueError, match=message):
        text_recommender(Catalog(range(N), TEXTS), embedder=EMBEDDER).fit(X, y)


def test_a_catalogue_without_any_text_is_refused():
    with pytest.raises(ValueError, match=f"All {N} texts are blank"):
        text_recommender(Catalog(range(N), [""] * N), embedder=EMBEDDER).fit(None)


# Fewer events, and other demand, than in the catalogues of the benchmarks --------------------------------------------


def draws(n_users: int, n_items: int, seed: int = 0) -> list[list[int]]:
    """Draw what each user clicks from one distribution: nothing but popularity can be learnt."""
    rng, share = np.random.default_rng(seed), 1 / np.arange(1, n_items + 1)
    share /= share.sum()
    return [rng.choice(n_items, rng.integers(2, 6), replace=False, p=share).tolist() for _ in range(n_users)]


def parts_of(catalog) -> list:
    return [
        ("content", ContentRecommender(catalog, embedder=EMBEDDER)),
        ("next", TransitionRecommender(catalog)),
        ("popularity", PopularityRecommender(catalog, window="auto")),
    ]


def test_where_only_popularity_can_be_learnt_it_has_all_the_weight():
    catalog = Catalog(range(300), [f"{TEXTS[i % N]} {i}" for i in range(300)])
    clicked = draws(400, 300)
    hybrid = HybridRecommender(parts_of(catalog)).fit(clicked)
    assert hybrid.default_strength_ == 0
    assert [name for name, weight in hybrid.weights_.items() if weight[0] > 0] == ["popularity"]
    popular = PopularityRecommender(catalog).fit(clicked)
    queries = [[0, 5], [30]]
    np.testing.assert_array_equal(hybrid.recommend(queries, k=5), popular.recommend(queries, k=5))


@pytest.mark.parametrize(("n_users", "seed"), [(40, 0), (60, 1)])
def test_with_few_users_the_part_that_ranks_better_leads(n_users, seed):
    """Too few for all the weight: the others keep a little, beside default weights of 1 to 0.5."""
    catalog = Catalog(range(300), [f"{TEXTS[i % N]} {i}" for i in range(300)])
    hybrid = HybridRecommender(parts_of(catalog), default_weights={"content": 1, "next": 1, "popularity": 0.5})
    weights = {name: weight for name, (weight, _) in hybrid.fit(draws(n_users, 300, seed)).weights_.items()}
    assert hybrid.default_strength_ == 20
    assert weights["popularity"] > 2 * max(weights["content"], weights["next"]) > 0


def test_what_is_popular_of_late_is_counted_over_a_thousand_events_at_least():
    """One click of yesterday is no trend: where events are few, all of them count."""
    events = Interactions(range(1200), [0] * 700 + [1] * 499 + [2], np.arange(1200.0))
    catalog = Catalog(range(3))
    late = PopularityRecommender(catalog, window="auto").fit(events)
    assert late.popularity_.tolist() == [500, 499, 1]
    few = PopularityRecommender(catalog, window="auto").fit(
        Interactions(range(300), [0] * 200 + [1] * 100, np.arange(300.0))
    )
    assert few.popularity_.tolist() == [200, 100, 0]


def with_new_items(n_users: int = 400) -> list[list[Event]]:
    """Every user clicks on old items, and every fourth one, after the cut, on one of five new ones."""
    rng = np.random.default_rng(0)
    rows = []
    for i in range(n_users):
        row = [Event(int(item), time=float(t)) for t, item in enumerate(rng.choice(30, 9, replace=False))]
        rows.append([*row, Event(30 + i // 4 % 5 if i % 4 == 0 else int(rng.integers(30)), time=20.0 + i)])
    return rows


def test_items_that_nobody_wants_share_the_demand_for_new_ones():
    catalog = Catalog(range(N), TEXTS)
    hybrid = HybridRecommender(parts_of(catalog)).fit(with_new_items())
    n_cold = N - 35
    bias = hybrid.cold_bias_
    hybrid.add_items(range(N, N + n_cold), [f"茶{i}" for i in range(n_cold)])
    assert hybrid.cold_bias_ == pytest.approx(bias - np.log(2))
    lists = hybrid.recommend([[1, 2], [3]], k=10)
    assert (lists >= 35).mean() < 0.5


def test_an_item_that_a_user_has_already_teaches_no_weights():
    """Nobody is recommended it: a click on it is not what the weights are to find."""
    catalog = Catalog(range(N), TEXTS)
    once = [one for one in draws(300, N) if len(one) >= 3]
    again = [[*one, one[0]] for one in once]
    weights = HybridRecommender(parts_of(catalog)).fit(once).weights_
    assert HybridRecommender(parts_of(catalog)).fit(again).weights_ == weights
    assert HybridRecommender(parts_of(catalog), filter_seen=False).fit(again).weights_ != weights
