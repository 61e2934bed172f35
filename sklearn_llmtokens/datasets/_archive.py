"""Read one file of a downloaded zip archive, by name and within a size limit; a damaged archive is refused."""

import zipfile
from contextlib import contextmanager, suppress

from .._utils._messages import shorten

# The largest file that is read from an archive here has 15 MB.
MAX_BYTES = 64 * 2**20

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # those that are unpacked no further than asked


def read_member(path, name):
    """Read the one file of an archive whose name ends as given.

    Parameters
    ----------
    path : pathlib.Path
        A zip archive.
    name : str
        How the name of the file ends.

    Returns
    -------
    bytes
        The content, of 64 MiB at most.

    Raises
    ------
    OSError
        If there is no such file or several, it is too large, or it is packed by an unusual method.
    zipfile.BadZipFile
        If the archive is damaged.
    """
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if member.filename.endswith(name)]
        if len(members) != 1:
            raise OSError(f"{path} has {len(members)} files {name}, expected 1")
        if members[0].compress_type not in _METHODS:
            raise OSError(f"{name} is packed by method {members[0].compress_type}, expected one of {_METHODS}")
        with archive.open(members[0]) as file:
            content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise OSError(f"{name} has more than {MAX_BYTES:,} bytes")
    return content


@contextmanager
def removed_if_bad(path):
    """Turn every error of the block, which reads a downloaded file, into an OSError, and remove the file.

    Parameters
    ----------
    path : pathlib.Path
        The file; one in a read-only data home stays.

    Raises
    ------
    OSError
        If the block raises.
    """
    try:
        yield
    except Exception as error:  # a damaged archive, CSV or pickle can raise anything
        with suppress(OSError):
            path.unlink()
        reason = shorten(str(error)) if not isinstance(error, OSError) else error
        raise OSError(
            f"{path} is damaged or another file ({type(error).__name__}: {reason}); it was removed: fetch it again"
        ) from error
