"""The repr of a fitted embedder: which checkpoint it stands on, how wide its rows are, and how its cache has served."""

import os
import warnings
from contextlib import suppress

from .._utils._messages import shorten
from .._utils._sklearn import VisualBlock


class FittedRepr:
    """Mixin for the text and HTML repr of an embedder; stands before `BaseEstimator`.

    The text remains an expression, with a comment on a second line. Inside the repr of a pipeline there is no comment.
    """

    def __repr__(self, N_CHAR_MAX=700):
        text = super().__repr__(N_CHAR_MAX)  # type: ignore[call-arg]
        return f"{text}\n# {fitted_facts(self)}" if "fingerprint_" in vars(self) else text

    def _sk_visual_block_(self):
        caption = fitted_facts(self) if "fingerprint_" in vars(self) else None
        name = type(self).__name__
        return VisualBlock("single", self, names=name, name_details=str(self), name_caption=caption)


def fitted_facts(embedder) -> str:
    """Return the model, the beginning of its fingerprint, the number of features and the hits of the cache."""
    model = shorten(os.fspath(embedder.model))
    facts = f"{model} ({embedder.fingerprint_[:8]}), {embedder.n_features_out_} features"
    # A repr neither raises nor warns, and makes no folder.
    with suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if embedder.cache == "memory" or os.path.isdir(embedder.cache):
            info = embedder.cache_info()
            facts += f", cache: {info.hits} hits, {info.misses} misses"
    return facts
