"""Four few-shot classification tasks of FewCLUE: JSON lines with one object per text, one reader for all."""

import json
from dataclasses import dataclass

from ._bunch import check_option, encode, text_bunch
from ._download import fetch_file
from ._registry import FILES

_SUBSETS = ("train", "test", "all")
_ALL_SUBSETS = (*_SUBSETS, "unlabeled")
_SPLITS = {"train": "train_few_all", "test": "test_public", "unlabeled": "unlabeled"}


@dataclass(frozen=True)
class _Task:
    """Which fields of an object hold what; classes are in the order of `label` and called by `label_name`."""

    text: str
    label: str
    label_name: str
    about: str
    extra: tuple[str, ...] = ()
    subsets: tuple[str, ...] = _SUBSETS


_TASKS = {
    "tnews": _Task(
        "sentence", "label", "label_desc", "Chinese news titles in 15 sections.", ("keywords",), _ALL_SUBSETS
    ),
    "eprstmt": _Task("sentence", "label", "label", "Chinese product reviews, negative or positive."),
    "iflytek": _Task("sentence", "label", "label_des", "Descriptions of Chinese apps in 119 kinds."),
    "csldcp": _Task("content", "label", "label", "Abstracts of Chinese papers in 67 disciplines."),
}


def fetch_tnews(
    *,
    subset="train",
    data_home=None,
    download_if_missing=True,
    return_X_y=False,
    as_frame=False,
    n_retries=3,
    delay=1.0,
):
    """Load Chinese news titles in 15 sections (classification).

    From https://github.com/CLUEbenchmark/FewCLUE: 1,185 titles to train, 2,010 to test and 20,000 unlabelled ones.

    Parameters
    ----------
    subset : {"train", "test", "all", "unlabeled"}, default="train"
        Which part; "all" is train followed by test.
        With "unlabeled", `target` is None.
    data_home : str or path-like, default=None
        Where the file lies or goes; see :func:`get_data_home`.
    download_if_missing : bool, default=True
        If False, raise an OSError when the file is not there instead of downloading it.
    return_X_y : bool, default=False
        If True, return `(data, target)` instead of a Bunch.
    as_frame : bool, default=False
        If True, return pandas objects (needs pandas).
    n_retries : int, default=3
        How often a broken transfer is tried again.
    delay : float, default=1.0
        Seconds between two tries.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        data : ndarray of shape (n_texts,), dtype object, or Series
            The texts.
        target : ndarray of shape (n_texts,), dtype int64, or Series
            Index into `target_names`; the same numbers in every subset.
        target_names : list of str
            The classes.
        keywords : ndarray of shape (n_texts,), dtype str, or Series
            Comma-separated keywords, often empty.
        frame : DataFrame, or None
            All columns, with `as_frame=True`.
        DESCR : str
            The description of the set.
    (data, target) : tuple
        If `return_X_y` is True.

    Raises
    ------
    ValueError
        If the subset is not known, or a line of a file is not what it should be.
    OSError
        If the file is missing and may not be, or cannot be, downloaded, or has the wrong checksum.

    Examples
    --------
    >>> from sklearn_llmtokens.datasets import fetch_tnews
    >>> X, y = fetch_tnews(return_X_y=True)  # doctest: +SKIP
    """
    return _fetch("tnews", subset, data_home, download_if_missing, return_X_y, as_frame, n_retries, delay)


def fetch_eprstmt(
    *,
    subset="train",
    data_home=None,
    download_if_missing=True,
    return_X_y=False,
    as_frame=False,
    n_retries=3,
    delay=1.0,
):
    """Load Chinese product reviews, negative or positive (classification).

    From https://github.com/CLUEbenchmark/FewCLUE: 160 reviews to train (the few-shot parts joined: 131 distinct
    texts, so that a split at random leaks) and 610 to test.

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        Which part; "all" is train followed by test.
    data_home : str or path-like, default=None
        Where the file lies or goes; see :func:`get_data_home`.
    download_if_missing : bool, default=True
        If False, raise an OSError when the file is not there instead of downloading it.
    return_X_y : bool, default=False
        If True, return `(data, target)` instead of a Bunch.
    as_frame : bool, default=False
        If True, return pandas objects (needs pandas).
    n_retries : int, default=3
        How often a broken transfer is tried again.
    delay : float, default=1.0
        Seconds between two tries.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        data : ndarray of shape (n_texts,), dtype object, or Series
            The texts.
        target : ndarray of shape (n_texts,), dtype int64, or Series
            Index into `target_names`; the same numbers in every subset.
        target_names : list of str
            The classes.
        frame : DataFrame, or None
            All columns, with `as_frame=True`.
        DESCR : str
            The description of the set.
    (data, target) : tuple
        If `return_X_y` is True.

    Raises
    ------
    ValueError
        If the subset is not known, or a line of a file is not what it should be.
    OSError
        If the file is missing and may not be, or cannot be, downloaded, or has the wrong checksum.

    Examples
    --------
    >>> from sklearn_llmtokens.datasets import fetch_eprstmt
    >>> X, y = fetch_eprstmt(return_X_y=True)  # doctest: +SKIP
    """
    return _fetch("eprstmt", subset, data_home, download_if_missing, return_X_y, as_frame, n_retries, delay)


def fetch_iflytek(
    *,
    subset="train",
    data_home=None,
    download_if_missing=True,
    return_X_y=False,
    as_frame=False,
    n_retries=3,
    delay=1.0,
):
    """Load descriptions of Chinese apps in 119 kinds (classification).

    From https://github.com/CLUEbenchmark/FewCLUE: 3,024 to train and 1,749 to test, in which 98 of the kinds occur.

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        Which part; "all" is train followed by test.
    data_home : str or path-like, default=None
        Where the file lies or goes; see :func:`get_data_home`.
    download_if_missing : bool, default=True
        If False, raise an OSError when the file is not there instead of downloading it.
    return_X_y : bool, default=False
        If True, return `(data, target)` instead of a Bunch.
    as_frame : bool, default=False
        If True, return pandas objects (needs pandas).
    n_retries : int, default=3
        How often a broken transfer is tried again.
    delay : float, default=1.0
        Seconds between two tries.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        data : ndarray of shape (n_texts,), dtype object, or Series
            The texts.
        target : ndarray of shape (n_texts,), dtype int64, or Series
            Index into `target_names`; the same numbers in every subset.
        target_names : list of str
            The classes.
        frame : DataFrame, or None
            All columns, with `as_frame=True`.
        DESCR : str
            The description of the set.
    (data, target) : tuple
        If `return_X_y` is True.

    Raises
    ------
    ValueError
        If the subset is not known, or a line of a file is not what it should be.
    OSError
        If the file is missing and may not be, or cannot be, downloaded, or has the wrong checksum.

    Examples
    --------
    >>> from sklearn_llmtokens.datasets import fetch_iflytek
    >>> X, y = fetch_iflytek(return_X_y=True)  # doctest: +SKIP
    """
    return _fetch("iflytek", subset, data_home, download_if_missing, return_X_y, as_frame, n_retries, delay)


def fetch_csldcp(
    *,
    subset="train",
    data_home=None,
    download_if_missing=True,
    return_X_y=False,
    as_frame=False,
    n_retries=3,
    delay=1.0,
):
    """Load abstracts of Chinese papers in 67 disciplines (classification).

    From https://github.com/CLUEbenchmark/FewCLUE: 2,036 to train and 1,784 to test, in which 66 of the disciplines
    occur.

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        Which part; "all" is train followed by test.
    data_home : str or path-like, default=None
        Where the file lies or goes; see :func:`get_data_home`.
    download_if_missing : bool, default=True
        If False, raise an OSError when the file is not there instead of downloading it.
    return_X_y : bool, default=False
        If True, return `(data, target)` instead of a Bunch.
    as_frame : bool, default=False
        If True, return pandas objects (needs pandas).
    n_retries : int, default=3
        How often a broken transfer is tried again.
    delay : float, default=1.0
        Seconds between two tries.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        data : ndarray of shape (n_texts,), dtype object, or Series
            The texts.
        target : ndarray of shape (n_texts,), dtype int64, or Series
            Index into `target_names`; the same numbers in every subset.
        target_names : list of str
            The classes.
        frame : DataFrame, or None
            All columns, with `as_frame=True`.
        DESCR : str
            The description of the set.
    (data, target) : tuple
        If `return_X_y` is True.

    Raises
    ------
    ValueError
        If the subset is not known, or a line of a file is not what it should be.
    OSError
        If the file is missing and may not be, or cannot be, downloaded, or has the wrong checksum.

    Examples
    --------
    >>> from sklearn_llmtokens.datasets import fetch_csldcp
    >>> X, y = fetch_csldcp(return_X_y=True)  # doctest: +SKIP
    """
    return _fetch("csldcp", subset, data_home, download_if_missing, return_X_y, as_frame, n_retries, delay)


def _fetch(name, subset, data_home, download_if_missing, return_X_y, as_frame, n_retries, delay):
    task = _TASKS[name]
    check_option("subset", subset, task.subsets)

    def records(split):
        return _read(
            fetch_file(
                FILES[f"text/{name}_{_SPLITS[split]}.json"],
                data_home=data_home,
                download_if_missing=download_if_missing,
                n_retries=n_retries,
                delay=delay,
            ),
            (task.text, *task.extra, *((task.label, task.label_name) if split != "unlabeled" else ())),
        )

    train = records("train")  # read in any case: it has every class, so that their numbers hold in every subset
    # in the order of the labels, which are numbers in some tasks and names in others
    names = [name for _, name in sorted({(row[task.label], row[task.label_name]) for row in train})]
    parts = {
        "train": lambda: train,
        "test": lambda: records("test"),
        "all": lambda: train + records("test"),
        "unlabeled": lambda: records("unlabeled"),
    }
    rows = parts[subset]()
    return text_bunch(
        [row[task.text] for row in rows],
        None if subset == "unlabeled" else encode([row[task.label_name] for row in rows], names),
        target_names=names,
        descr=f"FewCLUE {name}\n--------{'-' * len(name)}\n\n{task.about} From CLUEbenchmark/FewCLUE on GitHub.\n",
        as_frame=as_frame,
        return_X_y=return_X_y,
        extra={field: [row[field] for row in rows] for field in task.extra},
    )


def _read(path, fields):
    """Read the objects of a file of JSON lines, and see that each has the fields."""
    rows = []
    with open(path, encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise ValueError(f"{path}:{number} is not a JSON object: {error}") from error
            if missing := [field for field in fields if field not in row]:
                raise ValueError(f"{path}:{number} has no field {', '.join(missing)}")
            rows.append(row)
    return rows
