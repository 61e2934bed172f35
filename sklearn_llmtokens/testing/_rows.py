"""Checks that a row of the output depends on its own text and on nothing else."""

import numpy as np

from ._compare import ROW_ATOL, as_array, assert_same, fit, prepare
from ._samples import TEXTS


def check_order_invariance(name, estimator):
    """The same texts in another order give the same rows. Counterpart of check_methods_sample_order_invariance."""
    estimator = fit(prepare(estimator), TEXTS)
    expected = as_array(estimator.transform(TEXTS))
    order = np.random.default_rng(0).permutation(len(TEXTS))
    for what, index in (("reversed", np.arange(len(TEXTS))[::-1]), ("shuffled", order)):
        output = estimator.transform([TEXTS[i] for i in index])
        assert_same(output, expected[index], f"{name} gives other rows for texts {what}", atol=ROW_ATOL)


def check_subset_invariance(name, estimator):
    """A part of the texts gives a part of the rows. Counterpart of check_methods_subset_invariance."""
    estimator = fit(prepare(estimator), TEXTS)
    expected = as_array(estimator.transform(TEXTS))
    for size in (1, 5):
        for start in range(0, len(TEXTS), size):
            part = slice(start, start + size)
            output = estimator.transform(TEXTS[part])
            message = f"{name} gives other rows for texts in batches of {size}"
            assert_same(output, expected[part], message, atol=ROW_ATOL)


def check_duplicates_give_equal_rows(name, estimator):
    """A text that comes again gives the same row again."""
    estimator = fit(prepare(estimator), TEXTS)
    repeated = [TEXTS[i] for i in (0, 1, 0, 2, 0, 1)]
    output = as_array(estimator.transform(repeated))
    expected = as_array(estimator.transform(TEXTS[:3]))[[0, 1, 0, 2, 0, 1]]
    assert_same(output, expected, f"{name} gives other rows for texts that come again", atol=ROW_ATOL)
