"""What follows the pooling: Dense layers and scaling, in float64 on the CPU.

They are small, and one row must give what it gives among many.
"""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import normalize

from ..._utils._messages import shorten
from ...exceptions import CheckpointError
from .._checkpoint import Conventions, DenseLayer

Step = Callable[[torch.Tensor], torch.Tensor]


def load_head(conventions: Conventions) -> tuple[Step, ...]:
    """Load the steps between the pooling and the vector.

    Parameters
    ----------
    conventions : Conventions
        Names them.

    Returns
    -------
    tuple of callable
        Maps of rows (n, n_in) to rows (n, n_out), in order.

    Raises
    ------
    CheckpointError
        If the weights of a layer cannot be read or do not suit its configuration.
    """
    return tuple(_load_layer(step) if isinstance(step, DenseLayer) else _to_unit_length for step in conventions.head)


def _to_unit_length(rows: torch.Tensor) -> torch.Tensor:
    return normalize(rows, dim=1)


def _load_layer(dense: DenseLayer) -> nn.Module:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    linear = nn.Linear(dense.n_in, dense.n_out, bias=dense.bias, dtype=torch.float64)
    expected = {f"linear.{name}": tuple(tensor.shape) for name, tensor in linear.state_dict().items()}
    try:
        tensors = load_file(dense.file)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{dense.file} is damaged or half downloaded ({error}). Get it again.") from error
    found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if found != expected:
        raise CheckpointError(f"{dense.file} holds {_listed(found)}; by its config.json, it holds {_listed(expected)}.")
    linear.load_state_dict({name.removeprefix("linear."): value.double() for name, value in tensors.items()})
    return nn.Sequential(linear, _activation(dense)).eval().requires_grad_(False)


def _activation(dense: DenseLayer) -> nn.Module:
    found = getattr(nn, dense.activation.rsplit(".", 1)[-1], None)
    try:
        if isinstance(found, type) and issubclass(found, nn.Module):
            return found()
    except TypeError:  # it wants arguments
        pass
    file = Path(dense.file).with_name("config.json")
    raise CheckpointError(
        f"{file}: 'activation_function' is {shorten(dense.activation)}, which is no activation of torch.nn."
    )


def _listed(shapes: dict[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {shape}" for name, shape in sorted(shapes.items())) or "no tensors"
