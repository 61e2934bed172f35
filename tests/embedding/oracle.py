"""What the embedder must give, computed the slow way: one text at a time, in float64, with loops over tokens."""

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer, T5EncoderModel

POOLINGS = ("mean", "cls", "max", "weighted_mean", "mean_sqrt_len", "last")


class NaiveModel:
    """A checkpoint in float64 that gives every hidden state of one text."""

    def __init__(self, folder):
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        kind = T5EncoderModel if "t5" in type(self.tokenizer).__name__.lower() or _is_t5(folder) else AutoModel
        self.model = kind.from_pretrained(folder, dtype=torch.float64).eval()

    def token_ids(self, text, max_length=None):
        limits = {} if max_length is None else {"truncation": True, "max_length": max_length}
        return self.tokenizer(text, **limits)["input_ids"]

    def states(self, token_ids):
        """Hidden states as a list of arrays (n_tokens, n_features)."""
        with torch.no_grad():
            out = self.model(input_ids=torch.tensor([token_ids]), output_hidden_states=True)
        return [state[0].numpy() for state in out.hidden_states]


def _is_t5(folder):
    import json
    from pathlib import Path

    return json.loads((Path(folder) / "config.json").read_text())["model_type"] == "t5"


def assert_close(found, expected):
    """Equal but for rounding in float32, which grows with the largest value."""
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * max(4, np.abs(expected).max()))


def pool(hidden, pooling, weights=None):
    """Pool (n_tokens, n_features) by a loop over tokens."""
    n_tokens, n_features = hidden.shape
    weights = [1.0] * n_tokens if weights is None or sum(weights) == 0 else weights
    if pooling == "cls":
        return hidden[0].copy()
    if pooling == "last":
        return hidden[-1].copy()
    if pooling == "max":
        return np.array([max(hidden[t][j] for t in range(n_tokens)) for j in range(n_features)])
    total, norm = np.zeros(n_features), 0.0
    for t in range(n_tokens):
        w = weights[t] * ((t + 1) if pooling == "weighted_mean" else 1)
        total += w * hidden[t]
        norm += w
    return total / (norm**0.5 if pooling == "mean_sqrt_len" else norm)


def embed(model, texts, pooling, layers=(-1,), *, max_length=None):
    """Vectors of `texts`: layers averaged, poolings concatenated."""
    rows = []
    for text in texts:
        states = model.states(model.token_ids(text, max_length))
        hidden = sum(states[k] for k in layers) / len(layers)
        rows.append(np.concatenate([pool(hidden, name) for name in pooling]))
    return np.array(rows)
