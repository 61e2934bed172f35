"""The only folder that imports torch and transformers: plain values come in, arrays go out."""

from ._encoder import Encoded, Encoder, TextTokens
from ._load import ModelFacts, describe, load, unload
from ._precision import choose_device, choose_dtype
from ._tokenizer import check_room

__all__ = [
    "Encoded",
    "Encoder",
    "ModelFacts",
    "TextTokens",
    "check_room",
    "choose_device",
    "choose_dtype",
    "describe",
    "load",
    "unload",
]
