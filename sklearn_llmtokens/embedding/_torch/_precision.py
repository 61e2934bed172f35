"""Which precision a processor computes in natively, and 8-bit linear layers."""

import contextlib
import warnings
from collections.abc import Iterator

import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

from ..._utils._warnings import warn_once
from ...exceptions import PrecisionWarning

_NATIVE = {
    "bfloat16": ("avx512_bf16", "amx_bf16", "avx10_1", "bf16", "arm_bf16"),
    "float16": ("avx512_fp16", "amx_fp16", "avx10_1", "fp16", "arm_fp16_arith"),
}

_ACTIVATION_STEPS = 127  # on either side of zero
_WEIGHT_STEPS = 63
_SMALLEST = 1e-30  # a token of zeros stays one


def choose_device(device: str) -> str:
    """Resolve ``"auto"`` to the first accelerator, or to the CPU.

    Parameters
    ----------
    device : str
        ``"auto"`` or a torch device.

    Returns
    -------
    str
        A torch device.

    Raises
    ------
    ValueError
        If torch does not know the device, or it is not on this machine.
    """
    if device == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        kind = torch.device(device).type
    except RuntimeError as error:
        raise ValueError(f"device={device!r} is not a torch device such as 'cpu', 'cuda' or 'cuda:1'.") from error
    if kind == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"device={device!r}: torch sees no CUDA device here. Use device='auto'.")
    return device


def choose_dtype(dtype: str, device: str, checkpoint_dtype: str | None) -> str:
    """Resolve ``"auto"``: float32 on a CPU, the checkpoint's own half precision on an accelerator.

    Parameters
    ----------
    dtype : {"auto", "float32", "bfloat16", "float16", "int8"}
        What was asked for.
    device : str
        A torch device.
    checkpoint_dtype : str or None
        Precision in which the weights are kept.

    Returns
    -------
    str
        The precision.

    Raises
    ------
    ValueError
        If 8-bit layers are asked for elsewhere than on an x86 CPU.

    Warns
    -----
    PrecisionWarning
        If this processor emulates the precision.
    """
    on_cpu = device.startswith("cpu")
    if dtype == "auto":
        return checkpoint_dtype if not on_cpu and checkpoint_dtype in ("bfloat16", "float16") else "float32"
    if dtype == "int8" and not on_cpu:
        raise ValueError(
            f"dtype='int8' runs on a CPU only, and device is {device!r}: use 'bfloat16' or 'float16' there."
        )
    if dtype == "int8" and "fbgemm" not in torch.backends.quantized.supported_engines:
        raise ValueError(
            "dtype='int8' needs an x86 processor, and torch has no 8-bit layers for this one: use dtype='float32'."
        )
    if on_cpu and dtype in _NATIVE and not is_native(dtype):
        warning = PrecisionWarning(
            f"dtype={dtype!r} is emulated on this processor and several times slower than float32: use "
            "dtype='float32', or 'int8' where a small loss is acceptable."
        )
        warn_once(warning, "")
    return dtype


def agree(a: torch.Tensor, b: torch.Tensor, at_most: float = 1e-4) -> bool:
    """Check whether two ways to the same hidden states differ by rounding alone.

    Parameters
    ----------
    a, b : tensor of shape (..., features)
        What both ways give, in the same precision.
    at_most : float, default=1e-4
        The largest difference in float32, as a part of the largest value; half precision may differ by more.

    Returns
    -------
    bool
        False where the shapes differ too.
    """
    at_most = max(at_most, 8 * torch.finfo(a.dtype).eps)
    return a.shape == b.shape and bool((a - b).abs().max() <= at_most * b.abs().max())


def is_native(dtype: str) -> bool:
    """Check whether this processor has instructions for matrix products in `dtype`.

    Parameters
    ----------
    dtype : {"bfloat16", "float16"}
        The precision.

    Returns
    -------
    bool
        False where it is emulated, or where that is unknown.
    """
    found = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return any(found.get(name, False) for name in _NATIVE[dtype])


def lower_precision(model: nn.Module) -> None:
    """Replace every linear layer by one with 8-bit activations, scaled by token, and 7-bit weights, by output channel.

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
    and exact. Without VNNI a processor adds two products in 16 bits, which holds 255 x 63 twice and not 255 x 127: one
    factor gives up a bit. Weights spread evenly over their range and lose little; activations have outliers.

    Parameters
    ----------
    weight : tensor of shape (n_out, n_in)
        In float32.
    bias : tensor of shape (n_out,) or None
        What is added.
    exact : tensor of int64 of shape (n_exact,), default=None
        Input channels that are multiplied in float32: few whose values are so large that the steps of 8 bits, which all
        channels of a token share, would be too wide for the others (Dettmers et al. 2022, "LLM.int8()").

    Attributes
    ----------
    lowest : float or None
        What no input is below, where that is known: it spares a look at all of them.
    """

    lowest: float | None = None

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None, exact: torch.Tensor | None = None):
        self.bias = weight.new_zeros(len(weight)) if bias is None else bias
        self._exact: tuple[torch.Tensor, torch.Tensor] | None = None
        if exact is not None and len(exact):
            self._exact = (exact, weight[:, exact].T.contiguous())
            weight = weight.index_fill(1, exact, 0)
        scale = weight.abs().amax(dim=1).clamp(min=1e-12) / _WEIGHT_STEPS
        zeros = torch.zeros(len(weight), dtype=torch.long)
        with warnings.catch_warnings(), _engine("fbgemm"):
            # torch wants to move quantised tensors to torchao, which has no such layer for CPUs of before 2019
            warnings.simplefilter("ignore", UserWarning)
            quantised = torch.quantize_per_channel(weight, scale, zeros, 0, torch.qint8)
            self._packed = torch.ops.quantized.linear_prepack(quantised, None)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        out, scale = self._product(x)
        return torch.addcmul(self.bias, out, scale, out=out)

    def plus(self, x: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        """Return the product and `other` added up."""
        out, scale = self._product(x)
        return torch.addcmul(torch.add(other, self.bias), out, scale, out=out)

    def _product(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return ``x @ weight.T`` over the scales of the tokens, and these."""
        if self._exact is None:
            return self._quantised_product(x)
        channels, weights = self._exact
        out, scale = self._quantised_product(x.index_fill(1, channels, 0))
        large = x[:, channels] / scale
        for i, row in enumerate(weights):  # one by one: the sums do not depend on the number of tokens
            out.addcmul_(large[:, i : i + 1], row)
        return out, scale

    def _quantised_product(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        # The scale of a token that has NaN or infinity is NaN or infinity too, and so is its row.
        scale = x.amax(dim=1, keepdim=True)
        if self.lowest is None:
            torch.maximum(scale, x.amin(dim=1, keepdim=True).neg_(), out=scale)
        scale.clamp_(min=_SMALLEST if self.lowest is None else max(_SMALLEST, -self.lowest))
        out = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32(
            x * scale.reciprocal(), 1 / _ACTIVATION_STEPS, _ACTIVATION_STEPS + 1, self._packed
        )
        return out, scale


class Int8Linear(nn.Module):
    """A linear layer of a model as a product of 8-bit integers."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None):
        super().__init__()
        self.product = Int8Product(weight, None if bias is None else bias.data)  # which other ways to a layer share
        self.weight = weight.new_empty(0)  # some models ask for the dtype of a layer's weight
        self.bias = None if bias is None else bias.data

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.product(x.reshape(-1, x.shape[-1])).view(*x.shape[:-1], -1)


@contextlib.contextmanager
def _engine(name: str) -> Iterator[None]:
    """Pack weights for this engine: the one that torch chooses with VNNI has no product with scales of our own."""
    before = torch.backends.quantized.engine
    torch.backends.quantized.engine = name
    try:
        yield
    finally:
        torch.backends.quantized.engine = before
