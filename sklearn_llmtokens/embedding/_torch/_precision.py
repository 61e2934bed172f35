"""Which precision a processor computes in natively."""

import torch

from ..._utils._warnings import warn_once
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
