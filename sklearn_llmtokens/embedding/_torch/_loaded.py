"""What a run needs of a model: the weights, how they are laid out, and what stands before and behind them."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from ._lean import LeanEncoder
from ._tokenizer import TextTokenizer


@dataclass(frozen=True)
class LoadedModel:
    """A model on its device, with its tokenizer and the Dense layers that follow its pooling.

    Attributes
    ----------
    model : torch.nn.Module
        The transformer, in evaluation mode.
    layers : torch.nn.ModuleList or None
        Its layers in order; None where they cannot be told apart.
    n_layers : int
        Number of layers.
    hidden_size : int
        Features of a hidden state.
    tokenizer : TextTokenizer
        Makes token ids.
    head : tuple of callable
        Maps of pooled vectors (n, n_in) to (n, n_out), in float64 on the CPU.
    device : str
        Where it lies.
    lean : LeanEncoder or None
        A faster way to the same hidden states, for models that have one.
    """

    model: nn.Module
    layers: nn.ModuleList | None
    n_layers: int
    hidden_size: int
    tokenizer: TextTokenizer
    head: tuple[Callable[[torch.Tensor], torch.Tensor], ...]
    device: str
    lean: LeanEncoder | None = None
