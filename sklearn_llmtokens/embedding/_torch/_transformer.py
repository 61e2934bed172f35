"""A model of transformers on its device, with what is needed to run it no further than a given layer."""

from dataclasses import dataclass

from torch import nn
from transformers import PreTrainedModel


@dataclass(frozen=True, eq=False)
class Transformer:
    """A model in evaluation mode.

    Attributes
    ----------
    model : PreTrainedModel
        The model.
    layers : torch.nn.ModuleList or None
        Its layers in order; None where they cannot be distinguished.
    n_layers : int
        Number of layers.
    hidden_size : int
        Features of a hidden state.
    device : str
        Where it lies.
    """

    model: PreTrainedModel
    layers: nn.ModuleList | None
    n_layers: int
    hidden_size: int
    device: str
