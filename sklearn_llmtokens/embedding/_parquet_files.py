"""Parquet files on the way in and out: one that cannot be read is named, one that is written is whole or not there."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def readable(file: str) -> Iterator[None]:
    """Name the file where pyarrow cannot make sense of it.

    Parameters
    ----------
    file : str
        The file that the block reads.

    Raises
    ------
    OSError
        If the block raises an error of Arrow.
    """
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, UnicodeDecodeError, OSError) as error:
        if getattr(error, "errno", None) is not None:
            raise  # of the operating system, which names the file
        raise OSError(f"{file} cannot be read as Parquet ({first_line(error)}).") from error


def first_line(error: Exception) -> str:
    """Return the beginning of an error message of Arrow, which may hold a whole schema.

    Parameters
    ----------
    error : Exception
        The error.

    Returns
    -------
    str
        Its type, and at most 200 characters of its first line.
    """
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}"


@contextmanager
def renamed_when_whole(path: Path) -> Iterator:
    """Open a temporary file beside `path` for writing; give it its name at the end, or remove it.

    Parameters
    ----------
    path : Path
        Where the file is at the end.

    Yields
    ------
    file object
        Open for bytes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with open(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
