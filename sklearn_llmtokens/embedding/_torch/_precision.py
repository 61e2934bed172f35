"""Which precision a processor computes in natively, and 8-bit linear layers."""

import warnings

import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

from ...exceptions import PrecisionWarning

_NATIVE = {
    "bfloat16": ("avx512_bf16", "amx_bf16", "avx10_1", "bf16", "arm_bf16"),
    "float16": ("avx512_fp16", "amx_fp16", "avx10_1", "fp16", "arm_fp16_arith"),
}


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
        If 8-bit layers are asked for elsewhere than on a CPU.

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
    if on_cpu and dtype in _NATIVE and not is_native(dtype):
        warnings.warn(
            f"dtype={dtype!r} is emulated on this processor and several times slower than float32: use "
            "dtype='float32', or 'int8' where a small loss is acceptable.",
            PrecisionWarning,
            stacklevel=4,
        )
    return dtype


def is_native(dtype: str) -> bool:
    """Tell whether this processor has instructions for matrix products in `dtype`.

    Parameters
    ----------
    dtype : {"bfloat16", "float16"}
        The precision.

    Returns
    -------
    bool
        False where it is emulated, or where it cannot be told.
    """
    found = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return any(found.get(name, False) for name in _NATIVE[dtype])


def lower_precision(model: nn.Module) -> nn.Module:
    """Replace every linear layer by one with 8-bit weights, scaled per output channel, and 8-bit activations.

    Parameters
    ----------
    model : torch.nn.Module
        A model in float32 on the CPU. It is changed in place.

    Returns
    -------
    torch.nn.Module
        The same model.
    """
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Linear):
                setattr(module, name, _Int8Linear(child.weight.data, child.bias))
            elif isinstance(child, Conv1D):
                setattr(module, name, _Int8Linear(child.weight.data.T.contiguous(), child.bias))
    return model


class _Int8Linear(nn.Module):
    """``x @ weight.T + bias`` in 8-bit integers; activations are scaled when they come."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None):
        super().__init__()
        scale = weight.abs().amax(dim=1).clamp(min=1e-12) / 127
        zero = torch.zeros(len(weight), dtype=torch.long)
        with warnings.catch_warnings():
            # torch wants to move quantised tensors to torchao, which has no such layer for CPUs of before 2019
            warnings.simplefilter("ignore", UserWarning)
            quantised = torch.quantize_per_channel(weight, scale, zero, 0, torch.qint8)
        self.weight = weight.new_empty(0)  # some models ask for the dtype of a layer's weight
        self._packed = torch.ops.quantized.linear_prepack(quantised, None if bias is None else bias.data)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # reduce_range keeps the 16-bit accumulation of processors without VNNI from overflowing
        return torch.ops.quantized.linear_dynamic(x, self._packed, True)
