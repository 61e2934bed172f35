"""Frozen descriptions of an embedding: everything that changes a vector, as plain values.

A spec crosses process borders instead of a model, and its digest is the identity under which vectors are stored.
`ForwardSpec` is what goes through the model, `Readout` what is taken from it: several readouts share one forward pass.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from .._utils._messages import shorten
from ._prompts import SLOT

# Raise by one whenever the arithmetic changes a vector by more than rounding: vectors stored before are then ignored.
ARITHMETIC_VERSION = 2
_INT8_VERSION = 1  # the same for the vectors of 8-bit products alone

# A checkpoint may be used, and its parameters checked, without torch: `_torch/_pooling.py` has the functions.
POOLING_NAMES = ("mean", "cls", "max", "last", "weighted_mean", "mean_sqrt_len")
WEIGHTED_POOLING_NAMES = ("mean", "weighted_mean", "mean_sqrt_len")  # the weights of words change these

DIGEST_BYTES = 16
SPANS_DIGEST_BYTES = 8


@dataclass(frozen=True)
class ForwardSpec:
    """What a text becomes on its way through the model.

    Attributes
    ----------
    folder : str
        The checkpoint on this machine; where it lies does not change a vector.
    fingerprint : str
        Hash of the checkpoint's weights, tokenizer and conventions.
    template : str
        The text that the model reads, with ``{text}`` where the input goes.
    pool_scope : {"all", "text", "after_prompt"}
        Which tokens are pooled: all, those of the last ``{text}``, or all after the prompt.
    max_length : int
        Most tokens of one sequence, special tokens included.
    long_text : {"truncate", "chunk", "error"}
        What is done with a longer text.
    lowercase : bool
        Whether the checkpoint wants lower case that its tokenizer does not make.
    causal : bool
        Whether a token sees only those before it.
    weighted : bool
        Whether tokens are weighted by the words they belong to.
    dtype : {"float32", "bfloat16", "float16", "int8"}
        Precision of the matrix products.
    trust_remote_code : bool
        Whether code of the checkpoint may run.
    """

    folder: str
    fingerprint: str
    template: str
    pool_scope: str
    max_length: int
    long_text: str
    lowercase: bool
    causal: bool
    weighted: bool
    dtype: str
    trust_remote_code: bool


@dataclass(frozen=True)
class Readout:
    """What is taken from a forward pass.

    Attributes
    ----------
    layers : tuple of int
        Hidden states that are averaged, counted from 0 (the embeddings).
    pooling : tuple of str
        Names of the poolings that are concatenated.
    head : bool
        Whether the checkpoint's own Dense layers follow.
    truncate_dim : int or None
        How many leading features are kept.
    normalize : bool
        Whether rows are scaled to unit length, after the truncation.
    """

    layers: tuple[int, ...]
    pooling: tuple[str, ...]
    head: bool
    truncate_dim: int | None
    normalize: bool


@dataclass(frozen=True)
class EmbeddingSpec:
    """A forward pass and what is taken from it: the whole identity of a vector, but for its text."""

    forward: ForwardSpec
    readout: Readout

    def digest(self) -> bytes:
        """Return the 16 bytes that identify everything that changes a vector.

        Returns
        -------
        bytes
            BLAKE2b of the values; the folder and the permission to run code are no part of it.
        """
        return _digest(self, ARITHMETIC_VERSION)

    def to_dict(self) -> dict:
        """Return the values as a nested dict of plain values, for a pickle that needs no class of ours.

        Returns
        -------
        dict
            ``{"forward": {...}, "readout": {...}}``.
        """
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> "EmbeddingSpec":
        """Build the spec that `to_dict` wrote.

        Parameters
        ----------
        values : dict
            As from `to_dict`. They may come out of a file that somebody else made, and are checked.

        Returns
        -------
        EmbeddingSpec
            The spec.

        Raises
        ------
        ValueError
            If a value is missing or none that `to_dict` writes.
        """
        forward = ForwardSpec(**_checked(values, "forward", _FORWARD_NAMES))
        readout = _checked(values, "readout", _READOUT_NAMES)
        readout |= {name: tuple(readout[name]) for name in ("layers", "pooling")}
        return cls(forward, Readout(**readout))


_FORWARD_NAMES = tuple(field.name for field in fields(ForwardSpec))
_READOUT_NAMES = tuple(field.name for field in fields(Readout))


def _checked(values: dict, part: str, names: Sequence[str]) -> dict:
    found = values.get(part) if isinstance(values, dict) else None
    for name in names:
        if not isinstance(found, dict) or name not in found:
            raise ValueError(f"spec_[{part!r}][{name!r}] is missing: fit again.")
        if not _VALID[name](found[name]):
            raise ValueError(f"spec_[{part!r}][{name!r}] is {shorten(found[name])}, which fit never writes: fit again.")
    return {name: found[name] for name in names}  # type: ignore[index]


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _is_str(value: object) -> bool:
    return isinstance(value, str)


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _are(is_one: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, tuple | list) and bool(value) and all(map(is_one, value))


_VALID: dict[str, Callable[[Any], bool]] = {
    "folder": _is_str,
    "fingerprint": _is_str,
    "template": lambda value: isinstance(value, str) and SLOT in value,
    "pool_scope": lambda value: value in ("all", "text", "after_prompt"),
    "max_length": _is_int,
    "long_text": lambda value: value in ("truncate", "chunk", "error"),
    "lowercase": _is_bool,
    "causal": _is_bool,
    "weighted": _is_bool,
    "dtype": lambda value: value in ("float32", "bfloat16", "float16", "int8"),
    "trust_remote_code": _is_bool,
    "layers": _are(_is_int),
    "pooling": _are(_is_str),
    "head": _is_bool,
    "truncate_dim": lambda value: value is None or _is_int(value),
    "normalize": _is_bool,
}


@lru_cache(maxsize=256)
def _digest(spec: EmbeddingSpec, version: int) -> bytes:
    values = asdict(spec)
    for name in ("folder", "trust_remote_code"):
        del values["forward"][name]
    versions: object = (version, _INT8_VERSION) if spec.forward.dtype == "int8" else version
    return blake2b(repr((versions, values)).encode(), digest_size=DIGEST_BYTES).digest()


def text_keys(texts: Sequence[str], spans: Sequence[tuple] | None = None) -> list[bytes]:
    """Return the keys of texts in a cache: digests, from which a text cannot be read back.

    Parameters
    ----------
    texts : sequence of str of length n_texts
        The texts.
    spans : sequence of length n_texts, optional
        Weighted words of each text, where they change its vector.

    Returns
    -------
    list of bytes of length n_texts
        16 bytes of BLAKE2b of the text, and 8 of the spans where there are any: every key of a text begins alike.
    """
    keys = [blake2b(text.encode(), digest_size=DIGEST_BYTES).digest() for text in texts]
    if spans is None:
        return keys
    ends = (blake2b(repr(words).encode(), digest_size=SPANS_DIGEST_BYTES).digest() for words in spans)
    return [key + end for key, end in zip(keys, ends, strict=True)]
