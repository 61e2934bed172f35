"""Transformers that are wrong about what they return."""

import numpy as np
import pandas as pd

from tests.testing.broken import fails
from tests.testing.toys import CountCharacters, UpperCase


@fails("check_no_rows", "fit on an empty list: accepted")
class FitsOnNothing(CountCharacters):
    def fit(self, X, y=None):
        return super().fit(X if len(X) else ["a"], y)


@fails("check_no_rows", r"has the shape \(0,\), not \(0, 8\)")
class ForgetsItsWidth(CountCharacters):
    def transform(self, X):
        return super().transform(X) if len(X) else np.empty(0, dtype=np.float32)


@fails("check_no_rows", "is of float64, not float32")
class ForgetsItsDtype(CountCharacters):
    def transform(self, X):
        return super().transform(X) if len(X) else np.empty((0, 8))


@fails("check_order_invariance", "texts reversed")
class AddsThePosition(CountCharacters):
    def _count(self, column):
        return super()._count(column) + np.arange(len(column), dtype=np.float32)[:, np.newaxis]


@fails("check_order_invariance", "texts reversed: row 0")
class NumbersTheRows(UpperCase):
    def transform(self, X):
        return np.array([f"{i} {x}" for i, x in enumerate(X)], dtype=object)


@fails("check_subset_invariance", "batches of 1")
class CentresTheBatch(CountCharacters):
    def _count(self, column):
        counts = super()._count(column)
        return counts - counts.mean(axis=0)


@fails("check_duplicates_give_equal_rows", "come again")
class SkipsWhatItHasSeen(CountCharacters):
    def _count(self, column):
        counts = super()._count(column)
        seen = set()
        for i, text in enumerate(column):
            counts[i] *= text not in seen
            seen.add(text)
        return counts


@fails("check_output_is_sound", "has 1 dimensions, not 2")
class GivesOneNumber(CountCharacters):
    def transform(self, X):
        return super().transform(X).sum(axis=1)


@fails("check_output_is_sound", "11 rows came out for 12")
class LosesARow(CountCharacters):
    def transform(self, X):
        return super().transform(X)[:-1]


@fails("check_output_is_sound", "neither numbers nor strings")
class GivesLists(UpperCase):
    def transform(self, X):
        output = np.empty(len(X), dtype=object)
        output[:] = [x.split() for x in X]
        return output


@fails("check_fit_transform_agrees", "fit_transform differs")
@fails("check_pipeline_consistency", "another output in a pipeline")
class HasAnotherFitTransform(CountCharacters):
    def fit_transform(self, X, y=None):
        return 2 * super().fit_transform(X, y)


@fails("check_fit_transform_agrees", "row 0 is")
@fails("check_pipeline_consistency", "row 0 is")
class HasAnotherTextFitTransform(UpperCase):
    def fit_transform(self, X, y=None):
        return np.array(X, dtype=object)[::-1]


@fails("check_feature_names_out", "7 feature names for 8 columns")
class NamesTooFew(CountCharacters):
    def get_feature_names_out(self, input_features=None):
        return super().get_feature_names_out(input_features)[:7]


@fails("check_feature_names_out", "a feature name twice")
class NamesAllTheSame(CountCharacters):
    def get_feature_names_out(self, input_features=None):
        return np.array(["a"] * 8, dtype=object)


@fails("check_text_keeps_its_container", "gives ndarray for a pandas Series")
@fails("check_set_output(library=pandas)", "gives ndarray for a pandas Series")
@fails("check_set_output(library=polars)", "gives ndarray for a pandas Series")
class AlwaysGivesAnArray(UpperCase):
    def transform(self, X):
        return np.array(super().transform(X), dtype=object)


@fails("check_text_keeps_its_container", "gives list for a list")
class GivesAList(UpperCase):
    def transform(self, X):
        return list(super().transform(X))


@fails("check_text_keeps_its_container", "loses the index of a pandas Series")
class LosesTheIndexOfTexts(UpperCase):
    def transform(self, X):
        output = super().transform(X)
        return output.reset_index(drop=True) if hasattr(output, "iloc") else output


@fails("check_text_keeps_its_container", "a frame for a pandas Series that nobody asked for")
class AlwaysGivesAFrame(CountCharacters):
    def transform(self, X):
        return pd.DataFrame(super().transform(X))


@fails("check_set_output(library=pandas)", "set_output: AttributeError")
class HasNoSetOutput(UpperCase):
    def set_output(self, *, transform=None):
        raise AttributeError("set_output")


@fails("check_set_output(library=pandas)", "gives ndarray of numpy for a list")
@fails("check_set_output(library=polars)", "gives ndarray of numpy for a list")
class IgnoresSetOutput(CountCharacters):
    def set_output(self, *, transform=None):
        return self


@fails("check_set_output(library=pandas)", "loses the index of a pandas Series")
class LosesTheIndex(CountCharacters):
    def set_output(self, *, transform=None):
        self._library = transform
        return self

    def transform(self, X):
        output = super().transform(X)
        framed = getattr(self, "_library", None)
        return pd.DataFrame(output, columns=self.get_feature_names_out()) if framed else output


@fails("check_set_output(library=pandas)", "otherwise than get_feature_names_out")
class NamesItsColumnsOtherwise(LosesTheIndex):
    def transform(self, X):
        output = super().transform(X)
        return output.rename(columns=str.upper) if hasattr(output, "rename") else output


@fails("check_missing_refused", "fit on None in a list: accepted")
class TakesMissingForEmpty(CountCharacters):
    def _read(self, X, *, reset):
        self_missing, self.missing = self.missing, "zero"
        try:
            return super()._read(X, reset=reset)
        finally:
            self.missing = self_missing


@fails("check_missing_refused", "does not name row 7")
class DoesNotSayWhichIsMissing(CountCharacters):
    def _read(self, X, *, reset):
        try:
            return super()._read(X, reset=reset)
        except ValueError as error:
            raise ValueError("a text is missing") from error


@fails("check_missing_as_zero", 'missing="zero"')
class GivesOnesForMissing(CountCharacters):
    def _count(self, column):
        counts = super()._count(column)
        counts[[text is None for text in column]] = 1
        return counts
