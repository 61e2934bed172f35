"""Games-6k: histories of game buyers, the next item, and rankings of published models."""

import numpy as np
from sklearn.utils import Bunch

from ._bunch import data_frame, object_array, tabbed_rows
from ._download import fetch_file
from ._registry import FILES

_FOLDER = "interactions/games_6k"
_DESCR = """Games-6k
--------

50,546 purchase histories of video games (Amazon reviews of 2018) with the next item, 16,859 titles, 100 random
candidates for 200 of the users, and the 100 best items of two published models, BPR and SASRec, for 6,000 of the
users. From RUCAIBox/LLMRank: Hou et al., "Large Language Models are Zero-Shot Rankers for Recommender Systems", 2024,
https://arxiv.org/abs/2305.08845. Titles hold HTML entities such as &amp; as published.
"""


def fetch_games6k(*, data_home=None, download_if_missing=True, as_frame=False, n_retries=3, delay=1.0):
    """Load 50,546 histories of game buyers with the next item, candidates and published rankings (recommendation).

    Public files: `llmrank/dataset/Games-6k` and `Games` of https://github.com/RUCAIBox/LLMRank, 9 MB in all.

    Parameters
    ----------
    data_home : str or path-like, default=None
        Where the file lies or goes; see :func:`get_data_home`.
    download_if_missing : bool, default=True
        If False, raise an OSError when the file is not there instead of downloading it.
    as_frame : bool, default=False
        If True, `items_frame` and `frame` are pandas DataFrames (needs pandas).
    n_retries : int, default=3
        How often a broken transfer is tried again.
    delay : float, default=1.0
        Seconds between two tries.

    Returns
    -------
    :class:`~sklearn.utils.Bunch`
        With the attributes

        ids : ndarray of shape (16859,), dtype int64
            The items.
        texts : ndarray of shape (16859,), dtype object
            Their titles.
        users : ndarray of shape (50546,), dtype int64
            The users.
        histories : list of list of int, length 50546
            What each bought, oldest first.
        targets : ndarray of shape (50546,), dtype int64
            What came next.
        candidate_users : ndarray of shape (200,), dtype int64
            The users of the ranking task.
        candidates : ndarray of shape (200, 100), dtype int64
            Random items for each of them, the target not among them: the task ranks the first few and the target.
        ranking_users : ndarray of shape (6000,), dtype int64
            The users of the published rankings; the first 200 are `candidate_users`.
        rankings : dict of str to ndarray of shape (6000, 100), dtype int64
            The best items by `"bpr"` and `"sasrec"`, best first.
        items_frame : DataFrame of shape (16859, 2), or None
            The items, with `as_frame=True`.
        frame : DataFrame of shape (50546, 3), or None
            User, history and target, with `as_frame=True`.
        DESCR : str
            The description of the set.

    Raises
    ------
    ValueError
        If a line of a file is not what it should be.
    OSError
        If the file is missing and may not be, or cannot be, downloaded, or has the wrong checksum.

    Examples
    --------
    >>> from sklearn_llmtokens.datasets import fetch_games6k
    >>> games = fetch_games6k()  # doctest: +SKIP
    """

    def rows(filename, n_fields):
        path = fetch_file(
            FILES[f"{_FOLDER}/{filename}"],
            data_home=data_home,
            download_if_missing=download_if_missing,
            n_retries=n_retries,
            delay=delay,
        )
        return tabbed_rows(path, n_fields)

    items = rows("Games-6k.item", 2)[1:]  # the first line names the columns
    queries = rows("Games-6k.test.inter", 3)[1:]
    candidate_users, candidates = _per_user(rows("Games.random", 2))
    ranking_users, bpr = _per_user(rows("Games-6k.bpr", 2))
    sasrec_users, sasrec = _per_user(rows("Games-6k.sasrec", 2))
    if not np.array_equal(ranking_users, sasrec_users):
        raise ValueError("the published rankings of BPR and SASRec are not for the same users in the same order")
    content = {
        "ids": np.array([int(item) for item, _ in items], dtype=np.int64),
        "texts": object_array([title for _, title in items]),
        "users": np.array([int(user) for user, _, _ in queries], dtype=np.int64),
        "histories": [_item_ids(history) for _, history, _ in queries],
        "targets": np.array([int(target) for _, _, target in queries], dtype=np.int64),
    }
    return Bunch(
        **content,
        candidate_users=candidate_users,
        candidates=candidates,
        ranking_users=ranking_users,
        rankings={"bpr": bpr, "sasrec": sasrec},
        items_frame=data_frame({"item_id": content["ids"], "title": content["texts"]}) if as_frame else None,
        frame=data_frame({"user": content["users"], "history": content["histories"], "target": content["targets"]})
        if as_frame
        else None,
        DESCR=_DESCR,
    )


def _item_ids(field):
    return [int(item) for item in field.split()]


def _per_user(rows):
    """Split rows (user, items) into the users (n,) and their items (n, k)."""
    return (
        np.array([int(user) for user, _ in rows], dtype=np.int64),
        np.array([_item_ids(items) for _, items in rows], dtype=np.int64),
    )
