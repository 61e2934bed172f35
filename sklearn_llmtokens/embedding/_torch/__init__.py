"""The only folder that imports torch and transformers; everything outside of it passes plain values in and arrays out."""

from ._encode import Encoded, TextTokens, encode, encode_tokens
from ._model import ModelFacts, describe, load, unload
from ._precision import choose_device, choose_dtype

__all__ = [
    "Encoded",
    "ModelFacts",
    "TextTokens",
    "choose_device",
    "choose_dtype",
    "describe",
    "encode",
    "encode_tokens",
    "load",
    "unload",
]
