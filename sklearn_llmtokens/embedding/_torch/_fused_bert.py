"""The layers of BERT and its like in few operations, for packed texts on a CPU.

transformers runs a layer as some fifteen modules, whose bookkeeping takes longer than the arithmetic where a text comes
alone. Here a layer is one product for query, key and value, attention, and three more products, which add up what
follows them. The same weights give the same hidden states: a model for which that does not hold is run by transformers.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, cast

import torch
from torch import nn
from torch.nn.functional import embedding, gelu, layer_norm
from transformers import PreTrainedModel
from transformers.activations import GELUActivation

from ._batch import TokenGroup, equal_length_groups
from ._int8 import Int8Linear, Int8Product
from ._outliers import LargestInputs
from ._packed_attention import PackedAttention
from ._precision import agree
from ._products import PlainProduct, Product, make_product
from ._sequences import Sequence_

if TYPE_CHECKING:
    from transformers.models.bert.modeling_bert import BertLayer, BertModel

# Only these are compared: Longformer and BigBird, say, are built alike and give the same until a text is long.
_FAMILIES = {"bert", "camembert", "data2vec-text", "electra", "ernie", "roberta", "xlm-roberta"}


class _Norm(NamedTuple):
    weight: torch.Tensor
    bias: torch.Tensor
    eps: float

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return layer_norm(x, x.shape[-1:], self.weight, self.bias, self.eps)


class _Layer(NamedTuple):
    """What one layer is made of."""

    qkv: Product
    out: Product
    out_norm: _Norm
    up: Product
    activation: Callable[[torch.Tensor], torch.Tensor]
    down: Product
    down_norm: _Norm


class _Exact(NamedTuple):
    """Input channels of a feed-forward part that are multiplied in float32."""

    up: torch.Tensor | None
    down: torch.Tensor | None


_NONE = _Exact(None, None)


class FusedBert:
    """An encoder of the kind of BERT.

    Parameters
    ----------
    model : BertModel
        A model of transformers that is built like it, whose weights are shared.
    offset : int
        Position of a first token: 0, or that behind the padding index.
    pad : int
        The padding index. Where positions begin behind it, a sequence with this very token has positions of its own.

    Raises
    ------
    AttributeError
        If it is built in another way.
    """

    mixes_lengths = True

    def __init__(self, model: "BertModel", offset: int, pad: int):
        parts = model.embeddings
        self.offset, self.pad = offset, pad
        self.words, self.positions = parts.word_embeddings.weight, parts.position_embeddings.weight
        self.kinds = parts.token_type_embeddings.weight
        self.norm = _norm(parts.LayerNorm)
        self.n_heads = model.config.num_attention_heads
        self.layers = [_read_layer(cast("BertLayer", layer)) for layer in model.encoder.layer]

    def accepts(self, token_ids: Sequence[int]) -> bool:
        return not self.offset or self.pad not in token_ids

    def groups(self, sequences: Sequence[Sequence_]) -> list[TokenGroup]:
        return equal_length_groups(sequences)

    def states(self, groups: Sequence[TokenGroup], layers: Collection[int]) -> list[dict[int, torch.Tensor]]:
        return self.row_states([group.token_ids for group in groups], layers)

    def lower_precision(self, model: PreTrainedModel, probes: Sequence[torch.Tensor] = ()) -> None:
        """Make every product one of 8-bit integers, the model's own but for query, key and value, which are one here.

        Parameters
        ----------
        model : PreTrainedModel
            The model that this was made from, its linear layers of 8 bits by now.
        probes : sequence of tensor of shape (sequences, length), default=()
            Token ids. Channels whose values are far larger than those of the others for these stay in float32 in both
            products of the feed-forward part.
        """
        exact = self._large_channels(probes) if probes else [_NONE] * len(self.layers)
        self.layers = [
            _lower_layer(ours, cast("BertLayer", theirs), channels)
            for ours, theirs, channels in zip(self.layers, cast("BertModel", model).encoder.layer, exact, strict=True)
        ]

    def _large_channels(self, probes: Sequence[torch.Tensor]) -> list["_Exact"]:
        """Return the channels of the inputs of both products of each feed-forward part that stand out."""
        layers = self.layers
        watched = [(LargestInputs(layer.up), LargestInputs(layer.down)) for layer in layers]
        self.layers = [layer._replace(up=up, down=down) for layer, (up, down) in zip(layers, watched, strict=True)]
        try:
            self.row_states(probes, [len(layers)])
        finally:
            self.layers = layers
        return [_Exact(up.outstanding(), down.outstanding()) for up, down in watched]

    @torch.inference_mode()
    def row_states(self, groups: Sequence[torch.Tensor], layers: Collection[int]) -> list[dict[int, torch.Tensor]]:
        """Compute the hidden states of several groups of sequences in one pass.

        Parameters
        ----------
        groups : sequence of tensor of shape (sequences, length)
            Token ids without padding.
        layers : collection of int
            Numbers of hidden states, as transformers counts them.

        Returns
        -------
        list of dict of int to tensor of shape (sequences, length, features)
            One for each group.
        """
        shapes = [(len(ids), ids.shape[1]) for ids in groups]
        sizes = [n * length for n, length in shapes]
        found: list[dict[int, torch.Tensor]] = [{} for _ in groups]
        for k, x in enumerate(self._run(groups, shapes, max(layers))):
            if k in layers:
                for states, part, shape in zip(found, x.split(sizes), shapes, strict=True):
                    states[k] = part.unflatten(0, shape)
        return found

    def _run(
        self, groups: Sequence[torch.Tensor], shapes: Sequence[tuple[int, int]], deepest: int
    ) -> Iterator[torch.Tensor]:
        """Yield the hidden states (tokens, features) of one layer after the other."""
        x = self.norm(torch.cat([self._embed(ids) for ids in groups]))
        yield x
        attend = PackedAttention(shapes, self.n_heads, x.shape[1] // self.n_heads, x.dtype)
        for layer in self.layers[:deepest]:
            x = layer.out_norm(layer.out.plus(attend(layer.qkv(x)), x))
            x = layer.down_norm(layer.down.plus(layer.activation(layer.up(x)), x))
            yield x

    def _embed(self, ids: torch.Tensor) -> torch.Tensor:
        length = ids.shape[1]
        if self.offset + length > len(self.positions):
            raise IndexError(f"{length} tokens are more than the positions of this model")
        x = embedding(ids, self.words).add_(self.kinds[0])
        return x.add_(self.positions[self.offset : self.offset + length]).flatten(0, 1)


@torch.inference_mode()
def find_fused(model: PreTrainedModel, device: str) -> FusedBert | None:
    """Build the fused form of a model, if it has one that gives the same.

    Parameters
    ----------
    model : PreTrainedModel
        A model of transformers, its linear layers as they were loaded.
    device : str
        Where it lies.

    Returns
    -------
    FusedBert or None
        None for models of another kind, and on accelerators.
    """
    of_transformers = type(model).__module__.startswith("transformers.") and model.config.model_type in _FAMILIES
    if not of_transformers or not device.startswith("cpu"):
        return None
    pad = getattr(model.config, "pad_token_id", None) or 0
    bert = cast("BertModel", model)
    return next((fused for offset in dict.fromkeys((0, pad + 1)) if (fused := _build(bert, offset, pad))), None)


def _build(model: "BertModel", offset: int, pad: int) -> FusedBert | None:
    try:
        fused = FusedBert(model, offset, pad)
        known = [k for k in range(min(len(fused.words), 12)) if k != pad]
        groups = [torch.tensor([known[:5]]), torch.tensor([known[2:5], known[5:8]])]
        numbers = range(len(fused.layers) + 1)
        found = fused.row_states(groups, numbers)
        expected = [model(input_ids=ids, output_hidden_states=True).hidden_states for ids in groups]
    except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError):
        return None
    right = all(agree(a[k], b[k]) for a, b in zip(found, expected, strict=True) for k in numbers)
    return fused if right else None


def _read_layer(layer: "BertLayer") -> _Layer:
    one, feed = layer.attention.self, layer.intermediate
    return _Layer(
        qkv=_join(one.query, one.key, one.value),
        out=make_product(layer.attention.output.dense.weight.data, layer.attention.output.dense.bias.data),
        out_norm=_norm(layer.attention.output.LayerNorm),
        up=make_product(feed.dense.weight.data, feed.dense.bias.data),
        activation=_in_place(feed.intermediate_act_fn),
        down=make_product(layer.output.dense.weight.data, layer.output.dense.bias.data),
        down_norm=_norm(layer.output.LayerNorm),
    )


def _lower_layer(plain: _Layer, layer: "BertLayer", exact: _Exact) -> _Layer:
    assert isinstance(plain.qkv, PlainProduct)
    for name, linear in (("up", layer.intermediate.dense), ("down", layer.output.dense)):
        channels, product = getattr(exact, name), getattr(plain, name)
        if channels is not None:
            cast("Int8Linear", linear).product = Int8Product(product.weight, product.bias, channels)
    down = _product(layer.output.dense)
    down.lowest = _lowest(plain.activation)
    return plain._replace(
        qkv=Int8Product(plain.qkv.weight, plain.qkv.bias),
        out=_product(layer.attention.output.dense),
        up=_product(layer.intermediate.dense),
        down=down,
    )


def _product(linear: nn.Module) -> Int8Product:
    assert isinstance(linear, Int8Linear)
    return linear.product


@torch.inference_mode(False)  # tensors of inference mode could never have part in a gradient
def _join(*linears: nn.Linear) -> PlainProduct:
    """Put weights one below the other; the layers themselves go on with views of them."""
    weight = torch.cat([linear.weight.data for linear in linears])
    bias = torch.cat([linear.bias.data for linear in linears])
    for linear, part, short in zip(linears, weight.chunk(len(linears)), bias.chunk(len(linears)), strict=True):
        linear.weight.data, linear.bias.data = part, short
    return make_product(weight, bias)


def _lowest(activation: Callable[[torch.Tensor], torch.Tensor]) -> float | None:
    """Return the least value of an activation such as GELU, whose is -0.17; None if it falls on and on."""
    values = activation(torch.linspace(-20, 20, 4001))
    is_lowest = bool(activation(torch.tensor(-1e4)) >= values.min())
    return float(values.min()) if is_lowest else None


def _in_place(activation: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return GELU that overwrites its input, which no one else reads: fresh memory costs as much as the arithmetic."""
    is_gelu = isinstance(activation, GELUActivation) and activation.act is gelu
    return torch.ops.aten.gelu_ if is_gelu else activation


def _norm(module: nn.LayerNorm) -> _Norm:
    return _Norm(module.weight.data, module.bias.data, module.eps)
