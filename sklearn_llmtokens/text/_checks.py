"""Check the input of callables, which take one text where an estimator takes many."""

from .._utils._text_cells import lone_surrogate
from ..exceptions import InvalidTextError, TextTypeError


def checked_text(text, *, surrogates: str = "error") -> str:
    """Return `text` as a plain str, or raise what is wrong with it.

    Parameters
    ----------
    text : str or Arrow scalar of a str
        One text. A vectorizer that goes over a `pyarrow.ChunkedArray` hands over its scalars.
    surrogates : {"error", "keep"}, default="error"
        Whether a lone surrogate is an error.

    Returns
    -------
    str
        The text.

    Raises
    ------
    TextTypeError
        If it is not a str, or missing.
    InvalidTextError
        If it has a lone surrogate, unless ``surrogates="keep"``.

    Examples
    --------
    >>> checked_text("好")
    '好'
    >>> import pyarrow
    >>> checked_text(pyarrow.scalar("好"))
    '好'
    """
    if hasattr(text, "as_py"):  # every Arrow library's scalar, of plain, large, view and dictionary-encoded strings
        text = text.as_py()
    if not isinstance(text, str):
        raise TextTypeError(f"One text as a str is expected, {type(text).__name__} received.")
    at = None if surrogates == "keep" else lone_surrogate(text)
    if at is not None:
        raise InvalidTextError(
            f"The text has a lone surrogate U+{ord(text[at]):04X} at character {at}, which is not a character of "
            'Unicode: TextNormalizer(surrogates="replace") puts U+FFFD in its place.'
        )
    return str.__str__(text)
