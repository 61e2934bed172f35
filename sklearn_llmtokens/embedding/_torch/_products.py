"""Products of tokens and weights in the precision of the weights."""

import functools
from typing import Protocol

import torch

from ._precision import is_native


class Product(Protocol):
    """``x @ weight.T + bias``, with x of shape (tokens, features)."""

    def __call__(self, x: torch.Tensor) -> torch.Tensor: ...

    def plus(self, x: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        """Return the product and `other` added up; x may be overwritten."""


class PlainProduct:
    """A product as torch computes it.

    Parameters
    ----------
    weight : tensor of shape (n_out, n_in)
        In any precision.
    bias : tensor of shape (n_out,)
        What is added.
    """

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor):
        self.weight, self.bias = weight, bias

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return torch.addmm(self.bias, x, self.weight.T)

    def plus(self, x: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        return torch.add(other, self.bias).addmm_(x, self.weight.T)


class PackedProduct(PlainProduct):
    """A product in bfloat16 whose weights lie as the processor reads them: torch repacks them for each product.

    Parameters
    ----------
    weight : tensor of shape (n_out, n_in), bfloat16
        Copied.
    bias : tensor of shape (n_out,), bfloat16
        What is added.
    """

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor):
        super().__init__(weight, bias)
        self._packed = torch.ops.mkldnn._reorder_linear_weight(weight, None)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return torch.ops.mkldnn._linear_pointwise(x, self._packed, self.bias, "none", [], "")

    def plus(self, x: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        return self(x).add_(other)


def make_product(weight: torch.Tensor, bias: torch.Tensor) -> PlainProduct:
    """Make the fastest product of this precision.

    Parameters
    ----------
    weight : tensor of shape (n_out, n_in)
        In any precision.
    bias : tensor of shape (n_out,)
        What is added.

    Returns
    -------
    PlainProduct
        With packed weights where they are bfloat16 and the processor has instructions for it.
    """
    is_packed = weight.dtype == torch.bfloat16 and _can_pack()
    return PackedProduct(weight, bias) if is_packed else PlainProduct(weight, bias)


@functools.cache
def _can_pack() -> bool:
    """Check whether torch multiplies packed weights: not where these instructions are switched off."""
    if not is_native("bfloat16"):
        return False
    ones = torch.ones(16, 16, dtype=torch.bfloat16)
    try:
        return bool((PackedProduct(ones, ones[0])(ones) == 17).all())
    except (AttributeError, RuntimeError):  # a build of torch without oneDNN
        return False
