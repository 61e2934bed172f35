"""Download one public file to the data home, complete and verified by its checksum."""

import hashlib
import os
import time
import warnings
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen
from uuid import uuid4

from tqdm import tqdm

from ._home import ENVIRONMENT_VARIABLE, get_data_home

CHUNK_BYTES = 1 << 16
TIMEOUT_SECONDS = 30
_TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
_TRANSIENT_ERRORS = (URLError, HTTPException, ConnectionError, TimeoutError)


def fetch_file(remote, *, data_home=None, download_if_missing=True, n_retries=3, delay=1.0):
    """Return the path of a public file in the data home, downloaded if need be.

    Parameters
    ----------
    remote : RemoteFile
        The file.
    data_home : str or path-like, default=None
        See :func:`get_data_home`.
    download_if_missing : bool, default=True
        Whether to download the file when it is absent, or present with another checksum.
    n_retries : int, default=3
        How often a broken or refused transfer is tried again; it goes on where it broke off if the server can.
    delay : float, default=1.0
        Seconds between two tries.

    Returns
    -------
    pathlib.Path
        The file, with the checksum of `remote`.

    Raises
    ------
    OSError
        If the file is not there and may not be downloaded, cannot be downloaded, or has the wrong checksum.
    """
    target = get_data_home(data_home) / remote.filename
    if target.exists():
        found = _sha256(target)
        if found == remote.sha256:
            return target
        message = f"{target} has the SHA-256 {found}, expected {remote.sha256}"
        if not download_if_missing:
            raise OSError(f"{message}; delete it, and pass download_if_missing=True to fetch it again")
        warnings.warn(f"{message}; it is downloaded again", UserWarning, stacklevel=3)
    elif not download_if_missing:
        raise OSError(
            f"{remote.filename} is not in the data home {target.parents[remote.filename.count('/')]}; "
            f"pass download_if_missing=True, or set {ENVIRONMENT_VARIABLE} to a folder that has it"
        )
    _download(remote, target, n_retries, delay)
    return target


def _download(remote, target, n_retries, delay):
    partial = target.with_name(f"{target.name}.{uuid4().hex}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _transfer(remote, target, partial, n_retries, delay)
        found = _sha256(partial)
        if found != remote.sha256:
            raise OSError(
                f"{remote.filename}: what {remote.url} sent has the SHA-256 {found}, expected {remote.sha256}; "
                f"it was removed. The public file may have changed: {_by_hand(remote, target)}"
            )
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def _transfer(remote, target, partial, n_retries, delay):
    for left in range(n_retries, -1, -1):
        try:
            return _receive(remote, partial)
        except _TRANSIENT_ERRORS as error:
            permanent = False
            if isinstance(error, HTTPError):
                error.close()
                permanent = error.code not in _TRANSIENT_STATUS
            if permanent or left == 0:
                raise OSError(
                    f"{remote.filename} could not be downloaded from {remote.url}: {error}. {_by_hand(remote, target)}"
                ) from error
        time.sleep(delay)


def _receive(remote, partial):
    """Try once: append to the partial file if the server resumes, start again otherwise."""
    held = partial.stat().st_size if partial.exists() else 0
    request = Request(remote.url, headers={"User-Agent": "sklearn-llmtokens"})
    if held:
        request.add_header("Range", f"bytes={held}-")
    with urlopen(request, timeout=TIMEOUT_SECONDS) as response:
        if response.status != 206 or not response.headers.get("Content-Range", "").startswith(f"bytes {held}-"):
            held = 0
        length = response.headers.get("Content-Length")
        total = held + int(length) if length else None
        received = _copy(response, partial, held, total, remote.filename)
    if total is not None and received != total:
        raise ConnectionError(f"the connection closed after {received} of {total} bytes")


def _copy(response, partial, held, total, name):
    with (
        open(partial, "ab" if held else "wb") as sink,
        tqdm(total=total, initial=held, desc=name, unit="B", unit_scale=True, disable=None) as bar,
    ):
        while chunk := response.read(CHUNK_BYTES):
            sink.write(chunk)
            bar.update(len(chunk))
        return sink.tell()


def _sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _by_hand(remote, target):
    return f"You can put the file at {target} yourself (SHA-256 {remote.sha256})."
