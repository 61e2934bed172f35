"""The interface of the embedder for `sklearn_llmtokens.model_selection`: all that it may use, and nothing else.

A fitted embedder says which unique texts it would read, and what would become of them (`Encoding`). Encodings that
share a forward pass are put together by `precompute`, which fills the cache from one pass for each text (`embed`).
"""

from dataclasses import dataclass

from . import _encoders
from ._batches import total_order
from ._cache import STORE_LIMIT_VARIABLE, Cache, PreparedFolder, open_cache, resolve_folder, row_bytes
from ._embed import embed
from ._fitted import read_cells, resources_of, spec_of
from ._spec import EmbeddingSpec, ForwardSpec, Readout
from ._unique_texts import Texts, find_unique_texts
from ._workers import Resources

__all__ = [
    "STORE_LIMIT_VARIABLE",
    "Cache",
    "Encoding",
    "ForwardSpec",
    "PreparedFolder",
    "Readout",
    "Resources",
    "Texts",
    "embed",
    "encoding_of",
    "load_encoder",
    "namespace_of",
    "open_cache",
    "resolve_folder",
    "row_bytes",
    "total_order",
    "unique_texts_of",
]


@dataclass(frozen=True)
class Encoding:
    """What a fitted embedder makes of a text.

    Attributes
    ----------
    forward : ForwardSpec
        What goes through the model.
    readout : Readout
        What is taken from the pass.
    resources : Resources
        Device, batches, workers.
    n_features : int
        Features of the vector of one text.
    """

    forward: ForwardSpec
    readout: Readout
    resources: Resources
    n_features: int


def encoding_of(embedder) -> Encoding:
    """Return what a fitted embedder makes of a text.

    Parameters
    ----------
    embedder : LLMTokenEmbedder
        Fitted.

    Returns
    -------
    Encoding
        Its specification.
    """
    spec = spec_of(embedder)
    n_features = embedder.n_features_out_ // embedder.n_features_in_
    return Encoding(spec.forward, spec.readout, resources_of(embedder), n_features)


def unique_texts_of(embedder, X) -> tuple[Texts, int]:
    """Return the unique texts that a fitted embedder reads in `X`, and the number of rows.

    Parameters
    ----------
    embedder : LLMTokenEmbedder
        Fitted.
    X : list, 1-D array or Series of str, or 2-D array or frame of them
        The texts.

    Returns
    -------
    texts : Texts
        Each text once.
    n_rows : int
        Number of rows of `X`.
    """
    table = read_cells(embedder, X, reset=False)
    return find_unique_texts(table, embedder.word_weights).texts, table.n_rows


def namespace_of(forward: ForwardSpec, readout: Readout) -> bytes:
    """Return the namespace of vectors in a cache.

    Parameters
    ----------
    forward : ForwardSpec
        What goes through the model.
    readout : Readout
        What is taken from the pass.

    Returns
    -------
    bytes
        16 bytes that identify both.
    """
    return EmbeddingSpec(forward, readout).digest()


def load_encoder(forward: ForwardSpec, resources: Resources):
    """Return the encoder of a specification; the weights are loaded at the first call in this process.

    Parameters
    ----------
    forward : ForwardSpec
        What goes through the model.
    resources : Resources
        Device and batches.

    Returns
    -------
    Encoder
        With ``encode(texts, readouts, spans)`` and ``count_tokens(texts, spans)``.
    """
    return _encoders.load_encoder(forward, resources.device, resources.batch_tokens)
