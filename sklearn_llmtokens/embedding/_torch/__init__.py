"""The only folder that imports torch and transformers: plain values come in, arrays go out."""

# ruff: noqa: E402 (what is missing is named before it is imported)
from ..._utils._optional import require

for _name in ("torch", "tokenizers", "transformers"):
    require(_name, extra=None, purpose="A language model")

from ._encoder import Encoder
from ._load import ModelFacts, describe, load, unload
from ._precision import choose_device, choose_dtype
from ._sequences import check_room
from ._trace import Trace, trace

__all__ = [
    "Encoder",
    "ModelFacts",
    "Trace",
    "check_room",
    "choose_device",
    "choose_dtype",
    "describe",
    "load",
    "trace",
    "unload",
]
