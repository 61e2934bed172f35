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
_FEW = 128  # tokens up to which fewer calls are faster than fewer passes over memory

_steps = torch.tensor(float(_STEPS))  # torch wraps a number anew for each call


class _Kernel(Protocol):
    """``steps @ weight.T / 127``, with `steps` of shape (tokens, n_in) between -127 and 127 before rounding."""

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
    n_steps : int, default=63
        Steps of a weight on either side of zero: 127 where products are added in 32 bits.
    """

    def __init__(self, weight: torch.Tensor, n_steps: int = 63):
        scale = _channel_steps(weight, n_steps)
        zeros = torch.zeros(len(weight), dtype=torch.long)
        with warnings.catch_warnings(), _engine("fbgemm"):
            # torch wants to move quantised tensors to torchao, which has no such layer for CPUs of before 2019
            warnings.simplefilter("ignore", UserWarning)
            rounded = (weight / scale.unsqueeze(1)).round_().to(torch.int8)
            quantised = torch._make_per_channel_quantized_tensor(rounded, scale / _STEPS, zeros, 0)
            self._packed = torch.ops.quantized.linear_prepack(quantised, None)

    def __call__(self, steps: torch.Tensor) -> torch.Tensor:
        multiply = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32
        return multiply(steps, 1.0, _STEPS + 1, self._packed)


class Vnni:
    """Weights of 8 bits, for processors whose instructions add in 32 bits (VNNI).

    They are kept twice: FBGEMM multiplies a few tokens in half the time of oneDNN, which is faster with many. Both give
    the same, for the sums are of integers.

    Parameters
    ----------
    weight : tensor of shape (n_out, n_in)
        In float32.
    """

    def __init__(self, weight: torch.Tensor):
        scale = _channel_steps(weight, 127)
        self._of_few = Fbgemm(weight, n_steps=127)
        self._scale = scale / _STEPS
        self._packed = torch.ops.onednn.qlinear_prepack((weight / scale.unsqueeze(1)).round_().to(torch.int8), None)
        self._zeros = torch.zeros(len(weight), dtype=torch.long)

    def __call__(self, steps: torch.Tensor) -> torch.Tensor:
        if len(steps) <= _FEW:
            return self._of_few(steps)
        # FBGEMM rounds as it does for a few; the integers themselves are its memory, which torch would copy one by one
        rounded = torch.quantize_per_tensor(steps, 1.0, _STEPS + 1, torch.quint8)
        unsigned = steps.new_empty(0, dtype=torch.uint8).set_(rounded.untyped_storage()).view(steps.shape)
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
        kernel = Vnni(torch.ones(16, 64))
        totals = [kernel(torch.full((n, 64), float(_STEPS))) for n in (4, _FEW + 1)]
    except (AttributeError, RuntimeError):
        return False
    return all(bool((total - 64).abs().max() < 1e-3) for total in totals)


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
        `Fbgemm` or `Vnni`; by default what suits the processor.

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
        self._exact = exact
        self._exact_rows: tuple[torch.Tensor, ...] = ()
        self._exact_columns: list[int] = []
        if exact is not None:
            self._exact_columns, self._exact_rows = exact.tolist(), tuple(weight[:, exact].T.contiguous())
            weight = weight.index_fill(1, exact, 0)
        kernel = kernel or (Vnni if has_exact_vnni() else Fbgemm)
        self._kernel = kernel(weight)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        if self._exact is None:
            return self._add_product(self.bias, x, None)
        rest = x.index_fill(1, self._exact, 0)
        return self._add_exact(self._add_product(self.bias, rest, rest), x)

    def plus(self, x: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        """Return the product and `other` added up; x may be overwritten."""
        added = torch.add(other, self.bias)
        if self._exact is not None:
            added = self._add_exact(added, x)
            x.index_fill_(1, self._exact, 0)
        return self._add_product(added, x, x)

    def _add_exact(self, out: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Add the products of the channels in float32, one by one: sums do not depend on the number of tokens."""
        for column, row in zip(self._exact_columns, self._exact_rows, strict=True):
            out.addcmul_(x.narrow(1, column, 1), row)
        return out

    def _add_product(self, added: torch.Tensor, x: torch.Tensor, steps: torch.Tensor | None) -> torch.Tensor:
        """Return ``added + x @ weight.T``; `steps`, where x is divided by steps, is overwritten if there is one."""
        # The largest value of a token that has NaN or infinity is NaN or infinity too, and so is its row.
        largest = self._largest(x)
        out = self._kernel(torch.mul(x, torch.div(_steps, largest), out=steps))
        return torch.addcmul(added, out, largest, out=out)

    def _largest(self, x: torch.Tensor) -> torch.Tensor:
        """Return the largest absolute value of each token: (tokens, 1)."""
        if self.lowest is not None:
            return x.amax(dim=1, keepdim=True).clamp_(min=max(_SMALLEST, -self.lowest))
        if len(x) <= _FEW:
            return x.abs().amax(dim=1, keepdim=True).clamp_(min=_SMALLEST)
        found = torch.maximum(x.amax(dim=1, keepdim=True), x.amin(dim=1, keepdim=True).neg_())
        return found.clamp_(min=_SMALLEST)


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
