"""Model selection over language-model vectors for the price of one embedding."""

from ._precompute import precompute
from ._receipt import Receipt

__all__ = ["Receipt", "precompute"]
