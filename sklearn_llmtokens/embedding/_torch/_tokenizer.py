"""From texts to sequences of token ids that fit the model, with the tokens that are to be pooled."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer, normalizers
from transformers import AutoTokenizer

from ...exceptions import CheckpointError, TextTooLongError
from .._checkpoint import Checkpoint
from .._prompts import SLOT, fill
from .._spec import ForwardSpec

Spans = Sequence[tuple[int, int, float]]

# A long text is cut before it is tokenised, at first to this many characters for each token that the model reads.
_CHARACTERS_PER_TOKEN = 16
_OVERLAP = 8  # windows of a long text share one part in this many
_PROBE = "a b"


@dataclass(frozen=True)
class Sequence_:
    """One sequence for the model: a text, or a window of a long one.

    Attributes
    ----------
    row : int
        Index of the text.
    token_ids : list of int
        Special tokens included; empty for a text without tokens in a model without special tokens.
    start, stop : int
        The tokens that are pooled.
    weights : ndarray of float32 or None
        A weight for each token.
    share : int
        Tokens of the text in it: its share in the mean of the windows.
    """

    row: int
    token_ids: list[int]
    start: int
    stop: int
    weights: np.ndarray | None
    share: int


@dataclass(frozen=True)
class TextTokenizer:
    """A checkpoint's tokenizer, with what it puts around a text.

    Attributes
    ----------
    backend : tokenizers.Tokenizer
        Without truncation and padding.
    prefix, suffix : tuple of int
        Special tokens before and after a text.
    filler : int or None
        Beginning or end token, for a text that has no tokens at all.
    pad : int
        Token id of padding.
    keep_end : bool
        Whether truncation drops the beginning.
    """

    backend: Tokenizer
    prefix: tuple[int, ...]
    suffix: tuple[int, ...]
    filler: int | None
    pad: int
    keep_end: bool

    @property
    def n_special(self) -> int:
        return len(self.prefix) + len(self.suffix)


def load_tokenizer(checkpoint: Checkpoint, spec: ForwardSpec) -> TextTokenizer:
    """Load the tokenizer of a checkpoint.

    Parameters
    ----------
    checkpoint : Checkpoint
        The checkpoint.
    spec : ForwardSpec
        Says whether texts are put into lower case, and whether code of the checkpoint may run.

    Returns
    -------
    TextTokenizer
        Ready to use.

    Raises
    ------
    CheckpointError
        If it cannot be read, has no fast implementation, or puts special tokens inside a text.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            checkpoint.transformer_folder, local_files_only=True, trust_remote_code=spec.trust_remote_code
        )
        backend = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    except (OSError, ValueError, AttributeError) as error:
        raise CheckpointError(f"{checkpoint}: its tokenizer cannot be read, or has no fast form ({error}).") from error
    backend.no_truncation()
    backend.no_padding()
    if spec.lowercase:
        steps = [normalizers.Lowercase()] + ([backend.normalizer] if backend.normalizer is not None else [])
        backend.normalizer = normalizers.Sequence(steps)
    prefix, suffix = _special_tokens(backend, checkpoint)
    fillers = (tokenizer.bos_token_id, tokenizer.eos_token_id)
    return TextTokenizer(
        backend=backend,
        prefix=prefix,
        suffix=suffix,
        filler=next((token for token in fillers if token is not None), None),
        pad=tokenizer.pad_token_id or 0,
        keep_end=tokenizer.truncation_side == "left",
    )


def make_sequences(
    tokenizer: TextTokenizer, spec: ForwardSpec, texts: Sequence[str], spans: Sequence[Spans] | None
) -> tuple[list[Sequence_], int]:
    """Make the sequences of `texts`.

    Parameters
    ----------
    tokenizer : TextTokenizer
        The tokenizer.
    spec : ForwardSpec
        Template, limits, and which tokens are pooled.
    texts : sequence of str of length n_texts
        The texts.
    spans : sequence of length n_texts, or None
        Weighted words of each text, as ``(start, end, weight)`` in characters.

    Returns
    -------
    sequences : list of Sequence_
        One a text, or several windows of a long one.
    n_truncated : int
        How many texts were cut.

    Raises
    ------
    TextTooLongError
        If a text is too long and the spec says that this is an error; its ``index`` is that of the text.
    ValueError
        If the prompt alone fills the model.
    """
    maker = _SequenceMaker(tokenizer, spec)
    cut = [maker.shorten(text) for text in texts]
    filled, starts = zip(*(fill(spec.template, text) for text in cut), strict=True) if texts else ((), ())
    plain = spans is None and spec.pool_scope != "text"
    encode = tokenizer.backend.encode_batch_fast if plain else tokenizer.backend.encode_batch
    sequences: list[Sequence_] = []
    n_truncated = 0
    for row, encoding in enumerate(encode(list(filled), add_special_tokens=False)):
        ids = encoding.ids
        if len(cut[row]) == len(texts[row]) and len(ids) + tokenizer.n_special <= spec.max_length:
            at = maker.weights(encoding, texts[row], starts[row], None if spans is None else spans[row])
            sequences.append(maker.build(row, ids, *at))
        elif spec.long_text == "chunk":
            sequences += maker.windows(row, texts[row], None if spans is None else spans[row])
        elif spec.long_text == "error":
            error = TextTooLongError(
                f"has more than {spec.max_length} tokens, which is all that the model reads: set long_text='truncate' "
                f"or 'chunk', or a larger max_length ({_excerpt(texts[row])})."
            )
            error.index = row  # type: ignore[attr-defined]
            raise error
        else:
            n_truncated += 1
            sequences.append(maker.truncated(row, texts[row], None if spans is None else spans[row]))
    return sequences, n_truncated


class _SequenceMaker:
    """Builds the sequences of one spec; knows how many tokens are left for a text."""

    def __init__(self, tokenizer: TextTokenizer, spec: ForwardSpec):
        self.tokenizer, self.spec = tokenizer, spec
        self.n_slots = spec.template.count(SLOT)
        before, _, after = spec.template.partition(SLOT)
        self.is_prefix = self.n_slots == 1 and not after
        self.n_prompt = len(self._encode(spec.template.replace(SLOT, "")).ids) if before or after else 0
        self.n_before = len(self._encode(before).ids) if before else 0
        self.room = (spec.max_length - tokenizer.n_special - self.n_prompt) // self.n_slots
        if self.room < 1:
            raise ValueError(
                f"The prompt {spec.template!r} has {self.n_prompt} tokens and leaves no room for a text in max_length="
                f"{spec.max_length}."
            )

    def shorten(self, text: str) -> str:
        """Give the part of a very long text that decides the tokens that are kept; the whole of any other."""
        if len(text) <= self.spec.max_length * _CHARACTERS_PER_TOKEN:
            return text
        size = self.spec.max_length * _CHARACTERS_PER_TOKEN
        while size < len(text):
            part = text[-size:] if self.tokenizer.keep_end else text[:size]
            # Twice the tokens that are kept: the tokens at the cut, which a cut may change, are then far behind.
            if len(self._encode(part).ids) >= 2 * self.spec.max_length:
                return part
            size *= 4
        return text

    def build(self, row: int, ids: list[int], start: int, stop: int, weights: np.ndarray | None) -> Sequence_:
        """Put the special tokens around `ids`; `start`, `stop` and `weights` count without them."""
        tokens = [*self.tokenizer.prefix, *ids, *self.tokenizer.suffix]
        if not tokens and self.tokenizer.filler is not None:
            return Sequence_(row, [self.tokenizer.filler], 0, 1, None, 1)
        n_prefix = len(self.tokenizer.prefix)
        if weights is not None:
            weights = np.pad(weights, (n_prefix, len(self.tokenizer.suffix)))
        if self.spec.pool_scope == "all":
            return Sequence_(row, tokens, 0, len(tokens), weights, max(1, len(ids)))
        if self.spec.pool_scope == "after_prompt":
            return Sequence_(
                row, tokens, min(n_prefix + start, len(tokens) - 1), len(tokens), weights, max(1, len(ids))
            )
        if start >= stop:  # an empty text has no tokens of its own: all are pooled
            return Sequence_(row, tokens, 0, len(tokens), weights, 1)
        return Sequence_(row, tokens, n_prefix + start, n_prefix + stop, weights, stop - start)

    def weights(self, encoding, text: str, offset: int, spans: Spans | None) -> tuple[int, int, np.ndarray | None]:
        """Find the tokens of the last copy of `text`, and their weights."""
        if self.spec.pool_scope == "all" and spans is None:
            return 0, len(encoding.ids), None
        if self.spec.pool_scope == "after_prompt" and spans is None:
            return self.n_before, len(encoding.ids), None
        offsets = np.asarray(encoding.offsets, dtype=np.int64).reshape(-1, 2)
        inside = (offsets[:, 1] > offset) & (offsets[:, 0] < offset + len(text)) & (offsets[:, 1] > offsets[:, 0])
        where = np.flatnonzero(inside)
        start, stop = (int(where[0]), int(where[-1]) + 1) if len(where) else (0, 0)
        if self.spec.pool_scope == "after_prompt":
            start = self.n_before
        weights = None if spans is None else _span_weights(offsets - offset, spans) * inside
        return start, stop, weights

    def truncated(self, row: int, text: str, spans: Spans | None) -> Sequence_:
        """Cut the tokens, or, where a part of the prompt follows the text, the text before it."""
        if self.is_prefix:
            encoding = self._encode(fill(self.spec.template, self.shorten(text))[0])
            at = self.weights(encoding, text, self.n_chars_before(), spans)
            keep = self.spec.max_length - self.tokenizer.n_special
            kept = slice(-keep, None) if self.tokenizer.keep_end else slice(keep)
            return self.build(row, encoding.ids[kept], at[0], min(at[1], keep), None if at[2] is None else at[2][kept])
        text = self.shorten(text)
        return self._fit(row, text, self._encode(text), self.room, spans)

    def windows(self, row: int, text: str, spans: Spans | None) -> list[Sequence_]:
        """Cut a long text into windows of as many tokens as there is room for."""
        encoding = self._encode(text)
        offsets, n_tokens = encoding.offsets, len(encoding.ids)
        step = max(1, self.room - self.room // _OVERLAP)
        sequences = []
        for first in range(0, max(1, n_tokens - (self.room - step)), step):
            begin, end = offsets[first][0], offsets[min(first + self.room, n_tokens) - 1][1]
            sequences += self._window(row, text[begin:end], _shift(spans, begin, end))
        return sequences

    def _window(self, row: int, text: str, spans: Spans | None) -> list[Sequence_]:
        filled, offset = fill(self.spec.template, text)
        encoding = self._encode(filled)
        if len(encoding.ids) + self.tokenizer.n_special <= self.spec.max_length or len(text) < 2:
            keep = self.spec.max_length - self.tokenizer.n_special
            start, stop, weights = self.weights(encoding, text, offset, spans)
            return [
                self.build(
                    row, encoding.ids[:keep], start, min(stop, keep), None if weights is None else weights[:keep]
                )
            ]
        # A window cut out of its text may take more tokens than inside it: halve it, so that nothing is lost.
        half = len(text) // 2
        parts = [(0, half), (half, len(text))]
        return [s for a, b in parts for s in self._window(row, text[a:b], _shift(spans, a, b))]

    def _fit(self, row: int, text: str, encoding, n_tokens: int, spans: Spans | None) -> Sequence_:
        """Keep as many tokens of the text as leave room for the whole prompt."""
        while True:
            kept = text[: encoding.offsets[n_tokens - 1][1]] if n_tokens else ""
            filled, offset = fill(self.spec.template, kept)
            whole = self._encode(filled)
            over = len(whole.ids) + self.tokenizer.n_special - self.spec.max_length
            if over <= 0:
                return self.build(row, whole.ids, *self.weights(whole, kept, offset, spans))
            if n_tokens == 0:
                raise ValueError(
                    f"The prompt {self.spec.template!r} leaves no room in max_length={self.spec.max_length}."
                )
            n_tokens = max(0, n_tokens - -(-over // self.n_slots))

    def n_chars_before(self) -> int:
        return self.spec.template.index(SLOT)

    def _encode(self, text: str):
        return self.tokenizer.backend.encode(text, add_special_tokens=False)


def _special_tokens(backend: Tokenizer, checkpoint: Checkpoint) -> tuple[tuple[int, ...], tuple[int, ...]]:
    bare = backend.encode(_PROBE, add_special_tokens=False).ids
    whole = backend.encode(_PROBE, add_special_tokens=True).ids
    for at in range(len(whole) - len(bare) + 1):
        if whole[at : at + len(bare)] == bare:
            return tuple(whole[:at]), tuple(whole[at + len(bare) :])
    raise CheckpointError(f"{checkpoint}: its tokenizer puts special tokens inside a text, which is not supported.")


def _span_weights(offsets: np.ndarray, spans: Spans) -> np.ndarray:
    """Weight of each token: that of the word in which it ends; 0 outside of words."""
    weights = np.zeros(len(offsets), dtype=np.float32)
    if not len(spans):
        return weights
    begins, ends, values = (np.asarray(column) for column in zip(*spans, strict=True))
    # A token may begin with the blank before its word: it belongs to the word that it ends in.
    word = np.searchsorted(begins, offsets[:, 1] - 1, side="right") - 1
    nearest = word.clip(min=0)
    inside = (word >= 0) & (offsets[:, 1] - 1 < ends[nearest])
    return np.where(inside, values[nearest], 0).astype(np.float32)


def _shift(spans: Spans | None, begin: int, end: int) -> Spans | None:
    if spans is None:
        return None
    return [(max(a, begin) - begin, min(b, end) - begin, w) for a, b, w in spans if b > begin and a < end]


def _excerpt(text: str) -> str:
    return repr(text if len(text) <= 30 else text[:30] + "…")
