"""Run a command: errors, warnings and signals become messages on standard error and exit codes."""

import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from ._errors import UsageError
from ._parser import make_parser

PROGRAM = "sklearn-llmtokens"
FAILURE, USAGE = 1, 2
_ERRORS = (OSError, ValueError, TypeError, KeyError, ImportError, MemoryError, FloatingPointError)


class _Terminated(KeyboardInterrupt):
    """SIGTERM: what an interrupt keeps is kept."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Arguments of the command. None reads those of the shell.

    Returns
    -------
    int
        0; 1 where something failed during the work; 2 where files, columns or options were refused before it; 130 after
        SIGINT, 143 after SIGTERM and 141 where nobody reads the output any more.
    """
    options = make_parser().parse_args(arguments)
    try:
        with _signals(), _plain_warnings():
            options.run(options)
    except UsageError as error:
        return _fail(error.__cause__ or error, USAGE)
    except BrokenPipeError:
        # What is left in the buffer of standard output is written at exit, to nobody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except _ERRORS as error:
        return _fail(error, FAILURE)
    except KeyboardInterrupt as error:
        _show(f"interrupted; {options.after_interrupt}")
        return 128 + (signal.SIGTERM if isinstance(error, _Terminated) else signal.SIGINT)
    return 0


def _fail(error: BaseException, code: int) -> int:
    message = error.args[0] if isinstance(error, KeyError) else error
    _show("\n".join([str(message), *getattr(error, "__notes__", [])]))
    return code


def _show(message: str) -> None:
    with suppress(OSError):  # nobody reads it
        print(f"{PROGRAM}: {message}", file=sys.stderr, flush=True)


@contextmanager
def _signals() -> Iterator[None]:
    """Treat SIGTERM, by which schedulers end what they run, as an interrupt."""

    def terminate(number, frame):
        raise _Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Show warnings as messages, without lines of Python."""

    def format_as_message(message, category, filename, lineno, line=None):
        return f"{PROGRAM}: warning: {message}\n"

    before = warnings.formatwarning
    warnings.formatwarning = format_as_message
    try:
        yield
    finally:
        warnings.formatwarning = before
