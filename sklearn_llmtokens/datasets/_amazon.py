"""Amazon Beauty and Toys of 2014 (five-core): purchases with titles and times.

The public file is an archive of two pandas pickles. A pickle can run any code, so these are read by an unpickler that
accepts the few classes of a plain DataFrame and refuses others. The checksum of the archive is verified before. Two
Parquet files with the same rows, if they lie in the data home, are read instead. Whichever it was, a digest of the rows
themselves decides whether they are right.
"""

import hashlib
import io
import pickle
from dataclasses import dataclass

import numpy as np
from sklearn.utils import Bunch

from .._utils._messages import shorten
from .._utils._optional import require
from ._archive import read_member, removed_if_bad
from ._bunch import check_option, data_frame, object_array
from ._download import fetch_file
from ._home import get_data_home
from ._registry import FILES


@dataclass(frozen=True)
class _Interactions:
    """The rows of a set: items sorted by id, events by user, time and item."""

    ids: np.ndarray  # (n_items,)
    texts: np.ndarray  # (n_items,)
    events: np.ndarray  # (n_events, 3): user, item, time


_ARCHIVES = {
    "beauty": "interactions/amazon2014-beauty.zip",
    "toys": "interactions/amazon2014-toy.zip",
}
_CONTENT_SHA256 = {
    "beauty": "71cd3da8e7350ea41006c14617f294af4d077b70c6bf3371b3a5696022ae92eb",
    "toys": "00fbb46a00395bef305b7eed8bfafb42bbd847e57aeecf8ecce8d203cabaa087",
}
_DESCR = """
Reviews on Amazon up to July 2014 as events of purchase: every user and every item has at least five. Titles of the
items in English, with HTML entities as published. As processed in Tiny-Snow/SeqRecBenchmark-Datasets; the reviews
were collected by McAuley et al. (2015) and He and McAuley (2016).

Times are days. Events of one user on one day stand in the order of the item ids, which says nothing about the order
of purchase: leaving out the last event of a history leaks, so split by time, and never inside a day.
"""
_ALLOWED = {
    "builtins": {"slice"},
    "numpy": {"dtype", "ndarray"},
    "numpy._core.multiarray": {"_reconstruct", "scalar"},
    "numpy._core.numeric": {"_frombuffer"},
    "pandas._libs.internals": {"_unpickle_block"},
    "pandas.core.frame": {"DataFrame"},
    "pandas.core.indexes.base": {"Index", "_new_Index"},
    "pandas.core.indexes.range": {"RangeIndex"},
    "pandas.core.internals.managers": {"BlockManager"},
}


def fetch_amazon_interactions(
    name="beauty", *, data_home=None, download_if_missing=True, as_frame=False, n_retries=3, delay=1.0
):
    """Load purchases with titles and times from Amazon Beauty or Toys (recommendation). Needs pandas.

    ======   ========   =======   =======
    name        users     items    events
    ======   ========   =======   =======
    beauty     22,332    12,086   198,215
    toys       19,124    11,758   165,247
    ======   ========   =======   =======

    Times are whole days, and events of a user on one day are in the order of the item ids, not of purchase:
    leave-one-out leaks. Split by time, never inside a day.

    Parameters
    ----------
    name : {"beauty", "toys"}, default="beauty"
        Which shelf.
    data_home : str or path-like, default=None
        Where the file lies or goes; see :func:`get_data_home`.
    download_if_missing : bool, default=True
        If False, raise an OSError when the file is not there instead of downloading it.
    as_frame : bool, default=False
        If True, `items_frame` and `events` are pandas DataFrames.
    n_retries : int, default=3
        How often a broken transfer is tried again.
    delay : float, default=1.0
        Seconds between two tries.

    Returns
    -------
    :class:`~sklearn.utils.Bunch`
        With the attributes

        ids : ndarray of shape (n_items,), dtype int64
            The items.
        texts : ndarray of shape (n_items,), dtype object
            Their titles.
        events : ndarray of shape (n_events, 3), dtype int64, or DataFrame
            The columns user_id, item_id and timestamp (seconds since 1970), sorted by user, time and item.
        users : ndarray of shape (n_users,), dtype int64
            The users.
        histories : list of list of int, length n_users
            What each bought, oldest day first.
        timestamps : list of list of int, length n_users
            When.
        items_frame : DataFrame of shape (n_items, 2), or None
            The columns item_id and title, with `as_frame=True`.
        feature_names : list of str
            The columns of `events`.
        DESCR : str
            The description of the set.

    Raises
    ------
    ValueError
        If the name is not known.
    MissingDependencyError
        If pandas is not installed (or pyarrow, for the Parquet files).
    OSError
        If the file is missing and may not be, or cannot be, downloaded, or if its rows are not those of the set.

    Notes
    -----
    Public file: `data/amazon2014-<name>/proc.zip` of https://github.com/Tiny-Snow/SeqRecBenchmark-Datasets, two
    pickles, compared with its checksum and read without running code. Parquet files
    `interactions/amazon_<name>_items.parquet` and `..._events.parquet` in the data home are taken first. A digest of
    the rows is compared in either case.

    Examples
    --------
    >>> from sklearn_llmtokens.datasets import fetch_amazon_interactions
    >>> beauty = fetch_amazon_interactions("beauty")  # doctest: +SKIP
    """
    check_option("name", name, tuple(_ARCHIVES))
    tables = [get_data_home(data_home) / f"interactions/amazon_{name}_{part}.parquet" for part in ("items", "events")]
    if all(table.exists() for table in tables):
        rows = _read_parquet(*tables)
        _check_content(rows, name, tables[1])
    else:
        archive = fetch_file(
            FILES[_ARCHIVES[name]],
            data_home=data_home,
            download_if_missing=download_if_missing,
            n_retries=n_retries,
            delay=delay,
        )
        require("pandas", extra="frames", purpose="fetch_amazon_interactions")
        with removed_if_bad(archive):
            rows = _read_archive(archive)
            _check_content(rows, name, archive)
    return _bunch(rows, name, as_frame)


def _bunch(rows, name, as_frame):
    users, starts = np.unique(rows.events[:, 0], return_index=True)
    columns = ["user_id", "item_id", "timestamp"]
    title = f"Amazon {name.capitalize()} (2014), five-core"
    return Bunch(
        ids=rows.ids,
        texts=rows.texts,
        events=data_frame(dict(zip(columns, rows.events.T, strict=True))) if as_frame else rows.events,
        users=users,
        histories=[part.tolist() for part in np.split(rows.events[:, 1], starts[1:])],
        timestamps=[part.tolist() for part in np.split(rows.events[:, 2], starts[1:])],
        items_frame=data_frame({"item_id": rows.ids, "title": rows.texts}) if as_frame else None,
        feature_names=columns,
        DESCR=f"{title}\n{'-' * len(title)}\n{_DESCR}",
    )


def _read_parquet(items_path, events_path):
    pandas = require("pandas", extra="frames", purpose="fetch_amazon_interactions")
    require("pyarrow", extra="frames", purpose="Reading Parquet")
    try:
        items, events = pandas.read_parquet(items_path), pandas.read_parquet(events_path)
        return _interactions(
            items["item_id"], items["title"], events["user_id"], events["item_id"], events["timestamp"]
        )
    except Exception as error:  # a damaged file can raise anything
        raise OSError(
            f"{items_path} and {events_path} cannot be read ({type(error).__name__}: {shorten(str(error))}): "
            "delete them, and the public archive is fetched"
        ) from error


def _read_archive(path):
    items, users = _load_frame(path, "item2title.pkl"), _load_frame(path, "user2item.pkl")
    return _interactions(
        items["ItemID"],
        items["Title"],
        np.repeat(users["UserID"].to_numpy(), [len(history) for history in users["ItemID"]]),
        np.concatenate(users["ItemID"].tolist()),
        np.concatenate(users["Timestamp"].tolist()),
    )


def _load_frame(path, name):
    """Unpickle a DataFrame from a member of the archive, in any folder."""
    return _FrameUnpickler(io.BytesIO(read_member(path, name))).load()


class _FrameUnpickler(pickle.Unpickler):
    """Unpickler of plain DataFrames that refuses anything else."""

    def find_class(self, module, name):
        module = module.replace("numpy.core.", "numpy._core.")  # pickles of NumPy 1
        if name not in _ALLOWED.get(module, ()):
            asked = shorten(f"{module}.{name}")
            raise OSError(f"its pickle asks for {asked}, which no plain DataFrame needs")
        return super().find_class(module, name)


def _interactions(ids, texts, users, items, times):
    order = np.argsort(np.asarray(ids), kind="stable")
    events = np.column_stack([np.asarray(column, dtype=np.int64) for column in (users, items, times)])
    return _Interactions(
        ids=np.asarray(ids, dtype=np.int64)[order],
        texts=object_array([str(text) for text in texts])[order],
        events=np.ascontiguousarray(events[np.lexsort((events[:, 1], events[:, 2], events[:, 0]))]),
    )


def _content_sha256(rows):
    """Compute the digest of the rows, whatever file they came from."""
    digest = hashlib.sha256(rows.ids.astype("<i8").tobytes())
    digest.update("\0".join(rows.texts).encode())
    digest.update(rows.events.astype("<i8").tobytes())
    return digest.hexdigest()


def _check_content(rows, name, path):
    found = _content_sha256(rows)
    if found != _CONTENT_SHA256[name]:
        raise OSError(
            f"the rows read from {path} have the SHA-256 {found}, expected {_CONTENT_SHA256[name]}: "
            f"it is not the set amazon_{name}, or another version of it"
        )
