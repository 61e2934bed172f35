"""Each check fails a transformer that is wrong in the one way that it looks for, and says so."""

import numpy as np
import pandas as pd
import pytest

from sklearn_llmtokens.testing import check_text_estimator, text_estimator_checks
from tests.testing.toys import CountCharacters, UpperCase

BROKEN = []


def fails(check, message, **params):
    """Register a broken transformer, the check that is to fail, and what it is to say."""

    def register(cls):
        BROKEN.append(pytest.param(cls(**params), check, message, id=f"{check}-{cls.__name__}"))
        return cls

    return register


class Loose(CountCharacters):
    """Changes its input before it is validated."""

    def loosen(self, X):
        return X

    def fit(self, X, y=None):
        return super().fit(self.loosen(X), y)

    def transform(self, X):
        return super().transform(self.loosen(X))


@fails("check_clone_keeps_params", "__init__ changes extras", extras=["a"])
class CopiesInInit(CountCharacters):
    def __init__(self, *, binary=False, missing="error", extras=None, cache="memory", random_state=None):
        super().__init__(binary=binary, missing=missing, extras=list(extras or []))


@fails("check_clone_keeps_params", "clone of a fitted .* has")
class ClonesToItself(CountCharacters):
    def __sklearn_clone__(self):
        return self


@fails("check_fit_leaves_params", "in place", extras=["a"])
class AppendsToParameter(CountCharacters):
    def fit(self, X, y=None):
        self.extras.append("b")
        return super().fit(X, y)


@fails("check_fit_leaves_params", "replaces the parameter missing")
class ReplacesParameter(CountCharacters):
    def fit(self, X, y=None):
        self.missing = "zero"
        return super().fit(X, y)


@fails("check_pickle_round_trip", "Pickling a fitted")
class CannotBePickled(CountCharacters):
    def fit(self, X, y=None):
        self._function = lambda: None
        return super().fit(X, y)


@fails("check_pickle_round_trip", "from a pickle: AttributeError")
class PickleLosesState(CountCharacters):
    def __getstate__(self):
        return {key: value for key, value in super().__getstate__().items() if key != "weights_"}


@fails("check_pickle_round_trip", "gives another output")
class PickleChangesState(UpperCase):
    def __getstate__(self):
        return {**super().__getstate__(), "lost": True}

    def _change(self, text):
        return "" if hasattr(self, "lost") else text


@fails("check_memmap_round_trip", "read-only memory maps: ValueError")
class WritesToItsArrays(CountCharacters):
    def transform(self, X):
        output = super().transform(X)
        self.weights_ += 0
        return output


@fails("check_fit_idempotent", "second fit .* changes")
class CountsItsFits(CountCharacters):
    def fit(self, X, y=None):
        self.n_fits_ = getattr(self, "n_fits_", 0) + 1
        super().fit(X, y)
        self.weights_ *= self.n_fits_
        return self


@fails("check_fit_idempotent", "row 0 is '1")
class CountsItsFitsInText(UpperCase):
    n_fits = 0

    def fit(self, X, y=None):
        self.n_fits += 1
        return super().fit(X, y)

    def _change(self, text):
        return f"{self.n_fits - 1}{text}" if self.n_fits > 1 else text


@fails("check_refit_on_fewer_rows", "remembers an earlier fit")
class KeepsItsWeights(CountCharacters):
    def fit(self, X, y=None):
        old = getattr(self, "weights_", None)
        super().fit(X, y)
        self.weights_ = self.weights_ if old is None else old
        return self


@fails("check_refit_on_fewer_rows", "keeps attributes")
class KeepsAnAttribute(CountCharacters):
    def fit(self, X, y=None):
        if len(X) > 10:
            self.many_ = True
        return super().fit(X, y)


@fails("check_refit_after_set_params", "set to strip=True and fitted again differs")
class ReadsParametersOnce(UpperCase):
    def fit(self, X, y=None):
        if not hasattr(self, "suffix_"):
            self.suffix_ = str(self.strip)
        return super().fit(X, y)

    def _change(self, text):
        return text + self.suffix_


@fails("check_refit_after_set_params", "AttributeError.*, not array", binary=True)
class BreaksWhenRefitted(CountCharacters):
    def fit(self, X, y=None):
        if hasattr(self, "weights_") and not self.binary:
            raise AttributeError("weights_")
        return super().fit(X, y)


@fails("check_transform_leaves_state", r"transform changes \['last_'\]")
class RemembersTheLast(CountCharacters):
    def transform(self, X):
        self.last_ = X
        return super().transform(X)


@fails("check_transform_leaves_state", r"transform changes \['seen_'\]")
class ChangesAListInPlace(CountCharacters):
    def fit(self, X, y=None):
        self.seen_ = []
        return super().fit(X, y)

    def transform(self, X):
        self.seen_.append(len(X))
        return super().transform(X)


@fails("check_transform_leaves_state", "second transform .* another output")
class CountsItsCallsElsewhere(CountCharacters):
    calls = []

    def transform(self, X):
        self.calls.append(1)
        return super().transform(X) + len(self.calls)


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


def by_name(estimator):
    found = {}
    for _, check in text_estimator_checks(estimator):
        arguments = ",".join(f"{key}={value}" for key, value in check.keywords.items())
        found[f"{check.func.__name__}({arguments})" if arguments else check.func.__name__] = check
    return found


@pytest.mark.parametrize(("estimator", "check", "message"), BROKEN)
@pytest.mark.filterwarnings("ignore:.*default value.*:UserWarning")
def test_a_broken_transformer_fails(estimator, check, message):
    with pytest.raises(AssertionError, match=message):
        by_name(estimator)[check](estimator)


def test_every_check_has_failed_once():
    assert set(by_name(CountCharacters())) == {param.values[1] for param in BROKEN}


def test_the_first_failure_is_raised():
    with pytest.raises(AssertionError, match="in place"):
        check_text_estimator(AppendsToParameter(extras=["a"]))
