"""Read a file that a parameter names, where a text may have been passed in its place."""

import errno
import os
from pathlib import Path

from .._utils._messages import LIMIT

_NO_FILE = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)


def read_bytes(path: str | os.PathLike, expected: str) -> bytes:
    """Return what is in a file.

    Parameters
    ----------
    path : str or path-like
        Path of the file.
    expected : str
        What the parameter accepts, for the message.

    Returns
    -------
    bytes
        The content.

    Raises
    ------
    FileNotFoundError
        If there is no such file, or the string cannot be a path; at most 30 characters of it are shown.
    OSError
        If it is a folder or cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except IsADirectoryError as error:
        raise IsADirectoryError(error.errno, expected, _shown(path)) from error
    except OSError as error:
        if error.errno not in _NO_FILE:
            raise
    except ValueError:  # a NUL or a lone surrogate
        pass
    raise FileNotFoundError(errno.ENOENT, expected, _shown(path))


def _shown(path: str | os.PathLike) -> str:
    """Return a path in full, and of a string, which may be a text, the beginning."""
    return f"{path[:LIMIT]}..." if isinstance(path, str) and len(path) > LIMIT else str(path)
