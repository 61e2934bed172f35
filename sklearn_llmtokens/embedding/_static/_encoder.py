"""The encoder of static checkpoints: the mean of the vectors of a text's tokens."""

from collections.abc import Callable, Sequence
from itertools import chain

import numpy as np
from scipy import sparse
from tokenizers import Tokenizer

from ..._utils._messages import shorten
from ..._utils._unit_rows import unit_rows
from ...exceptions import TextTooLongError
from .._encoded import Encoded, TextTokens, check_finite
from .._prompts import SLOT, fill
from .._spec import ForwardSpec, Readout
from .._unknown import is_mostly_unknown
from .._unread import Unread
from ._load import LoadedStatic, load_static


class StaticEncoder:
    """Texts in, vectors out, as from an encoder of transformers.

    Parameters
    ----------
    loaded : LoadedStatic
        Vectors and vocabulary, shared by all encoders of this process.
    spec : ForwardSpec
        Prompt and limits.
    """

    def __init__(self, loaded: LoadedStatic, spec: ForwardSpec):
        self.loaded, self.spec = loaded, spec

    @classmethod
    def load(cls, spec: ForwardSpec) -> "StaticEncoder":
        """Return the encoder of a spec; the vectors are loaded at the first call in this process.

        Parameters
        ----------
        spec : ForwardSpec
            Names the checkpoint.

        Returns
        -------
        StaticEncoder
            The encoder.
        """
        return cls(load_static(spec), spec)

    @property
    def vocabulary(self) -> tuple[Tokenizer, int | None]:
        """The tokenizer, and the token that stands for what it lacks."""
        return self.loaded.tokenizer, self.loaded.unknown

    def encode(
        self,
        texts: Sequence[str],
        readouts: Sequence[Readout],
        spans: Sequence | None = None,
        on_batch: Callable[[int, int], None] | None = None,
    ) -> Encoded:
        """Return the mean vector of the tokens of each text; a text without tokens gets zeros.

        Parameters
        ----------
        texts : sequence of str of length n_texts
            Distinct texts.
        readouts : sequence of Readout
            How many features are kept, and whether rows have unit length.
        spans : sequence, default=None
            Weighted words, which do not apply and are not read.
        on_batch : callable, default=None
            Called with the numbers of texts and tokens.

        Returns
        -------
        Encoded
            The vectors.

        Raises
        ------
        TextTooLongError
            If a text is too long and the spec says that this is an error; its ``index`` is that of the text.
        NonFiniteVectorError
            If a vector has NaN or infinity.
        """
        token_ids, unread = self._tokenize(texts)
        n_tokens = np.fromiter(map(len, token_ids), np.int64, len(texts))
        means = self._means(token_ids, n_tokens)
        vectors = tuple(_finish(means, readout) for readout in readouts)
        check_finite(vectors)
        total = int(n_tokens.sum())
        if on_batch is not None:
            on_batch(len(texts), total)
        return Encoded(vectors, unread, total)

    def encode_tokens(self, texts: Sequence[str], layers: Sequence[int]) -> tuple[list[TextTokens], Unread]:
        """Return the vectors of the tokens of each text, weighted as in the mean, without those of the prompt.

        Parameters
        ----------
        texts : sequence of str
            Distinct texts.
        layers : sequence of int
            There is one.

        Returns
        -------
        tokens : list of TextTokens
            One for each text.
        unread : Unread
            Texts that were not read whole.

        Raises
        ------
        TextTooLongError, NonFiniteVectorError
            As in `encode`.
        """
        _, unread = self._tokenize(texts)
        found = []
        for text in texts:
            token_ids, offsets = self._locate(text)
            if self.loaded.files.of_model2vec:
                is_known = token_ids != self.loaded.unknown
                token_ids, offsets = token_ids[is_known], offsets[is_known]
            tokens = [self.loaded.tokenizer.id_to_token(i) or "" for i in token_ids.tolist()]
            found.append(TextTokens(tokens, offsets, self.loaded.take(token_ids)))
        check_finite([np.array([np.abs(text.vectors).sum() for text in found]).reshape(-1, 1)])
        return found, unread

    def count_tokens(self, texts: Sequence[str], spans: Sequence | None = None) -> int:
        """Count the tokens whose vectors are averaged.

        Parameters
        ----------
        texts : sequence of str
            Distinct texts.
        spans : sequence, default=None
            Weighted words, which do not apply and are not read.

        Returns
        -------
        int
            Those of the prompt included.
        """
        return sum(map(len, self._tokenize(texts)[0]))

    def _tokenize(self, texts: Sequence[str]) -> tuple[list[list[int]], Unread]:
        """Return the token ids of each text, as far as it is read, and what was left unread."""
        limit, unknown = self.spec.max_length, self.loaded.unknown
        read = [self._fill(text) for text in texts]
        encodings = self.loaded.tokenizer.encode_batch_fast(read, add_special_tokens=False)
        token_ids: list[list[int]] = [encoding.ids for encoding in encodings]
        n_truncated = n_unknown = 0
        for i, ids in enumerate(token_ids):
            if (not ids or unknown in ids) and self._is_mostly_unknown(texts[i]):
                n_unknown += 1
            if self.spec.long_text != "chunk" and (len(ids) > limit or len(read[i]) < self._length(texts[i])):
                if self.spec.long_text == "error":
                    raise _too_long(texts[i], i, limit)
                n_truncated += 1
                token_ids[i] = ids[-limit:] if self.loaded.files.keep_end else ids[:limit]
        if self.loaded.files.of_model2vec and unknown is not None:
            token_ids = [[k for k in ids if k != unknown] if unknown in ids else ids for ids in token_ids]
        return token_ids, Unread(n_truncated, n_unknown)

    def _fill(self, text: str) -> str:
        """Return the text with its prompt, as far as it is looked at: model2vec cuts characters before tokens."""
        filled = text if self.spec.template == SLOT else fill(self.spec.template, text)[0]
        if self.loaded.files.of_model2vec and self.spec.long_text != "chunk":
            return filled[: self.spec.max_length * self.loaded.median_length]
        return filled

    def _length(self, text: str) -> int:
        slots = self.spec.template.count(SLOT)
        return len(self.spec.template) + slots * (len(text) - len(SLOT))

    def _locate(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the tokens of the text itself, as far as it is read, and their offsets in its characters."""
        start = fill(self.spec.template, text)[1]
        encoding = self.loaded.tokenizer.encode(self._fill(text), add_special_tokens=False)
        token_ids = np.array(encoding.ids, dtype=np.int64)
        offsets = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2) - start
        if self.spec.long_text != "chunk" and len(token_ids) > self.spec.max_length:
            kept = slice(-self.spec.max_length, None) if self.loaded.files.keep_end else slice(self.spec.max_length)
            token_ids, offsets = token_ids[kept], offsets[kept]
        is_own = (offsets[:, 1] > 0) & (offsets[:, 0] < len(text)) & (offsets[:, 1] > offsets[:, 0])
        return token_ids[is_own], offsets[is_own].clip(0, len(text))

    def _is_mostly_unknown(self, text: str) -> bool:
        token_ids, offsets = self._locate(text)
        return is_mostly_unknown(text, token_ids.tolist(), offsets, self.loaded.unknown)

    def _means(self, token_ids: list[list[int]], n_tokens: np.ndarray) -> np.ndarray:
        """Return the mean vector of each text: (n_texts, n_features) of float32."""
        loaded = self.loaded
        flat = np.fromiter(chain.from_iterable(token_ids), np.int64, int(n_tokens.sum()))
        weights = np.ones(len(flat), dtype=np.float32) if loaded.weights is None else loaded.weights[flat]
        columns = flat if loaded.rows is None else loaded.rows[flat]
        starts = np.concatenate([[0], np.cumsum(n_tokens)])
        # Row by row, in the order of the tokens: a row does not depend on the other texts.
        bags = sparse.csr_array((weights, columns, starts), shape=(len(token_ids), len(loaded.table)))
        return (bags @ loaded.table) / np.maximum(n_tokens, 1).astype(np.float32)[:, np.newaxis]


def _finish(means: np.ndarray, readout: Readout) -> np.ndarray:
    """Truncate and scale: (n_texts, n_features) of float32."""
    vectors = unit_rows(means) if readout.head else means
    if readout.truncate_dim is not None:
        vectors = vectors[:, : readout.truncate_dim]
    return np.ascontiguousarray(unit_rows(vectors) if readout.normalize else vectors)


def _too_long(text: str, row: int, limit: int) -> TextTooLongError:
    error = TextTooLongError(
        f"has more than {limit} tokens, which is all that is read: set long_text='truncate' or 'chunk', or a larger "
        f"max_length ({shorten(text)})."
    )
    error.index = row  # type: ignore[attr-defined]
    return error
