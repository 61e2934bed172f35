"""The training of a classifier: labelled rows, rows of class names, and the logits that are learnt from both."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import softmax
from sklearn.utils.extmath import safe_sparse_dot

from ._choice import Choice, choose, middle, mix, rows_to_choose_by
from ._kernel_ridge import decompose, leave_one_out
from ._log_loss import Calibration, best_scale, calibrate_scores
from ._rows import BlockRows

# Logits of a classifier that no label has calibrated have this standard deviation over the classes.
_UNCALIBRATED = 3.0
_FEWEST_ROWS = 4  # to choose by
_MOST_COMBINATIONS = 40  # of shares and weights of names: each takes an eigendecomposition
_NAMES_AS_TEXTS = 1.0  # beside texts whose mean has logits of zero
_LABEL_WEIGHT = 3.0  # of a label beside a prediction
_PRIOR_ROWS = 4.0  # of a class: its coefficients are shrunk as the mean of its rows is, beside so many rows of mean 0


@dataclass(frozen=True)
class Training:
    """What a classifier learns from.

    Parameters
    ----------
    rows : BlockRows
        Features of the labelled rows, then of one row for each class with a name.
    label_idx : ndarray of shape (n_rows,)
        The class of each.
    weights : ndarray of shape (n_rows,)
        Positive weights of the labelled rows; ones for the names.
    is_name : ndarray of shape (n_rows,), dtype=bool
        Which rows are names.
    n_classes : int
        Number of classes.
    """

    rows: BlockRows
    label_idx: np.ndarray
    weights: np.ndarray
    is_name: np.ndarray
    n_classes: int

    @cached_property
    def log_priors(self) -> np.ndarray:
        """Return logarithms of the shares of the classes; one without a labelled row has the mean share."""
        labelled = ~self.is_name
        counts = np.bincount(self.label_idx[labelled], self.weights[labelled], minlength=self.n_classes)
        counts = np.where(counts > 0, counts, counts[counts > 0].mean() if counts.any() else 1.0)
        return np.log(counts / counts.sum())

    @cached_property
    def class_factors(self) -> np.ndarray:
        """Return what the coefficients of each class are multiplied with.

        Those of the regression of an indicator are as small as the class is rare, so that a rare class would have
        hardly a say but its prior.
        """
        return 1 / (np.bincount(self.label_idx, self.weights, minlength=self.n_classes) + _PRIOR_ROWS)

    @cached_property
    def counted(self) -> np.ndarray:
        """Return which rows are left out in turn: labelled ones, where another row or a name of their class stays.

        They are none where they would say nothing: few in all, or of one class.
        """
        n_rows = np.bincount(self.label_idx, minlength=self.n_classes)[self.label_idx]
        counted = ~self.is_name & (n_rows > 1)
        enough = counted.sum() >= _FEWEST_ROWS and len(np.unique(self.label_idx[counted])) > 1
        return counted & enough

    @cached_property
    def has_all_classes(self) -> bool:
        """Check whether every class has a labelled row."""
        return len(np.unique(self.label_idx[~self.is_name])) == self.n_classes

    def sample(self) -> "Training":
        """Return the rows that strengths are chosen by: some labelled ones, and all names."""
        labelled = np.flatnonzero(~self.is_name)
        some = labelled[rows_to_choose_by(self.label_idx[labelled])]
        keep = np.r_[some, np.flatnonzero(self.is_name)]
        columns = (self.label_idx[keep], self.weights[keep], self.is_name[keep])
        return Training(self.rows.take(keep), *columns, self.n_classes)

    def targets(self) -> np.ndarray:
        """Return the indicators of the classes (n_rows, n_classes)."""
        return np.eye(self.n_classes)[self.label_idx]

    def row_weights(self, name_weight: float) -> np.ndarray:
        """Return the weights of the rows, where names have this one."""
        return np.where(self.is_name, name_weight, self.weights)

    def left_out(self, slopes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what `calibrate_scores` takes of the leave-one-out predictions: scores, classes and weights."""
        kept, weights = self.counted, self.weights[self.counted]
        scores = slopes[kept] * self.class_factors
        if self.has_all_classes:
            scores = scores - weights @ scores / weights.sum()  # as `learn_logits` has it
        return scores, self.label_idx[kept], weights


def choose_for(training: Training, candidates: np.ndarray, alphas, name_weights) -> Choice:
    """Choose by the log loss of rows that are left out; the middle of all candidates where none can be.

    Where there are many combinations, shares are chosen first, with the middle weight of names, and then that weight.
    """
    name_weights = list(name_weights) if training.is_name.any() else [0.0]
    sample = training.sample()
    if not sample.counted.any():
        return middle(candidates, alphas, name_weights)
    grams, targets = sample.rows.grams(), sample.targets()

    def choose_among(shares: np.ndarray, weights_of_names: list) -> Choice:
        row_weights = {weight: sample.row_weights(weight) for weight in weights_of_names}
        return choose(
            grams,
            targets,
            shares,
            alphas,
            row_weights,
            lambda slopes, intercepts: best_scale(*sample.left_out(slopes), sample.log_priors)[1],
        )

    if len(candidates) * len(name_weights) > _MOST_COMBINATIONS:
        candidates = choose_among(candidates, name_weights[len(name_weights) // 2 :][:1]).shares[np.newaxis]
    return choose_among(candidates, name_weights)


def calibrate(training: Training, choice: Choice) -> Calibration | None:
    """Return what makes logits of slopes, by leave-one-out; None where no row can be left out."""
    sample = training.sample()
    if not sample.counted.any():
        return None
    parts = decompose(mix(sample.rows.grams(), choice.shares), sample.row_weights(choice.name_weight))
    slopes = leave_one_out(parts, sample.targets(), choice.alpha)[0]
    return calibrate_scores(*sample.left_out(slopes), sample.log_priors)


def learn_from_unlabelled(
    rows: BlockRows, label_idx: np.ndarray, logits: np.ndarray, log_priors: np.ndarray, shares: np.ndarray, alpha: float
) -> tuple[np.ndarray, np.ndarray]:
    """Fit all rows anew, those without a label to sharpened probabilities: one round of self-training.

    What rows without a label share with those whose class is clear becomes known. Probabilities are squared and
    normalised, a soft form of pseudo-labels [1]_.

    Parameters
    ----------
    rows : BlockRows
        All rows.
    label_idx : ndarray of shape (n_rows,)
        Their classes; -1 for none.
    logits : ndarray of shape (n_rows, n_classes)
        What the first fit says of them.
    log_priors : ndarray of shape (n_classes,)
        Logarithms of the shares of the classes.
    shares : ndarray of shape (n_blocks,)
        What each block counts.
    alpha : float
        Strength of the regularisation.

    Returns
    -------
    coef, intercepts : ndarray of shape (n_features, n_classes) and (n_classes,)
        Of logits with the spread of those of the first fit.

    References
    ----------
    .. [1] Dong-Hyun Lee. "Pseudo-Label: The Simple and Efficient Semi-Supervised Learning Method for Deep Neural
       Networks". Workshop on Challenges in Representation Learning, ICML 2013.
    """
    n_classes = logits.shape[1]
    targets = np.square(softmax(logits, axis=1))
    targets /= targets.sum(1, keepdims=True)
    labelled = label_idx >= 0
    targets[labelled] = np.eye(n_classes)[label_idx[labelled]]
    weights = np.where(labelled, _LABEL_WEIGHT, 1.0)
    coef, intercepts = rows.fit(targets, weights, Choice(shares, alpha))
    slopes = rows.products(coef) + intercepts - 1 / n_classes
    scale = np.std(logits - log_priors) / max(np.std(slopes), 1e-12)
    return scale * coef, scale * (intercepts - 1 / n_classes) + log_priors


def learn_logits(
    training: Training, choice: Choice, calibration: Calibration | None, X, labelled
) -> tuple[np.ndarray, np.ndarray]:
    """Return coefficients (n_features, n_classes) and intercepts (n_classes,) of the logits.

    Names of classes lie elsewhere than texts. So the logits have their mean over texts: those with labels where every
    class has some, else all of `X` and the names, which count as one text. Without further texts the intercepts are
    those of the ridge regression.
    """
    targets, row_weights = training.targets(), training.row_weights(choice.name_weight)
    coef, intercepts = training.rows.fit(targets, row_weights, choice)
    coef, intercepts = coef * training.class_factors, intercepts * training.class_factors
    slopes = safe_sparse_dot(X, coef)
    if training.has_all_classes:
        intercepts = -np.average(slopes[labelled], axis=0, weights=training.weights[: len(labelled)])
    elif len(labelled) < len(slopes):
        # a text alone is the mean of all, and would be as likely in every class: so the names count as one text more
        of_names = training.rows.products(coef)[training.is_name].mean(0)
        intercepts = -(slopes.sum(0) + _NAMES_AS_TEXTS * of_names) / (len(slopes) + _NAMES_AS_TEXTS)
    else:
        intercepts = intercepts - row_weights @ targets / row_weights.sum() * training.class_factors
    if calibration is None:
        scale = _UNCALIBRATED / max(np.std(slopes - slopes.mean(0)), 1e-12)
        return scale * coef, scale * intercepts + training.log_priors
    return calibration.scale * coef, calibration.scale * intercepts + calibration.offsets + training.log_priors
