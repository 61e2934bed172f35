"""Parts one after the other: those that are there are left alone, an unfinished one goes on where it stopped."""

import errno
import json
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from filelock import FileLock, Timeout

from .._utils._warnings import stacklevel_of_caller
from ._parquet_bar import RowsBar
from ._parquet_counts import gather_counts
from ._parquet_files import first_line, renamed_when_whole
from ._parquet_journal import Journal, differences, journal_path
from ._parquet_leftovers import Leftovers
from ._parquet_part import NPY, Job, Part, write_part
from ._parquet_writers import METADATA_KEY
from ._workers import hold_workers

# Raise by one with any change after which parts of one run must not lie beside those of another.
FORMAT_VERSION = 2
# Of file systems without locks: two processes do not notice each other there.
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}


def find_missing(parts: Sequence[Part], job: Job) -> list[Part]:
    """Find the parts that are to be written, and remove what killed runs have left beside the others.

    Parameters
    ----------
    parts : sequence of Part
        All parts.
    job : Job
        What is done with every part.

    Returns
    -------
    list of Part
        Those that are not there, or damaged.

    Raises
    ------
    ValueError
        If a part is there and is of another run.
    """
    left, missing = Leftovers(parts), []
    for part in parts:
        if not _is_written(part, job):
            missing.append(part)
        elif left.of(part):
            with suppress(BlockingIOError), _locked(part):
                left.remove(part)
    return missing


def write_parts(parts: Sequence[Part], missing: Sequence[Part], job: Job, verbose: int) -> list[Path]:
    """Write parts.

    Parameters
    ----------
    parts : sequence of Part
        All parts.
    missing : sequence of Part
        Those to write.
    job : Job
        What is done with every part.
    verbose : int
        Whether a bar is shown.

    Returns
    -------
    list of Path
        All parts.

    Raises
    ------
    BlockingIOError
        If another process is writing one of them.
    ValueError
        If the vectors that an interrupted run has kept are of another one.
    """
    left, n_rows = Leftovers(missing), sum(part.n_rows for part in parts)
    n_done = n_rows - sum(part.n_rows for part in missing)
    with gather_counts() as gather, hold_workers(), RowsBar(n_rows, n_done, verbose) as bar:
        for part in missing:
            with _locked(part):
                left.remove(part, but=journal_path(part.path))
                # Another process may have written it since it was looked for.
                if part.path.exists() and _is_written(part, job):
                    bar.set(bar.n + part.n_rows)
                else:
                    _write(part, replace(job, gather=gather), bar)
    return [part.path for part in parts]


def _write(part: Part, job: Job, bar: RowsBar) -> None:
    about = part.describe(job)
    journal = Journal(part.path, about, job.settings.text_columns, job.settings.dtype)
    try:
        with renamed_when_whole(part.path) as file:
            write_part(file, part, job, journal, bar)
            if part.path.suffix == NPY:
                _about_path(part).write_text(json.dumps(about), encoding="utf-8")
        journal.remove()
    finally:
        journal.close()


@contextmanager
def _locked(part: Part) -> Iterator[None]:
    """Hold the lock of a part, which the operating system frees however the process ends."""
    path = part.path.with_name(f".{part.path.name}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise BlockingIOError(
            f"{part.path} is being written by another process: wait until it has ended, choose another dst, or share "
            "the parts with shard=(i, n)."
        ) from error
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)  # before the release: who waits for it looks whether it is still there
        lock.release(force=True)


def _about_path(part: Part) -> Path:
    """Return where it is written down what an array is, which has no place for it."""
    return part.path.with_name(f".{part.path.name}.json")


def _found_about(part: Part) -> dict:
    import pyarrow.parquet as pq

    if part.path.suffix == NPY:
        path = _about_path(part)
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}
    return dict(json.loads((pq.read_schema(part.path).metadata or {}).get(METADATA_KEY, b"{}")))


def _is_written(part: Part, job: Job) -> bool:
    """Check whether a part is there, and make sure that it is this one."""
    import pyarrow as pa

    if not part.path.exists():
        return False
    try:
        found = _found_about(part)
    except (pa.ArrowException, OSError, ValueError, TypeError) as error:
        warnings.warn(
            f"{part.path} is damaged and is written again ({first_line(error)}).",
            RuntimeWarning,
            stacklevel=stacklevel_of_caller(),
        )
        return False
    if other := differences(found, part.describe(job)):
        raise ValueError(f"{part.path} is of another run: its {other} differ(s). Choose another dst, or delete it.")
    return True
