"""Parts one after the other: those that are there are left alone, an unfinished one goes on where it stopped."""

import errno
import json
import os
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from .._utils._warnings import stacklevel_of_caller
from ..exceptions import TruncationWarning, UnknownTokenWarning
from ._parquet_bar import RowsBar
from ._parquet_files import first_line, renamed_when_whole
from ._parquet_journal import Journal, differences, journal_path
from ._parquet_part import NPY, Job, Part, Settings, Sources, write_part
from ._parquet_writers import METADATA_KEY
from ._workers import hold_workers

# Raise by one with any change after which parts of one run must not lie beside those of another.
FORMAT_VERSION = 2
# Warnings that carry a number of texts.
_COUNTED = (TruncationWarning, UnknownTokenWarning)
# Of file systems without locks: two processes do not notice each other there.
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}


def run_parts(
    parts: Sequence[Part], embedder: Any, settings: Settings, sources: Sources, batch_rows: int, verbose: int
) -> list[Path]:
    """Write the parts that are missing.

    Parameters
    ----------
    parts : sequence of Part
        All parts.
    embedder : transformer
        Fitted.
    settings : Settings
        What stands in the metadata of each part.
    sources : Sources
        Hashes of the bytes that are read.
    batch_rows : int
        Most rows that are in memory at once.
    verbose : int
        Whether a bar is shown.

    Returns
    -------
    list of Path
        All parts.
    """
    with _gather_warnings() as gather, hold_workers():
        job = Job(embedder, settings, sources, batch_rows, gather)
        left = _Leftovers(parts)
        missing = []
        for part in parts:
            if not _is_written(part, job):
                missing.append(part)
            elif left.of(part):
                with suppress(BlockingIOError), _locked(part):
                    left.remove(part)
        n_rows = sum(part.n_rows for part in parts)
        with RowsBar(n_rows, n_rows - sum(part.n_rows for part in missing), verbose) as bar:
            for part in missing:
                with _locked(part):
                    left.remove(part, but=journal_path(part.path))
                    # Another process may have written it since it was looked for.
                    if part.path.exists() and _is_written(part, job):
                        bar.set(bar.n + part.n_rows)
                    else:
                        _write(part, job, bar)
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


class _Leftovers:
    """Temporary files that killed processes have left beside parts.

    Parameters
    ----------
    parts : sequence of Part
        The parts.
    """

    def __init__(self, parts: Sequence[Part]):
        self._names = {folder: self._hidden(folder) for folder in {part.path.parent for part in parts}}

    def of(self, part: Part) -> list[Path]:
        """Return what was left beside a part."""
        prefix = f".{part.path.name}."
        return [
            part.path.parent / name
            for name in self._names[part.path.parent].get(part.path.name, ())
            if name.removeprefix(prefix) in ("partial", "lock") or name.endswith(".tmp")
        ]

    def remove(self, part: Part, but: Path | None = None) -> None:
        """Remove what was left beside a part, whose lock is held."""
        for path in self.of(part):
            if path != but and path.suffix != ".lock":
                with suppress(OSError):
                    path.unlink(missing_ok=True)

    @staticmethod
    def _hidden(folder: Path) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        with suppress(OSError):
            for name in os.listdir(folder):
                if name.startswith("."):
                    of = name[1:].rpartition(".")[0]
                    found.setdefault(of.rpartition(".")[0] if name.endswith(".tmp") else of, []).append(name)
        return found


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
        raise ValueError(
            f"{part.path} is of another run: its {other} differ(s). Choose another dst, or delete the parts."
        )
    return True


@contextmanager
def _gather_warnings() -> Iterator:
    """Yield a context that counts the texts of warnings; issue one of each kind with their number, at the end."""
    n_texts: Counter[type[Warning]] = Counter()
    messages: dict[type[Warning], str] = {}

    @contextmanager
    def gather():
        with warnings.catch_warnings(record=True) as caught:
            for category in _COUNTED:
                warnings.simplefilter("always", category)
            yield
        for warning in caught:
            if warning.category in _COUNTED:
                n_texts[warning.category] += getattr(warning.message, "n_texts", 1)
                messages[warning.category] = str(warning.message).partition(" ")[2]
            else:
                warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)

    yield gather
    for category, message in messages.items():
        warnings.warn(f"{n_texts[category]} {message}", category, stacklevel=stacklevel_of_caller())
