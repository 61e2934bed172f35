"""The data home: the folder of fetched files, ``<home>/<kind>/<file>``."""

import os
from contextlib import suppress
from pathlib import Path

from platformdirs import user_cache_path

from .._utils._messages import shorten
from ._registry import FILES

ENVIRONMENT_VARIABLE = "SKLEARN_LLMTOKENS_DATA"


def get_data_home(data_home=None):
    """Return the folder where fetched data sets are kept, and create it if it is not there.

    The files lie in subfolders of it: `text`, `similarity`, `segmentation` and `interactions`. A folder that has
    them already, a read-only one too, works without a network.

    Parameters
    ----------
    data_home : str or path-like, default=None
        The folder. None takes the environment variable `SKLEARN_LLMTOKENS_DATA`, and without it a folder
        `sklearn_llmtokens/datasets` in the user's cache directory. A leading `~` is expanded.

    Returns
    -------
    pathlib.Path
        The absolute path of the folder.

    Raises
    ------
    ValueError
        If `data_home` is a name that no folder can have, or names a user who does not exist.
    OSError
        If the folder cannot be made, or is relative where the working directory is gone.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn_llmtokens.datasets import get_data_home
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     get_data_home(f"{folder}/corpora").name
    'corpora'
    """
    if data_home is None:
        data_home = os.environ.get(ENVIRONMENT_VARIABLE) or user_cache_path("sklearn_llmtokens") / "datasets"
    try:
        home = Path(data_home).expanduser().absolute()
        home.mkdir(parents=True, exist_ok=True)
    except (RuntimeError, ValueError) as error:
        raise ValueError(f"data_home={shorten(str(data_home))} names no folder ({error}): pass another.") from error
    except OSError as error:
        raise OSError(f"data_home={str(data_home)!r} cannot be used ({error}): pass another.") from error
    return home


def clear_data_home(data_home=None):
    """Delete the fetched files from the data home, and nothing else.

    Files that the fetchers do not know stay, and so do the folders that still hold something.

    Parameters
    ----------
    data_home : str or path-like, default=None
        The folder, as in :func:`get_data_home`.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn_llmtokens.datasets import clear_data_home
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     clear_data_home(folder)
    """
    home = get_data_home(data_home)
    for filename in FILES:
        (home / filename).unlink(missing_ok=True)
    for folder in sorted({(home / filename).parent for filename in FILES}, reverse=True):
        with suppress(OSError):  # absent, or not empty
            folder.rmdir()
