"""The interface of the embedder for `sklearn_llmtokens.inspection`: all that it may use, and nothing else.

A fitted embedder traces one text: its vector, and what each token of it contributes to a linear function of the vector.
Nothing of this is cached, and `caches_bypassed` keeps many variants of a text out of every cache.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from .._utils._text_table import one_column
from ._cache import caches_bypassed
from ._checkpoint import Checkpoint
from ._fitted import spec_of
from ._unique_texts import find_unique_texts
from ._unread import Unread

if TYPE_CHECKING:
    from ._static import StaticTrace
    from ._torch import Trace

__all__ = ["Unread", "caches_bypassed", "trace_text"]


def trace_text(embedder, text: str) -> "Trace | StaticTrace":
    """Run a text through the model of a fitted embedder, and keep what the way back needs.

    Parameters
    ----------
    embedder : LLMTokenEmbedder
        Fitted.
    text : str
        The text.

    Returns
    -------
    Trace or StaticTrace
        With ``vector`` (n_features,), ``offsets`` (n_tokens, 2), ``contributions(coef)`` and ``unread``.

    Raises
    ------
    TextTooLongError
        If the text is too long and `long_text` is ``"error"``.
    """
    spec = spec_of(embedder)
    if Checkpoint(Path(spec.forward.folder), spec.forward.folder, None).is_static:
        from ._static import trace_static

        return trace_static(spec.forward, spec.readout, text)
    from ._torch import trace

    spans = find_unique_texts(one_column([text]), embedder.word_weights_).texts.spans
    return trace(spec.forward, spec.readout, embedder.device, text, None if spans is None else spans[0])
