"""Build the Bunch of texts and labels: arrays, or pandas objects on request."""

from importlib.resources import files

import numpy as np
from sklearn.utils import Bunch

from .._utils._messages import shorten
from .._utils._optional import require


def text_bunch(texts, target, *, target_names, descr, as_frame, return_X_y, extra=None):
    """Pack texts and their labels.

    Parameters
    ----------
    texts : sequence of str, length n
        The texts.
    target : array of shape (n,), or None
        The labels; None where there are none.
    target_names : list of str, or None
        Name of each class, by its number.
    descr : str
        Description of the set.
    as_frame : bool
        Whether to return a Series and a DataFrame of pandas.
    return_X_y : bool
        Whether to return the texts and labels alone.
    extra : dict of str to sequence, default=None
        Further columns, of length n.

    Returns
    -------
    Bunch or tuple
        The Bunch, or `(data, target)`.
    """
    columns = {"data": object_array(texts), **{name: np.asarray(values) for name, values in (extra or {}).items()}}
    if target is not None:
        columns["target"] = np.asarray(target)
    frame = None
    if as_frame:
        frame = data_frame({"text" if name == "data" else name: values for name, values in columns.items()})
        columns = {name: frame["text" if name == "data" else name] for name in columns}
    columns.setdefault("target", None)
    if return_X_y:
        return columns["data"], columns["target"]
    return Bunch(**columns, frame=frame, feature_names=["text"], target_names=target_names, DESCR=descr)


def data_frame(columns):
    """Make a pandas DataFrame of a dict of columns."""
    return require("pandas", extra="frames", purpose="as_frame=True").DataFrame(columns)


def object_array(values):
    """Put Python objects into a 1-D array as they are.

    Examples
    --------
    >>> object_array([["a"], ["b"]]).shape
    (2,)
    """
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def check_option(name, value, options):
    """Raise a ValueError unless `value` is one of `options`.

    Examples
    --------
    >>> check_option("subset", "dev", ("train", "test"))
    Traceback (most recent call last):
    ...
    ValueError: subset='dev' is not known; choose one of 'train', 'test'
    """
    if value not in options:
        raise ValueError(f"{name}={shorten(value)} is not known; choose one of {', '.join(map(repr, options))}")


def encode(labels, target_names):
    """Return the number of each label in `target_names`, as an int64 array.

    Examples
    --------
    >>> encode(["b", "a", "b"], ["a", "b"])
    array([1, 0, 1])
    """
    number = {name: index for index, name in enumerate(target_names)}
    return np.array([number[label] for label in labels], dtype=np.int64)


def tabbed_rows(path, n_fields):
    """Read a tab-separated text file whose lines must all have the same number of fields.

    Parameters
    ----------
    path : pathlib.Path
        A UTF-8 file, with a byte order mark or without.
    n_fields : int
        The number of fields of a line.

    Returns
    -------
    list of list of str
        The fields of each line that is not empty.

    Raises
    ------
    ValueError
        If a line has another number of fields; the message names the file and the line.
    """
    rows = []
    with open(path, encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            fields = line.rstrip("\n").split("\t")
            if fields == [""]:
                continue
            if len(fields) != n_fields:
                raise ValueError(f"{path}:{number} has {len(fields)} tab-separated fields, expected {n_fields}")
            rows.append(fields)
    return rows


def bundled(name):
    """Return the content of a file of the bundled data as str."""
    return files("sklearn_llmtokens.datasets").joinpath("data", name).read_text(encoding="utf-8")
