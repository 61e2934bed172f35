"""Run a model no further than the deepest layer that is asked for."""

import os
from collections.abc import Iterable

import torch
from torch import nn

from ...exceptions import CheckpointError
from ._transformer import Transformer


class _DeepEnough(Exception):
    """Leaves the forward pass once the last hidden state that is needed is there."""


def hidden_states(
    transformer: Transformer,
    token_ids: torch.Tensor,
    mask: torch.Tensor | None,
    layers: Iterable[int],
    more: dict | None = None,
) -> dict[int, torch.Tensor]:
    """Compute hidden states, numbered as transformers numbers them.

    Parameters
    ----------
    transformer : Transformer
        The model.
    token_ids : tensor of shape (batch, length)
        Padded on the right.
    mask : tensor of shape (batch, length) or None
        1 on tokens, 0 on padding; None where there is no padding, or where no token sees what follows it.
    layers : iterable of int
        0 is the output of the embeddings, ``n_layers`` that of the last layer after the final norm.
    more : dict, optional
        Further inputs of the model, by name.

    Returns
    -------
    dict of int to tensor of shape (batch, length, features)
        One for each of `layers`.
    """
    wanted = set(layers)
    inputs = {"input_ids": token_ids, **(more or {})}
    if mask is not None:
        inputs["attention_mask"] = mask
    if wanted == {transformer.n_layers}:
        return {transformer.n_layers: transformer.model(**inputs).last_hidden_state}
    if transformer.layers is None:
        states = transformer.model(**inputs, output_hidden_states=True).hidden_states
        if states is None or len(states) <= transformer.n_layers:
            raise CheckpointError(
                f"A {type(transformer.model).__name__} gives the hidden states of its last layer alone: set layer=-1."
            )
        return {layer: states[layer] for layer in wanted}
    return _tapped(transformer.model, transformer.layers, inputs, wanted)


@torch.inference_mode()
def find_layers(model: nn.Module, n_layers: int, device: str) -> nn.ModuleList | None:
    """Find the layers of a model, and make sure that what leaves them is what transformers calls hidden states.

    Parameters
    ----------
    model : torch.nn.Module
        The model.
    n_layers : int
        Number of layers.
    device : str
        Where it lies.

    Returns
    -------
    torch.nn.ModuleList or None
        The layers in order; None where they are shared, split into several lists, or followed by something else.
    """
    lists = [(name, m) for name, m in model.named_modules() if isinstance(m, nn.ModuleList) and len(m) == n_layers]
    if not lists:
        return None
    layers = min(lists, key=lambda item: item[0].count("."))[1]
    inputs = {"input_ids": torch.tensor([[1, 2, 3]], device=device)}
    expected = model(**inputs, output_hidden_states=True).hidden_states
    if expected is None or len(expected) <= n_layers:
        return None
    try:
        tapped = _tapped(model, layers, inputs, set(range(n_layers)))
    except (AttributeError, IndexError, KeyError, TypeError):  # its layers are called in a way of their own
        return None
    same = all(k in tapped and torch.equal(tapped[k], expected[k]) for k in range(n_layers))
    return layers if same else None


def _tapped(model: nn.Module, layers: nn.ModuleList, inputs: dict, wanted: set[int]) -> dict[int, torch.Tensor]:
    """Run `model` with a tap on the layers that are wanted, and leave it behind the deepest one."""
    states: dict[int, torch.Tensor] = {}
    deepest, n_layers, process = max(wanted), len(layers), os.getpid()

    def keep(layer: int, hidden: torch.Tensor) -> None:
        if os.getpid() != process:  # a fork copies the hooks of threads that do not exist in the child
            return
        states[layer] = hidden
        if layer == deepest:
            raise _DeepEnough

    def before_first(module, args, kwargs):
        keep(0, args[0] if args else kwargs["hidden_states"])

    def after(layer):
        return lambda module, args, output: keep(layer, output[0] if isinstance(output, tuple | list) else output)

    handles = []
    if 0 in wanted:
        handles.append(layers[0].register_forward_pre_hook(before_first, with_kwargs=True))
    handles += [layers[k - 1].register_forward_hook(after(k)) for k in wanted if 0 < k < n_layers]
    try:
        # The output of the last layer itself is not tapped: what transformers numbers last comes after the final norm.
        states[n_layers] = model(**inputs).last_hidden_state
    except _DeepEnough:
        pass
    finally:
        for handle in handles:
            handle.remove()
    return states
