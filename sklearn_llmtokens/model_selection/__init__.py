"""Model selection over embeddings with one forward pass per text."""

from .._public import name_public_module
from ._precompute import precompute
from ._receipt import Receipt

__all__ = ["Receipt", "precompute"]

name_public_module(globals())
