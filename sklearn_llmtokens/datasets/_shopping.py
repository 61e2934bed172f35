"""Reviews of ten kinds of goods; defects of the public file are handled explicitly."""

import csv
import io
from collections import Counter

from .._utils._messages import shorten
from ._archive import read_member, removed_if_bad
from ._bunch import check_option, encode, text_bunch
from ._download import fetch_file
from ._registry import FILES

CATEGORIES = ["书籍", "平板", "手机", "水果", "洗发水", "热水器", "蒙牛", "衣服", "计算机", "酒店"]
SENTIMENTS = ["negative", "positive"]
_FILE = "text/online_shopping_10_cats.zip"
_DESCR = """online_shopping_10_cats
-----------------------

62,774 Chinese reviews from several shopping sites in ten categories (books, tablets, phones, fruit, shampoo, water
heaters, dairy, clothing, computers, hotels), each positive or negative, collected by SophonPlus/ChineseNlpCorpus; the
authors of the reviews are not known. The categories are unequal (575 to 10,000 reviews). One review is empty, 20
begin with a byte order mark, and 46 texts occur more than once: 28 of them in two categories, 18 both positive and
negative.
"""


def fetch_shopping_reviews(
    *,
    target="category",
    empty="drop",
    duplicates="keep",
    data_home=None,
    download_if_missing=True,
    return_X_y=False,
    as_frame=False,
    n_retries=3,
    delay=1.0,
):
    """Load 62,774 Chinese shopping reviews with category and sentiment (classification).

    Public file: `online_shopping_10_cats.zip` of https://github.com/SophonPlus/ChineseNlpCorpus, 4 MB. Byte order
    marks, at the start of the file or of a review, are removed.

    Parameters
    ----------
    target : {"category", "sentiment"}, default="category"
        What `target` holds: one of 10 categories, or negative and positive.
    empty : {"drop", "keep"}, default="drop"
        What happens to the one review without text; kept, it is the empty string.
    duplicates : {"keep", "first", "drop"}, default="keep"
        Treatment of the 46 texts that occur more than once, nearly always with another category or sentiment: "first"
        keeps the first of each, "drop" keeps none of them.
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

        data : ndarray of shape (n_reviews,), dtype object, or Series
            The texts: 62,773 of them by default.
        target : ndarray of shape (n_reviews,), dtype int64, or Series
            Index into `target_names`.
        target_names : list of str
            The categories (Chinese), or `["negative", "positive"]`.
        category, sentiment : ndarray of shape (n_reviews,), dtype int64, or Series
            Both labels, whichever is the target.
        frame : DataFrame of shape (n_reviews, 4), or None
            The columns text, category, sentiment and target, with `as_frame=True`.
        DESCR : str
            The description of the set.
    (data, target) : tuple
        If `return_X_y` is True.

    Raises
    ------
    ValueError
        If an option is not known.
    OSError
        If the file is missing and may not be, or cannot be, downloaded, has the wrong checksum, or
        is damaged; a damaged archive is removed.

    Examples
    --------
    >>> from sklearn_llmtokens.datasets import fetch_shopping_reviews
    >>> X, y = fetch_shopping_reviews(return_X_y=True)  # doctest: +SKIP
    """
    check_option("target", target, ("category", "sentiment"))
    check_option("empty", empty, ("drop", "keep"))
    check_option("duplicates", duplicates, ("keep", "first", "drop"))
    path = fetch_file(
        FILES[_FILE], data_home=data_home, download_if_missing=download_if_missing, n_retries=n_retries, delay=delay
    )
    with removed_if_bad(path):
        rows = _read(path)
    rows = _without_duplicates(rows, duplicates)
    if empty == "drop":
        rows = [row for row in rows if row[2].strip()]
    labels = {
        "category": encode([row[0] for row in rows], CATEGORIES),
        "sentiment": encode([row[1] for row in rows], ["0", "1"]),
    }
    return text_bunch(
        [row[2] for row in rows],
        labels[target],
        target_names=list({"category": CATEGORIES, "sentiment": SENTIMENTS}[target]),
        descr=_DESCR,
        as_frame=as_frame,
        return_X_y=return_X_y,
        extra=labels,
    )


def _read(path):
    """Read the rows (category, label, text) of the one CSV file in the archive."""
    content = read_member(path, ".csv").decode("utf-8-sig")
    rows = csv.reader(io.StringIO(content, newline=""))
    header = next(rows)
    if header != ["cat", "label", "review"]:
        raise OSError(f"the columns are {shorten(header)}, expected cat, label, review")
    return [(category, label, review.removeprefix("\ufeff")) for category, label, review in rows]


def _without_duplicates(rows, duplicates):
    """Keep all rows, the first row of each text, or the rows whose text is unique.

    Examples
    --------
    >>> rows = [("a", "0", "x"), ("b", "0", "x"), ("a", "1", "y")]
    >>> _without_duplicates(rows, "first")
    [('a', '0', 'x'), ('a', '1', 'y')]
    >>> _without_duplicates(rows, "drop")
    [('a', '1', 'y')]
    """
    if duplicates == "keep":
        return rows
    if duplicates == "first":
        return list({row[2]: row for row in reversed(rows)}.values())[::-1]
    count = Counter(row[2] for row in rows)
    return [row for row in rows if count[row[2]] == 1]
