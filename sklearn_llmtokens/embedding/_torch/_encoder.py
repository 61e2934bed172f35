"""The encoder: a loaded model with everything that turns texts into vectors."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from tokenizers import Tokenizer

from ...exceptions import OutOfMemoryError
from .._batches import token_budget_batches
from .._encoded import Encoded, TextTokens, check_finite
from .._spec import ForwardSpec, Readout
from .._unread import Unread
from ._batch import TokenGroup
from ._load import LoadedModel, load
from ._prefix_cache import PrefixCached, find_prefix_cached, shared_token_ids
from ._readout import finish, mean_of_layers, mean_of_windows, pool
from ._sequences import Sequence_, Spans, make_sequences
from ._strategy import EqualLengths, HiddenStates, Strategy

# Tokens of a batch: on a CPU as many as keep a layer's activations in the cache, on an accelerator enough to fill it.
_BATCH_TOKENS_CPU = 2048
_BATCH_TOKENS_ACCELERATOR = 32768
# Products of fewer rows are rounded in another way: a text of one word would have another vector alone than in a batch.
_FEWEST_TOKENS = 4
# A search over prompts keeps the keys and values of this many: those of 100 tokens may take tens of megabytes.
_PREFIXES_IN_MEMORY = 8


class Encoder:
    """Texts in, vectors out.

    Parameters
    ----------
    loaded : LoadedModel
        Model, tokenizer and head, shared by all encoders of this process.
    spec : ForwardSpec
        What goes through the model.
    batch_tokens : int or "auto"
        Most tokens of a batch.
    """

    def __init__(self, loaded: LoadedModel, spec: ForwardSpec, batch_tokens: int | str = "auto"):
        self.loaded, self.spec = loaded, spec
        if batch_tokens == "auto":
            on_cpu = loaded.transformer.device.startswith("cpu")
            batch_tokens = _BATCH_TOKENS_CPU if on_cpu else _BATCH_TOKENS_ACCELERATOR
        self.batch_tokens = int(batch_tokens)

    @classmethod
    def load(cls, spec: ForwardSpec, device: str, batch_tokens: int | str = "auto") -> "Encoder":
        """Return the encoder of a spec; the weights are loaded at the first call in this process.

        Parameters
        ----------
        spec : ForwardSpec
            Names the checkpoint and the precision.
        device : str
            A torch device, or "auto".
        batch_tokens : int or "auto", default="auto"
            Most tokens of a batch.

        Returns
        -------
        Encoder
            The encoder.
        """
        return cls(load(spec, device), spec, batch_tokens)

    @property
    def vocabulary(self) -> tuple[Tokenizer, int | None]:
        """The tokenizer, and the token that stands for what it lacks."""
        return self.loaded.tokenizer.backend, self.loaded.tokenizer.unknown

    @torch.inference_mode()
    def encode(
        self,
        texts: Sequence[str],
        readouts: Sequence[Readout],
        spans: Sequence[Spans] | None = None,
        on_batch: Callable[[int, int], None] | None = None,
    ) -> Encoded:
        """Run texts through the model once, and take every readout from that pass.

        Parameters
        ----------
        texts : sequence of str of length n_texts
            Distinct texts.
        readouts : sequence of Readout
            What is taken.
        spans : sequence of length n_texts, default=None
            Weighted words of each text.
        on_batch : callable, default=None
            Called after each batch with its numbers of sequences and tokens.

        Returns
        -------
        Encoded
            The vectors.

        Raises
        ------
        OutOfMemoryError
            If one text alone does not fit into memory.
        NonFiniteVectorError
            If a vector has NaN or infinity.
        TextTooLongError
            If a text is too long and the spec says that this is an error.
            All three carry the index of the text as ``index``.
        """
        sequences, unread = make_sequences(self.loaded.tokenizer, self.spec, texts, spans)
        layers = sorted({layer for readout in readouts for layer in readout.layers})
        width = self.loaded.transformer.hidden_size
        pooled = [torch.zeros(len(sequences), width * len(readout.pooling)) for readout in readouts]

        def pool_all(groups: Sequence[TokenGroup], hidden: Sequence[HiddenStates]) -> list[torch.Tensor]:
            pairs = list(zip(groups, hidden, strict=True))
            return [torch.cat([pool(*pair, readout) for pair in pairs]).cpu() for readout in readouts]

        for rows, parts in self._run(sequences, layers, pool_all):
            for target, part in zip(pooled, parts, strict=True):
                target[rows] = part
            if on_batch is not None:
                on_batch(len(rows), sum(len(sequences[i].token_ids) for i in rows))
        vectors = tuple(
            finish(mean_of_windows(part, sequences, len(texts)), readout, self.loaded.head)
            for part, readout in zip(pooled, readouts, strict=True)
        )
        without_tokens = [sequence.row for sequence in sequences if not sequence.token_ids]
        for array in vectors:
            array[without_tokens] = 0
        check_finite(vectors)
        return Encoded(vectors, unread, sum(len(sequence.token_ids) for sequence in sequences))

    @torch.inference_mode()
    def encode_tokens(self, texts: Sequence[str], layers: Sequence[int]) -> tuple[list[TextTokens], Unread]:
        """Return the hidden states of the tokens of each text, without special tokens and without the prompt's.

        Parameters
        ----------
        texts : sequence of str
            Distinct texts. A text of several windows is cut.
        layers : sequence of int
            Hidden states that are averaged.

        Returns
        -------
        tokens : list of TextTokens
            One for each text.
        unread : Unread
            Texts that were not read whole.

        Raises
        ------
        OutOfMemoryError, NonFiniteVectorError, TextTooLongError
            As in `encode`.
        """
        sequences, unread = make_sequences(self.loaded.tokenizer, self.spec, texts, None, locate=True)
        empty = torch.zeros(1, self.loaded.transformer.hidden_size)
        states = [empty.expand(len(sequence.token_ids), -1) for sequence in sequences]

        def rows_of_tokens(groups: Sequence[TokenGroup], hidden: Sequence[HiddenStates]) -> list[torch.Tensor]:
            return [row for part in hidden for row in mean_of_layers(part, layers).float().cpu()]

        for rows, found in self._run(sequences, sorted(set(layers)), rows_of_tokens):
            for i, state in zip(rows, found, strict=True):
                states[i] = state
        tokens = [self._text_tokens(*pair) for pair in zip(sequences, states, strict=True)]
        check_finite([np.array([np.abs(text.vectors).sum() for text in tokens]).reshape(-1, 1)])
        return tokens, unread

    def _text_tokens(self, sequence: Sequence_, states: torch.Tensor) -> TextTokens:
        located, piece = sequence.located, self.loaded.tokenizer.backend.id_to_token
        assert located is not None
        pieces = [piece(sequence.token_ids[k]) or "" for k in located.columns]
        return TextTokens(pieces, located.offsets, states[located.columns].numpy())

    def count_tokens(self, texts: Sequence[str], spans: Sequence[Spans] | None = None) -> int:
        """Count the tokens that would go through the model.

        Parameters
        ----------
        texts : sequence of str
            Distinct texts.
        spans : sequence of length n_texts, default=None
            Weighted words of each text.

        Returns
        -------
        int
            Special tokens and those of the prompt included.
        """
        sequences, _ = make_sequences(self.loaded.tokenizer, self.spec, texts, spans)
        return sum(len(sequence.token_ids) for sequence in sequences)

    def _run(
        self,
        sequences: Sequence[Sequence_],
        layers: Sequence[int],
        take: Callable[[Sequence[TokenGroup], Sequence[HiddenStates]], list[torch.Tensor]],
    ) -> Iterator[tuple[list[int], list[torch.Tensor]]]:
        """Yield the rows of each batch and what `take` makes of its hidden states.

        A batch that does not fit into memory is halved, down to a single sequence.
        """
        for strategy, batch in self._batches(sequences, layers):
            pending = [batch]
            while pending:
                rows = pending.pop()
                groups = strategy.groups([sequences[i] for i in rows])
                try:
                    with self.loaded.lock:  # the hooks on the layers belong to one run
                        hidden = _states(strategy, groups, layers)
                    taken = take(groups, hidden)
                except (RuntimeError, MemoryError) as error:
                    if not _is_out_of_memory(error):
                        raise
                    taken = None
                if taken is not None:
                    yield rows, taken
                    continue
                # outside of the handler, which would keep the tensors of the failed pass
                self._refuse_single(sequences[rows[0]], len(rows))
                pending += [rows[len(rows) // 2 :], rows[: len(rows) // 2]]

    def _batches(self, sequences: Sequence[Sequence_], layers: Sequence[int]) -> Iterator[tuple[Strategy, list[int]]]:
        """Cut the sequences that have tokens into batches, those of one strategy together."""
        strategies = self._strategies(layers)
        rows: list[list[int]] = [[] for _ in strategies]
        for i, sequence in enumerate(sequences):
            if sequence.token_ids:
                k = next(k for k, strategy in enumerate(strategies) if strategy.accepts(sequence.token_ids))
                rows[k].append(i)
        for strategy, idx in zip(strategies, rows, strict=True):
            if not idx:
                continue
            lengths = [len(sequences[i].token_ids) for i in idx]
            for batch in token_budget_batches(lengths, self.batch_tokens, equal=not strategy.mixes_lengths):
                yield strategy, [idx[i] for i in batch]

    def _strategies(self, layers: Sequence[int]) -> list[Strategy]:
        """Return the strategies, the first one that accepts a sequence runs it."""
        usual = [self.loaded.strategy, EqualLengths(self.loaded.transformer)]
        prefix = self._prefix_cached(tuple(layers))
        return usual if prefix is None else [prefix, *usual]

    def _prefix_cached(self, layers: tuple[int, ...]) -> PrefixCached | None:
        loaded = self.loaded
        shared = shared_token_ids(loaded.tokenizer, self.spec)
        if not shared or not loaded.transformer.device.startswith("cpu"):
            return None
        key = (shared, layers)
        with loaded.lock:
            if key not in loaded.prefixes:
                loaded.prefixes[key] = find_prefix_cached(loaded.transformer, loaded.unpadded, shared, layers)
                while len(loaded.prefixes) > _PREFIXES_IN_MEMORY:
                    loaded.prefixes.popitem(last=False)
            loaded.prefixes.move_to_end(key)
            return loaded.prefixes[key]

    def _refuse_single(self, sequence: Sequence_, n_sequences: int) -> None:
        """Raise if a batch that does not fit into memory cannot be halved."""
        device = self.loaded.transformer.device
        if n_sequences == 1:
            error = OutOfMemoryError(
                f"has {len(sequence.token_ids)} tokens, and does not fit into the memory of {device} even alone: "
                "set a smaller max_length, or long_text='chunk'."
            )
            error.index = sequence.row  # type: ignore[attr-defined]
            raise error
        if device.startswith("cuda"):
            torch.cuda.empty_cache()


def _states(strategy: Strategy, groups: Sequence[TokenGroup], layers: Sequence[int]) -> list[HiddenStates]:
    """Compute the hidden states of groups; a pass of very few tokens runs several times the same at once."""
    n_before = len(strategy.prefix.token_ids) if isinstance(strategy, PrefixCached) else 0
    n_tokens = sum(group.token_ids[:, n_before:].numel() for group in groups)
    if n_tokens >= _FEWEST_TOKENS:
        return strategy.states(groups, layers)
    copies = -(-_FEWEST_TOKENS // n_tokens)
    hidden = strategy.states([replace(group, token_ids=group.token_ids.repeat(copies, 1)) for group in groups], layers)
    sizes = [len(group.token_ids) for group in groups]
    return [{layer: part[layer][:n] for layer in part} for part, n in zip(hidden, sizes, strict=True)]


def _is_out_of_memory(error: Exception) -> bool:
    # torch raises a plain RuntimeError where the CPU has no memory left, and its text is all that says so
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(error)
