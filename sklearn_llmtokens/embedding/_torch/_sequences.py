"""From texts to sequences of token ids that fit the model, with the tokens that are to be pooled."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..._utils._messages import shorten
from ...exceptions import TextTooLongError
from .._checkpoint import Checkpoint
from .._prompts import SLOT, fill
from .._spec import ForwardSpec
from .._unknown import is_mostly_unknown
from .._unread import Unread
from ._tokenizer import TextTokenizer, load_tokenizer

Spans = Sequence[tuple[int, int, float]]

# A long text is cut before it is tokenised, at first to this many characters for each token that the model reads.
_CHARACTERS_PER_TOKEN = 16
_OVERLAP = 8  # windows of a long text share one part in this many


@dataclass(frozen=True)
class Located:
    """Where the tokens of a text stand.

    Attributes
    ----------
    columns : ndarray of int of shape (n_located,)
        Their places in the sequence.
    offsets : ndarray of int of shape (n_located, 2)
        First character of each, and the one after its last, in the text.
    """

    columns: np.ndarray
    offsets: np.ndarray


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
    located : Located or None
        Where the tokens of the text stand, if that was asked for.
    """

    row: int
    token_ids: list[int]
    start: int
    stop: int
    weights: np.ndarray | None
    share: int
    located: Located | None = None


def check_room(checkpoint: Checkpoint, spec: ForwardSpec) -> None:
    """Make sure that a text has room beside the prompt and the special tokens.

    Parameters
    ----------
    checkpoint : Checkpoint
        The checkpoint; its tokenizer is loaded.
    spec : ForwardSpec
        Template and limits.

    Raises
    ------
    ValueError
        If no token of a text would be read.
    """
    _SequenceMaker(load_tokenizer(checkpoint, spec), spec, locate=False)


def make_sequences(
    tokenizer: TextTokenizer,
    spec: ForwardSpec,
    texts: Sequence[str],
    spans: Sequence[Spans] | None,
    *,
    locate: bool = False,
) -> tuple[list[Sequence_], Unread]:
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
    locate : bool, default=False
        Whether the tokens of the text are found, with their offsets.

    Returns
    -------
    sequences : list of Sequence_
        One for each text, or several windows of a long one.
    unread : Unread
        How many texts were cut, and how many are mostly unknown to the vocabulary.

    Raises
    ------
    TextTooLongError
        If a text is too long and the spec says that this is an error; its ``index`` is that of the text.
    ValueError
        If the prompt alone fills the model.
    """
    maker = _SequenceMaker(tokenizer, spec, locate)
    cut = [maker.shorten(text) for text in texts]
    filled, starts = (
        zip(*(fill(spec.template, text[a:b]) for text, (a, b) in zip(texts, cut, strict=True)), strict=True)
        if texts
        else ((), ())
    )
    plain = spans is None and spec.pool_scope != "text" and not locate
    encode = tokenizer.backend.encode_batch_fast if plain else tokenizer.backend.encode_batch
    sequences: list[Sequence_] = []
    n_truncated = n_unknown = 0
    for row, encoding in enumerate(encode(list(filled), add_special_tokens=False)):
        text, row_spans = texts[row], None if spans is None else spans[row]
        if cut[row] == (0, len(text)) and len(encoding.ids) + tokenizer.n_special <= spec.max_length:
            offsets = None if plain else _offsets(encoding) - starts[row]
            parts = [_Part(encoding.ids, offsets, 0, len(text))]
        elif spec.long_text == "chunk":
            parts = maker.windows(text)
        elif spec.long_text == "error":
            error = TextTooLongError(
                f"has more than {spec.max_length} tokens, which is all that the model reads: set long_text='truncate' "
                f"or 'chunk', or a larger max_length ({shorten(text)})."
            )
            error.index = row  # type: ignore[attr-defined]
            raise error
        else:
            n_truncated += 1
            parts = [maker.truncated(text, *cut[row])]
        sequences += [maker.build(row, part, row_spans) for part in parts]
        n_unknown += maker.is_mostly_unknown(text, parts)
    return sequences, Unread(n_truncated, n_unknown)


@dataclass(frozen=True)
class _Part:
    """Tokens of the template around ``text[begin:end]``; `offsets` count characters of the whole text."""

    ids: list[int]
    offsets: np.ndarray | None
    begin: int
    end: int

    @property
    def located(self) -> np.ndarray:
        """The offsets of tokens that were located."""
        assert self.offsets is not None
        return self.offsets

    def inside(self) -> np.ndarray:
        """Return which tokens are those of the text, in its last copy where the template has several."""
        first, last = self.located[:, 0], self.located[:, 1]
        return (last > self.begin) & (first < self.end) & (last > first)

    def take(self, idx: np.ndarray) -> "_Part":
        return _Part([self.ids[i] for i in idx], self.located[idx], self.begin, self.end)


class _SequenceMaker:
    """Builds the sequences of one spec; knows how many tokens are left for a text."""

    def __init__(self, tokenizer: TextTokenizer, spec: ForwardSpec, locate: bool):
        self.tokenizer, self.spec, self.locate = tokenizer, spec, locate
        self.n_slots = spec.template.count(SLOT)
        before, _, after = spec.template.partition(SLOT)
        self.is_prefix = self.n_slots == 1 and not after
        self.n_prompt = len(self._encode(spec.template.replace(SLOT, "")).ids) if before or after else 0
        self.n_before = len(self._encode(before).ids) if before else 0
        self.n_tokens = spec.max_length - tokenizer.n_special
        self.room = (self.n_tokens - self.n_prompt) // self.n_slots
        if self.room < 1:
            raise ValueError(
                f"The prompt {shorten(spec.template)} has {self.n_prompt} tokens and leaves no room for a text in "
                f"max_length={spec.max_length}."
            )

    def shorten(self, text: str) -> tuple[int, int]:
        """Return the part of a very long text that decides the tokens that are kept; the whole of any other."""
        size = self.spec.max_length * _CHARACTERS_PER_TOKEN
        while size < len(text):
            part = (len(text) - size, len(text)) if self.tokenizer.keep_end else (0, size)
            # Twice the tokens that are kept: the tokens at the cut, which a cut may change, are then far behind.
            if len(self._encode(text[slice(*part)]).ids) >= 2 * self.spec.max_length:
                return part
            size *= 4
        return 0, len(text)

    def build(self, row: int, part: _Part, spans: Spans | None) -> Sequence_:
        """Put the special tokens around those of `part`, and settle which are pooled and how they are weighted."""
        n_prefix = len(self.tokenizer.prefix)
        tokens = [*self.tokenizer.prefix, *part.ids, *self.tokenizer.suffix]
        if not tokens and self.tokenizer.filler is not None:
            tokens = [self.tokenizer.filler]
        weights = None
        if spans is not None and part.ids:
            weights = np.zeros(len(tokens), dtype=np.float32)
            weights[n_prefix : n_prefix + len(part.ids)] = _span_weights(part.located, spans) * part.inside()
        start, stop, share = 0, len(tokens), max(1, len(part.ids) - self.n_prompt)
        if self.spec.pool_scope == "after_prompt":
            start = max(0, min(n_prefix + self.n_before, len(tokens) - 1))
        elif self.spec.pool_scope == "text":
            where = np.flatnonzero(part.inside())
            if len(where):  # an empty text has no tokens of its own: all are pooled
                start, stop = n_prefix + int(where[0]), n_prefix + int(where[-1]) + 1
                share = stop - start
        if not self.locate:
            return Sequence_(row, tokens, start, stop, weights, share)
        columns = np.flatnonzero(part.inside())
        located = Located(columns + n_prefix, part.located[columns].clip(part.begin, part.end))
        return Sequence_(row, tokens, start, stop, weights, share, located)

    def truncated(self, text: str, begin: int, end: int) -> _Part:
        """Keep the tokens that the model reads: the whole prompt, and the text's first ones, or its last ones."""
        if self.is_prefix:
            part = self._part(text, begin, end)
            if not self.tokenizer.keep_end:
                return part.take(np.arange(self.n_tokens))
            n_before = int((part.located[:, 1] <= begin).sum())
            first_kept = len(part.ids) - (self.n_tokens - n_before)
            return part.take(np.r_[:n_before, first_kept : len(part.ids)])
        offsets = _offsets(self._encode(text[begin:end])) + begin
        n_kept = min(self.room, len(offsets))
        while True:
            kept = offsets[len(offsets) - n_kept :] if self.tokenizer.keep_end else offsets[:n_kept]
            part = self._part(text, int(kept[0, 0]), int(kept[-1, 1])) if n_kept else self._part(text, begin, begin)
            over = len(part.ids) - self.n_tokens
            if over <= 0:
                return part
            if n_kept == 0:
                raise ValueError(
                    f"The prompt {shorten(self.spec.template)} leaves no room in max_length={self.spec.max_length}."
                )
            n_kept = max(0, n_kept - -(-over // self.n_slots))

    def windows(self, text: str) -> list[_Part]:
        """Cut a long text into windows of as many tokens as there is room for."""
        offsets = _offsets(self._encode(text))
        step = max(1, self.room - self.room // _OVERLAP)
        parts = []
        for first in range(0, max(1, len(offsets) - (self.room - step)), step):
            window = offsets[first : first + self.room]
            parts += self._window(text, *_span_of(window, len(text)))
        return parts

    def is_mostly_unknown(self, text: str, parts: Sequence[_Part]) -> bool:
        """Check whether the vocabulary lacks most of what is read of a text."""
        if not any(self.tokenizer.unknown in part.ids or len(part.ids) <= self.n_prompt for part in parts):
            return False
        # Offsets are asked for only here: most batches are tokenised faster without.
        located = [self._part(text, part.begin, part.end) if part.offsets is None else part for part in parts]
        own = [part.take(np.flatnonzero(part.inside())) for part in located]
        token_ids = [token for part in own for token in part.ids]
        offsets = np.concatenate([part.located.clip(part.begin, part.end) for part in own])
        return is_mostly_unknown(text, token_ids, offsets, self.tokenizer.unknown)

    def _window(self, text: str, begin: int, end: int) -> list[_Part]:
        part = self._part(text, begin, end)
        if len(part.ids) <= self.n_tokens:
            return [part]
        if end - begin < 2:
            return [part.take(np.arange(self.n_tokens))]
        # A window cut out of its text may take more tokens than inside it: halve it, so that nothing is lost.
        half = (begin + end) // 2
        return [*self._window(text, begin, half), *self._window(text, half, end)]

    def _part(self, text: str, begin: int, end: int) -> _Part:
        filled, at = fill(self.spec.template, text[begin:end])
        encoding = self._encode(filled)
        return _Part(encoding.ids, _offsets(encoding) - at + begin, begin, end)

    def _encode(self, text: str):
        return self.tokenizer.backend.encode(text, add_special_tokens=False)


def _offsets(encoding) -> np.ndarray:
    """Return the first character of each token and the one after its last: (n_tokens, 2)."""
    return np.asarray(encoding.offsets, dtype=np.int64).reshape(-1, 2)


def _span_of(offsets: np.ndarray, n_characters: int) -> tuple[int, int]:
    return (int(offsets[0, 0]), int(offsets[-1, 1])) if len(offsets) else (0, n_characters)


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
