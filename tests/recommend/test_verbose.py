"""What a fit writes about itself: nothing, unless it is asked to."""

import re

import pytest

from sklearn_llmtokens import text_recommender
from sklearn_llmtokens.recommend import EASERecommender, HybridRecommender
from tests.recommend.test_embedded_once import CATALOG, HISTORIES, Counting, content


def lines(capsys):
    out, err = capsys.readouterr()
    assert out == ""
    return re.sub(r"[\d.]+ s$", "N s", err, flags=re.MULTILINE).splitlines()


def test_nothing_is_written_by_default(capsys):
    text_recommender(CATALOG, embedder=Counting()).fit(HISTORIES)
    assert lines(capsys) == []


def test_a_fit_names_what_it_learns_from_and_its_seconds(capsys):
    content(verbose=1).fit(HISTORIES)
    assert lines(capsys) == [
        "[fit] ContentRecommender on 240 events of 60 users, 100 items ...",
        "[fit] vectors by Counting ...",
        "[fit] vectors by Counting: N s",
        "[fit] ContentRecommender on 240 events of 60 users, 100 items: N s",
    ]


def test_parts_of_a_hybrid_are_named_and_shared_vectors_are_written_once(capsys):
    parts = [("a", content()), ("b", content(profile="last")), ("clicks", EASERecommender(CATALOG))]
    hybrid = HybridRecommender(parts, verbose=1).fit(HISTORIES)
    found = [line for line in lines(capsys) if line.endswith("N s")]
    assert found == [
        "[a] vectors by Counting: N s",
        "[a] ContentRecommender on 165 events of 60 users, 100 items: N s",  # a tenth of the items is hidden
        "[b] ContentRecommender on 165 events of 60 users, 100 items: N s",
        "[clicks] EASERecommender on 165 events of 60 users, 100 items: N s",
        "[fit] weights by 60 held-out events: N s",
        "[fit] a on 240 events of 60 users: N s",
        "[fit] b on 240 events of 60 users: N s",
        "[fit] clicks on 240 events of 60 users: N s",
        "[fit] HybridRecommender on 240 events of 60 users, 100 items: N s",
    ]
    hybrid.add_items(["new"], ["绿茶"]).recommend(HISTORIES[:2])
    assert lines(capsys) == []


@pytest.mark.parametrize("verbose", [-1, "yes"])
def test_what_verbose_is_not_is_refused(verbose):
    with pytest.raises(ValueError, match="verbose"):
        EASERecommender(CATALOG, verbose=verbose).fit(HISTORIES)
