"""From a teacher and texts to a static checkpoint: vocabulary, ridge regression, folder."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from scipy.stats import spearmanr
from tokenizers import Tokenizer
from tqdm import tqdm

from ..._utils._unit_rows import unit_rows
from ._ridge import SharedRows, solve_ridge
from ._targets import Targets, Transform
from ._vocabulary import characters_of_tokens, choose_vocabulary, count_tokens, count_words, tokenizer_file
from ._write import write_static

_SIF = 3e-4
_CHARACTERS = 0.7  # of the part that tokens share, in units of their own part
_HELD_OUT = 2000
_HELD_OUT_SHARE = 0.05
_FEWEST = 4  # held-out texts that figures are measured with


@dataclass(frozen=True)
class DistillSettings:
    """How a static checkpoint is made.

    Attributes
    ----------
    n_tokens : int
        Most tokens of the vocabulary.
    n_components : int or None
        Features of a vector; None is as many as the teacher has.
    l2 : float
        Strength of the penalty of the ridge regression.
    dtype : {"float32", "float16", "int8"}
        How vectors are stored.
    random_state : int
        Draws the held-out texts and the rotation.
    verbose : int
        Whether progress bars are shown.
    normalizer : dict or None
        A normaliser of tokenizers; None is NFKC and lower case.
    """

    n_tokens: int
    n_components: int | None
    l2: float
    dtype: str
    random_state: int
    verbose: int
    normalizer: dict[str, Any] | None = None


@dataclass(frozen=True)
class Distilled:
    """What a distillation learnt.

    Attributes
    ----------
    vectors : ndarray of shape (n_tokens, n_features), dtype=float32
        Vectors of tokens, multiplied with the weights of these.
    tokenizer : dict
        Contents of ``tokenizer.json``.
    figures : dict
        Figures of the held-out texts, and sizes.
    """

    vectors: np.ndarray
    tokenizer: dict[str, Any]
    figures: dict[str, Any]

    def write(self, folder: Path) -> None:
        """Write the checkpoint into a folder that exists and is empty."""
        write_static(folder, self.vectors, self.tokenizer, self.figures["dtype"], _card(self.figures))


def distill_static(
    transform: Transform,
    texts: Sequence[str],
    words: Callable[[str], Sequence[str]],
    settings: DistillSettings,
    teacher: str,
    more_texts: Sequence[str] = (),
) -> Distilled:
    """Distil a teacher into one vector per token.

    Parameters
    ----------
    transform : callable
        The teacher: texts to (n_texts, n_features).
    texts : sequence of str
        Distinct texts.
    words : callable
        Cuts a text into words.
    settings : DistillSettings
        Vocabulary, sizes, storage.
    teacher : str
        What the card calls it.
    more_texts : sequence of str, default=()
        Texts whose words are counted alone: the teacher does not read them.

    Returns
    -------
    Distilled
        Vectors, tokenizer and figures; nothing is written yet.
    """
    rng = np.random.default_rng(settings.random_state)
    order = rng.permutation(len(texts))
    n_held_out = min(_HELD_OUT, int(len(texts) * _HELD_OUT_SHARE))
    held_out = [texts[i] for i in order[:n_held_out]]
    learnt = [texts[i] for i in order[n_held_out:]]

    def bar(what: str, total: int) -> tqdm:
        return tqdm(total=total, desc=what, disable=not settings.verbose, leave=False)

    counted = [*learnt, *more_texts]
    counts = count_words(_counted(counted, bar("words", len(counted))), words)
    vocabulary = choose_vocabulary(*counts, settings.n_tokens)
    tokenizer = tokenizer_file(vocabulary, settings.normalizer)
    backend = Tokenizer.from_str(json.dumps(tokenizer))
    rows, weights = weighted_rows(count_tokens(backend, learnt))
    shared = (characters_of_tokens(vocabulary) * np.float32(_CHARACTERS)).tocsr()
    design = SharedRows(rows, shared)
    targets = Targets(transform, learnt)
    targets.keep(settings.n_components, rng)
    with bar("teacher", len(learnt)) as progress:
        moments = design.with_parts(targets.moments(rows, progress.update))
    with bar("features", moments.shape[1]) as progress:
        solution = solve_ridge(design, moments, settings.l2, progress.update)
    vectors = design.per_token(solution) * weights[:, np.newaxis]
    figures: dict[str, Any] = {
        "teacher": teacher,
        "n_texts": len(learnt),
        "n_held_out": n_held_out,
        "n_features": vectors.shape[1],
        **{name: value for name, value in asdict(settings).items() if name in ("dtype", "l2")},
        "n_tokens": len(vocabulary),
    }
    if n_held_out >= _FEWEST:
        figures |= _agreement(count_tokens(backend, held_out) @ vectors, targets.of(held_out))
    return Distilled(vectors, tokenizer, figures)


def weighted_rows(counts: sparse.csr_array) -> tuple[sparse.csr_array, np.ndarray]:
    """Weight counts of tokens by how rare these are, and scale rows to unit length.

    Parameters
    ----------
    counts : csr_array of shape (n_texts, n_tokens), dtype=float32
        Counts.

    Returns
    -------
    rows : csr_array of shape (n_texts, n_tokens), dtype=float32
        ``count * a / (a + frequency)`` (Arora, Liang and Ma 2017, "A simple but tough-to-beat baseline for sentence
        embeddings"), in rows of unit length.
    weights : ndarray of shape (n_tokens,), dtype=float32
        ``a / (a + frequency)``.
    """
    totals = np.asarray(counts.sum(axis=0), dtype=np.float64).ravel()
    weights = (_SIF / (_SIF + totals / max(1.0, totals.sum()))).astype(np.float32)
    rows = counts.copy()
    rows.data *= weights[rows.indices]
    return unit_rows(rows), weights


def _counted(texts: Sequence[str], progress: tqdm):
    with progress:
        for text in texts:
            yield text
            progress.update()


def _agreement(vectors: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """Compare with the teacher: the cosine of a text's two vectors, and the order of the similarities of pairs."""
    ours, theirs = unit_rows(vectors), unit_rows(targets)
    half = len(ours) // 2
    pairs = [(rows[:half] * rows[half : 2 * half]).sum(axis=1) for rows in (ours, theirs)]
    return {
        "cosine": round(float((ours * theirs).sum(axis=1).mean()), 4),
        "spearman": round(float(spearmanr(*pairs)[0]), 4),
    }


def _card(figures: dict[str, Any]) -> str:
    held_out = (
        f"On {figures['n_held_out']} texts that were held out, the mean cosine between its vectors and the teacher's "
        f"centred ones is {figures['cosine']}. The similarities of {figures['n_held_out'] // 2} pairs of them have a "
        f"rank correlation (Spearman) of {figures['spearman']} with the teacher's.\n"
        if "cosine" in figures
        else "Too few texts were given to hold some out: nothing was measured.\n"
    )
    return (
        "---\nlibrary_name: model2vec\ntags: [static-embeddings]\n---\n\n# A static checkpoint\n\n"
        f"Made by `sklearn_llmtokens.distill` from {figures['teacher']} and {figures['n_texts']} texts: one vector for "
        f"each of {figures['n_tokens']} tokens, {figures['n_features']} features, stored as {figures['dtype']}. The "
        "vector of a text is the mean of those of its tokens, scaled to unit length. model2vec, sentence-transformers "
        f"and `LLMTokenEmbedder(folder)` load the folder.\n\n## Figures\n\n{held_out}"
    )
