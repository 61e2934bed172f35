"""Transformers that are wrong about parameters, fitted attributes and pickles."""

from tests.testing.broken import fails
from tests.testing.toys import CountCharacters, UpperCase


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
