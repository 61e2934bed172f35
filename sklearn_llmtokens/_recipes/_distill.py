"""A static checkpoint from any embedder and texts; jieba's words and the embedder's vectors meet here."""

from collections.abc import Iterable
from pathlib import Path

from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from .._utils._messages import shorten
from .._utils._texts import read_texts
from ..embedding import LLMTokenEmbedder
from ..text import JiebaTokenizer
from ._transformer import transformer_of_texts

_DTYPES = ("float32", "float16", "int8")


def distill(
    embedder,
    texts: Iterable[str],
    folder,
    *,
    n_tokens: int = 30_000,
    n_components: int | None = None,
    l2: float = 0.6,
    dtype: str = "float16",
    random_state: int = 0,
    verbose: int = 0,
) -> LLMTokenEmbedder:
    """Distil an embedder into a static checkpoint: one vector per token, hundreds of times faster.

    The vocabulary is made of the words of the texts, as jieba cuts them, of their characters, and of pieces of Latin
    words. Its vectors are those whose weighted mean is nearest to the embedder's vector of a text: a ridge regression
    in which words share the part that belongs to their characters.

    Parameters
    ----------
    embedder : str, path-like, or transformer from texts to vectors
        The teacher: the name of a model, as `LLMTokenEmbedder` takes it, or a transformer, which is cloned and fitted
        to the texts unless it is fitted. Vectors that its cache has are not computed again.
    texts : list, 1-D array or Series of str
        Texts of the kind that the checkpoint is for, without labels. Tens of thousands are needed, more are better.
    folder : str or path-like
        Created; must be empty if it exists. It is one of model2vec, which sentence-transformers loads as well.
    n_tokens : int, default=30_000
        Most tokens of the vocabulary.
    n_components : int, default=None
        Features of a vector, which are then those directions in which the teacher's vectors vary most. None keeps the
        teacher's features.
    l2 : float, default=0.6
        Strength of the penalty of the ridge regression.
    dtype : {"float16", "int8", "float32"}, default="float16"
        How the vectors are stored; ``"int8"`` has one scale for each token.
    random_state : int, default=0
        Chooses the held-out texts, and rotates the directions.
    verbose : int, default=0
        1 shows progress bars.

    Returns
    -------
    LLMTokenEmbedder
        ``LLMTokenEmbedder(folder)``, not fitted. ``README.md`` in the folder has the agreement with the teacher on
        texts that were held out.

    Raises
    ------
    ValueError
        If a parameter is out of range, or there are fewer than two different texts.
    FileExistsError
        If the folder has something in it.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from sklearn_llmtokens import distill
    >>> texts = ["物流很快", "发货迅速", "味道发苦", "又酸又涩", "包装完好"]
    >>> small = distill("zh-mini", texts, mkdtemp(), n_tokens=200)
    >>> small.fit_transform(["物流迅速"]).shape
    (1, 640)
    """
    if dtype not in _DTYPES:
        raise ValueError(f"dtype={shorten(dtype)} is none of {', '.join(map(repr, _DTYPES))}.")
    for name, value, least in (("n_tokens", n_tokens, 100), ("n_components", n_components, 1)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
            raise ValueError(f"{name}={shorten(value)} is no integer of {least} or more.")
    if not l2 > 0:
        raise ValueError(f"l2={shorten(l2)} is not above 0: the regression has more unknowns than texts tell apart.")
    from ..embedding._static._distill import DistillSettings, distill_static

    columns = read_texts(texts).columns
    if len(columns) > 1:
        raise ValueError(f"texts has {len(columns)} columns; distill takes one column of texts.")
    distinct = list(dict.fromkeys(text for text in columns[0] if text is not None and text.strip()))
    if len(distinct) < 2:
        raise ValueError(f"texts has {len(distinct)} different texts: tens of thousands are needed.")
    target = Path(folder)
    if target.exists() and any(target.iterdir()):
        raise FileExistsError(f"{target} is not empty: name a new folder.")
    teacher = _fitted(embedder, distinct)
    target.mkdir(parents=True, exist_ok=True)
    settings = DistillSettings(n_tokens, n_components, float(l2), dtype, random_state, verbose)
    name = str(getattr(teacher, "model", type(teacher).__name__))
    words = JiebaTokenizer(lowercase=True)
    distill_static(teacher.transform, distinct, words, settings, Path(name).name).write(target)
    return LLMTokenEmbedder(target)


def _fitted(embedder, texts: list[str]):
    """Return a teacher that is ready: the one that came in where it is fitted."""
    try:
        check_is_fitted(embedder)
    except (TypeError, NotFittedError):  # a name, or not fitted
        return transformer_of_texts(embedder).fit(texts)
    return embedder
