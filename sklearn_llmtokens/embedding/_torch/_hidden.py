"""Run a model no further than the deepest layer that is asked for."""

from collections.abc import Iterable

import torch

from ._model import LoadedModel


class _DeepEnough(Exception):
    """Leaves the forward pass once the last hidden state that is needed is there."""


@torch.inference_mode()
def hidden_states(
    loaded: LoadedModel, token_ids: torch.Tensor, mask: torch.Tensor | None, layers: Iterable[int]
) -> dict[int, torch.Tensor]:
    """Compute hidden states, numbered as transformers numbers them.

    Parameters
    ----------
    loaded : LoadedModel
        The model.
    token_ids : tensor of shape (batch, length)
        Padded on the right.
    mask : tensor of shape (batch, length) or None
        1 on tokens, 0 on padding; None where there is no padding, or where no token sees what follows it.
    layers : iterable of int
        0 is the output of the embeddings, ``n_layers`` that of the last layer after the final norm.

    Returns
    -------
    dict of int to tensor of shape (batch, length, features)
        One for each of `layers`.
    """
    wanted = set(layers)
    inputs = {"input_ids": token_ids}
    if mask is not None:
        inputs["attention_mask"] = mask
    if wanted == {loaded.n_layers}:
        return {loaded.n_layers: loaded.model(**inputs).last_hidden_state}
    if loaded.layers is None:
        states = loaded.model(**inputs, output_hidden_states=True).hidden_states
        return {layer: states[layer] for layer in wanted}
    return _tapped(loaded, inputs, wanted)


def _tapped(loaded: LoadedModel, inputs: dict, wanted: set[int]) -> dict[int, torch.Tensor]:
    states: dict[int, torch.Tensor] = {}
    deepest = max(wanted)

    def keep(layer: int, hidden: torch.Tensor) -> None:
        states[layer] = hidden
        if layer == deepest:
            raise _DeepEnough

    def before_first(module, args, kwargs):
        keep(0, args[0] if args else kwargs["hidden_states"])

    def after(layer):
        return lambda module, args, output: keep(layer, output[0] if isinstance(output, tuple) else output)

    handles = []
    if 0 in wanted:
        handles.append(loaded.layers[0].register_forward_pre_hook(before_first, with_kwargs=True))
    handles += [loaded.layers[k - 1].register_forward_hook(after(k)) for k in wanted if 0 < k < loaded.n_layers]
    try:
        # The output of the last layer itself is not tapped: what transformers numbers last comes after the final norm.
        states[loaded.n_layers] = loaded.model(**inputs).last_hidden_state
    except _DeepEnough:
        pass
    finally:
        for handle in handles:
            handle.remove()
    return {layer: states[layer] for layer in wanted}
