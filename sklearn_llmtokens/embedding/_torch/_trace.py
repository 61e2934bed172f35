"""What the tokens of one text contribute to its vector, from a pass that is followed back once for each output."""

from dataclasses import dataclass, replace

import numpy as np
import torch

from .._spec import ForwardSpec, Readout
from .._unread import Unread
from ._batch import equal_length_groups
from ._encoder import Encoder
from ._hidden import hidden_states
from ._load import LoadedModel, load
from ._presence import OF_HEAD, Rules, of_model
from ._readout import finish_rows, mean_of_layers, mean_of_windows, pool
from ._sequences import Sequence_, Spans, make_sequences


@dataclass(frozen=True)
class _Window:
    """A sequence that went through the model: pooled states (1, length, features), presences (length,)."""

    sequence: Sequence_
    states: torch.Tensor
    presence: torch.Tensor


@dataclass(frozen=True)
class Trace:
    """A text on its way through the model, kept for the way back.

    Attributes
    ----------
    vector : ndarray of shape (n_features,), dtype=float32
        The vector of the text, as `transform` returns it.
    offsets : ndarray of shape (n_tokens, 2), dtype=int64
        First character of each token of the text and the one after its last; those of several windows follow each
        other.
    unread : Unread
        Whether the text was cut, or is mostly unknown.
    """

    vector: np.ndarray
    offsets: np.ndarray
    unread: Unread
    _row: torch.Tensor
    _windows: list[_Window]

    def contributions(self, coef: np.ndarray) -> np.ndarray:
        """Compute what each token contributes to linear functions of the vector.

        Parameters
        ----------
        coef : ndarray of shape (n_outputs, n_features)
            The functions.

        Returns
        -------
        ndarray of shape (n_tokens, n_outputs), dtype=float64
            The share of a token's own state in the pooled vector, and what the token does to the states of others; the
            latter add up to zero over a sequence. What is left of ``coef @ vector`` belongs to special tokens, to the
            prompt, and to biases of Dense layers.
        """
        out = np.zeros((len(self.offsets), len(coef)))
        if not len(out):
            return out
        inputs = [tensor for window in self._windows for tensor in (window.states, window.presence)]
        for k, row in enumerate(np.asarray(coef, dtype=np.float64)):
            seed = torch.from_numpy(np.ascontiguousarray(row)).unsqueeze(0)
            found = torch.autograd.grad(
                self._row, inputs, grad_outputs=seed, retain_graph=True, allow_unused=True, materialize_grads=True
            )
            parts = []
            for window, of_states, of_presence in zip(self._windows, found[::2], found[1::2], strict=True):
                own = (window.states.detach()[0].double() * of_states[0].double()).sum(dim=1)
                assert window.sequence.located is not None
                parts.append((own + of_presence.double()).cpu().numpy()[window.sequence.located.columns])
            out[:, k] = np.concatenate(parts)
        return out


@torch.inference_mode(False)
@torch.enable_grad()
def trace(spec: ForwardSpec, readout: Readout, device: str, text: str, spans: Spans | None) -> Trace:
    """Run one text through the model, and keep what the way back needs.

    Parameters
    ----------
    spec : ForwardSpec
        What goes through the model.
    readout : Readout
        What is taken from it.
    device : str
        A torch device, or "auto".
    text : str
        The text.
    spans : sequence of (int, int, float), or None
        Its weighted words.

    Returns
    -------
    Trace
        Its vector, and the way back.

    Raises
    ------
    TextTooLongError
        If the text is too long and the spec says that this is an error.
    """
    loaded = load(spec, device)
    given = None if spans is None else [spans]
    sequences, unread = make_sequences(loaded.tokenizer, spec, [text], given, locate=True)
    windows, pooled = [], []
    for sequence in sequences:
        if sequence.token_ids:
            window, row = _run(loaded, sequence, readout, is_differentiable=spec.dtype != "int8")
            windows.append(window)
            pooled.append(row)
    # the pass that is followed back rounds in another way, which large coefficients make visible
    vector = Encoder(loaded, spec).encode([text], [readout], given).vectors[0][0]
    if not windows:
        return Trace(vector, np.empty((0, 2), np.int64), unread, torch.zeros(1), [])
    with Rules(OF_HEAD):
        found = mean_of_windows(torch.cat(pooled).cpu(), [window.sequence for window in windows], 1)
        row = finish_rows(found, readout, loaded.head)
    offsets = [window.sequence.located.offsets for window in windows if window.sequence.located is not None]
    return Trace(vector, np.concatenate(offsets), unread, row, windows)


def _run(
    loaded: LoadedModel, sequence: Sequence_, readout: Readout, *, is_differentiable: bool
) -> tuple[_Window, torch.Tensor]:
    """Run one sequence, and pool it: (1, n_pooled)."""
    transformer, device = loaded.transformer, loaded.transformer.device
    (group,) = equal_length_groups([sequence])
    token_ids = group.token_ids.to(device)
    presence = torch.zeros(token_ids.shape[1], device=device, requires_grad=True)
    if is_differentiable:
        with loaded.lock, Rules(of_model(presence)):
            found = hidden_states(transformer, token_ids, None, readout.layers)
    else:
        with torch.no_grad():
            found = hidden_states(transformer, token_ids, None, readout.layers)
    states = mean_of_layers(found, readout.layers)
    if not states.requires_grad:  # they depend on no attention, as the output of the embeddings
        states = states.clone().requires_grad_()
    group = replace(
        group,
        pooled=group.pooled.to(device),
        weights=None if group.weights is None else group.weights.to(device),
    )
    layer = readout.layers[0]
    return _Window(sequence, states, presence), pool(group, {layer: states}, replace(readout, layers=(layer,)))
