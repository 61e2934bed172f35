"""Banking77: English questions of bank customers and what they want."""

import csv

from ._bunch import check_option, encode, text_bunch
from ._download import fetch_file
from ._registry import FILES

_DESCR = """Banking77
---------

13,083 questions of customers of an online bank, in English, with 77 intents (10,003 to train, 3,080 to test).
Casanueva et al., "Efficient Intent Detection with Dual Sentence Encoders", 2020, https://arxiv.org/abs/2003.04807. CC
BY 4.0.
"""


def fetch_banking77(
    *,
    subset="train",
    data_home=None,
    download_if_missing=True,
    return_X_y=False,
    as_frame=False,
    n_retries=3,
    delay=1.0,
):
    """Load English questions of bank customers with 77 intents (classification).

    Public files: `banking_data/train.csv` and `test.csv` of https://github.com/PolyAI-LDN/task-specific-datasets,
    1 MB, licence CC BY 4.0.

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        10,003 questions to train, 3,080 to test; "all" is train followed by test.
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

        data : ndarray of shape (n_questions,), dtype object, or Series
            The questions, as they stand in the file (some hold line breaks).
        target : ndarray of shape (n_questions,), dtype int64, or Series
            Index into `target_names`; the same numbers in every subset.
        target_names : list of str
            The 77 intents, sorted.
        frame : DataFrame of shape (n_questions, 2), or None
            The columns text and target, with `as_frame=True`.
        DESCR : str
            The description of the set.
    (data, target) : tuple
        If `return_X_y` is True.

    Raises
    ------
    ValueError
        If the subset is not known, or the columns of a file are not text and category.
    OSError
        If the file is missing and may not be, or cannot be, downloaded, or has the wrong checksum.

    Examples
    --------
    >>> from sklearn_llmtokens.datasets import fetch_banking77
    >>> X, y = fetch_banking77(return_X_y=True)  # doctest: +SKIP
    """
    check_option("subset", subset, ("train", "test", "all"))

    def read(part):
        return _read(
            fetch_file(
                FILES[f"text/banking77_{part}.csv"],
                data_home=data_home,
                download_if_missing=download_if_missing,
                n_retries=n_retries,
                delay=delay,
            )
        )

    train = read("train")  # read in any case: it has every intent
    rows = {"train": lambda: train, "test": lambda: read("test"), "all": lambda: train + read("test")}[subset]()
    names = sorted({intent for _, intent in train})
    return text_bunch(
        [question for question, _ in rows],
        encode([intent for _, intent in rows], names),
        target_names=names,
        descr=_DESCR,
        as_frame=as_frame,
        return_X_y=return_X_y,
    )


def _read(path):
    """Read the rows (question, intent) of a CSV file."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        header = next(rows, [])
        if header != ["text", "category"]:
            raise ValueError(f"{path}: the columns are {header}, expected text, category")
        return [(question, intent) for question, intent in rows]
