"""Values of options: what an argument of the shell stands for, and the error message where it stands for nothing."""

import argparse
import re

from .._utils._messages import shorten


def shard(text: str) -> tuple[int, int]:
    """Read ``"3/16"``.

    Examples
    --------
    >>> shard("3/16")
    (3, 16)
    """
    match = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)
    if not match or int(match[1]) >= int(match[2]):
        raise argparse.ArgumentTypeError(f"{shorten(text)} is not I/N with I from 0 to N-1, such as 3/16")
    return int(match[1]), int(match[2])


def integer(text: str) -> int:
    """Read a whole number in the digits 0 to 9; ``int`` reads other digits and underscores as well.

    Examples
    --------
    >>> integer("-1")
    -1
    """
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise argparse.ArgumentTypeError(f"{shorten(text)} is not a whole number, such as 8")
    return int(text)


def count(text: str) -> int:
    """Read a whole number from 1 on."""
    number = integer(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{shorten(text)} is not a whole number from 1 on, such as 1000")
    return number


def count_or_auto(text: str) -> int | str:
    """Read a whole number, or ``"auto"``."""
    return text if text == "auto" else integer(text)


def seconds(text: str) -> float:
    """Read a number of seconds.

    Examples
    --------
    >>> seconds("0.5")
    0.5
    """
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text):
        raise argparse.ArgumentTypeError(f"{shorten(text)} is not a number of seconds, such as 0.5")
    return float(text)


def cache(text: str) -> str | None:
    """Read a place for vectors; ``"none"`` is no place."""
    return None if text in ("none", "") else text


def delimiter(text: str) -> str:
    """Read one character; a tab may be written as a backslash and a t."""
    text = "\t" if text == "\\t" else text
    if len(text) != 1 or text in '\r\n"':
        raise argparse.ArgumentTypeError(f"{shorten(text)} is not one character, such as ';' or '\\t'")
    return text
