"""Bounds that environment variables set."""

import os
import re

from ..._utils._messages import shorten
from ...exceptions import StoreError


def bytes_from_environment(name: str, default: int) -> int:
    """Read a number of bytes from an environment variable.

    Parameters
    ----------
    name : str
        The variable.
    default : int
        What holds where it is not set.

    Returns
    -------
    int
        The number of bytes.

    Raises
    ------
    StoreError
        If it is not written in the digits 0 to 9.
    """
    text = os.environ.get(name)
    if not text:
        return default
    # int() also reads other digits ("１２"), underscores and signs; more than 18 digits are no number of bytes.
    if not re.fullmatch(r"[0-9]{1,18}", text.strip()):
        raise StoreError(f"{name}={shorten(text)} is not a number of bytes in digits, such as {default}.")
    return int(text)


def seconds_from_environment(name: str, default: float) -> float:
    """Read a number of seconds from an environment variable.

    Parameters
    ----------
    name : str
        The variable.
    default : float
        What holds where it is not set.

    Returns
    -------
    float
        Seconds.

    Raises
    ------
    StoreError
        If it is not written in the digits 0 to 9, with or without a decimal point.
    """
    text = os.environ.get(name)
    if not text:
        return default
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{0,9})?", text.strip()):
        raise StoreError(
            f"{name}={shorten(text)} is not a number of seconds below a million, such as {default:g} or 0.5."
        )
    return float(text)
