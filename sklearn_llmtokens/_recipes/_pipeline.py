"""`TextPipeline`: a pipeline whose last step gets the blocks of its features and the names of the classes."""

import warnings
from collections.abc import Mapping

import numpy as np
from sklearn import get_config
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils.validation import has_fit_parameter

from .._utils._documentation import DocumentationLink
from .._utils._messages import shorten
from .._utils._short_repr import ShortRepr
from .._utils._sklearn import HasMethods, StrOptions, parallel_block
from .._utils._table_rows import TableRows
from .._utils._texts import read_texts
from ..exceptions import TextTooLongError
from ..text import TextColumn
from ._label_texts import label_names, refuse_names_of_no_class, script_of_most, texts_of_name
from ._opinions import direction_of_opinions, opinions

_FACTS = ("class_rows", "blocks", "directions")


class TextPipeline(ShortRepr, DocumentationLink, Pipeline):
    """A scikit-learn pipeline of texts that also learns from the names of the classes.

    `text_pipeline` builds it. It is a `Pipeline` in every respect. Its `fit` passes two facts to the last step, where
    that takes them: the number of columns of each part of the step before it, and the features of the class names.

    Parameters
    ----------
    steps : list of (str, estimator)
        As in :class:`sklearn.pipeline.Pipeline`; the first step takes texts.
    label_texts : mapping, "auto" or None, default="auto"
        A name, a one-line description, or a list of texts for each label. "auto" takes those labels that
        are words of the script of the texts. None uses no names.
    transform_input : list of str, default=None
        As in :class:`sklearn.pipeline.Pipeline`.
    memory : str or object with the joblib.Memory interface, default=None
        As in :class:`sklearn.pipeline.Pipeline`.
    verbose : bool, default=False
        As in :class:`sklearn.pipeline.Pipeline`.

    See Also
    --------
    text_pipeline : Build the recommended pipeline.

    Examples
    --------
    >>> from sklearn_llmtokens import text_pipeline
    >>> model = text_pipeline(label_texts={0: "物流、发货、快递", 1: "味道、口感"})
    >>> model.fit(["发货迅速", "又酸又涩"], [None, None]).predict(["送货神速", "很甜"])
    array([0, 1])
    """

    _parameter_constraints: dict = {
        "steps": Pipeline._parameter_constraints["steps"],
        "label_texts": [Mapping, StrOptions({"auto"}), None],
        "transform_input": [list, None],
        "memory": [None, str, HasMethods(["cache"])],
        "verbose": ["boolean"],
    }

    def __init__(self, steps, *, label_texts="auto", transform_input=None, memory=None, verbose=False):
        super().__init__(steps, transform_input=transform_input, memory=memory, verbose=verbose)
        self.label_texts = label_texts

    def fit(self, X, y=None, **params):
        """Fit all steps.

        Parameters
        ----------
        X : list, 1-D array or Series of str, or frame
            The texts, or a table that has them.
        y : array-like of shape (n_texts,), default=None
            Labels, or None, NaN or NA for a text without one. Without any, `label_texts` has to name the classes.
        **params : dict
            As in :class:`sklearn.pipeline.Pipeline`.

        Returns
        -------
        TextPipeline
            The fitted pipeline.

        Raises
        ------
        TypeError
            If `label_texts` is neither a mapping, a string nor None, or has something else than texts.
        ValueError
            If `label_texts` is another string, names the label of texts without one, or the last step does not take
            names that were passed.
        """
        super().fit(X, y, **self._facts(X, y), **params)
        for _, step in self.steps:
            for _, part in step.transformer_list if isinstance(step, FeatureUnion) else ():
                _number_terms(part)
        return self

    def _sk_visual_block_(self):
        block = super()._sk_visual_block_()
        # the class of each part stands beside its name: TF-IDF is hidden by an analyzer that is an estimator
        block.estimators = [
            parallel_block(step.transformer_list) if isinstance(step, FeatureUnion) else step
            for step in block.estimators
        ]
        return block

    def _facts(self, X, y) -> dict:
        """Return the parameters of the last step's ``fit`` that this class adds, as callables."""
        if isinstance(self.label_texts, str) and self.label_texts != "auto":
            raise ValueError(
                f"label_texts={shorten(self.label_texts)} is neither a mapping from labels to texts, 'auto' nor None."
            )
        if not isinstance(self.label_texts, Mapping | str | None):
            raise TypeError(
                f"label_texts is a {type(self.label_texts).__name__}, and nothing says which label each text is for: "
                "pass a mapping from labels to texts, such as {0: '体育', 1: '娱乐'}, 'auto' or None."
            )
        name, model = self.steps[-1]
        prefix = "" if get_config()["enable_metadata_routing"] else f"{name}__"
        takes = {fact: hasattr(model, "fit") and has_fit_parameter(model, fact) for fact in _FACTS}
        if isinstance(self.label_texts, Mapping) and not takes["class_rows"]:
            raise ValueError(f"label_texts are for classifiers that take class_rows, and {shorten(model)} does not.")
        facts: dict = {}
        if takes["class_rows"] and isinstance(self.label_texts, Mapping):
            refuse_names_of_no_class(self.label_texts, getattr(model, "unlabelled", None))
            texts = {label: texts_of_name(name) for label, name in self.label_texts.items()}
            facts[f"{prefix}class_rows"] = lambda: self._rows_of_labels(texts)
        elif takes["class_rows"] and self.label_texts is not None:
            facts[f"{prefix}class_rows"] = lambda: self._rows_of_labels_of(X, y)
        if takes["blocks"]:
            facts[f"{prefix}blocks"] = lambda: self._blocks(X)
        if takes["directions"]:
            facts[f"{prefix}directions"] = lambda: self._directions(X)
        return facts

    def _read_as_texts(self, X):
        return self[:1].transform(X) if isinstance(self.steps[0][1], TextColumn) else X

    def _rows_of_labels_of(self, X, y):
        """Return features of the labels that are names, and the label of each; None where they are none."""
        names = label_names(y, self._read_as_texts(X), getattr(self.steps[-1][1], "unlabelled", None))
        texts = {label: texts_of_name(name) for label, name in names.items()}
        return self._rows_of_labels(texts) if texts else None

    def _rows_of_labels(self, texts: dict):
        """Return features of all texts, and the label of each."""
        labels = [label for label, of_label in texts.items() for _ in of_label]
        flat = [text for of_label in texts.values() for text in of_label]
        return self._features_of(flat), labels

    def _features_of(self, texts: list[str]):
        # the first step would ask for the column name of the frame that it was fitted on
        return self[int(isinstance(self.steps[0][1], TextColumn)) : -1].transform(texts)

    def _directions(self, X) -> dict[str, np.ndarray] | None:
        """Return where opinions lie among the features of meaning; None where there are none."""
        blocks = self._blocks(X)
        if blocks is None or "meaning" not in blocks:
            return None
        start = sum(list(blocks.values())[: list(blocks).index("meaning")])
        script = script_of_most(read_texts(self._read_as_texts(X), missing="keep").columns[0])
        try:
            with warnings.catch_warnings():  # nobody passed these sentences
                warnings.simplefilter("ignore")
                rows = self._features_of(opinions(script))
        except TextTooLongError:
            return None
        return {"opinion": direction_of_opinions(rows, slice(start, start + blocks["meaning"]))}

    def _blocks(self, X) -> dict[str, int] | None:
        """Return the number of columns of each part of the features; None where they are not a union of parts."""
        features = self.steps[-2][1] if len(self.steps) > 1 else None
        if not isinstance(features, FeatureUnion):
            return None
        parts = [(name, part) for name, part in features.transformer_list if part != "drop"]
        if any(part == "passthrough" for _, part in parts):
            return None
        rows = self[:-2].transform(X) if len(self.steps) > 2 else X
        first = rows[:1] if isinstance(rows, TableRows) else list(rows[:1])
        return {name: part.transform(first).shape[1] for name, part in parts}


def _number_terms(part) -> None:
    """Number the terms of a vectorizer by Python's integers: ``max_features`` leaves NumPy's, each a file for skops."""
    if isinstance(part, CountVectorizer) and part.max_features is not None:
        part.vocabulary_ = {term: int(column) for term, column in part.vocabulary_.items()}
