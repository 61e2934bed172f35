"""The estimator: texts in, vectors of a language model out."""

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .._utils._pickling import VersionedPickle
from .._utils._sklearn import HasMethods, Interval, StrOptions, check_feature_names_in, fit_context
from ._checkpoint import resolve
from ._embed import OutputRows, embed, result_array
from ._fitted import cache_of, read_cells, resources_of, spec_of
from ._fitted_repr import FittedRepr
from ._own_methods import OwnMethods
from ._resolve import resolve_spec
from ._spec import POOLING_NAMES
from ._unique_texts import find_unique_texts


class LLMTokenEmbedder(
    OwnMethods, FittedRepr, ClassNamePrefixFeaturesOutMixin, TransformerMixin, VersionedPickle, BaseEstimator
):
    """Turn texts into the pooled token vectors of a pretrained language model.

    Each distinct text goes through the model once; its vector is kept in a cache that all clones share, so that the
    folds and candidates of a search do not run the model again. Only the layers up to the deepest one asked for run.

    Parameters
    ----------
    model : str or path-like, default="zh-mini"
        The bundled checkpoint's name, a checkpoint folder, or a Hub id with an optional revision
        (``"org/name@revision"``; ``HF_HUB_OFFLINE`` is obeyed). Any encoder or decoder that ``AutoModel`` loads, and
        static checkpoints of model2vec and sentence-transformers, from safetensors only.
    pooling : str or tuple of str, default="auto"
        How token vectors become one: ``"auto"``, ``"mean"``, ``"cls"``, ``"max"``, ``"last"``, ``"weighted_mean"`` or
        ``"mean_sqrt_len"``. A tuple of names, without ``"auto"``, is concatenated. ``"auto"`` follows the checkpoint's
        sentence-transformers configuration where it has one, and its Dense layers with it; otherwise it is the mean
        for encoders and the position-weighted mean for causal models.
    layer : int or tuple of int, default=-1
        Hidden state, numbered as transformers numbers them: 0 is the output of the embeddings, -1 that of the last
        layer after the final norm. A tuple is averaged.
    prompt : str or None, default="auto"
        ``"auto"`` is the checkpoint's default prompt, if it names one; None the bare text; else a prompt name of the
        checkpoint (``"query"``), a preset (``"prompt_eol"``, ``"echo"``), or a template that contains ``{text}``.
    word_weights : object with ``word_spans(text)``, default=None
        Weights the tokens of a mean by the words they belong to: ``word_spans`` gives ``[(start, end, weight), ...]``
        in characters, as `JiebaTokenizer` does (0 for stop words); where words overlap, a token belongs to the one that
        begins last. The model still reads the whole sentence. ``fit`` settles it, and warns where no pooling is a mean.
    max_length : int, default=None
        Most tokens of a sequence, special tokens included. None is the checkpoint's own limit.
    long_text : {"truncate", "chunk", "error"}, default="truncate"
        A longer text is cut (one warning, with the count), read in overlapping windows whose vectors are averaged by
        their lengths, or refused.
    normalize : bool or "auto", default="auto"
        Whether rows have unit length; ``"auto"`` does what the checkpoint was trained with.
    truncate_dim : int, default=None
        Keep this many leading features, before rows are scaled to unit length (Kusupati et al. 2022,
        "Matryoshka Representation Learning", arXiv:2205.13147).
    missing : {"error", "zero"}, default="error"
        Whether a missing text is refused or becomes a row of zeros.
    dtype : {"auto", "float32", "bfloat16", "float16", "int8"}, default="auto"
        Precision: ``"auto"`` is float32 on a CPU and the checkpoint's own half precision on an accelerator. ``"int8"``
        runs on x86 CPUs. A `PrecisionWarning` tells where a precision is emulated.
    device : str, default="auto"
        A torch device; ``"auto"`` is the first accelerator, or the CPU.
    cache : {"memory"}, path-like or None, default="memory"
        Where vectors are kept: one bounded memory for the process, a folder that processes and later runs share, or
        nowhere. No text is kept.
    n_jobs : int, default=None
        Processes that run the model, through joblib; each holds one model. `joblib.parallel_config` applies.
    batch_tokens : int or "auto", default="auto"
        Most tokens of a batch, padding included. It changes speed and memory, not the vectors.
    trust_remote_code : bool, default=False
        Whether Python code of the checkpoint may run.
    verbose : int, default=0
        1 shows a progress bar.

    Attributes
    ----------
    revision_ : str or None
        Commit of a Hub checkpoint; None for a folder.
    fingerprint_ : str
        Hash of the checkpoint's weights, tokenizer and conventions, and of its code where `trust_remote_code` is True.
    pooling_ : tuple of str
        The poolings in use.
    prompt_ : str or None
        The template in use; None for the bare text.
    normalize_ : bool
        Whether rows have unit length.
    max_length_ : int
        Most tokens of a sequence.
    word_weights_ : object with ``word_spans(text)`` or None
        What weights the words: `word_weights` as it was in ``fit``, the same object.
    n_features_out_ : int
        Number of features of a row.
    spec_ : dict
        Everything that changes a vector, as plain values.
    n_features_in_ : int
        Number of columns of text.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` was a frame with names.

    See Also
    --------
    JiebaTokenizer : Cuts Chinese text into words, and gives `word_weights`.
    EmbeddingPCA : Reduces and whitens the vectors.

    Notes
    -----
    An empty text gives the vector of the special tokens alone. Where a model has none, it gives that of the beginning-
    or end-of-text token, and a row of zeros where there is no such token either.

    A pickle holds no weights. Where it is loaded, `model` is looked for again, and must have the same fingerprint.

    Examples
    --------
    >>> from sklearn_llmtokens import LLMTokenEmbedder
    >>> vectors = LLMTokenEmbedder().fit_transform(["物流很快，包装完好", "配送迅速，没有破损", "剧情拖沓，看得犯困"])
    >>> vectors.dtype, len(vectors)
    (dtype('float32'), 3)
    """

    _parameter_constraints: dict = {
        "model": [str, HasMethods("__fspath__")],
        "pooling": [StrOptions({"auto", *POOLING_NAMES}), tuple],
        "layer": [Integral, tuple],
        "prompt": [str, None],
        "word_weights": [HasMethods("word_spans"), None],
        "max_length": [Interval(Integral, 1, None, closed="left"), None],
        "long_text": [StrOptions({"truncate", "chunk", "error"})],
        "normalize": ["boolean", StrOptions({"auto"})],
        "truncate_dim": [Interval(Integral, 1, None, closed="left"), None],
        "missing": [StrOptions({"error", "zero"})],
        "dtype": [StrOptions({"auto", "float32", "bfloat16", "float16", "int8"})],
        "device": [str],
        "cache": [str, HasMethods("__fspath__"), None],
        "n_jobs": [Integral, None],
        "batch_tokens": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "trust_remote_code": ["boolean"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        model="zh-mini",
        *,
        pooling="auto",
        layer=-1,
        prompt="auto",
        word_weights=None,
        max_length=None,
        long_text="truncate",
        normalize="auto",
        truncate_dim=None,
        missing="error",
        dtype="auto",
        device="auto",
        cache="memory",
        n_jobs=None,
        batch_tokens="auto",
        trust_remote_code=False,
        verbose=0,
    ):
        self.model = model
        self.pooling = pooling
        self.layer = layer
        self.prompt = prompt
        self.word_weights = word_weights
        self.max_length = max_length
        self.long_text = long_text
        self.normalize = normalize
        self.truncate_dim = truncate_dim
        self.missing = missing
        self.dtype = dtype
        self.device = device
        self.cache = cache
        self.n_jobs = n_jobs
        self.batch_tokens = batch_tokens
        self.trust_remote_code = trust_remote_code
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Find the checkpoint and settle how it is used; the model itself is not run.

        Parameters
        ----------
        X : list, 1-D array or Series of str, or 2-D array or frame of them
            The texts.
        y : None
            Ignored.

        Returns
        -------
        LLMTokenEmbedder
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter does not suit the checkpoint, the prompt leaves no room for a text, or a text is missing and
            `missing` is ``"error"``.
        TypeError
            If something is not a text.
        CheckpointError
            If the checkpoint is absent, damaged, or not in safetensors.
        """
        read_cells(self, X, reset=True)
        checkpoint = resolve(self.model)
        resolved = resolve_spec(self, checkpoint)
        self.revision_ = checkpoint.revision
        self.fingerprint_ = resolved.spec.forward.fingerprint
        self.pooling_ = resolved.spec.readout.pooling
        self.prompt_ = resolved.prompt
        self.normalize_ = resolved.spec.readout.normalize
        self.max_length_ = resolved.spec.forward.max_length
        self.word_weights_ = self.word_weights
        self.spec_ = resolved.spec.to_dict()
        self.n_features_out_ = resolved.n_features * self.n_features_in_
        return self

    def transform(self, X, *, out=None):
        """Embed texts.

        Parameters
        ----------
        X : list, 1-D array or Series of str, or 2-D array or frame of them
            The texts. The columns of a 2-D input are embedded each and placed side by side.
        out : ndarray of shape (n_texts, `n_features_out_`), dtype float16 or float32, default=None
            Gets the rows, and is returned: a `numpy.memmap`, for more rows than memory holds.

        Returns
        -------
        ndarray of shape (n_texts, `n_features_out_`), dtype=float32
            One row for each text; `out` where it is given.

        Raises
        ------
        ValueError
            If a text is missing or too long, or the checkpoint at hand is not the one of ``fit``.
        TypeError
            If something is not a text.
        MemoryError
            If one text alone does not fit into memory.
        FloatingPointError
            If the precision overflows.

        Warns
        -----
        TruncationWarning
            With the number of distinct texts that were cut.
        UnknownTokenWarning
            With the number of distinct texts of which the model's vocabulary lacks half or more. Both count the texts
            that go through the model, not those whose vectors come from the cache. A message is shown once for each
            model in a process, unless a filter of `warnings` shows it always.
        """
        check_is_fitted(self)
        table = read_cells(self, X, reset=False)
        unique = find_unique_texts(table, self.word_weights_)
        rows = result_array(out, (table.n_rows, self.n_features_out_))
        vectors = rows.reshape(len(unique.first), -1) if table.n_rows else rows  # one row for each cell
        spec, output = spec_of(self), OutputRows(vectors, unique.rows)
        embed(unique.texts, spec.forward, [spec.readout], cache_of(self), resources_of(self), output)
        unique.fill(vectors)
        return rows

    def fit_transform(self, X, y=None, *, out=None):
        """Fit, then embed the same texts.

        Parameters
        ----------
        X : list, 1-D array or Series of str, or 2-D array or frame of them
            The texts.
        y : None
            Ignored.
        out : ndarray of shape (n_texts, `n_features_out_`), dtype float16 or float32, default=None
            As in `transform`.

        Returns
        -------
        ndarray of shape (n_texts, `n_features_out_`), dtype=float32
            As in `transform`.
        """
        return self.fit(X, y).transform(X, out=out)

    def get_feature_names_out(self, input_features=None):
        """Return the names of the features.

        Parameters
        ----------
        input_features : array-like of str of shape (`n_features_in_`,), default=None
            Names of the columns, which must be those of ``fit``.

        Returns
        -------
        ndarray of str of shape (`n_features_out_`,)
            ``title_0, title_1, ..., body_0, ...`` where ``fit`` saw a frame with the columns title and body;
            ``llmtokenembedder0, ...`` where its columns had no names.

        Raises
        ------
        ValueError
            If `input_features` are not the names seen in ``fit``.
        """
        check_is_fitted(self)
        columns = getattr(self, "feature_names_in_", None)
        if columns is None:
            return super().get_feature_names_out(input_features)
        check_feature_names_in(self, input_features)
        n_features = self.n_features_out_ // self.n_features_in_
        return np.array([f"{column}_{i}" for column in columns for i in range(n_features)], dtype=object)

    @property
    def _n_features_out(self) -> int:
        return self.n_features_out_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = True
        tags.input_tags.allow_nan = self.missing != "error"
        tags.transformer_tags.preserves_dtype = []
        tags.no_validation = False
        return tags
