"""Linear layers of 8-bit integers, by the instructions that the processor has."""

import contextlib
import functools
import warnings
from collections.abc import Callable, Iterator
from typing import Protocol

import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

_STEPS = 127  # of an activation, on either side of zero
_SMALLEST = 1e-30  # a token of zeros stays one


class _Kernel(Protocol):
    """``steps @ weight.T``, with `steps` of shape (tokens, n_in) between -127 and 127 before rounding."""

    def __call__(self, steps: torch.Tensor) -> torch.Tensor:
        """Return the product (tokens, n_out) in float32; `steps` may be overwritten."""


class Fbgemm:
    """Weights of 7 bits, for every processor.

    Without VNNI a processor adds two products in 16 bits, which holds 255 x 63 twice and not 255 x 127: one factor
    gives up a bit. Weights spread evenly over their range and lose little; activations have outliers.

    Parameters
    ----------
    weight : tensor of shape (n_out, n_in)
        In float32.
    """

    def __init__(self, weight: torch.Tensor):
        scale = _channel_steps(weight, 63)
        zeros = torch.zeros(len(weight), dtype=torch.long)
        with warnings.catch_warnings(), _engine("fbgemm"):
            # torch wants to move quantised tensors to torchao, which has no such layer for CPUs of before 2019
            warnings.simplefilter("ignore", UserWarning)
            quantised = torch.quantize_per_channel(weight, scale, zeros, 0, torch.qint8)
            self._packed = torch.ops.quantized.linear_prepack(quantised, None)

    def __call__(self, steps: torch.Tensor) -> torch.Tensor:
        multiply = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32
        return multiply(steps, 1.0, _STEPS + 1, self._packed)


class OneDnn:
    """Weights of 8 bits, for processors whose instructions add in 32 bits (VNNI).

    Parameters
    ----------
    weight : tensor of shape (n_out, n_in)
        In float32.
    """

    def __init__(self, weight: torch.Tensor):
        self._scale = _channel_steps(weight, 127)
        rounded = (weight / self._scale.unsqueeze(1)).round_().to(torch.int8)
        self._packed = torch.ops.onednn.qlinear_prepack(rounded, None)
        self._zeros = torch.zeros(len(weight), dtype=torch.long)

    def __call__(self, steps: torch.Tensor) -> torch.Tensor:
        # torch turns floats into int8 several at a time, and into uint8 one by one: the highest bit adds 128
        unsigned = steps.round_().to(torch.int8).view(torch.uint8).bitwise_xor_(128)
        multiply, scales = torch.ops.onednn.qlinear_pointwise, (1.0, 128, self._packed, self._scale, self._zeros)
        return multiply(unsigned, *scales, None, 1.0, 0, torch.float32, "none", [], "")  # no bias, in float32


@functools.cache
def has_exact_vnni() -> bool:
    """Check whether this processor, as torch uses it, adds products of 8 bits without overflow.

    Returns
    -------
    bool
        False where it has no such instructions, and where their use is switched off.
    """
    found = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    if not found.get("avx512_vnni", False):
        return False
    try:
        total = OneDnn(torch.ones(16, 64))(torch.full((4, 64), float(_STEPS)))
    except (AttributeError, RuntimeError):
        return False
    return bool((total - 64 * _STEPS).abs().max() < 0.1)


def lower_precision(model: nn.Module) -> None:
    """Replace every linear layer by one of 8-bit integers.

    Parameters
    ----------
    model : torch.nn.Module
        A model in float32 on the CPU. It is changed in place.
    """
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Linear):
                setattr(module, name, Int8Linear(child.weight.data, child.bias))
            elif isinstance(child, Conv1D):
                setattr(module, name, Int8Linear(child.weight.data.T.contiguous(), child.bias))


class Int8Product:
    """``x @ weight.T + bias`` in 8-bit integers.

    Each token is scaled by its own largest value, so that its row is the same in any batch: the sums are of integers
    and exact.

    Parameters
    ----------
    weight : tensor of shape (n_out, n_in)
        In float32.
    bias : tensor of shape (n_out,) or None
        What is added.
    exact : tensor of int64 of shape (n_exact,), default=None
        Input channels that are multiplied in float32: few whose values are so large that the steps of 8 bits, which all
        channels of a token share, would be too wide for the others (Dettmers et al. 2022, "LLM.int8()").
    kernel : callable, default=None
        `Fbgemm` or `OneDnn`; by default what suits the processor.

    Attributes
    ----------
    lowest : float or None
        What no input is below, where that is known: it spares a look at all of them.
    """

    lowest: float | None = None

    def __init__(
        self,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        exact: torch.Tensor | None = None,
        kernel: Callable[[torch.Tensor], _Kernel] | None = None,
    ):
        self.bias = weight.new_zeros(len(weight)) if bias is None else bias
        self._exact: tuple[torch.Tensor, torch.Tensor] | None = None
        if exact is not None and len(exact):
            self._exact = (exact, weight[:, exact].T.contiguous())
            weight = weight.index_fill(1, exact, 0)
        kernel = kernel or (OneDnn if has_exact_vnni() else Fbgemm)
        self._kernel = kernel(weight)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        out, scale = self._product(x)
        return torch.addcmul(self.bias, out, scale, out=out)

    def plus(self, x: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        """Return the product and `other` added up; x may be overwritten."""
        out, scale = self._product(x, x)
        return torch.addcmul(torch.add(other, self.bias), out, scale, out=out)

    def _product(self, x: torch.Tensor, steps: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """Return ``x @ weight.T`` over the steps of the tokens, and these; `steps` is overwritten if there is one."""
        if self._exact is None:
            return self._quantised_product(x, steps)
        channels, weights = self._exact
        large = x.index_select(1, channels)
        rest = x.index_fill(1, channels, 0) if steps is None else x.index_fill_(1, channels, 0)
        out, scale = self._quantised_product(rest, rest)
        large /= scale
        for i, row in enumerate(weights):  # one by one: the sums do not depend on the number of tokens
            out.addcmul_(large[:, i : i + 1], row)
        return out, scale

    def _quantised_product(self, x: torch.Tensor, steps: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
        # The scale of a token that has NaN or infinity is NaN or infinity too, and so is its row.
        scale = x.amax(dim=1, keepdim=True)
        if self.lowest is None:
            torch.maximum(scale, x.amin(dim=1, keepdim=True).neg_(), out=scale)
        scale.clamp_(min=_SMALLEST if self.lowest is None else max(_SMALLEST, -self.lowest)).mul_(1 / _STEPS)
        return self._kernel(torch.mul(x, scale.reciprocal(), out=steps)), scale


class Int8Linear(nn.Module):
    """A linear layer of a model as a product of 8-bit integers."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None):
        super().__init__()
        self.product = Int8Product(weight, None if bias is None else bias.data)  # which other ways to a layer share
        self.weight = weight.new_empty(0)  # some models ask for the dtype of a layer's weight
        self.bias = None if bias is None else bias.data

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.product(x.reshape(-1, x.shape[-1])).view(*x.shape[:-1], -1)


def _channel_steps(weight: torch.Tensor, n_steps: int) -> torch.Tensor:
    """Return the width of a step of each output channel: (n_out,)."""
    return weight.abs().amax(dim=1).clamp(min=1e-12) / n_steps


@contextlib.contextmanager
def _engine(name: str) -> Iterator[None]:
    """Pack weights for this engine: the one that torch chooses with VNNI has no product with scales of our own."""
    before = torch.backends.quantized.engine
    torch.backends.quantized.engine = name
    try:
        yield
    finally:
        torch.backends.quantized.engine = before
