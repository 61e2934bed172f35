"""Logits from a ridge regression and a multinomial regression of the same rows, weighted by held-out log loss.

A ridge regression is the better one while rows are few for their number of classes, and its leave-one-out predictions
are free. With more rows, multinomial regression separates classes that are near to each other better, because rows
that are classified anyway no longer count.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from sklearn.utils.extmath import safe_sparse_dot

from ._choice import Choice
from ._kernel_ridge import solve
from ._log_loss import Calibration, ExpectedShare, calibrate_scores
from ._multinomial import solve_multinomial
from ._training import Training

# Logits of a classifier that no label has calibrated have this standard deviation over the classes.
_UNCALIBRATED = 3.0
_NAMES_AS_TEXTS = 1.0  # beside texts whose mean has logits of zero
_N_FOLDS = 5
# Beside the ridge regression, the other one has to lower the loss by 8 for a share of one half: a slightly better loss
# often goes with a worse accuracy.
_MULTINOMIAL = ExpectedShare(0.0, penalty=64.0)
_MOST_MULTINOMIAL_ROWS = 5000  # each step takes time and memory of their square

# With the mean variance of the class indicators as a factor, the first Newton step of multinomial regression would be
# the ridge regression. Nearer to the solution probabilities vary less, and so does their curvature.
_CURVATURE = 0.3


@dataclass(frozen=True)
class Fold:
    """Rows that are held out, the others, and what both regressions learnt from those."""

    out: np.ndarray  # (n_out,), indices
    kept: np.ndarray  # (n_kept,), indices
    duals: tuple[np.ndarray, np.ndarray]  # of the ridge and the multinomial regression, (n_kept, n_classes)


def calibrate(training: Training, choice: Choice) -> tuple[Calibration | None, list[Fold]]:
    """Return what makes logits of the scores of both regressions, and the folds of the sample that it was learnt from.

    It is None where no row can be held out.
    """
    sample = training.sample()
    counted = sample.counted
    if not counted.any():
        return None, []
    gram, weights = sample.rows.gram(choice.shares), sample.row_weights(choice.name_weight)
    folds, scores = [], np.zeros((2, len(gram), sample.n_classes))  # zeros for names
    for out, kept in _split(sample):
        inner, rest = gram[np.ix_(kept, kept)], sample.take(kept)
        fold = Fold(out, kept, (ridge_duals(rest, inner, choice), multinomial_duals(rest, inner, choice)))
        for part, duals in zip(scores, fold.duals, strict=True):
            part[out] = gram[np.ix_(out, kept)] @ duals - np.average(inner @ duals, axis=0, weights=weights[kept])
        folds.append(fold)
    of_counted = [sample.counted_scores(part) for part in scores]
    return calibrate_scores(
        of_counted, sample.label_idx[counted], sample.weights[counted], sample.log_priors, _MULTINOMIAL
    ), folds


def _split(training: Training) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the rows that are held out and the others. Folds have all classes evenly; names are never held out."""
    folds = np.full(len(training.label_idx), -1)
    labelled = np.random.default_rng(0).permutation(np.flatnonzero(~training.is_name))
    by_class = labelled[np.argsort(training.label_idx[labelled], kind="stable")]
    folds[by_class] = np.arange(len(by_class)) % _N_FOLDS
    for fold in range(_N_FOLDS):
        if (folds == fold).any():
            yield np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)


def ridge_duals(training: Training, gram: np.ndarray, choice: Choice) -> np.ndarray:
    """Return the duals (n_rows, n_classes) of the ridge regression, in which no class is small for being rare."""
    weights = training.row_weights(choice.name_weight)
    return solve(gram, training.targets(), weights, choice.alpha)[0] * training.class_factors


def multinomial_duals(training: Training, gram: np.ndarray, choice: Choice) -> np.ndarray:
    """Return the duals (n_rows, n_classes) of the multinomial regression, as strong as the ridge regression is."""
    priors = np.exp(training.log_priors)
    alpha = _CURVATURE * choice.alpha * np.mean(priors * (1 - priors))
    weights = training.row_weights(choice.name_weight)
    return solve_multinomial(gram, training.label_idx, training.n_classes, weights, alpha)


def _coefficients(training: Training, choice: Choice, scales: np.ndarray) -> np.ndarray:
    """Return the sum of the coefficients (n_features, n_classes) of both regressions, with these scales."""
    targets, weights = training.targets(), training.row_weights(choice.name_weight)
    if not scales[1] > 0:
        return scales[0] * training.class_factors * training.rows.fit(targets, weights, choice)[0]
    some = training.sample(_MOST_MULTINOMIAL_ROWS)
    gram = some.rows.gram(choice.shares)
    coef = scales[1] * some.rows.coefficients(multinomial_duals(some, gram, choice), choice.shares)
    known_gram = gram if len(some.rows) == len(training.rows) else None
    return coef + scales[0] * training.class_factors * training.rows.fit(targets, weights, choice, known_gram)[0]


def learn_logits(
    training: Training, choice: Choice, calibration: Calibration | None, X, labelled
) -> tuple[np.ndarray, np.ndarray]:
    """Return coefficients (n_features, n_classes) and intercepts (n_classes,) of the logits.

    Names of classes lie elsewhere than texts. So the logits have their mean over texts: those with labels where every
    class has some, else all of `X` and the names, which count as one text. Without further texts it is the mean over
    all rows that were learnt from.
    """
    coef = _coefficients(training, choice, np.array([1.0, 0.0]) if calibration is None else calibration.scales)
    slopes = safe_sparse_dot(X, coef)
    if calibration is None:
        scale = _UNCALIBRATED / max(np.std(slopes - slopes.mean(0)), 1e-12)
        coef, slopes = scale * coef, scale * slopes
    if training.has_all_classes:
        means = np.average(slopes[labelled], axis=0, weights=training.weights[: len(labelled)])
    elif len(labelled) < len(slopes):
        # a text alone is the mean of all, and would be as likely in every class: so the names count as one text more
        of_names = training.rows.products(coef)[training.is_name].mean(0)
        means = (slopes.sum(0) + _NAMES_AS_TEXTS * of_names) / (len(slopes) + _NAMES_AS_TEXTS)
    else:
        means = np.average(training.rows.products(coef), axis=0, weights=training.row_weights(choice.name_weight))
    offsets = 0.0 if calibration is None else calibration.offsets
    return coef, offsets + training.log_priors - means
