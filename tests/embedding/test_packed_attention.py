"""Attention of packed sequences against one sequence at a time."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.inside import PackedAttention


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def attend(states, shapes, n_heads=3, dtype=torch.float32):
    return PackedAttention(shapes, n_heads, states.shape[1] // 3 // n_heads, dtype)(states.to(dtype))


def naive_attention(states, lengths, n_heads):
    """Softmax of scaled scores, head by head and sequence by sequence, in float64."""
    found = []
    for part in states.double().split(lengths):
        query, key, value = part.chunk(3, dim=1)
        heads = zip(*(x.chunk(n_heads, dim=1) for x in (query, key, value)), strict=True)
        found.append(torch.cat([(q @ k.T / math.sqrt(q.shape[1])).softmax(dim=1) @ v for q, k, v in heads], dim=1))
    return torch.cat(found)


@pytest.mark.parametrize(("dtype", "at_most"), [(torch.float32, 1e-6), (torch.bfloat16, 3e-2)])
@pytest.mark.parametrize("head_size", [8, 5])
@pytest.mark.parametrize("shapes", [[(2, 70), (1, 64), (3, 20), (2, 17), (1, 16), (4, 1)], [(70, 9)], [(1, 3), (1, 9)]])
def test_every_sequence_attends_to_itself(shapes, head_size, dtype, at_most):
    lengths = [length for n, length in shapes for _ in range(n)]
    states = random(sum(lengths), 9 * head_size)
    found = attend(states, shapes, dtype=dtype)
    assert found.dtype == dtype
    expected = naive_attention(states.to(dtype), lengths, 3)
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=at_most)


@given(st.lists(st.integers(1, 70), min_size=1, max_size=12), st.data())
@settings(max_examples=25, deadline=None)
def test_a_sequence_has_the_same_rows_to_the_bit_beside_any_others(lengths, data):
    lengths.sort(reverse=True)
    states = random(sum(lengths), 3 * 24)
    whole = attend(states, [(1, length) for length in lengths]).split(lengths)
    k = data.draw(st.integers(0, len(lengths) - 1))
    alone = attend(states.split(lengths)[k], [(1, lengths[k])])
    assert torch.equal(alone, whole[k])


def test_what_is_not_finite_stays_in_its_sequence():
    states = random(12, 24)
    states[3] = torch.nan
    found = attend(states, [(1, 7), (1, 5)], n_heads=1)
    assert torch.isnan(found[:7]).all()
    assert torch.isfinite(found[7:]).all()
