"""Batches over lengths, and the order of shards: pure functions against their definitions."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sklearn_llmtokens.embedding._batches import token_budget_batches, total_order

lengths = st.lists(st.integers(1, 50), max_size=60)


@given(lengths, st.integers(1, 200))
def test_batches_are_a_permutation_within_the_budget(lengths, budget):
    batches = token_budget_batches(lengths, budget)
    assert sorted(int(i) for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[i] for i in batch)
        assert len(batch) == 1 or len(batch) * longest <= budget


@given(lengths, st.integers(1, 200))
def test_the_longest_come_first_and_equals_keep_their_order(lengths, budget):
    flat = [int(i) for batch in token_budget_batches(lengths, budget) for i in batch]
    assert flat == sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))


@given(lengths, st.integers(1, 200))
def test_no_batch_could_take_one_more(lengths, budget):
    batches = token_budget_batches(lengths, budget)
    for batch in batches[:-1]:
        assert (len(batch) + 1) * lengths[batch[0]] > budget


def test_no_sequences_give_no_batches():
    assert token_budget_batches([], 10) == []


@given(st.lists(st.text(max_size=4), unique=True, max_size=20), st.randoms())
def test_the_order_of_shards_does_not_depend_on_that_of_the_input(texts, random):
    shuffled = random.sample(texts, len(texts))
    assert [texts[i] for i in total_order(texts)] == [shuffled[i] for i in total_order(shuffled)]
    sizes = np.array([len(texts[i]) for i in total_order(texts)])
    assert (np.diff(sizes) >= 0).all()


@given(st.lists(st.integers(1, 12), max_size=60), st.integers(1, 40))
def test_equal_batches_hold_one_length_each(lengths, budget):
    batches = token_budget_batches(lengths, budget, equal=True)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len({lengths[i] for i in batch}) == 1
        assert len(batch) == 1 or len(batch) * lengths[batch[0]] <= budget
