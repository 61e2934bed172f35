"""Classify values as text, missing or invalid, with the error message for the last."""

import numbers
from collections.abc import Callable

import numpy as np

from ..exceptions import InvalidTextError, MissingTextError, TextTypeError
from ._columns import is_missing
from ._messages import shorten

_SURROGATE_CHECK_ROWS = 4096


def check_column(column: list, place: Callable[[int], str], *, missing: str, surrogates: str) -> list[str | None]:
    """Check that a column holds texts.

    Parameters
    ----------
    column : list
        The values.
    place : callable
        Returns the name of a row's cell, for messages.
    missing : {"error", "keep"}
        Whether a missing text is an error or becomes None.
    surrogates : {"error", "keep"}
        Whether a lone surrogate is an error.

    Returns
    -------
    list of (str or None)
        The texts, as plain str; the same list where it holds nothing else.

    Raises
    ------
    TextTypeError
        If a value is no text.
    InvalidTextError
        If a value is a list, an array or a complex number, or a text has a lone surrogate.
    MissingTextError
        If a text is missing, unless ``missing="keep"``.
    """
    is_plain = {*map(type, column)} <= {str}  # the usual case, settled in a fraction of the time
    texts = column if is_plain else [_check_cell(value, i, place, missing) for i, value in enumerate(column)]
    if surrogates == "error":
        _refuse_surrogates(texts, place)
    return texts


def lone_surrogate(text: str) -> int | None:
    """Return the position of the first surrogate in `text`, or None.

    Parameters
    ----------
    text : str
        The text.

    Returns
    -------
    int or None
        Position in characters.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return error.start
    return None


def _check_cell(value, row: int, place: Callable[[int], str], missing: str) -> str | None:
    if hasattr(value, "as_py"):  # a scalar of pyarrow: iteration over its columns gives these
        value = value.as_py()
    if isinstance(value, str):
        return str.__str__(value)  # the text of a subclass, which may show itself as something else
    if not is_missing(value):
        raise _wrong_cell(place(row), value)
    if missing == "error":
        raise MissingTextError(
            f"{place(row)} is missing ({value!r}; Input contains NaN or another missing value): drop or fill the row, "
            'or, in an estimator that has the parameter, set missing="zero" to embed it as a zero vector.'
        )
    return None


def _wrong_cell(place: str, value) -> Exception:
    kind = type(value).__name__
    if isinstance(value, bytes | bytearray):
        return TextTypeError(f"{place} is bytes, not str: decode it first, for example with .decode('utf-8').")
    if isinstance(value, list | tuple | np.ndarray):
        return InvalidTextError(f"{place} is a {kind}, not a str: each cell holds one text.")
    if isinstance(value, numbers.Complex) and not isinstance(value, numbers.Real):
        return InvalidTextError(f"{place} is {shorten(value)}: Complex data not supported.")
    return TextTypeError(
        f"{place} is {shorten(value)} of type {kind}, not a str: convert it with str() if it is meant as text."
    )


def _refuse_surrogates(texts: list[str | None], place: Callable[[int], str]) -> None:
    for start in range(0, len(texts), _SURROGATE_CHECK_ROWS):
        block = texts[start : start + _SURROGATE_CHECK_ROWS]
        try:
            "".join(filter(None, block)).encode()
        except UnicodeEncodeError:
            for i, text in enumerate(block, start):
                if text is not None and (at := lone_surrogate(text)) is not None:
                    raise InvalidTextError(
                        f"{place(i)} has a lone surrogate U+{ord(text[at]):04X} at character {at}, which is "
                        'not a character of Unicode: TextNormalizer(surrogates="replace") puts U+FFFD in its place.'
                    ) from None
