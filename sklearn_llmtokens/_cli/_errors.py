"""The one exception of the command: what was asked for cannot be done, and nothing has been tried."""

from collections.abc import Iterator
from contextlib import contextmanager


class UsageError(Exception):
    """Files, columns or options that do not suit; its cause, where there is one, has the message."""


@contextmanager
def before_any_work() -> Iterator[None]:
    """Raise a `UsageError` for what the block refuses."""
    try:
        yield
    except (OSError, ValueError, TypeError, KeyError, ImportError) as error:
        raise UsageError from error
