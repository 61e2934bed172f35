"""Shorten values for error messages: enough to find the value, too little to publish a user's text."""

import reprlib

LIMIT = 30  # characters of a value that a message shows

_REPR = reprlib.Repr()
_REPR.maxlevel = 2
_REPR.maxstring = _REPR.maxother = LIMIT


def shorten(value) -> str:
    """Return the repr of a value for a message, with at most 30 characters of it.

    Parameters
    ----------
    value : object
        A text, an id, an event, a row, or anything else that arrived.

    Returns
    -------
    str
        Its repr; a longer one is cut and ends in an ellipsis.

    Examples
    --------
    >>> shorten("tea"), shorten(7), shorten(None)
    ("'tea'", '7', 'None')
    >>> shorten("a long text that somebody wrote about a teapot")
    "'a long text that somebody wrot'..."
    >>> shorten(["green tea", "black tea", "white tea"])
    "['green tea', 'black tea', 'wh..."
    """
    if isinstance(value, str):
        return repr(str.__str__(value)) if len(value) <= LIMIT else f"{str.__str__(value[:LIMIT])!r}..."
    if isinstance(value, bytes | bytearray):
        return repr(value) if len(value) <= LIMIT else f"{value[:LIMIT]!r}..."
    if isinstance(value, int) and value.bit_length() > 4 * LIMIT:
        return f"<int of {value.bit_length()} bits>"
    text = _REPR.repr(value)
    return text if len(text) <= LIMIT else f"{text[:LIMIT]}..."
