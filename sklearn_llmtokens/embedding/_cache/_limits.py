"""Bounds that environment variables set."""

import os
import re

from ..._utils._messages import shorten
from ...exceptions import StoreError


def bytes_from_environment(name: str, default: int) -> int:
    """Read a number of bytes; raise `StoreError` if it is not written in the digits 0 to 9."""
    # int() also reads other digits ("１２"), underscores and signs; more than 18 digits are no number of bytes.
    return int(_read(name, default, "[0-9]{1,18}", f"a number of bytes in digits, such as {default}"))


def seconds_from_environment(name: str, default: float) -> float:
    """Read a number of seconds; raise `StoreError` if it is not in digits, with or without a decimal point."""
    accepted = f"a number of seconds below a million, such as {default:g} or 0.5"
    return float(_read(name, default, r"[0-9]{1,6}(\.[0-9]{0,9})?", accepted))


def _read(name: str, default: float, pattern: str, accepted: str) -> str:
    text = os.environ.get(name) or str(default)
    if not re.fullmatch(pattern, text.strip()):
        raise StoreError(f"{name}={shorten(text)} is not {accepted}.")
    return text
