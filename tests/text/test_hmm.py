"""The decoder against jieba's, which is slower and copies paths."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jieba import finalseg

from sklearn_llmtokens.text import _hmm

characters = st.one_of(
    st.sampled_from("哈好差的不一二杭研了"),
    st.sampled_from("鷲龘靐齉"),
    st.characters(min_codepoint=0x4E00, max_codepoint=0x9FD5),
)
runs_of_characters = st.text(characters, min_size=1, max_size=12)


def by_jieba(run):
    return " ".join(finalseg.cut(run))


@settings(max_examples=150, deadline=None)
@given(run=runs_of_characters)
def test_one_run(run):
    assert _hmm.recognise([run]) == {run: by_jieba(run)}


@settings(max_examples=40, deadline=None)
@given(
    runs=st.lists(runs_of_characters, min_size=_hmm._MIN_BATCH, unique=True),
    longer=st.lists(st.text(characters, min_size=13, max_size=30), max_size=3),
)
def test_many_runs_of_all_lengths_at_once(runs, longer):
    """The few that go on where the others have ended are cut one by one."""
    assert _hmm.recognise(runs + longer) == {run: by_jieba(run) for run in runs + longer}


@settings(max_examples=20, deadline=None)
@given(runs=st.lists(st.text(characters, min_size=3, max_size=3), min_size=_hmm._MIN_BATCH, unique=True))
def test_many_runs_of_one_length_at_once(runs):
    assert _hmm.recognise(runs) == {run: by_jieba(run) for run in runs}


@pytest.mark.parametrize("n", [1, 2, 3, 50, 501])
@pytest.mark.parametrize("char", ["哈", "鷲", "好"])
def test_ties_of_a_repeated_character(char, n):
    run = char * n
    assert _hmm.recognise([run])[run] == by_jieba(run)
