"""MovieLens 1M: a million ratings of films with titles, genres and times, from the project's own address."""

import numpy as np
from sklearn.utils import Bunch, check_scalar

from ._archive import read_member, removed_if_bad
from ._bunch import data_frame, object_array
from ._download import fetch_file
from ._registry import FILES

_ARCHIVE = "interactions/ml-1m.zip"
_COLUMNS = ["user_id", "item_id", "timestamp"]
_DESCR = """MovieLens 1M
------------

1,000,209 ratings of 1 to 5 stars that 6,040 users of MovieLens gave to 3,706 films until February 2003, with titles
and genres. Every user has at least 20 ratings. Collected by the GroupLens Research Project at the University of
Minnesota.

Terms of use, from the README of the archive: the data may be used for research. Who uses them may not state or imply
that the University of Minnesota or the GroupLens Research Group endorses it, must acknowledge them in publications,
may not redistribute them without separate permission, and may not use them for commercial purposes without permission
of GroupLens. There is no guarantee of correctness or suitability.

Publications cite F. Maxwell Harper and Joseph A. Konstan, "The MovieLens Datasets: History and Context", ACM
Transactions on Interactive Intelligent Systems 5(4), article 19, 2015, https://doi.org/10.1145/2827872.

Users rate what they have seen before, many films in one sitting: the order of ratings is less that of watching than
that in which MovieLens showed the films. Ratings of one user in one second stand in the order of the file.
"""


def fetch_movielens_1m(
    *, min_item_events=1, data_home=None, download_if_missing=True, as_frame=False, n_retries=3, delay=1.0
):
    """Load a million ratings of films with titles, genres and times (recommendation).

    For research, under the terms of GroupLens: no redistribution and no commercial use without permission, no implied
    endorsement, and publications cite Harper and Konstan (2015). `DESCR` has them.

    ===============   =====   =====   =========
    min_item_events   users   items      events
    ===============   =====   =====   =========
    1                 6,040   3,706   1,000,209
    5                 6,040   3,416     999,611
    ===============   =====   =====   =========

    Parameters
    ----------
    min_item_events : int, default=1
        Films with fewer ratings are left out: 5 is what most papers take.
    data_home : str or path-like, default=None
        Where the file lies or goes; see :func:`get_data_home`.
    download_if_missing : bool, default=True
        If False, raise an OSError when the file is not there instead of downloading it.
    as_frame : bool, default=False
        If True, `items_frame` and `events` are pandas DataFrames (needs pandas).
    n_retries : int, default=3
        How often a broken transfer is tried again.
    delay : float, default=1.0
        Seconds between two tries.

    Returns
    -------
    :class:`~sklearn.utils.Bunch`
        With the attributes

        ids : ndarray of shape (n_items,), dtype int64
            The films that were rated.
        texts : ndarray of shape (n_items,), dtype object
            Their titles with the year, as published: "Toy Story (1995)".
        genres : ndarray of shape (n_items,), dtype object
            Their genres, separated by "|".
        events : ndarray of shape (n_events, 3), dtype int64, or DataFrame
            The columns user_id, item_id and timestamp (seconds since 1970), sorted by user and time; the DataFrame has
            a column rating as well.
        ratings : ndarray of shape (n_events,), dtype int64
            The stars of each event, 1 to 5.
        users : ndarray of shape (n_users,), dtype int64
            The users.
        histories : list of list of int, length n_users
            What each rated, oldest first.
        timestamps : list of list of int, length n_users
            When.
        items_frame : DataFrame of shape (n_items, 3), or None
            The columns item_id, title and genres, with `as_frame=True`.
        feature_names : list of str
            The columns of `events`.
        DESCR : str
            The description of the set, with its terms.

    Raises
    ------
    ValueError
        If `min_item_events` is less than 1 or no film has so many ratings.
    OSError
        If the file is missing and may not be, or cannot be, downloaded, or is damaged.

    Notes
    -----
    Public file: https://files.grouplens.org/datasets/movielens/ml-1m.zip, 6 MB.

    References
    ----------
    .. [1] F. Maxwell Harper, Joseph A. Konstan. "The MovieLens Datasets: History and Context". ACM TiiS 5(4), 2015.

    Examples
    --------
    >>> from sklearn_llmtokens.datasets import fetch_movielens_1m
    >>> movielens = fetch_movielens_1m(min_item_events=5)  # doctest: +SKIP
    """
    check_scalar(min_item_events, "min_item_events", int, min_val=1)
    archive = fetch_file(
        FILES[_ARCHIVE],
        data_home=data_home,
        download_if_missing=download_if_missing,
        n_retries=n_retries,
        delay=delay,
    )
    with removed_if_bad(archive):
        ratings = np.array(_records(archive, "ratings.dat", 4), dtype=np.int64)  # user, film, stars, time
        movies = {int(film): (title, genres) for film, title, genres in _records(archive, "movies.dat", 3)}
        items, item_idx, counts = np.unique(ratings[:, 1], return_inverse=True, return_counts=True)
        titles, genres = zip(*(movies[film] for film in items.tolist()), strict=True)
    is_kept = counts >= min_item_events
    if not is_kept.any():
        raise ValueError(
            f"min_item_events={min_item_events} leaves no film: the most ratings of one are {counts.max()}."
        )
    ratings = ratings[is_kept[item_idx]]
    ratings = ratings[np.lexsort((ratings[:, 3], ratings[:, 0]))]
    return _bunch(items[is_kept], object_array(titles)[is_kept], object_array(genres)[is_kept], ratings, as_frame)


def _bunch(ids, titles, genres, ratings, as_frame):
    """Pack films, and the ratings of shape (n_events, 4) by user and time."""
    events, stars = np.ascontiguousarray(ratings[:, [0, 1, 3]]), np.ascontiguousarray(ratings[:, 2])
    users, starts = np.unique(events[:, 0], return_index=True)
    columns = dict(zip(_COLUMNS, events.T, strict=True))
    frame = data_frame({**columns, "rating": stars}) if as_frame else None
    return Bunch(
        ids=ids,
        texts=titles,
        genres=genres,
        events=events if frame is None else frame,
        ratings=stars,
        users=users,
        histories=[part.tolist() for part in np.split(events[:, 1], starts[1:])],
        timestamps=[part.tolist() for part in np.split(events[:, 2], starts[1:])],
        items_frame=data_frame({"item_id": ids, "title": titles, "genres": genres}) if as_frame else None,
        feature_names=_COLUMNS if frame is None else frame.columns.tolist(),
        DESCR=_DESCR,
    )


def _records(archive, name, n_fields):
    """Return the fields of each line of a file in the archive: in Latin-1, separated by two colons."""
    lines = read_member(archive, name).decode("latin-1").split("\n")
    records = [line.rstrip("\r").split("::") for line in lines if line]
    wrong = next((at for at, record in enumerate(records, start=1) if len(record) != n_fields), None)
    if wrong is not None:
        raise OSError(f"{name}:{wrong} has {len(records[wrong - 1])} fields, expected {n_fields}")
    return records
