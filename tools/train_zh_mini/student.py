"""The student: some of the teacher's layers over the kept rows of its embedding table, pooled, and a linear head."""

from __future__ import annotations

import copy

import torch
from torch import nn
from transformers import BertModel

from .teacher import batches, pad


class Student(nn.Module):
    """A BERT trunk, mean pooling beside the first token, and a linear head.

    Parameters
    ----------
    trunk : BertModel
    n_outputs : int
        Width of the vectors that the head gives.
    """

    def __init__(self, trunk, n_outputs):
        super().__init__()
        self.trunk = trunk
        self.head = nn.Linear(2 * trunk.config.hidden_size, n_outputs)

    def forward(self, token_ids, mask):
        """(batch, length) token ids and mask -> (batch, n_outputs) vectors."""
        hidden = self.trunk(input_ids=token_ids, attention_mask=mask).last_hidden_state
        return self.head(pool(hidden, mask))


def pool(hidden, mask):
    """(batch, length, width) -> (batch, 2 * width): the first token, then the mean, as sentence-transformers does."""
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    mean = (hidden * weights).sum(1) / weights.sum(1).clamp(min=1e-9)
    return torch.cat([hidden[:, 0], mean], 1)


@torch.no_grad()
def pooled_vectors(trunk, token_ids):
    """Return the pooled vectors of lists of token ids, (n_texts, 2 * hidden_size), on the CPU."""
    pooled = torch.empty(len(token_ids), 2 * trunk.config.hidden_size)
    trunk.eval()
    for rows in batches([len(ids) for ids in token_ids], 4096):
        ids, mask = pad([token_ids[i] for i in rows], trunk.config.pad_token_id)
        pooled[rows] = pool(trunk(input_ids=ids, attention_mask=mask).last_hidden_state, mask)
    return pooled


def trunk_from_teacher(teacher, kept, layers, n_positions):
    """Return a BertModel of the teacher's `layers` (1-based), embeddings `kept` and first `n_positions` positions."""
    config = copy.deepcopy(teacher.config)
    config.vocab_size, config.num_hidden_layers, config.max_position_embeddings = len(kept), len(layers), n_positions
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = (
        0.0  # targets are exact, and most texts are seen once or twice
    )
    config.pad_token_id = int((kept == config.pad_token_id).nonzero()[0][0])
    trunk = BertModel(config, add_pooling_layer=False)
    weights = {k: v for k, v in teacher.state_dict().items() if k.startswith("embeddings.")}
    weights["embeddings.word_embeddings.weight"] = weights["embeddings.word_embeddings.weight"][torch.as_tensor(kept)]
    weights["embeddings.position_embeddings.weight"] = weights["embeddings.position_embeddings.weight"][:n_positions]
    for new, old in enumerate(layers):
        prefix = f"encoder.layer.{old - 1}."
        weights |= {
            f"encoder.layer.{new}." + k.removeprefix(prefix): v
            for k, v in teacher.state_dict().items()
            if k.startswith(prefix)
        }
    buffers = {"embeddings.position_ids", "embeddings.token_type_ids"}
    trunk.load_state_dict({k: v for k, v in weights.items() if k not in buffers}, strict=True)
    return trunk


def trunk_from_checkpoint(folder):
    """Return the BertModel of a checkpoint that `export` wrote, in float32 and without dropout."""
    return BertModel.from_pretrained(
        folder,
        add_pooling_layer=False,
        dtype=torch.float32,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )


@torch.no_grad()
def prune_feed_forward(trunk, n_neurons, token_ids, mask):
    """Keep the `n_neurons` of each feed-forward layer that move the output most on a sample of texts.

    A neuron's weight is the root mean square of its activation times the length of its outgoing row.
    """
    power = {}
    hooks = [
        layer.intermediate.register_forward_hook(
            lambda _m, _a, out, i=i: power.update({i: out[mask.bool()].square().mean(0)})
        )
        for i, layer in enumerate(trunk.encoder.layer)
    ]
    trunk.eval()(input_ids=token_ids, attention_mask=mask)
    n_neurons = min(n_neurons, trunk.config.intermediate_size)
    for hook in hooks:
        hook.remove()
    for i, layer in enumerate(trunk.encoder.layer):
        into, out = layer.intermediate.dense, layer.output.dense
        kept = (power[i].sqrt() * out.weight.norm(dim=0)).topk(n_neurons).indices.sort().values
        layer.intermediate.dense = _linear(into.weight[kept], into.bias[kept])
        layer.output.dense = _linear(out.weight[:, kept], out.bias)
    trunk.config.intermediate_size = n_neurons


def _linear(weight, bias):
    linear = nn.Linear(weight.shape[1], weight.shape[0])
    linear.weight.data.copy_(weight)
    linear.bias.data.copy_(bias)
    return linear


@torch.no_grad()
def solve_head(student, pooled, targets, ridge=0.1):
    """Set the head to the ridge regression of `targets` on the trunk's pooled vectors: a start that needs no steps."""
    mean, spread = pooled.mean(0), pooled.std(0).clamp(min=1e-6)
    inputs = (pooled - mean) / spread
    gram = inputs.T @ inputs / len(inputs) + ridge * torch.eye(inputs.shape[1])
    weights = torch.linalg.solve(gram, inputs.T @ (targets - targets.mean(0)) / len(inputs)) / spread[:, None]
    student.head.weight.copy_(weights.T)
    student.head.bias.copy_(targets.mean(0) - mean @ weights)
