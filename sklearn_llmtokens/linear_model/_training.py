"""What a classifier learns from, labelled rows and rows of class names, and the choice of strengths by it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ._choice import MOST_ROWS, Choice, choose, middle, rows_to_choose_by
from ._log_loss import best_scale
from ._rows import BlockRows

_FEWEST_ROWS = 4  # to choose by
_MOST_COMBINATIONS = 40  # of shares and weights of names: each takes an eigendecomposition
PRIOR_ROWS = 4.0  # of a class: its coefficients are shrunk as the mean of its rows is, beside so many rows of mean 0


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
        return 1 / (np.bincount(self.label_idx, self.weights, minlength=self.n_classes) + PRIOR_ROWS)

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

    def sample(self, most: int = MOST_ROWS) -> "Training":
        """Return the rows that strengths are chosen by: some labelled ones, and all names."""
        labelled = np.flatnonzero(~self.is_name)
        some = labelled[rows_to_choose_by(self.label_idx[labelled], most)]
        return self.take(np.r_[some, np.flatnonzero(self.is_name)])

    def take(self, rows: np.ndarray) -> "Training":
        """Return some of the rows, which need not be of all classes."""
        columns = (self.label_idx[rows], self.weights[rows], self.is_name[rows])
        return Training(self.rows.take(rows), *columns, self.n_classes)

    def targets(self) -> np.ndarray:
        """Return the indicators of the classes (n_rows, n_classes)."""
        return np.eye(self.n_classes)[self.label_idx]

    def row_weights(self, name_weight: float) -> np.ndarray:
        """Return the weights of the rows, where names have this one."""
        return np.where(self.is_name, name_weight, self.weights)

    def counted_scores(self, scores: np.ndarray) -> np.ndarray:
        """Return the scores of the counted rows; with the mean 0 where every class has a labelled row.

        The logits of `learn_logits` have it too.
        """
        scores, weights = scores[self.counted], self.weights[self.counted]
        return scores - weights @ scores / weights.sum() if self.has_all_classes else scores


def choose_for(training: Training, candidates: np.ndarray, alphas, name_weights) -> Choice:
    """Choose by the log loss of rows that are left out; the middle of all candidates where none can be.

    Where there are many combinations, shares are chosen first, with the middle weight of names, and then that weight.
    """
    name_weights = list(name_weights) if training.is_name.any() else [0.0]
    sample = training.sample()
    if not sample.counted.any():
        return middle(candidates, alphas, name_weights)
    grams, targets = sample.rows.grams(), sample.targets()
    counted = (sample.label_idx[sample.counted], sample.weights[sample.counted], sample.log_priors)

    def loss(slopes, intercepts):
        return best_scale(sample.counted_scores(slopes * sample.class_factors), *counted)[1]

    def choose_among(shares: np.ndarray, weights_of_names: list) -> Choice:
        row_weights = {weight: sample.row_weights(weight) for weight in weights_of_names}
        return choose(grams, targets, shares, alphas, row_weights, loss)

    if len(candidates) * len(name_weights) > _MOST_COMBINATIONS:
        candidates = choose_among(candidates, name_weights[len(name_weights) // 2 :][:1]).shares[np.newaxis]
    return choose_among(candidates, name_weights)
