"""Sequences of several lengths in one pass without padding: their tokens in one row, attention one length at a time.

A pass takes some milliseconds whatever it holds, and products of few rows run below the machine's rate: a few texts,
each of its own length, make full batches this way. No sequence sees another one and none is padded.

transformers hands the further arguments of a model's ``forward`` to its attention function. The lengths travel there,
so that nothing outside of the call knows of them.
"""

from collections.abc import Sequence

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from ._batch import TokenGroup, equal_length_groups
from ._hidden import hidden_states
from ._precision import agree
from ._sequences import Sequence_
from ._transformer import Transformer

ATTENTION = "sklearn_llmtokens_unpadded"

KeysValues = Sequence[tuple[torch.Tensor, torch.Tensor]]
"""Keys and values (1, heads, n_tokens, head features) of each layer, of tokens that every sequence begins with."""


class Unpadded:
    """Run sequences of several lengths in one row.

    Parameters
    ----------
    transformer : Transformer
        A model for which `find_unpadded` has found that this gives the same hidden states.
    offset : int
        Position of a first token: 0, or that behind the padding index.
    pad : int
        The padding index. Where positions begin behind it, a sequence with this very token has positions of its own.
    """

    mixes_lengths = True

    def __init__(self, transformer: Transformer, offset: int, pad: int):
        self.transformer, self.offset, self.pad = transformer, offset, pad

    def accepts(self, token_ids: Sequence[int]) -> bool:
        return not self.offset or self.pad not in token_ids

    def groups(self, sequences: Sequence[Sequence_]) -> list[TokenGroup]:
        return equal_length_groups(sequences)

    def states(self, groups: Sequence[TokenGroup], layers: Sequence[int]) -> list[dict[int, torch.Tensor]]:
        if len(groups) == 1:
            return [hidden_states(self.transformer, groups[0].token_ids, None, layers)]
        return self.row_states([group.token_ids for group in groups], layers)

    def row_states(
        self, token_ids: Sequence[torch.Tensor], layers: Sequence[int], n_before: int = 0, before: KeysValues = ()
    ) -> list[dict[int, torch.Tensor]]:
        """Compute the hidden states of groups of sequences in one row.

        Parameters
        ----------
        token_ids : sequence of tensor of shape (n_sequences, length)
            One group for each length.
        layers : sequence of int
            As in `hidden_states`.
        n_before : int, default=0
            Number of tokens that stand before every sequence.
        before : sequence of pair of tensors, default=()
            Their keys and values.

        Returns
        -------
        list of dict of int to tensor of shape (n_sequences, length, features)
            One for each group.
        """
        shapes = [(len(ids), ids.shape[1]) for ids in token_ids]
        first = self.offset + n_before
        positions = torch.cat([torch.arange(first, first + length).repeat(n) for n, length in shapes])
        inputs = {"position_ids": positions.unsqueeze(0), "sequence_shapes": shapes}
        if before:
            inputs["keys_values_before"] = before
        row = torch.cat([ids.reshape(-1) for ids in token_ids]).unsqueeze(0)
        states = hidden_states(self.transformer, row, None, layers, more=inputs)
        sizes = [n * length for n, length in shapes]
        parts = {layer: state[0].split(sizes) for layer, state in states.items()}
        # (n_sequences * length, features) -> (n_sequences, length, features)
        return [{layer: parts[layer][k].unflatten(0, shape) for layer in parts} for k, shape in enumerate(shapes)]


@torch.inference_mode()
def find_unpadded(transformer: Transformer) -> Unpadded | None:
    """Build the unpadded strategy of a model on the CPU if it gives the same hidden states as sequences one by one.

    Parameters
    ----------
    transformer : Transformer
        The model. Its attention is exchanged for one that does without padding where the lengths are passed.

    Returns
    -------
    Unpadded or None
        None on an accelerator, for attention of the model's own kind, for windows, and where positions of a sequence
        depend on the longest one of its batch.
    """
    model = transformer.model
    config = model.config
    before = getattr(config, "_attn_implementation", None)
    if transformer.layers is None or not transformer.device.startswith("cpu") or _rescales_positions(config):
        return None
    pad = getattr(config, "pad_token_id", None) or 0
    expected = _probe(transformer, pad)
    if expected is None:
        return None
    config._attn_implementation = ATTENTION
    for offset in dict.fromkeys((0, pad + 1)):
        strategy = Unpadded(transformer, offset, pad)
        if _is_right(strategy, *expected):
            return strategy
    config._attn_implementation = before
    return None


def _probe(transformer: Transformer, pad: int):
    """Return two groups of sequences, layers, and their hidden states, each group in a pass of its own."""
    try:
        embeddings = transformer.model.get_input_embeddings().weight
    except (AttributeError, NotImplementedError):
        return None
    if not isinstance(embeddings, torch.Tensor):
        return None
    known = [k for k in range(min(len(embeddings), 12)) if k != pad]
    if len(known) < 8:
        return None
    groups = [torch.tensor([known[:5]]), torch.tensor([known[2:5], known[5:8]])]
    layers = (transformer.n_layers - 1, transformer.n_layers)
    return groups, layers, [hidden_states(transformer, ids, None, layers) for ids in groups]


def _is_right(strategy: Unpadded, groups, layers, expected) -> bool:
    try:
        found = strategy.row_states(groups, layers)
        alone = [hidden_states(strategy.transformer, ids, None, layers) for ids in groups]
    except (AttributeError, IndexError, KeyError, NotImplementedError, RuntimeError, TypeError, ValueError):
        return False  # it cannot be run this way
    pairs = [*zip(found, expected, strict=True), *zip(alone, expected, strict=True)]
    return all(agree(a[layer], b[layer]) for a, b in pairs for layer in layers)


def _rescales_positions(config) -> bool:
    """Check whether rotations depend on the longest sequence of a pass, and so on the other texts of the batch."""
    text = config.get_text_config()
    rope = str([getattr(text, name, None) for name in ("rope_parameters", "rope_scaling")])
    return "dynamic" in rope or "longrope" in rope


def _attend(
    module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    sequence_shapes: Sequence[tuple[int, int]] | None = None,
    keys_values_before: KeysValues = (),
    **kwargs,
):
    """Let the sequences of each group attend to themselves; query, key and value are (1, heads, tokens, features)."""
    if sequence_shapes is None:
        usual = ALL_ATTENTION_FUNCTIONS["sdpa"]
        return usual(module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **kwargs)
    unknown = ("sliding_window", "position_bias", "softcap", "s_aux")
    if attention_mask is not None or any(kwargs.get(name) is not None for name in unknown):
        raise ValueError("this attention cannot do without padding")
    causal = kwargs.get("is_causal")
    causal = bool(getattr(module, "is_causal", False) if causal is None else causal)
    shared_heads = query.shape[1] != key.shape[1]
    out = query.new_empty(query.shape[2], query.shape[1], value.shape[3])
    start = 0
    for n, length in sequence_shapes:
        stop = start + n * length
        # (heads, n * length, features) -> (n, heads, length, features)
        q, k, v = (x[0, :, start:stop].unflatten(1, (n, length)).transpose(0, 1) for x in (query, key, value))
        seen = None
        if keys_values_before:
            before = keys_values_before[module.layer_idx]
            k, v = (torch.cat([b.expand(n, -1, -1, -1), x], dim=2) for b, x in zip(before, (k, v), strict=True))
            seen = torch.ones(length, k.shape[2], dtype=torch.bool).tril(k.shape[2] - length)
        found = scaled_dot_product_attention(
            q, k, v, attn_mask=seen, is_causal=causal and seen is None, scale=scaling, enable_gqa=shared_heads
        )
        out[start:stop].unflatten(0, (n, length)).copy_(found.transpose(1, 2))
        start = stop
    return out.unsqueeze(0), None


AttentionInterface.register(ATTENTION, _attend)
