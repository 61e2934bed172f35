"""Pairs of Chinese sentences with their similarity: three sets in one format."""

import numpy as np
from sklearn.utils import Bunch

from ._bunch import check_option, data_frame, tabbed_rows
from ._download import fetch_file
from ._registry import FILES

_SUBSETS = {"sts_b_zh": ("train", "dev", "all"), "afqmc": ("train", "dev", "all"), "lcqmc": ("dev",)}
_DESCR = {
    "sts_b_zh": """Chinese STS-B
-------------

Image captions, news titles and forum posts of the STS benchmark, translated and partly corrected by hand; the
similarity is graded from 0 (unrelated) to 5 (the same). 5,231 pairs to train, 1,458 to develop.
""",
    "afqmc": """AFQMC
-----

Ant Financial question matching: pairs of questions to a payment service, 1 if they ask the same, 0 if not. 34,334
pairs to train, 4,316 to develop; 31% are positive.
""",
    "lcqmc": """LCQMC
-----

Large-scale Chinese question matching corpus (Harbin Institute of Technology, 2018): pairs of general questions, 1 if
they ask the same, 0 if not. 8,802 pairs to develop; half are positive.
""",
}
_SOURCE = "\nAs collected in zejunwang1/CSTS on GitHub, which asks for academic use only.\n"


def fetch_sentence_pairs(
    name="sts_b_zh",
    *,
    subset="dev",
    data_home=None,
    download_if_missing=True,
    return_X_y=False,
    as_frame=False,
    n_retries=3,
    delay=1.0,
):
    """Load pairs of Chinese sentences with their similarity (regression, or classification).

    Public files: `<set>/<subset>.txt` of https://github.com/zejunwang1/CSTS, up to 3 MB; a line is two sentences and
    a score, separated by tabs.

    Parameters
    ----------
    name : {"sts_b_zh", "afqmc", "lcqmc"}, default="sts_b_zh"
        Which set: Chinese STS-B (graded 0 to 5), questions of Ant Financial or general questions (0 or 1).
    subset : {"train", "dev", "all"}, default="dev"
        Which part; "all" is train followed by dev. Of lcqmc there is "dev" alone.
    data_home : str or path-like, default=None
        Where the file lies or goes; see :func:`get_data_home`.
    download_if_missing : bool, default=True
        If False, raise an OSError when the file is not there instead of downloading it.
    return_X_y : bool, default=False
        If True, return `(data, target)` instead of a Bunch.
    as_frame : bool, default=False
        If True, `data` is a DataFrame and `target` a Series of pandas (needs pandas).
    n_retries : int, default=3
        How often a broken transfer is tried again.
    delay : float, default=1.0
        Seconds between two tries.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        data : ndarray of shape (n_pairs, 2), dtype object, or DataFrame
            The two sentences.
        target : ndarray of shape (n_pairs,), or Series
            float64 from 0 to 5 for sts_b_zh, int64 (0 or 1) for the others.
        target_names : list of str, or None
            `["different", "same"]` for afqmc and lcqmc.
        feature_names : list of str
            `["text1", "text2"]`.
        frame : DataFrame of shape (n_pairs, 3), or None
            The columns text1, text2 and target, with `as_frame=True`.
        DESCR : str
            The description of the set.
    (data, target) : tuple
        If `return_X_y` is True.

    Raises
    ------
    ValueError
        If the name is not known or has no such subset, or a line does not have three fields.
    OSError
        If the file is missing and may not be, or cannot be, downloaded, or has the wrong checksum.

    Notes
    -----
    The paths of the sts_b_zh and lcqmc files in the repository are inferred from its other sets; if a download fails,
    the message says where to put the file. The checksums are those of the files as the set is known.

    Examples
    --------
    >>> from sklearn_llmtokens.datasets import fetch_sentence_pairs
    >>> pairs, score = fetch_sentence_pairs("sts_b_zh", return_X_y=True)  # doctest: +SKIP
    """
    check_option("name", name, tuple(_SUBSETS))
    check_option("subset", subset, _SUBSETS[name])
    rows = []
    for part in ("train", "dev") if subset == "all" else (subset,):
        path = fetch_file(
            FILES[f"similarity/{name}_{part}.txt"],
            data_home=data_home,
            download_if_missing=download_if_missing,
            n_retries=n_retries,
            delay=delay,
        )
        rows += tabbed_rows(path, 3)
    data = np.array([row[:2] for row in rows], dtype=object).reshape(-1, 2)
    target = np.array([float(row[2]) for row in rows])
    if name != "sts_b_zh":
        target = target.astype(np.int64)
    frame = None
    if as_frame:
        frame = data_frame({"text1": data[:, 0], "text2": data[:, 1], "target": target})
        data, target = frame[["text1", "text2"]], frame["target"]
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        frame=frame,
        feature_names=["text1", "text2"],
        target_names=None if name == "sts_b_zh" else ["different", "same"],
        DESCR=_DESCR[name] + _SOURCE,
    )
