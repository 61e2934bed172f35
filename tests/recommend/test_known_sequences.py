import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sklearn_llmtokens.recommend import Catalog
from sklearn_llmtokens.recommend._known_sequences import KnownSequences
from tests.inside import as_histories

CATALOG = Catalog(list(range(4)))
HISTORIES = st.lists(st.lists(st.integers(0, 3), max_size=4), min_size=1, max_size=12)


def read(X):
    return as_histories(X, CATALOG)


@given(HISTORIES, HISTORIES)
def test_a_history_of_two_items_is_known_if_it_equals_a_sequence(X, asked):
    expected = [len({*one}) > 1 and one in X for one in asked]
    assert KnownSequences.of(read(X)).hold(read(asked)).tolist() == expected


@given(HISTORIES, HISTORIES, HISTORIES)
def test_an_update_is_as_reading_everything(kept, before, now):
    updated = KnownSequences.of(read(kept + before)).updated(read(now), read(before))
    whole = KnownSequences.of(read(kept + now))
    np.testing.assert_array_equal(updated.hashes, whole.hashes)
    np.testing.assert_array_equal(updated.counts, whole.counts)
