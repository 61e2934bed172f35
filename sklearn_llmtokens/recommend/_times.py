"""Times as users have them (numbers, dates, dates as ISO text), so that they can be ordered."""

from datetime import UTC, date, datetime
from numbers import Real

import numpy as np

from .._utils._columns import is_missing

_MICROSECONDS = 1e6


def ordered_times(times: np.ndarray, name: str) -> np.ndarray:
    """Give times without missing values in a dtype that is ordered as they are.

    Parameters
    ----------
    times : ndarray of shape (n,)
        Numbers, dates, or dates as ISO text.
    name : str
        What they are called in the message.

    Returns
    -------
    ndarray of shape (n,)
        Arrays of numbers and of dates as they are; objects and texts as float64 or datetime64.

    Raises
    ------
    ValueError
        If they are neither numbers nor dates, or numbers written as text.

    Examples
    --------
    >>> ordered_times(np.array(["2024-01-31", "2024-01-02T12:00"]), "times")
    array(['2024-01-31T00:00:00.000000', '2024-01-02T12:00:00.000000'],
          dtype='datetime64[us]')
    """
    if times.dtype.kind in "iufM":
        return times
    times = times.astype(object)
    if all(isinstance(value, int | float | np.number) for value in times):
        return times.astype(np.float64)
    number = next((i for i, value in enumerate(times) if isinstance(value, str) and _is_number(value)), None)
    if number is not None:
        raise ValueError(
            f"{name!r} holds {str(times[number])!r} at {number}, a number or a date without separators written as "
            "text: convert the column to numbers or to dates first, text is read as dates such as '2024-01-31'."
        )
    try:
        return times.astype("datetime64[us]")
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name!r} holds {times[0]!r}: numbers or dates are expected, that can be ordered.") from error


def as_seconds(times: np.ndarray) -> np.ndarray:
    """Give dates as seconds since 1970, and numbers as they are."""
    if times.dtype.kind != "M":
        return times
    return times.astype("datetime64[us]").astype(np.int64) / _MICROSECONDS


def seconds_of(value, what: str) -> float:
    """Give one time as a number: dates as seconds since 1970, those without a time zone taken as UTC.

    Parameters
    ----------
    value : float, date, datetime, numpy.datetime64 or missing
        The time.
    what : str
        What it is, for the message.

    Returns
    -------
    float
        The number; NaN where it is missing.

    Raises
    ------
    TypeError
        If it is neither a number nor a date.
    ValueError
        If it is infinite.

    Examples
    --------
    >>> seconds_of(datetime(1970, 1, 2), "The time"), seconds_of(None, "The time")
    (86400.0, nan)
    """
    if is_missing(value):
        return float("nan")
    if isinstance(value, datetime):
        return (value.replace(tzinfo=UTC) if value.tzinfo is None else value).timestamp()
    if isinstance(value, date | np.datetime64):
        return float(np.datetime64(value, "us").astype(np.int64)) / _MICROSECONDS
    if not isinstance(value, Real):
        raise TypeError(f"{what} is {value!r} of type {type(value).__name__}, neither a number nor a date.")
    if not np.isfinite(float(value)):
        raise ValueError(f"{what} is {value!r}: it must be finite.")
    return float(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
