"""Who else could have written vectors here: a folder and its files must be writable by their owner alone."""

import os
import stat
from pathlib import Path

from ...exceptions import StoreError


def private_folder(folder: Path) -> None:
    """Make the folder, for its owner alone, or check that nobody else could have put a database into it.

    Parameters
    ----------
    folder : Path
        The folder.

    Raises
    ------
    StoreError
        If it is not a folder, others can write to it, or it belongs to another user.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except FileExistsError as error:
        raise StoreError(f"cache={str(folder)!r} is a file: pass a folder.") from error
    except OSError:
        return  # the first write says so, and the texts are embedded all the same
    _check_owner(f"cache={str(folder)!r}", status, f"pass a folder of your own, such as {str(folder / 'vectors')!r}")


def private_files(*paths: Path) -> None:
    """Check that nobody else could have written to files.

    Parameters
    ----------
    *paths : Path
        Files, there or not; of a link, the file to which it leads is checked.

    Raises
    ------
    StoreError
        If others can write to one, or it belongs to another user.
    """
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            continue
        _check_owner(str(path), status, "delete it, or pass another folder as cache")


def _check_owner(what: str, status: os.stat_result, remedy: str) -> None:
    if not hasattr(os, "geteuid"):
        return
    for bit, name, letter in ((stat.S_IWOTH, "every user", "o"), (stat.S_IWGRP, "the members of its group", "g")):
        if status.st_mode & bit:
            raise StoreError(
                f"{what} can be written by {name} of this machine, who could plant vectors in it: {remedy}, or take "
                f"the permission away (chmod {letter}-w)."
            )
    if status.st_uid not in (os.geteuid(), 0):
        raise StoreError(
            f"{what} belongs to another user (uid {status.st_uid}), who could plant vectors in it: {remedy}."
        )
