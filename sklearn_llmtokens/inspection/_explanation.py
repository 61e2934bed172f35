"""The result of `explain_text`: the words of a row and what they contributed."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._utils._messages import shorten
from ._html import as_html


@dataclass(frozen=True, eq=False)
class TextExplanation:
    """Words of one row and what each contributed to the scores of a model.

    Parameters
    ----------
    words : list of str of length n_words
        The words or tokens.
    offsets : ndarray of shape (n_words, 2), dtype=int64
        First character of each in its text, and the one after its last.
    contributions : ndarray of shape (n_words, n_outputs), dtype=float64
        What each word added to each score.
    remainder : ndarray of shape (n_outputs,), dtype=float64
        What belongs to no word: the intercept, special tokens, the prompt, biases of the language model, other columns.
    scores : ndarray of shape (n_outputs,), dtype=float64
        The scores of the model: ``contributions.sum(axis=0) + remainder``.
    outputs : list of length n_outputs
        The class of each score, the number of a regression's output, or the id of a recommended item. Of two classes it
        is the second one, whose score is the decision function.
    texts : list of str
        The texts of the row: one, unless it has several columns or is a history.
    text_idx : ndarray of shape (n_words,), dtype=int64
        Which of the texts each word is in.
    score_method : str
        What computed the scores: ``"decision_function"``, ``"predict_proba"``, ``"predict"`` or ``"score"``.
    exact : bool
        True where the contributions are those of a linear model. False where they are by occlusion: the change of the
        score without the word, which is approximate, and whose `remainder` is what is left.
    """

    words: list[str]
    offsets: np.ndarray
    contributions: np.ndarray
    remainder: np.ndarray
    scores: np.ndarray
    outputs: list[Any]
    texts: list[str]
    text_idx: np.ndarray
    score_method: str
    exact: bool

    def column(self, target=None) -> int:
        """Return the column of a target.

        Parameters
        ----------
        target : object, default=None
            One of `outputs`. None is the output with the largest score.

        Returns
        -------
        int
            Its place in `outputs`.

        Raises
        ------
        ValueError
            If it is none of them.
        """
        if target is None:
            return int(np.argmax(self.scores))
        if target not in self.outputs:
            raise ValueError(f"target={shorten(target)} is none of the outputs {shorten(self.outputs)}.")
        return self.outputs.index(target)

    def _repr_html_(self) -> str:
        return as_html(self)

    def __repr__(self) -> str:
        kind = "exact" if self.exact else "by occlusion"
        texts, outputs = shorten(self.texts), shorten(self.outputs)
        return f"TextExplanation({len(self.words)} words of {texts}, outputs={outputs}, {kind})"


def build_explanation(texts, units, contributions, scores, outputs, score_method, *, exact) -> TextExplanation:
    """Build an explanation from the units of each text, and put what is left into the remainder."""
    offsets = np.concatenate([*units, np.empty((0, 2), np.int64)])
    text_idx = np.repeat(np.arange(len(texts)), [len(spans) for spans in units])
    words = [texts[i][start:end] for i, (start, end) in zip(text_idx, offsets.tolist(), strict=True)]
    remainder = scores - contributions.sum(axis=0)
    return TextExplanation(
        words, offsets, contributions, remainder, scores, outputs, texts, text_idx, score_method, exact
    )
