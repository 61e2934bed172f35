"""Transformers that are wrong about what they read."""

import numpy as np
import pandas as pd

from tests.testing.broken import Loose, fails
from tests.testing.toys import CountCharacters, UpperCase


@fails("check_containers_agree", "fit on a pandas Series of objects .*: TypeError")
class RefusesSeries(Loose):
    def loosen(self, X):
        if hasattr(X, "index") and hasattr(X, "iloc"):
            raise TypeError("no Series")
        return X


@fails("check_containers_agree", "another output for a pandas Series of objects")
class ReadsTheIndex(Loose):
    def loosen(self, X):
        return [str(label) for label in X.index] if hasattr(X, "iloc") else X


@fails("check_array_like_input", "__array__: TypeError")
class WantsALength(Loose):
    def loosen(self, X):
        return X[: len(X)]


@fails("check_read_only_input", "a read-only array: ValueError")
class WritesToItsInput(Loose):
    def loosen(self, X):
        if isinstance(X, np.ndarray):
            X[:] = X
        return X


@fails("check_input_left_alone", "changes the list")
class ChangesItsInput(Loose):
    def loosen(self, X):
        if isinstance(X, list):
            X[0] = X[0].upper() + "!"
        return X


@fails("check_columns_are_read_each", "a 2-D array one by one: the shape")
class ReadsTheFirstColumn(Loose):
    def loosen(self, X):
        return X[:, 0] if isinstance(X, np.ndarray) and X.ndim == 2 else X


@fails("check_columns_are_read_each", "a pandas DataFrame: ")
class RefusesFrames(Loose):
    def loosen(self, X):
        if isinstance(X, pd.DataFrame):
            raise TypeError("no frames")
        return X


@fails("check_single_str_refused", "a single str: accepted")
class ReadsTheCharacters(Loose):
    def loosen(self, X):
        return list(X) if isinstance(X, str) else X


@fails("check_single_str_refused", "a single bytes object: accepted")
class DecodesBytes(Loose):
    def loosen(self, X):
        return [X.decode()] if isinstance(X, bytes) else X


@fails("check_unordered_refused", "a set: accepted")
class ReadsSets(Loose):
    def loosen(self, X):
        return sorted(X) if isinstance(X, set) else X


@fails("check_unordered_refused", "a dict: accepted")
class ReadsDicts(Loose):
    def loosen(self, X):
        return list(X) if isinstance(X, dict) else X


@fails("check_items_of_wrong_type_refused", "fit on bytes in a list: accepted")
class ConvertsAnything(Loose):
    def loosen(self, X):
        return [str(x) for x in X] if isinstance(X, list) else X


@fails("check_items_of_wrong_type_refused", "does not name row 7")
class DoesNotSayWhere(Loose):
    def loosen(self, X):
        if isinstance(X, list) and any(not isinstance(x, str) for x in X):
            raise TypeError("not a str")
        return X


@fails("check_items_of_wrong_type_refused", "AttributeError was raised, not TypeError")
class BreaksOnTheFirstMethod(Loose):
    def loosen(self, X):
        return [x.lower() for x in X] if isinstance(X, list) else X


@fails("check_nested_refused", "nested lists: accepted")
class JoinsPairs(Loose):
    def loosen(self, X):
        return [" ".join(x) if isinstance(x, list) else x for x in X] if isinstance(X, list) else X


@fails("check_numbers_refused", "1-D array of numbers: accepted")
class ConvertsNumbers(Loose):
    def loosen(self, X):
        return X.astype(str) if isinstance(X, np.ndarray) and X.dtype.kind == "f" else X


@fails("check_numbers_refused", "three dimensions: accepted")
class Flattens(Loose):
    def loosen(self, X):
        return X.reshape(-1) if isinstance(X, np.ndarray) and X.ndim == 3 else X


@fails("check_generator_read_or_refused", "the shape is")
class LosesTheFirst(Loose):
    def loosen(self, X):
        return list(X)[1:] if hasattr(X, "__next__") else X


@fails("check_generator_read_or_refused", "ValueError for a generator")
class RefusesGeneratorsOtherwise(Loose):
    def loosen(self, X):
        if hasattr(X, "__next__"):
            raise ValueError("no generators")
        return X


@fails("check_blank_texts", "row 0 holds NaN")
class DividesByLength(CountCharacters):
    def _count(self, column):
        with np.errstate(invalid="ignore"):
            return super()._count(column) / np.array([[len(text or "")] for text in column], dtype=np.float32)


@fails("check_blank_texts", "on blank texts: IndexError")
class WantsACharacter(Loose):
    def loosen(self, X):
        return [x.split()[0] and x for x in X] if isinstance(X, list) else X


@fails("check_long_text", "characters: MemoryError")
class HasALimit(Loose):
    def loosen(self, X):
        if any(len(x) > 50_000 for x in X if isinstance(x, str)):
            raise MemoryError
        return X


@fails("check_long_text", "changes its neighbours")
class DividesByTheLongest(CountCharacters):
    def _count(self, column):
        return super()._count(column) / np.float32(max((len(text) for text in column), default=1))


@fails("check_unusual_characters", "unusual characters: UnicodeEncodeError")
class EncodesAsGBK(CountCharacters):
    def _count(self, column):
        return np.array([np.bincount([b % 8 for b in text.encode("gbk")], minlength=8) for text in column])


@fails("check_unusual_characters", "another row for NUL alone: row 0 is '前', not")
class CutsAtNUL(UpperCase):
    def transform(self, X):
        return np.array([x.partition("\x00")[0] for x in X] if len(X) == 1 else X, dtype=object)


@fails("check_lone_surrogate", "makes numbers of a lone surrogate")
class ReplacesSurrogates(Loose):
    def loosen(self, X):
        return [x.encode(errors="replace").decode() for x in X] if isinstance(X, list) else X


@fails("check_lone_surrogate", "passes a lone surrogate on")
class PassesSurrogatesOn(UpperCase):
    def transform(self, X):
        return np.array(X, dtype=object)


@fails("check_lone_surrogate", "does not name row 7")
class EncodesInTransform(Loose):
    def loosen(self, X):
        for x in X:
            if isinstance(x, str):
                x.encode()
        return X
