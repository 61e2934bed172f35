"""Every error and warning of the package, each a subclass of the builtin that a caller would catch."""

__all__ = [
    "CheckpointError",
    "FingerprintMismatchError",
    "InvalidTextError",
    "MissingDependencyError",
    "MissingFontWarning",
    "MissingTextError",
    "NonFiniteVectorError",
    "OutOfMemoryError",
    "PickledVersionWarning",
    "PrecisionWarning",
    "StoreError",
    "StoreWarning",
    "TextTooLongError",
    "TextTypeError",
    "TrainingRowsWarning",
    "TruncationWarning",
    "UnknownItemError",
    "UnknownTokenWarning",
    "UserDictionaryError",
]


class MissingDependencyError(ImportError):
    """An optional package is needed for what was asked."""


class MissingTextError(ValueError):
    """A text is None, NaN, NA or masked."""


class InvalidTextError(ValueError):
    """The texts have a shape, a length or characters that cannot be read."""


class TextTypeError(TypeError):
    """Something that is not a string stands where a text is expected."""


class UnknownItemError(ValueError):
    """An id is not in the catalogue.

    Parameters
    ----------
    message : str
        What arrived, and what to do.
    item : str or int
        The id.
    """

    def __init__(self, message: str, item: str | int | None = None):
        super().__init__(message, item)
        self.item = item

    def __str__(self) -> str:
        return self.args[0]


class UserDictionaryError(ValueError):
    """A line of a user dictionary cannot be read."""


class CheckpointError(OSError):
    """A checkpoint is absent, half downloaded, or in a form that is not loaded."""


class FingerprintMismatchError(ValueError):
    """The checkpoint at hand is not the one that the estimator was fitted with."""


class TextTooLongError(ValueError):
    """A text has more tokens than the model reads and ``long_text="error"``."""


class OutOfMemoryError(MemoryError):
    """One text alone does not fit into the memory of the device."""


class NonFiniteVectorError(FloatingPointError):
    """A text gave NaN or infinity, as half precision does when it overflows."""


class StoreError(ValueError):
    """A store cannot be used as it is: a newer format, or a folder that others can write to."""


class StoreWarning(UserWarning):
    """The store could not do its part; the result is right all the same."""


class TruncationWarning(UserWarning):
    """Texts were cut to the number of tokens that the model reads."""


class TrainingRowsWarning(UserWarning):
    """Rows of a fit may not be of the users that they seem to be of, or not in the order of their targets."""


class UnknownTokenWarning(UserWarning):
    """Texts are mostly unknown to the vocabulary of the model: their vectors say little."""


class MissingFontWarning(UserWarning):
    """No font has the characters that are to be drawn: boxes stand in their place."""


class PrecisionWarning(UserWarning):
    """The precision asked for is emulated, and slow, on this processor."""


class PickledVersionWarning(UserWarning):
    """A pickle was written by another version of the package."""
