"""The test sets of the second international Chinese word segmentation bakeoff, for tokenizers."""

from sklearn.utils import Bunch

from ._bunch import check_option, data_frame, object_array
from ._download import fetch_file
from ._registry import FILES

_DESCR = """SIGHAN 2005 bakeoff, gold segmentation
--------------------------------------

Chinese sentences cut into words by hand: the test sets of Peking University (pku, 1,944 sentences of news) and
Microsoft Research (msr, 3,985). Emerson, "The Second International Chinese Word Segmentation Bakeoff", 2005. For
research use. The two follow different standards of what a word is.
"""


def fetch_sighan2005(
    name="pku",
    *,
    data_home=None,
    download_if_missing=True,
    return_X_y=False,
    as_frame=False,
    n_retries=3,
    delay=1.0,
):
    """Load Chinese sentences with their words (gold segmentation).

    The text is the words joined without spaces; empty lines of the file are left out.

    Parameters
    ----------
    name : {"pku", "msr"}, default="pku"
        Peking University or Microsoft Research.
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

        data : ndarray of shape (n_sentences,), dtype object, or Series
            The sentences: 1,944 (pku) or 3,985 (msr).
        target : ndarray of shape (n_sentences,), dtype object, or Series
            The list of words of each.
        frame : DataFrame of shape (n_sentences, 2), or None
            The columns text and words, with `as_frame=True`.
        feature_names : list of str
            `["text"]`.
        DESCR : str
            The description of the set.
    (data, target) : tuple
        If `return_X_y` is True.

    Raises
    ------
    ValueError
        If the name is not known.
    OSError
        If the file is missing and may not be, or cannot be, downloaded, or has the wrong checksum.

    Notes
    -----
    Public files: `data/sighan2005/<name>_test_gold.utf8` of https://github.com/hankcs/multi-criteria-cws, 0.7 MB; the
    path is the one that the scripts of that repository read.

    Examples
    --------
    >>> from sklearn_llmtokens.datasets import fetch_sighan2005
    >>> texts, words = fetch_sighan2005("msr", return_X_y=True)  # doctest: +SKIP
    """
    check_option("name", name, ("pku", "msr"))
    path = fetch_file(
        FILES[f"segmentation/sighan2005_{name}_test_gold.txt"],
        data_home=data_home,
        download_if_missing=download_if_missing,
        n_retries=n_retries,
        delay=delay,
    )
    with open(path, encoding="utf-8-sig") as file:
        words = [cut for line in file if (cut := line.split())]
    data, target = object_array(["".join(cut) for cut in words]), object_array(words)
    frame = None
    if as_frame:
        frame = data_frame({"text": data, "words": target})
        data, target = frame["text"], frame["words"]
    if return_X_y:
        return data, target
    return Bunch(data=data, target=target, frame=frame, feature_names=["text"], DESCR=_DESCR)
