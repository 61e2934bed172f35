"""Static checkpoints, one vector per token and a mean: those of model2vec and sentence-transformers, without torch.

Distillation, in ``_distill``, is imported by those who distil: it would double the time of this import.
"""

# ruff: noqa: E402 (what is missing is named before it is imported)
from ..._utils._optional import require

for _name in ("tokenizers", "safetensors"):
    require(_name, extra=None, purpose="A static model")

from ._encoder import StaticEncoder
from ._export import export_static
from ._files import NO_LIMIT, read_static
from ._resolve import resolve_static
from ._trace import StaticTrace, trace_static

__all__ = [
    "NO_LIMIT",
    "StaticEncoder",
    "StaticTrace",
    "export_static",
    "read_static",
    "resolve_static",
    "trace_static",
]
