import tempfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_llmtokens import LLMTokenEmbedder
from tests.checkpoints import TEXTS
from tests.text.texts import texts

from .profiles import fuzz

some_texts = st.one_of(st.sampled_from(TEXTS), texts.map(lambda text: text[:60]))
READOUTS = [{"pooling": "mean"}, {"pooling": "last", "layer": -2}, {"pooling": ("mean", "max")}]


@pytest.mark.filterwarnings("ignore::UserWarning")  # of texts that the small vocabulary cannot read
@pytest.mark.parametrize("family", ["bert", "gpt2", "t5"])
@fuzz
@given(batch=st.lists(some_texts, min_size=1, max_size=6), data=st.data())
def test_rows_do_not_depend_on_order_or_other_texts(checkpoints, family, batch, data):
    embedder = LLMTokenEmbedder(str(checkpoints[family]), cache=None)
    rows = embedder.fit_transform(batch)
    order = data.draw(st.lists(st.integers(0, len(batch) - 1), min_size=1, max_size=8))
    again = embedder.transform([batch[i] for i in order])
    assert_allclose(again, rows[order], atol=1e-5)  # random weights, of which T5 scales no attention
    for i, j in enumerate(order):
        assert_array_equal(again[i], again[order.index(j)])  # equal texts, equal rows


@pytest.mark.filterwarnings("ignore::UserWarning")
@fuzz
@given(
    calls=st.lists(
        st.tuples(st.sampled_from(["embed", "embed", "forget"]), st.integers(0, 2), st.lists(some_texts, max_size=4)),
        max_size=6,
    )
)
def test_a_store_is_a_dict(checkpoints, calls):
    plain = [LLMTokenEmbedder(str(checkpoints["bert"]), cache=None, **readout).fit(["good"]) for readout in READOUTS]
    with tempfile.TemporaryDirectory() as folder:
        stored = [LLMTokenEmbedder(str(checkpoints["bert"]), cache=folder, **readout) for readout in READOUTS]
        known = set()
        for what, which, batch in calls:
            embedder = stored[which].fit(["good"])
            before = embedder.cache_info()
            if what == "forget":
                erased = {(readout, text) for readout, text in known if text in batch}
                assert embedder.forget(batch) == len(erased)
                known -= erased
            elif batch:
                wanted = {(which, text) for text in batch}
                assert_allclose(embedder.transform(batch), plain[which].transform(batch), atol=1e-6)
                after = embedder.cache_info()
                assert after.misses - before.misses == len(wanted - known)
                known |= wanted
            assert embedder.cache_info().rows == len(known)
        for which, embedder in enumerate(stored):
            held = [text for readout, text in known if readout == which]
            if held:
                rows = embedder.fit(["good"]).transform(held)
                assert_allclose(rows, plain[which].transform(held), atol=1e-6)
                assert np.isfinite(rows).all()
