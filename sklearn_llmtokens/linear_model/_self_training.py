"""Self-training: what rows without a label say, once the classes of many of them are clear."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from ._choice import Choice
from ._kernel_ridge import solve
from ._log_loss import Calibration, ExpectedShare, calibrate_scores
from ._logits import Fold
from ._rows import BlockRows
from ._training import PRIOR_ROWS, Training

_LABEL_WEIGHT = 3.0  # of a label beside a prediction
# Few labels cannot show whether predictions of other rows help. They do in most sets, and less with many classes.
_SECOND_FIT = ExpectedShare(0.75, penalty=64.0)
_MOST_TEXTS = 2000  # without a label, in each fold


@dataclass(frozen=True)
class Logits:
    """Linear logits: ``X @ coef + intercepts``."""

    coef: np.ndarray  # (n_features, n_classes)
    intercepts: np.ndarray  # (n_classes,)


def learn_from_unlabelled(
    training: Training,
    texts: BlockRows,
    choice: Choice,
    calibration: Calibration | None,
    folds: Sequence[Fold],
    first: Logits,
    alpha: float,
) -> tuple[Logits, float]:
    """Fit all rows anew, those without a label to sharpened probabilities, and return the sum of both fits.

    It is one round of self-training. What rows without a label share with those whose class is clear becomes known.
    Probabilities are squared and normalised, a soft form of pseudo-labels [1]_. Where classes are many, most
    predictions are wrong: so held-out rows say what the second fit counts.

    Parameters
    ----------
    training : Training
        The labelled rows, and names of classes.
    texts : BlockRows
        The rows without a label.
    choice : Choice
        The strengths of the first fit.
    calibration : Calibration or None
        What makes its logits; None where no row was held out, and then the second fit alone counts.
    folds : sequence of Fold
        What it was learnt from.
    first : Logits
        The first fit.
    alpha : float
        Strength of the regularisation of the second fit.

    Returns
    -------
    logits : Logits
        Of both fits.
    share : float
        Share of the second fit.

    References
    ----------
    .. [1] Dong-Hyun Lee. "Pseudo-Label: The Simple and Efficient Semi-Supervised Learning Method for Deep Neural
       Networks". Workshop on Challenges in Representation Learning, ICML 2013.
    """
    log_priors = training.log_priors
    labelled = training.take(np.flatnonzero(~training.is_name))
    rows = labelled.rows.above(texts) if len(labelled.rows) else texts
    logits = texts.products(first.coef) + first.intercepts
    targets, weights = _targets(labelled.label_idx, logits)
    coef = rows.fit(targets, weights, Choice(choice.shares, alpha))[0] * _class_factors(targets, weights)
    slopes = rows.products(coef)
    means = np.average(slopes, axis=0, weights=weights)
    if calibration is None:
        scale = np.std(logits - log_priors) / max(np.std(slopes - means), 1e-12)
        return Logits(scale * coef, log_priors - scale * means), 1.0
    both = _calibrate(training, texts, choice, calibration, folds, alpha)
    of_first, of_second = both.scales
    intercepts = of_first * (first.intercepts - calibration.offsets - log_priors) - of_second * means
    return (
        Logits(of_first * first.coef + of_second * coef, intercepts + both.offsets + log_priors),
        float(both.shares[1]),
    )


def _targets(label_idx: np.ndarray, logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return targets and weights of labelled rows, and below them those of the rows with these logits."""
    sharpened = np.square(softmax(logits, axis=1))
    sharpened /= sharpened.sum(1, keepdims=True)
    weights = np.r_[np.full(len(label_idx), _LABEL_WEIGHT), np.ones(len(logits))]
    return np.concatenate([np.eye(logits.shape[1])[label_idx], sharpened]), weights


def _class_factors(targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return what the coefficients of each class are multiplied with, as `Training.class_factors`."""
    return 1 / (weights @ targets + PRIOR_ROWS)


def _calibrate(
    training: Training,
    texts: BlockRows,
    choice: Choice,
    calibration: Calibration,
    folds: Sequence[Fold],
    alpha: float,
) -> Calibration:
    """Return what makes logits of the scores of both fits, by the folds that the first one was calibrated by."""
    sample, counted = training.sample(), training.sample().counted
    some = np.random.default_rng(0).permutation(len(texts))[:_MOST_TEXTS]
    gram = sample.rows.above(texts.take(some)).gram(choice.shares)
    weights, of_texts = sample.row_weights(choice.name_weight), np.arange(len(sample.rows), len(gram))
    first, second = np.zeros((2, len(sample.rows), sample.n_classes))
    for fold in folds:
        out, kept = fold.out, fold.kept
        duals = sum(scale * part for scale, part in zip(calibration.scales, fold.duals, strict=True))
        means = np.average(gram[np.ix_(kept, kept)] @ duals, axis=0, weights=weights[kept])
        first[out] = gram[np.ix_(out, kept)] @ duals - means
        logits = gram[np.ix_(of_texts, kept)] @ duals - means + calibration.offsets + sample.log_priors

        labelled = kept[~sample.is_name[kept]]
        rows = np.r_[labelled, of_texts]
        targets, row_weights = _targets(sample.label_idx[labelled], logits)
        inner = gram[np.ix_(rows, rows)]
        duals = solve(inner, targets, row_weights, alpha)[0] * _class_factors(targets, row_weights)
        second[out] = gram[np.ix_(out, rows)] @ duals - np.average(inner @ duals, axis=0, weights=row_weights)
    scores = [sample.counted_scores(first), second[counted]]
    return calibrate_scores(scores, sample.label_idx[counted], sample.weights[counted], sample.log_priors, _SECOND_FIT)
