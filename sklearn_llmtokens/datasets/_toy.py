"""The two bundled data sets, written for this package."""

import csv
import io
import json

import numpy as np
from sklearn.utils import Bunch

from ._bunch import bundled, data_frame, encode, object_array, text_bunch

CATEGORIES = ["book", "clothing", "film", "fruit", "haircare", "hotel", "phone", "takeaway"]
SENTIMENTS = ["negative", "positive"]
_EVENT_COLUMNS = ("user_id", "item_id", "timestamp")


def load_toy_reviews(*, return_X_y=False, as_frame=False):
    """Load 592 short reviews, mostly Chinese, in 8 categories and with their sentiment (classification).

    =================   =================================================
    Texts                                                             592
    Classes                                            8, of 74 texts each
    Sentiment                                    half negative, half positive
    Languages                           Chinese (about 7 in 8) and English
    =================   =================================================

    The reviews paraphrase each other and often do not name the product. Words such as the skin of a fruit and of a
    head, or the smell of a room and of a book, occur in several categories. TF-IDF of characters gets a little over
    half of the categories right.

    Parameters
    ----------
    return_X_y : bool, default=False
        If True, return `(data, target)` instead of a Bunch.
    as_frame : bool, default=False
        If True, `data` and `target` are pandas Series and `frame` is a DataFrame (needs pandas).

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        data : ndarray of shape (592,), dtype object, or Series
            The texts.
        target : ndarray of shape (592,), dtype int64, or Series
            The category, as an index into `target_names`.
        target_names : list of str
            The categories.
        sentiment : ndarray of shape (592,), dtype int64, or Series
            The sentiment, as an index into `sentiment_names`.
        sentiment_names : list of str
            `["negative", "positive"]`.
        language : ndarray of shape (592,), dtype str, or Series
            `"zh"` or `"en"`.
        feature_names : list of str
            `["text"]`.
        frame : DataFrame of shape (592, 4), or None
            The columns text, sentiment, language and target, with `as_frame=True`.
        DESCR : str
            The description of the set.
    (data, target) : tuple
        If `return_X_y` is True.

    Raises
    ------
    MissingDependencyError
        With `as_frame=True`, if pandas is not installed.

    Examples
    --------
    >>> from sklearn_llmtokens.datasets import load_toy_reviews
    >>> reviews = load_toy_reviews()
    >>> reviews.data.shape, len(reviews.target_names)
    ((592,), 8)
    >>> X, y = load_toy_reviews(return_X_y=True)
    >>> X[y == reviews.target_names.index("fruit")][0]
    '猕猴桃放软了特别甜，个头也均匀'
    """
    rows = list(csv.DictReader(io.StringIO(bundled("toy_reviews.csv"))))
    packed = text_bunch(
        [row["text"] for row in rows],
        encode([row["category"] for row in rows], CATEGORIES),
        target_names=list(CATEGORIES),
        descr=bundled("toy_reviews.rst"),
        as_frame=as_frame,
        return_X_y=return_X_y,
        extra={
            "sentiment": encode([row["sentiment"] for row in rows], SENTIMENTS),
            "language": [row["language"] for row in rows],
        },
    )
    if not return_X_y:
        packed.sentiment_names = list(SENTIMENTS)
    return packed


def load_toy_catalog(*, as_frame=False):
    """Load 100 items (news, goods, articles) and 240 reading histories (recommendation).

    Ten interests run through three domains, so that what is read in one domain says something about the others. The
    texts tell the interest; which two interests go together, and what is read after what, only the histories tell.
    Four items occur in no history.

    Parameters
    ----------
    as_frame : bool, default=False
        If True, `events`, `items_frame` and `frame` are pandas DataFrames (needs pandas).

    Returns
    -------
    :class:`~sklearn.utils.Bunch`
        With the attributes

        ids : ndarray of shape (100,), dtype object
            Item ids, `"N001"`, `"S001"`, `"C001"`, ...: news, shop, content.
        texts : list of str, length 100
            Title and description in one.
        titles, descriptions, categories, domains : list of str, length 100
            The columns of the catalogue.
        prices : ndarray of shape (100,), dtype float64
            In yuan; 0 is free.
        users : list of str, length 240
            The readers.
        histories : list of list of str, length 240
            Item ids, oldest first, of 5 to 14 items.
        timestamps : list of list of int, length 240
            When each of them was read, in seconds since 1970.
        targets : ndarray of shape (240,), dtype object
            The item that came next.
        target_timestamps : ndarray of shape (240,), dtype int64
            When it came.
        events : ndarray of shape (2532, 3), dtype object, or DataFrame
            The same as a table: the columns user_id, item_id and timestamp, targets included, sorted by user and time.
        feature_names : list of str
            The columns of `events`.
        items_frame : DataFrame of shape (100, 6), or None
            The catalogue, with `as_frame=True`.
        frame : DataFrame of shape (240, 5), or None
            The histories, with `as_frame=True`.
        DESCR : str
            The description of the set and of how the histories were made.

    Raises
    ------
    MissingDependencyError
        With `as_frame=True`, if pandas is not installed.

    Examples
    --------
    >>> from sklearn_llmtokens.datasets import load_toy_catalog
    >>> catalog = load_toy_catalog()
    >>> len(catalog.ids), len(catalog.histories)
    (100, 240)
    >>> catalog.histories[0][:3], catalog.targets[0]
    (['S018', 'C013', 'S020'], 'N028')
    >>> catalog.titles[list(catalog.ids).index("S018")]
    '营养土 25升'
    """
    items = list(csv.DictReader(io.StringIO(bundled("toy_items.csv"))))
    readers = json.loads(bundled("toy_histories.json"))
    prices = np.array([float(item["price"]) for item in items])
    events = np.array([event for reader in readers for event in _events(reader)], dtype=object)
    return Bunch(
        ids=object_array([item["item_id"] for item in items]),
        texts=[f"{item['title']} {item['description']}" for item in items],
        titles=[item["title"] for item in items],
        descriptions=[item["description"] for item in items],
        categories=[item["category"] for item in items],
        prices=prices,
        domains=[item["domain"] for item in items],
        users=[reader["user"] for reader in readers],
        histories=[reader["history"] for reader in readers],
        timestamps=[reader["timestamps"] for reader in readers],
        targets=object_array([reader["target"] for reader in readers]),
        target_timestamps=np.array([reader["target_timestamp"] for reader in readers], dtype=np.int64),
        events=data_frame(dict(zip(_EVENT_COLUMNS, events.T, strict=True))).astype({"timestamp": "int64"})
        if as_frame
        else events,
        feature_names=list(_EVENT_COLUMNS),
        items_frame=data_frame(items).assign(price=prices) if as_frame else None,
        frame=data_frame(readers) if as_frame else None,
        DESCR=bundled("toy_catalog.rst"),
    )


def _events(reader):
    """Return the events of a reader, the target last: rows of user, item and time."""
    items = [*reader["history"], reader["target"]]
    times = [*reader["timestamps"], reader["target_timestamp"]]
    return [(reader["user"], item, time) for item, time in zip(items, times, strict=True)]
