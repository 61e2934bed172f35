"""Rules on ranked lists: each by hand, all at once against a naive search, and the reasons that they give."""

import itertools

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_llmtokens.recommend import (
    Available,
    Boost,
    Catalog,
    EASERecommender,
    Interactions,
    MaxPerGroup,
    Pin,
    PopularityRecommender,
    mmr_rerank,
    rule_rerank,
)

IDS = list("abcdefgh")
BRANDS = ["lu", "lu", "lu", "mei", "mei", None, None, "an"]
CANDIDATES = [["a", "b", "c", "d", "e", "f"]]
SCORES = [[6.0, 5.0, 4.0, 3.0, 2.0, 1.0]]


def ranked(*rules, k=4, recommended=CANDIDATES, scores=SCORES, items=IDS):
    return rule_rerank(recommended, scores, items=items, rules=rules, k=k)


def test_no_rule_changes_nothing():
    ranking = ranked(k=3)
    assert ranking.items.tolist() == [["a", "b", "c"]]
    assert ranking.scores.tolist() == [[6.0, 5.0, 4.0]]
    assert ranking.scores.dtype == np.float32
    assert ranking.reasons.tolist() == [["", "", ""]]


@pytest.mark.parametrize("items", [["d", "b", "x"], {"d", "b"}, np.array(["b", "d"]), pd.Series(["b", "d"])])
def test_what_is_not_available_is_left_out(items):
    ranking = ranked(Available(items), k=2)
    assert ranking.items.tolist() == [["b", "d"]]
    assert ranking.scores.tolist() == [[5.0, 3.0]]
    assert ranking.reasons.tolist() == [["place 2 -> 1: 1 not available", "place 4 -> 2: 2 not available"]]


def test_what_is_available_by_several_rules_is_in_all_of_them():
    assert ranked(Available(["a", "b", "d"]), Available(["b", "d", "e"]), k=2).items.tolist() == [["b", "d"]]


def test_at_most_n_of_a_group_and_no_limit_without_a_group():
    ranking = ranked(MaxPerGroup(BRANDS, 1), k=3)
    assert ranking.items.tolist() == [["a", "d", "f"]]
    assert ranking.reasons.tolist() == [["", "place 4 -> 2: 2 over 1 per group", "place 6 -> 3: 3 over 1 per group"]]
    both = ranked(MaxPerGroup(BRANDS, 2), MaxPerGroup(list("xyxyxyxy"), 2), k=4)
    assert both.items.tolist() == [["a", "b", "d", "e"]]  # c: a third of lu; d and e: the second y, the second x


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA])
def test_items_whose_group_is_missing_are_never_too_many(missing):
    groups = [missing if brand is None else brand for brand in ["lu", "lu", None, None, None, "mei", "x", "x"]]
    assert ranked(MaxPerGroup(groups, 1), k=5).items.tolist() == [["a", "c", "d", "e", "f"]]


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame])
def test_groups_are_a_column_of_the_catalogue(library):
    catalog = Catalog(IDS, IDS, library({"price": range(8), "brand": BRANDS})).append(
        ["i"], ["i"], library({"price": [9], "brand": ["an"]})
    )
    recommended, scores = [["i", *CANDIDATES[0]]], [[7.0, *SCORES[0]]]
    ranking = ranked(MaxPerGroup("brand", 1), recommended=recommended, scores=scores, items=catalog)
    assert ranking.items.tolist() == [["i", "a", "d", "f"]]
    assert ranking.reasons[0, 3] == "place 7 -> 4: 3 over 1 per brand"
    with pytest.raises(ValueError, match=r"the column 'colour', and the features of the items have \['price', 'brand'"):
        ranked(MaxPerGroup("colour", 1), items=catalog)
    with pytest.raises(ValueError, match=r"the column 'brand', and the features of the items have \[\]"):
        ranked(MaxPerGroup("brand", 1))


def test_a_boost_is_a_share_of_the_range_of_the_scores_and_leaves_them():
    ranking = ranked(Boost(["d"], 0.5))  # 0.4 of the range: 0.9, below a (1) and above b (0.8)
    assert ranking.items.tolist() == [["a", "d", "b", "c"]]
    assert ranking.scores.tolist() == [[6.0, 3.0, 5.0, 4.0]]
    assert ranking.reasons.tolist() == [
        ["", "place 4 -> 2: boosted by 0.5", "place 2 -> 3: 1 boosted above", "place 3 -> 4: 1 boosted above"]
    ]
    assert ranked(Boost(["d"], 0.25), Boost(["d", "f"], 0.25)).items.tolist() == [["a", "d", "b", "c"]]


def test_a_negative_boost_lowers():
    ranking = ranked(Boost(["a", "h"], -0.5), k=3)
    assert ranking.items.tolist() == [["b", "c", "a"]]  # a: 0.5, above d (0.4)
    assert ranking.reasons.tolist() == [
        ["place 2 -> 1: 1 lowered", "place 3 -> 2: 1 lowered", "place 1 -> 3: lowered by 0.5"]
    ]


def test_pinned_items_are_at_their_places_candidates_or_not():
    ranking = ranked(Pin(["h", "e"], place=2), k=4)
    assert ranking.items.tolist() == [["a", "h", "e", "b"]]
    np.testing.assert_array_equal(ranking.scores, [[6.0, np.nan, 2.0, 5.0]])
    assert ranking.reasons.tolist() == [
        ["", "pinned to place 2, no candidate", "pinned to place 3, was at 5", "place 2 -> 4: 2 pinned above"]
    ]
    assert ranked(Pin(["h"]), Pin(["e"]), k=3).items.tolist() == [["h", "e", "a"]]


def test_a_pinned_item_counts_in_its_group_and_is_not_shown_where_it_is_not_available():
    assert ranked(MaxPerGroup(BRANDS, 1), Pin(["c"], place=3), k=3).items.tolist() == [["d", "f", "c"]]
    assert ranked(MaxPerGroup(BRANDS, 1), Pin(["a", "b"]), k=3).items.tolist() == [["a", "b", "d"]]
    assert ranked(Pin(["h"]), Available(CANDIDATES[0]), k=3).items.tolist() == [["a", "b", "c"]]


def test_lists_that_are_too_short_stay_short_and_keep_their_pins():
    lists, scores = [["a", "b", None], [None, None, None]], [[2.0, 1.0, -np.inf], [-np.inf] * 3]
    ranking = ranked(Pin(["h"], place=4), MaxPerGroup(BRANDS, 1), recommended=lists, scores=scores, k=5)
    assert ranking.items.tolist() == [["a", "h", None, None], ["h", None, None, None]]
    assert ranking.scores[0, 2:].tolist() == [-np.inf] * 2


def test_short_lists_say_how_many_candidates_to_pass():
    with pytest.warns(UserWarning, match=r"1 of 1 lists have fewer than k=4 .* 3 of 6 candidates: pass about 8"):
        ranking = ranked(MaxPerGroup(BRANDS, 1), k=4)
    assert ranking.items.tolist() == [["a", "d", "f", None]]


def test_without_scores_the_order_is_the_ranking():
    """Lists of another re-ranking are not sorted by score."""
    vectors = np.eye(8)
    vectors[1] = vectors[0]
    varied = mmr_rerank(CANDIDATES, SCORES, items=IDS, vectors=vectors, k=6, lambda_=0.5)
    ranking = ranked(Available(set(IDS) - {"c"}), recommended=varied, scores=None, k=5)
    assert ranking.items.tolist() == [[item for item in varied[0] if item != "c"]]
    assert ranking.scores is None
    assert ranked(Boost(["e"], 0.5), scores=None).items.tolist() == [["a", "b", "e", "c"]]  # e: 0.2 + 0.5, b: 0.8


rules = st.lists(
    st.one_of(
        st.builds(Available, st.lists(st.sampled_from(IDS), min_size=5)),
        st.builds(Boost, st.lists(st.sampled_from(IDS)), st.sampled_from([-0.5, 0.25, 1.0])),
        st.builds(MaxPerGroup, st.just(BRANDS), st.integers(1, 2)),
        st.builds(lambda item, place: Pin([item], place), st.sampled_from(IDS), st.integers(1, 3)),
    ),
    max_size=4,
    unique_by=lambda rule: rule.items[0] if isinstance(rule, Pin) else id(rule),
)


@pytest.mark.filterwarnings("ignore:.*lists have fewer")
@settings(max_examples=150, deadline=None)
@given(rules=rules, candidates=st.permutations(IDS).flatmap(lambda ids: st.integers(1, 8).map(lambda n: ids[:n])))
def test_every_rule_holds_and_nothing_better_is_left_out(rules, candidates):
    k, groups = 6, dict(zip(IDS, BRANDS, strict=True))
    scores = [float(2**-i) for i in range(len(candidates))]
    items, own, reasons = (
        column[0].tolist() for column in ranked(*rules, k=k, recommended=[candidates], scores=[scores])
    )
    shown = [item for item in items if item is not None]
    allowed = set.intersection(set(IDS), *(rule.items for rule in rules if isinstance(rule, Available)))
    pins = [item for rule in rules if isinstance(rule, Pin) for item in rule.items if item in allowed]
    assert set(shown) <= allowed & {*candidates, *pins}
    assert set(pins) <= set(shown)
    assert len(set(shown)) == len(shown)
    low, high = min(scores), max(scores)
    gain = {
        item: (score - low) / (high - low) if high > low else 1.0
        for item, score in zip(candidates, scores, strict=True)
    }
    for rule in rules:
        for item in rule.items if isinstance(rule, Boost) else ():
            gain[item] = gain.get(item, 0) + rule.amount
    free = [item for item in shown if item not in pins]
    for first, second in itertools.pairwise(free):
        assert (
            gain[first] > gain[second]
            or candidates.index(first) < candidates.index(second)
            or gain[first] == gain[second]
        )
    limits = [rule.n for rule in rules if isinstance(rule, MaxPerGroup)]

    def n_of(group, among):
        return sum(groups[item] == group for item in among)

    for n in limits:
        for group in {"lu", "mei", "an"}:
            assert n_of(group, shown) <= max(n, n_of(group, pins))
    for item in set(candidates) & allowed - set(shown):
        better = [one for one in free if (gain[one], -candidates.index(one)) > (gain[item], -candidates.index(item))]
        is_full = any(groups[item] and n_of(groups[item], [*pins, *better]) >= n for n in limits)
        assert is_full or len(better) + len(pins) >= k
    for place, item in enumerate(items):
        if item is None:
            assert (own[place], reasons[place]) == (-np.inf, "")
        elif item in pins:
            assert reasons[place].startswith(f"pinned to place {place + 1}")
        else:
            assert own[place] == np.float32(scores[candidates.index(item)])
            assert (reasons[place] == "") == (candidates.index(item) == place)
            assert not reasons[place].endswith(": ")


@pytest.mark.parametrize("library", [lambda frame: frame, pl.from_pandas], ids=["pandas", "polars"])
def test_a_table_of_recommend_goes_in_and_comes_out_with_reasons(library):
    events = Interactions(["u", "u", "v", "v", "w"], ["a", "b", "a", "c", "d"])
    catalog = Catalog(IDS)
    recommender = EASERecommender(catalog).fit(events)
    frame = recommender.recommend(events, k=6, as_frame=True)
    lists, scores = recommender.recommend(events, k=6, return_scores=True)
    given = [Available(set(IDS) - {"d"}), Pin(["h"], 2)]
    expected = rule_rerank(lists, scores, items=catalog, rules=given, k=3)
    ruled = rule_rerank(library(frame), items=catalog, rules=given, k=3)
    assert isinstance(ruled, type(library(frame)))
    assert list(ruled.columns) == [*frame.columns, "reason"]
    assert ruled["query_id"].to_list() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert ruled["user_id"].to_list() == list("uuuvvvwww")
    assert ruled["rank"].to_list() == [1, 2, 3] * 3
    assert ruled["item_id"].to_list() == expected.items.ravel().tolist()
    np.testing.assert_array_equal(ruled["score"].to_numpy(), expected.scores.ravel())
    assert ruled["reason"].to_list() == expected.reasons.ravel().tolist()
    assert ruled["score"].dtype == library(frame)["score"].dtype


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ranked(Pin(["z"])), ValueError, "Pin.items has 'z', which is not an item of the catalogue"),
        (lambda: ranked(Pin(["z"]), items=Catalog(IDS)), ValueError, r"Pin.items\[0\] is 'z', which is not in the"),
        (lambda: ranked(Boost(["z"])), ValueError, "Boost.items has 'z', which is not an item of the catalogue"),
        (lambda: ranked(Pin(["h", "g"], 4)), ValueError, "'g' is pinned to place 5, beyond k=4"),
        (lambda: ranked(Pin(["h"]), Pin(["h"], 2)), ValueError, "'h' is pinned twice"),
        (lambda: ranked(Available([1, 2])), ValueError, "Available.items has ids of type int and recommended of type"),
        (lambda: ranked(MaxPerGroup(["lu"], 1)), ValueError, "groups has 1 entries for 8 items"),
        (lambda: ranked("in stock"), TypeError, "rules holds 'in stock' of type str: it takes Available, Boost"),
        (lambda: rule_rerank(CANDIDATES, items=IDS, rules=Pin(["h"])), TypeError, "rules is one Pin: pass a list"),
        (lambda: ranked(scores=[[1.0]]), ValueError, r"scores\[0\] has 1 scores for 6 items"),
        (lambda: Pin(["h"], 0), ValueError, "Pin.place == 0, must be >= 1"),
        (lambda: Boost(["h"], 2), ValueError, "Boost.amount == 2, must be <= 1"),
        (lambda: MaxPerGroup(BRANDS, 0), ValueError, "MaxPerGroup.n == 0, must be >= 1"),
        (lambda: Available("abc"), TypeError, "Available.items is a str"),
        (lambda: Pin({"a", "b"}), TypeError, "Pin.items is a set, which has no order"),
        (lambda: ranked(recommended=pd.DataFrame({"item_id": ["a"]}), scores=None), ValueError, "no column 'query_id'"),
        (
            lambda: ranked(recommended=pd.DataFrame({"query_id": [0], "item_id": ["a"], "score": [1.0]})),
            ValueError,
            "scores were passed beside a table",
        ),
    ],
)
def test_what_is_wrong_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("library", [lambda frame: frame, pl.from_pandas], ids=["pandas", "polars"])
def test_no_query_has_no_list(library):
    assert [column.shape for column in ranked(Pin(["a"]), recommended=[], scores=[])] == [(0, 1)] * 3
    empty = PopularityRecommender(Catalog(IDS)).fit([["a"]]).recommend([], as_frame=True)
    frame = rule_rerank(library(empty), items=IDS, rules=[Available(["a"])])
    assert len(frame) == 0
    assert list(frame.columns) == [*empty.columns, "reason"]
