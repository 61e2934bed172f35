"""Warnings that carry a number of texts, added up over a run."""

import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from .._utils._warnings import stacklevel_of_caller
from ..exceptions import TruncationWarning, UnknownTokenWarning

_COUNTED = (TruncationWarning, UnknownTokenWarning)


@contextmanager
def gather_counts() -> Iterator:
    """Yield a context that counts the texts of warnings; issue one of each kind with their number, at the end."""
    n_texts: Counter[type[Warning]] = Counter()
    messages: dict[type[Warning], str] = {}

    @contextmanager
    def gather():
        with warnings.catch_warnings(record=True) as caught:
            for category in _COUNTED:
                warnings.simplefilter("always", category)
            yield
        for warning in caught:
            if warning.category in _COUNTED:
                n_texts[warning.category] += getattr(warning.message, "n_texts", 1)
                messages[warning.category] = str(warning.message).partition(" ")[2]
            else:
                warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)

    yield gather
    for category, message in messages.items():
        warnings.warn(f"{n_texts[category]} {message}", category, stacklevel=stacklevel_of_caller())
