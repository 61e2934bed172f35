"""Embed the texts of a whole search in one pass."""

import os

from platformdirs import user_cache_path

from ..embedding import LLMTokenEmbedder
from ..embedding._for_precompute import PreparedFolder, resolve_folder
from ._candidates import forms, parts_of, settle
from ._passes import check_bounds, estimate, plan_passes, run_pass
from ._recording import Request, record


def precompute(search, X, y=None, *, cache=None, dry_run=False):
    """Run the language model once for all candidates and folds of a search.

    Every layer, pooling, normalisation and truncation that the search tries is taken from one forward pass for each
    distinct text and prompt, and kept in a store on disk. No fold, candidate or worker process of the search loads the
    model afterwards, so that ``n_jobs=8`` means eight classifiers and not eight language models.

    Parameters
    ----------
    search : estimator
        A grid, randomized or halving search over a pipeline, or a pipeline, a ColumnTransformer, or an embedder alone;
        searches inside of these count as well. Recommenders are searched too: what is embedded is the texts of their
        catalogue.
        For a loop written by hand, take ``precompute(GridSearchCV(pipeline, grid), X, y).estimator`` and set
        parameters of `grid` on clones of it.
    X : array-like of n_texts rows
        What the search will be fitted on; for recommenders, histories. None where `search` is fitted on None.
    y : array-like of n_texts rows, default=None
        The targets, for steps before the embedder that need them.
    cache : str or path-like, default=None
        The folder of the store. None is the embedder's own `cache` where that is a folder, or else a folder in the
        user's cache directory.
    dry_run : bool, default=False
        Whether nothing is kept and a receipt is given instead.

    Returns
    -------
    search : estimator
        A clone, not fitted, whose embedders read the store; see the notes. A randomized search without a number as its
        `random_state` is given one, so that it tries what was prepared.
    receipt : Receipt
        Instead, with ``dry_run=True``: texts, tokens, passes, predicted seconds and bytes.

    Raises
    ------
    ValueError
        If there is no `LLMTokenEmbedder` in it, or one has parameters that do not suit its checkpoint, or `cache` is
        ``"memory"``, which worker processes do not share, or the search itself tries a `cache` that is not a folder.
    StoreError
        If the vectors would not fit into the store; the message has the size that is needed.

    Notes
    -----
    The steps before the embedder are fitted on the whole of `X`, and the texts that they give are embedded. A step that
    learns from the rows of a fold, and gives other texts for it, makes texts that were not foreseen: the search embeds
    these when it meets them.

    Embedders read the store, and write what they embed themselves where their own `cache` says. So the winner of the
    search keeps nothing of the texts that it will serve, and a pickle of it that is loaded where the store is not has
    the `cache` that was set before. An embedder whose own `cache` is the store keeps this folder, as an absolute path.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn.pipeline import Pipeline
    >>> from sklearn_llmtokens import LLMTokenEmbedder
    >>> from sklearn_llmtokens.model_selection import precompute
    >>> pipeline = Pipeline([("embed", LLMTokenEmbedder()), ("model", LogisticRegression())])
    >>> grid = {"embed__layer": [-1, -2], "embed__pooling": ["mean", "max"], "model__C": [0.1, 1]}
    >>> texts = ["物流很快", "发货迅速", "味道发苦", "又酸又涩"]
    >>> receipt = precompute(GridSearchCV(pipeline, grid, cv=2), texts, [0, 0, 1, 1], dry_run=True)
    >>> receipt.n_texts, receipt.n_passes
    (4, 1)
    """
    if isinstance(cache, str) and cache == "memory":
        raise ValueError("cache='memory' is not shared with the worker processes of a search: pass a folder, or None.")
    settled = settle(search)
    embedders = [part for part in parts_of(settled) if isinstance(part, LLMTokenEmbedder)]
    if not embedders:
        raise ValueError(
            f"There is no LLMTokenEmbedder in {type(search).__name__}: precompute takes a search over a pipeline that "
            "has one, or the pipeline."
        )
    for embedder in embedders:
        embedder.set_params(cache=_prepared(embedder, cache))
    requests = record(forms(settled), X, y)
    _check_caches(requests)
    passes = plan_passes(requests)
    check_bounds(passes)
    if dry_run:
        return estimate(passes)
    for one in passes:
        run_pass(one)
    return settled


def _prepared(embedder: LLMTokenEmbedder, cache) -> str | os.PathLike:
    """Return the setting of an embedder: its own folder, or a folder that is read before what its own setting says."""
    own = embedder.cache
    if isinstance(own, PreparedFolder):
        cache, own = cache or own.folder, own.then
    own = own if own is None or own == "memory" else _absolute(own)
    if cache is None and own is not None and own != "memory":
        return own
    folder = cache if cache is not None else user_cache_path("sklearn_llmtokens") / "vectors"
    return PreparedFolder(str(resolve_folder(os.fsdecode(folder))), own)


def _absolute(folder: str | os.PathLike) -> str | os.PathLike:
    """Return a folder that is the same from every working directory; ``~`` stays."""
    path = os.fsdecode(folder)
    return folder if os.path.isabs(path) or path.startswith("~") else os.path.abspath(path)


def _check_caches(requests: list[Request]) -> None:
    """Refuse embedders whose store is not the one that was set: the search puts it there."""
    for request in requests:
        cache = request.embedder.cache
        if cache is None or cache == "memory":
            raise ValueError(
                f"The search tries cache={cache!r} of an embedder, which would not read what is prepared: leave cache "
                "out of its grid."
            )
