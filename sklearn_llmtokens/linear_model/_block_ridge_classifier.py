"""`BlockRidgeClassifier`: regressions of classes, whose strengths and shares are chosen by rows that are held out."""

from numbers import Real

import numpy as np
from scipy.special import log_softmax, softmax
from sklearn.base import ClassifierMixin
from sklearn.utils import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from .._utils._messages import shorten
from .._utils._sklearn import Interval, StrOptions, check_sample_weight, fit_context
from ._block_ridge import BlockRidge
from ._blocks import read_directions
from ._choice import MOST_ROWS
from ._class_rows import read_class_rows
from ._labels import split_labels
from ._logits import calibrate, learn_logits
from ._rows import BlockRows
from ._self_training import Logits, learn_from_unlabelled
from ._training import Training, choose_for

_FEWEST_UNLABELLED = 100  # rows to learn from predictions of


class BlockRidgeClassifier(ClassifierMixin, BlockRidge):
    """Classify by ridge regression of class indicators, from blocks of features and few or many labels.

    The share of each block, the strength of the regularisation and the weight of class names are chosen by exact
    leave-one-out log loss, in closed form. Coefficients of rare classes are as large as those of frequent ones.

    A multinomial logistic regression of the same rows is added to the logits, as far as it lowers the log loss of five
    held-out folds. It separates near classes better where rows are many. A scale, and a constant for each class, are
    fitted to the same folds.

    Parameters
    ----------
    alphas : sequence of float, default=(0.1, 0.3, 1.0, 3.0, 10.0)
        Strengths of regularisation that are compared. Each block is scaled to a mean squared length of 1 first, so
        that they suit features of any unit.
    block_weights : sequence of mappings of str to float, default=None
        Candidates of what each block counts. None is equal weights.
    class_row_weights : sequence of float, default=(1.0, 2.0, 4.0, 8.0, 16.0)
        Weights of the vectors that stand for the name of a class, as a number of labelled rows.
    class_weight : dict or "balanced", default=None
        As in :class:`sklearn.linear_model.LogisticRegression`.
    unlabelled : object, default=None
        The label of rows that have none, such as -1. None, NaN and NA mark such rows in any case. -1 is a class by
        default, since many sets code sentiment as -1 and 1.
    pseudo_label_alpha : float or None, default=10.0
        Strength of the second fit, which takes predictions for labels where rows have none. It counts beside the first
        one as far as five held-out folds say. None leaves such rows out, as are fewer than 100.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    coef_ : ndarray of shape (n_classes, n_features) or (1, n_features)
        Coefficients of the logits; one row for two classes.
    intercept_ : ndarray of shape (n_classes,) or (1,)
        Constants of the logits.
    block_weights_ : dict of str to float
        Share of each block.
    alpha_ : float
        Strength of the regularisation.
    class_row_weight_ : float
        Weight of the name of a class, as a number of labelled rows; 0 without names.
    multinomial_share_ : float
        Share of the multinomial regression in the logits, beside the ridge regression; 0 where too few rows have
        labels.
    self_training_share_ : float
        Share of the second fit in the logits, which learns from predictions of rows without a label; 0 without it.
    log_loss_ : float
        Mean log loss of held-out rows; NaN where too few rows have labels.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` was a frame with names.

    See Also
    --------
    sklearn_llmtokens.text_pipeline : The pipeline that ends in this classifier.
    sklearn.linear_model.RidgeClassifierCV : One block, one target per class, no probabilities.

    Notes
    -----
    Of more than 1,000 labelled rows, 1,000 are chosen by, evenly over the classes. Over 5,000 rows the ridge regression
    is solved by conjugate gradients; up to there it is exact. The multinomial regression learns from 5,000 rows at
    most, evenly over the classes.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_llmtokens.linear_model import BlockRidgeClassifier
    >>> X = np.array([[0.0, 1.0], [0.1, 0.9], [1.0, 0.1], [0.9, 0.0], [0.8, 0.3]])
    >>> model = BlockRidgeClassifier().fit(X, ["a", "a", "b", "b", None])
    >>> model.predict([[0.2, 0.7]])
    array(['a'], dtype='<U1')
    """

    _parameter_constraints: dict = {
        **BlockRidge._parameter_constraints,
        "class_row_weights": ["array-like"],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "unlabelled": "no_validation",
        "pseudo_label_alpha": [Interval(Real, 0, None, closed="neither"), None],
    }
    # the pipeline of `text_pipeline` passes these without a request of the user's
    __metadata_request__fit = {"blocks": True, "class_rows": True, "directions": True}

    def __init__(
        self,
        alphas=(0.1, 0.3, 1.0, 3.0, 10.0),
        *,
        block_weights=None,
        class_row_weights=(1.0, 2.0, 4.0, 8.0, 16.0),
        class_weight=None,
        unlabelled=None,
        pseudo_label_alpha=10.0,
    ):
        self.alphas = alphas
        self.block_weights = block_weights
        self.class_row_weights = class_row_weights
        self.class_weight = class_weight
        self.unlabelled = unlabelled
        self.pseudo_label_alpha = pseudo_label_alpha

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, *, blocks=None, class_rows=None, directions=None):
        """Learn from the rows that have labels.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Rows of features.
        y : array-like of shape (n_samples,)
            Labels; None, NaN, NA or `unlabelled` where there is none.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.
        blocks : mapping of str to int, or callable, default=None
            The number of columns of each block, in order, or a callable that returns them. None is one block.
        class_rows : tuple of (rows, labels), or callable, default=None
            Features of texts that describe a class, and the class of each, or a callable that returns both. A class
            may have several; their mean counts. The classes of these rows need no labelled row.
        directions : mapping of str to array of shape (n_features, n_directions), or callable, default=None
            Combinations of features in which texts are known to differ. The products of the rows with each array are
            one block more, with its name in `block_weights`. The coefficients remain those of the features. A callable
            that returns them is called where 1 to 1,000 rows have labels: with more, labels say what differs.

        Returns
        -------
        BlockRidgeClassifier
            The fitted estimator.

        Raises
        ------
        ValueError
            If no row has a label and there are no class rows, if a parameter or shape is wrong, or `X` is not finite.
        """
        X = validate_data(self, X, accept_sparse="csr", dtype=np.float64, ensure_min_samples=1)
        all_weights = check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        labelled, labels = split_labels(y, self.unlabelled, X.shape[0])
        has_label, used = labelled, all_weights[labelled] > 0
        labelled, labels = labelled[used], labels[used]
        if callable(directions):
            directions = directions() if 0 < len(labels) <= MOST_ROWS else None
        further = read_directions(directions, X.shape[1])
        columns, candidates = self._read_blocks(blocks, X.shape[1], further)
        names, named = read_class_rows(class_rows() if callable(class_rows) else class_rows, X.shape[1])
        if y is None and not len(named):
            raise ValueError(
                "BlockRidgeClassifier requires y to be passed, but the target y is None, and no class has a name: pass "
                "y, or name the classes (label_texts of text_pipeline)."
            )
        self.classes_ = _classes(labels, named)
        label_idx, name_idx = (np.searchsorted(self.classes_, part) for part in (labels, named))
        weights = all_weights[labelled] * _class_weights(self.class_weight, self.classes_, label_idx)

        rows = BlockRows(X, list(columns.values()), all_weights > 0, list(further.values()))
        training = Training(
            rows.take(labelled, extra=names),
            np.r_[label_idx, name_idx],
            np.r_[weights, np.ones(len(names))],
            np.arange(len(labels) + len(names)) >= len(labels),
            len(self.classes_),
        )
        choice = choose_for(training, candidates, self.alphas, self.class_row_weights)
        calibration, folds = calibrate(training, choice)
        self.log_loss_ = np.nan if calibration is None else calibration.log_loss
        self.multinomial_share_ = 0.0 if calibration is None else float(calibration.shares[1])
        coef, intercept = learn_logits(training, choice, calibration, X, labelled)
        unlabelled = np.delete(np.arange(X.shape[0]), has_label)
        unlabelled = unlabelled[all_weights[unlabelled] > 0]
        self.self_training_share_ = 0.0
        if self.pseudo_label_alpha is not None and len(unlabelled) >= _FEWEST_UNLABELLED:
            texts, first = rows.take(unlabelled), Logits(coef, intercept)
            logits, self.self_training_share_ = learn_from_unlabelled(
                training, texts, choice, calibration, folds, first, self.pseudo_label_alpha
            )
            coef, intercept = logits.coef, logits.intercepts
        two = len(self.classes_) == 2
        self.coef_ = np.ascontiguousarray((coef[:, 1:] - coef[:, :1] if two else coef).T)
        self.intercept_ = intercept[1:] - intercept[:1] if two else intercept
        self._keep_choice([*columns, *further], choice)
        self.class_row_weight_ = choice.name_weight
        return self

    def decision_function(self, X):
        """Compute the logits of the classes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Rows of features.

        Returns
        -------
        ndarray of shape (n_samples, n_classes) or (n_samples,)
            The logits; for two classes that of the second one.
        """
        logits = self._linear(X)
        return logits.ravel() if len(self.classes_) == 2 else logits

    def predict(self, X):
        """Predict the most likely class.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Rows of features.

        Returns
        -------
        ndarray of shape (n_samples,)
            The labels.
        """
        logits = self.decision_function(X)
        return self.classes_[(logits > 0).astype(int) if logits.ndim == 1 else logits.argmax(1)]

    def predict_proba(self, X):
        """Compute the probabilities of the classes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Rows of features.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities in the order of `classes_`, calibrated by the log loss of held-out rows.
        """
        return softmax(_of_each_class(self._linear(X)), axis=1)

    def predict_log_proba(self, X):
        """Compute the logarithms of the probabilities of the classes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Rows of features.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            The logarithms.
        """
        return log_softmax(_of_each_class(self._linear(X)), axis=1)


def _of_each_class(logits: np.ndarray) -> np.ndarray:
    """Return the logits (n_samples, n_classes); the first of two classes has 0."""
    return np.c_[np.zeros(len(logits)), logits] if logits.shape[1] == 1 else logits


def _classes(labels: np.ndarray, named: np.ndarray) -> np.ndarray:
    """Return the sorted labels of rows and names; raise a ValueError where there are fewer than two."""
    if len(labels):
        check_classification_targets(labels)
    if len(labels) and len(named) and (labels.dtype.kind in "US") != (named.dtype.kind in "US"):
        raise ValueError(
            f"labels such as {shorten(labels[0].item())} and names of {shorten(named[0].item())} are of different "
            "types: name the classes by the labels of y."
        )
    classes = np.unique(np.concatenate([part for part in (labels, named) if len(part)] or [labels]))
    if len(classes) < 2:
        raise ValueError(
            f"y has {len(labels)} labelled rows of {len(classes)} class{'es' * (len(classes) != 1)}, and two are "
            "needed: label rows of two classes, or name the classes."
        )
    return classes


def _class_weights(class_weight, classes: np.ndarray, label_idx: np.ndarray) -> np.ndarray:
    """Return the weight of the class of each labelled row."""
    seen = np.unique(label_idx)
    by_class = np.ones(len(classes))
    if len(seen):
        by_class[seen] = compute_class_weight(class_weight, classes=classes[seen], y=classes[label_idx])
    return by_class[label_idx]
