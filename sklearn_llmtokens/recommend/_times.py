"""Times as users have them (numbers, durations, dates, dates as text), so that they can be ordered."""

import re
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from numbers import Integral, Real

import numpy as np

from .._utils._columns import is_missing, read_column, refuse_missing
from .._utils._messages import shorten

_HALF_A_DAY = 43_200.0  # seconds
_MICROSECONDS = 1e6
_INT64 = np.iinfo(np.int64)
# As spreadsheets write dates where the year comes first: 2024/5/1 8:00, 2024年5月1日.
_YEAR_FIRST = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:\s+(\d{1,2}):(\d{2}(?::\d{2})?))?")
_EXPECTED = (
    "numbers or dates are expected, or text with the year first, such as '2024-01-31 12:00'. Convert the others first, "
    "for example with pandas.to_datetime."
)


def ordered_times(times: np.ndarray, name: str) -> np.ndarray:
    """Return times without missing values in a dtype that is ordered as they are.

    Parameters
    ----------
    times : ndarray of shape (n,)
        Numbers, durations, dates, or dates as text: ISO, or the year first (2024/5/1 8:00, 2024年5月1日). Dates with a
        time zone become those of UTC, and those without one are taken as UTC.
    name : str
        What they are called in the message.

    Returns
    -------
    ndarray of shape (n,)
        Arrays of numbers, durations and dates as they are; objects as int64, float64, timedelta64 or datetime64.

    Raises
    ------
    ValueError
        If they are none of these, of several kinds, or numbers written as text.

    Examples
    --------
    >>> ordered_times(np.array(["2024-01-31", "2024-01-02T12:00+02:00"]), "times")
    array(['2024-01-31T00:00:00.000000', '2024-01-02T10:00:00.000000'],
          dtype='datetime64[us]')
    """
    if times.dtype.kind in "iufmM":
        return times
    values = times.tolist()
    readers = {}
    for i, value in enumerate(values):
        kind = type(value)
        if kind not in readers:
            readers[kind] = _reader(value)
        if readers[kind] is None:
            raise ValueError(f"{name!r} holds {shorten(value)}: {_EXPECTED}")
        if isinstance(value, str) and _is_number(value):
            raise ValueError(
                f"{name!r} holds {shorten(value)} at {i}, a number or a date without separators written as text: "
                "convert the column to numbers or to dates first, text is read as dates such as '2024-01-31'."
            )
    if len({_sort_of(reader) for reader in readers.values()}) > 1:
        kinds = ", ".join(sorted(kind.__name__ for kind in readers))
        raise ValueError(f"{name!r} holds {kinds}, which have no common order: numbers, durations or dates alone have.")
    try:
        moments = [readers[type(value)](value) for value in values]
    except ValueError:
        text = next(value for value in values if isinstance(value, str) and not _is_iso(value))
        raise ValueError(f"{name!r} holds {shorten(text)}: {_EXPECTED}") from None
    if all(type(moment) is int for moment in moments):
        fits = all(_INT64.min <= moment <= _INT64.max for moment in moments)
        return np.array(moments, dtype=np.int64 if fits else np.float64)
    return np.array(moments)


def read_cuts(cut, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Read one or several moments that divide times.

    Parameters
    ----------
    cut : number, duration, date, ISO text, or sequence of them
        The moments.
    times : ndarray of shape (n,)
        As `ordered_times` returns them.

    Returns
    -------
    cuts : ndarray of shape (n_cuts,)
        The moments in order.
    times : ndarray of shape (n,)
        The times; both are seconds since 1970 where one of them is numbers and the other one dates.

    Raises
    ------
    ValueError
        If a moment is missing, is no time, or is a date among durations.

    Examples
    --------
    >>> read_cuts("1970-01-02", np.array([5.0, 90000.0]))
    (array([86400.]), array([5.0e+00, 9.0e+04]))
    """
    cuts = ordered_times(refuse_missing(_one_or_several(cut), "cut", "leave it out."), "cut")
    kinds = {array.dtype.kind for array in (cuts, times)}
    if kinds >= {"m", "M"}:
        raise ValueError(
            f"cut is {shorten(cut)}, and times of dtype {times.dtype} are no dates: pass dates or numbers for both."
        )
    if len(kinds & {"m", "M"}) == 1 and len(kinds) > 1:
        cuts, times = as_seconds(cuts), as_seconds(times)
    return np.sort(cuts), times


def n_cuts(cut) -> int:
    """Return the number of moments in what `read_cuts` takes.

    Examples
    --------
    >>> n_cuts("2024-01-31"), n_cuts([date(2024, 1, 31), date(2024, 3, 31)])
    (1, 2)
    """
    return len(_one_or_several(cut))


def _one_or_several(cut) -> np.ndarray:
    is_one = isinstance(cut, str) or not hasattr(cut, "__len__") or np.ndim(cut) == 0
    return read_column([cut] if is_one else cut, "cut")


def as_seconds(times: np.ndarray) -> np.ndarray:
    """Return dates as seconds since 1970, durations as seconds, and numbers as they are."""
    if times.dtype.kind not in "mM":
        return times
    return times.astype(f"{times.dtype.kind}8[us]").astype(np.int64) / _MICROSECONDS


def seconds_of(value, what: str) -> float:
    """Return one time as a number: dates as seconds since 1970, those without a time zone taken as UTC.

    Parameters
    ----------
    value : float, Decimal, timedelta, date, datetime, numpy.datetime64, numpy.timedelta64 or missing
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
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, date | np.datetime64 | np.timedelta64):
        kind = "m" if isinstance(value, np.timedelta64) else "M"
        return float(np.array(value, f"{kind}8[us]").astype(np.int64)) / _MICROSECONDS
    if not isinstance(value, Real | Decimal):
        raise TypeError(f"{what} is {shorten(value)} of type {type(value).__name__}, neither a number nor a date.")
    if not abs(value) <= sys.float_info.max:  # type: ignore[operator]
        raise ValueError(f"{what} is {shorten(value)}: it must be finite.")
    return float(value)


def _reader(value):
    """Return the function that reads values of this type as a number, a duration or a date; None if there is none."""
    if isinstance(value, bool | np.bool_):
        return None
    if isinstance(value, timedelta | np.timedelta64):  # the latter is an Integral as well
        return _duration
    if isinstance(value, Integral):
        return int
    if isinstance(value, Real | Decimal):
        return _number
    if isinstance(value, date | np.datetime64):
        return _date
    return _iso_date if isinstance(value, str) else None


def _sort_of(reader) -> str:
    return {int: "number", _number: "number", _duration: "duration"}.get(reader, "date")


def _number(value: Real | Decimal) -> int | float:
    number = float(value)
    return int(value) if isinstance(value, Decimal) and np.isfinite(number) and value == int(value) else number


def _duration(value: timedelta | np.timedelta64) -> np.timedelta64:
    return value.to_timedelta64() if hasattr(value, "to_timedelta64") else np.timedelta64(value)


def _date(value: date | np.datetime64) -> np.datetime64:
    """Return a date of numpy, of UTC; nanoseconds of pandas are kept."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(UTC).replace(tzinfo=None)
    if hasattr(value, "to_datetime64"):
        return value.to_datetime64()
    return value if isinstance(value, np.datetime64) else np.datetime64(value, "us")


def _iso_date(text: str) -> np.datetime64:
    """Return the moment of a text, in ISO format or with the year first; a month is its first day.

    Examples
    --------
    >>> _iso_date("2024-01-02T00:30Z"), _iso_date("2024-01")
    (np.datetime64('2024-01-02T00:30:00.000000'), np.datetime64('2024-01-01T00:00:00.000000'))
    >>> _iso_date("2024/1/2 8:30"), _iso_date("2024年1月2日")
    (np.datetime64('2024-01-02T08:30:00.000000'), np.datetime64('2024-01-02T00:00:00.000000'))
    """
    if match := _YEAR_FIRST.fullmatch(text.strip()):
        year, month, day, hour, rest = match.groups()
        text = f"{year}-{month:0>2}-{day:0>2}" + (f" {hour:0>2}:{rest}" if hour else "")
    return _date(datetime.fromisoformat(f"{text}-01" if re.fullmatch(r"\d{4}-\d{2}", text) else text))


def _is_iso(text: str) -> bool:
    try:
        _iso_date(text)
    except ValueError:
        return False
    return True


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def session_gap_of(gap, times: np.ndarray | None) -> float | None:
    """Return the time between two events after which a session begins, in the unit of the times.

    Parameters
    ----------
    gap : "auto", float, timedelta or None
        "auto" is half a day where `times` can be times since 1970, and no sessions where they cannot.
    times : ndarray of shape (n,) or None
        Numbers, NaN where a time is not known.

    Returns
    -------
    float or None
        None where there are no sessions.

    Examples
    --------
    >>> session_gap_of("auto", np.array([1.4e9, 1.5e9])), session_gap_of("auto", np.array([1.0, 2.0]))
    (43200.0, None)
    """
    if gap is None or times is None:
        return None
    if isinstance(gap, timedelta):
        return gap.total_seconds()
    if gap != "auto":
        return float(gap)
    known = np.abs(times[~np.isnan(times)])
    units = [unit for unit in (1.0, 1e3, 1e6, 1e9) if len(known) and 3e8 * unit <= known.max() <= 5e9 * unit]
    return _HALF_A_DAY * units[0] if units else None
