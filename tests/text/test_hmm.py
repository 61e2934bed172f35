"""Words that the dictionary lacks are those of jieba's hidden Markov model, whose own decoder is slower."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sklearn_llmtokens.text import JiebaTokenizer
from tests.text.conftest import words_by_jieba

characters = st.one_of(
    st.sampled_from("哈好差的不一二杭研了"),
    st.sampled_from("鷲龘靐齉"),
    st.characters(min_codepoint=0x4E00, max_codepoint=0x9FD5),
)
runs_of_characters = st.text(characters, min_size=1, max_size=12)
MANY = 30  # from some two dozen on, runs are decoded together
ONE_JUDGE = [HealthCheck.function_scoped_fixture]


def check(judge, runs):
    cut = JiebaTokenizer().fit_transform(runs)
    assert cut.tolist() == [" ".join(words_by_jieba(judge, run)) for run in runs]


@settings(max_examples=100, deadline=None, suppress_health_check=ONE_JUDGE)
@given(run=runs_of_characters)
def test_one_run(judge, run):
    check(judge, [run])


@settings(max_examples=20, deadline=None, suppress_health_check=ONE_JUDGE)
@given(
    runs=st.lists(runs_of_characters, min_size=MANY, max_size=2 * MANY, unique=True),
    longer=st.lists(st.text(characters, min_size=13, max_size=30), max_size=3),
)
def test_many_runs_of_all_lengths_at_once(judge, runs, longer):
    """The few that go on where the others have ended are cut one by one."""
    check(judge, runs + longer)


@settings(max_examples=10, deadline=None, suppress_health_check=ONE_JUDGE)
@given(
    runs=st.lists(st.text(characters, min_size=3, max_size=3), min_size=MANY, max_size=2 * MANY, unique=True),
)
def test_many_runs_of_one_length_at_once(judge, runs):
    check(judge, runs)


@pytest.mark.parametrize("char", ["哈", "鷲", "好"])
def test_ties_of_a_repeated_character(judge, char):
    check(judge, [char * n for n in (1, 2, 3, 50, 501)])


def test_ties_after_a_character_that_the_model_has_never_seen(judge):
    check(judge, ["了靐", "不差靐", "研龘靐了差", "好龘好齉鷲", "鷲的研杭杭齉研不哈靐"])
