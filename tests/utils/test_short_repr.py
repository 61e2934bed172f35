"""Estimators that hold others are shown on a few lines: changed parameters alone, long values cut."""

import numpy as np
import pytest
from sklearn import config_context

from sklearn_llmtokens import (
    Catalog,
    ContentRecommender,
    HybridRecommender,
    PopularityRecommender,
    text_pipeline,
    text_recommender,
)

CATALOG = Catalog([f"i{i}" for i in range(3000)], [f"绿茶 {i}" for i in range(3000)])


def test_a_hybrid_shows_its_parts_and_what_was_changed():
    hybrid = HybridRecommender(
        [("content", ContentRecommender(CATALOG, whiten=0.3)), ("popular", "drop")], weights={"content": 1.0}
    )
    assert repr(hybrid) == (
        "HybridRecommender(\n"
        "  content=ContentRecommender(catalog=<Catalog of 3000 items with texts>, whiten=0.3),\n"
        "  popular='drop',\n"
        "  weights={'content': 1.0},\n"
        ")"
    )


@pytest.mark.parametrize("build", [lambda: text_recommender(CATALOG), text_pipeline])
def test_recommended_pipelines_fit_on_a_screen(build):
    lines = repr(build()).splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 120


def test_long_values_are_cut():
    recommender = HybridRecommender([("a", PopularityRecommender(CATALOG))], weights=np.ones(4000))
    assert "weights=array of shape (4000,)" in repr(recommender)
    names = {i: f"{'很长的名字' * 20}{i}" for i in range(500)}
    shown = repr(text_pipeline(label_texts=names))
    assert len(shown) < 1500
    assert "...}" in shown
    assert "9:" not in shown


def test_all_parameters_are_shown_where_that_is_asked_for():
    hybrid = HybridRecommender([("a", PopularityRecommender(CATALOG))])
    assert "filter_seen" not in repr(hybrid)
    with config_context(print_changed_only=False):
        assert "filter_seen=True" in repr(hybrid)


def test_html_shows_the_parts_of_a_hybrid_side_by_side():
    recommender = text_recommender(CATALOG)
    html = recommender._repr_html_()
    assert html.count('<div class="sk-parallel-item">') >= len(recommender.recommenders)
    for name, part in recommender.recommenders:
        assert f"{name}: {type(part).__name__}" in html
    dropped = HybridRecommender([("a", PopularityRecommender(CATALOG)), ("b", "drop")])._repr_html_()
    assert "a: PopularityRecommender" in dropped
    assert ">drop<" in dropped


def test_html_does_not_hide_tf_idf_behind_its_analyzer():
    html = text_pipeline()._repr_html_()
    assert "words: TfidfVectorizer" in html
    assert "analyzer: JiebaTokenizer" in html
    assert "meaning: Pipeline" in html
