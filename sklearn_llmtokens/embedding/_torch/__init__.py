"""The only folder that imports torch and transformers: plain values come in, arrays go out."""

from ._encode import Encoded, TextTokens, encode, encode_tokens
from ._model import ModelFacts, describe, load, unload
from ._precision import choose_device, choose_dtype
from ._tokenizer import check_room

__all__ = [
    "Encoded",
    "ModelFacts",
    "TextTokens",
    "check_room",
    "choose_device",
    "choose_dtype",
    "describe",
    "encode",
    "encode_tokens",
    "load",
    "unload",
]
