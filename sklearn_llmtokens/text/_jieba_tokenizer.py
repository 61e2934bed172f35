"""`JiebaTokenizer`: Chinese text into words, as a scikit-learn transformer and as an analyzer of its vectorizers."""

import os
import weakref
from collections.abc import Sequence
from numbers import Integral

from joblib import Parallel, delayed, effective_n_jobs
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .._utils._distinct import distinct
from .._utils._pickling import VersionedPickle
from .._utils._sklearn import StrOptions, fit_context
from .._utils._texts import validate_texts
from ._analysis import Analysis, Settings, analysis_of
from ._checks import checked_text
from ._exact_words import divide
from ._parameters import check_pos, check_separator, check_stemmer, snapshot
from ._stop_words import drops_punctuation, is_named, read_stop_words
from ._user_dictionary import read_user_dictionary

_MIN_SHARE = 50_000  # characters that are worth a worker process

_analyses: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


class JiebaTokenizer(  # type: ignore[call-arg]
    OneToOneFeatureMixin, TransformerMixin, VersionedPickle, BaseEstimator, auto_wrap_output_keys=None
):
    r"""Cut Chinese texts into words with jieba.

    The words are those of jieba 0.42.1, without white space, several times faster where `rjieba` is installed
    (``pip install "sklearn-llmtokens[fast]"``), and in time linear in the length of the text. Mixed text is welcome:
    what is not Chinese is cut as jieba cuts it.

    As a transformer it takes texts and gives, in the same kind of container, one string per text: the words with a
    separator between them. As a callable, fitted or not, it takes a text and gives the list of its words, for
    ``TfidfVectorizer(analyzer=JiebaTokenizer())``.

    Parameters
    ----------
    mode : {"accurate", "full", "search"}, default="accurate"
        jieba's modes: the likeliest words; all words that are in there; the likeliest words, and before a long one
        the shorter ones inside.
    hmm : bool, default=True
        Whether words that the dictionary lacks, such as names, are found with jieba's hidden Markov model. The full
        mode does not use it.
    user_dict : str, path-like, list or tuple, default=None
        Words added to jieba's dictionary: the path of a UTF-8 file with ``word [frequency] [tag]`` a line, or a
        sequence of words and ``(word, frequency)`` or ``(word, frequency, tag)``. A word without a frequency gets one
        that lets it stay together; frequency 0 takes a word out.
    user_dict_match : {"jieba", "exact"}, default="jieba"
        What finds the words of `user_dict`. jieba cannot find words with spaces, brackets or rare characters, and a
        word of letters cuts others that contain it. With ``"exact"`` jieba finds only the words of Chinese characters.
        Every other word is taken whole wherever it stands, from left to right, the longest first, but not inside of
        another word of letters and digits.
    stop_words : {"zh", "en", "zh-all", "en-all"}, str, path-like, list, tuple or set, default=None
        Words left out: a list of the package `stopwordsiso`, the path of a UTF-8 file with one word per line, or words.
        ``"zh"`` and ``"en"`` do not contain negations and words of judgement and of degree (不, 好, 很, not, good), so
        that 不推荐 does not become 推荐. They also drop words made of punctuation. ``"zh-all"`` and ``"en-all"`` are
        the lists as they are.
    pos : list, tuple or set of str, default=None
        Tags of the parts of speech to keep, as `jieba.posseg` gives them: ``["n", "v"]``. A tag that ends in ``*``
        stands for all that begin like it: ``"n*"`` keeps n, nr, ns and so on. Tagging runs at jieba's own speed, which
        for a Chinese character that its model has never seen (it knows 6,648) is some milliseconds
        each, and cuts some words in another way than jieba does without tags. Not for the full mode.
    lowercase : bool, default=False
        Whether words are put into lower case, after the cutting. Stop words are then compared in lower case.
    stemmer : str, default=None
        Snowball language, such as ``"english"``, whose stemmer is applied to words in Latin script. It expects
        lower case. Stems differ between versions of `snowballstemmer`: a pickle names the version, and warns where
        another one reads it.
    separator : str, default=" "
        What `transform` puts between words. No word of a `user_dict` that is matched exactly may have it inside:
        ``"\t"`` is in none.
    n_jobs : int, default=None
        Number of jobs of `transform`, as in `joblib.Parallel`. Each distinct text is cut once.

    Attributes
    ----------
    user_dict_ : tuple of (str, int or None, str or None)
        Word, frequency and tag of each entry of the user dictionary, as read by `fit`.
    stop_words_ : frozenset of str
        The stop words, as read by `fit`.
    n_features_in_ : int
        Number of text columns seen in `fit`; 1 for a list, a 1-D array or a Series.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if they were all strings.

    See Also
    --------
    TextNormalizer : Normalise texts before they are segmented.

    Notes
    -----
    A fitted instance uses the words that `fit` read, and needs no file where it is loaded again. An instance that was
    never fitted reads files at its first call, and again when they change.

    White space that jieba gives as words is left out.

    `word_spans` weights a word with probability p by a / (a + p), a = 0.001 (Arora, Liang and Ma 2017, "A simple but
    tough-to-beat baseline for sentence embeddings"), with p from the frequencies of the dictionary.

    Examples
    --------
    >>> from sklearn_llmtokens.text import JiebaTokenizer
    >>> tokenizer = JiebaTokenizer()
    >>> tokenizer("我来到北京清华大学")
    ['我', '来到', '北京', '清华大学']
    >>> tokenizer.fit_transform(["我来到北京清华大学", "他来到了网易杭研大厦"])
    array(['我 来到 北京 清华大学', '他 来到 了 网易 杭研 大厦'], dtype=object)
    >>> JiebaTokenizer("search", stop_words=["我"])("我来到北京清华大学")
    ['来到', '北京', '清华', '华大', '大学', '清华大学']
    >>> JiebaTokenizer(user_dict=["宝马(进口)", "CH125 Spacy"], user_dict_match="exact")("宝马(进口)和本田CH125 Spacy")
    ['宝马(进口)', '和', '本田', 'CH125 Spacy']

    In a vectorizer, and searched there as ``analyzer__mode``:

    >>> from sklearn.feature_extraction.text import TfidfVectorizer
    >>> vectorizer = TfidfVectorizer(analyzer=JiebaTokenizer()).fit(["快递很快", "包装很好"])
    >>> vectorizer.get_feature_names_out().tolist()
    ['包装', '好', '很', '很快', '快递']
    """

    _parameter_constraints: dict = {
        "mode": [StrOptions({"accurate", "full", "search"})],
        "hmm": ["boolean"],
        "user_dict": [str, os.PathLike, list, tuple, None],
        "user_dict_match": [StrOptions({"jieba", "exact"})],
        "stop_words": [str, os.PathLike, list, tuple, set, frozenset, None],
        "pos": [list, tuple, set, frozenset, None],
        "lowercase": ["boolean"],
        "stemmer": [str, None],
        "separator": [str],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        mode="accurate",
        *,
        hmm=True,
        user_dict=None,
        user_dict_match="jieba",
        stop_words=None,
        pos=None,
        lowercase=False,
        stemmer=None,
        separator=" ",
        n_jobs=None,
    ):
        self.mode = mode
        self.hmm = hmm
        self.user_dict = user_dict
        self.user_dict_match = user_dict_match
        self.stop_words = stop_words
        self.pos = pos
        self.lowercase = lowercase
        self.stemmer = stemmer
        self.separator = separator
        self.n_jobs = n_jobs

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Read the user dictionary and the stop words; nothing is learned from the texts.

        Parameters
        ----------
        X : list, 1-D array or Series of str, or frame or 2-D array of texts
            Texts.
        y : None
            Ignored.

        Returns
        -------
        JiebaTokenizer
            The fitted tokenizer.

        Raises
        ------
        UserDictionaryError
            If an entry of the user dictionary cannot be read; it names the file and line.
        """
        _check_settings(self)
        validate_texts(self, X, reset=True)
        self.user_dict_ = read_user_dictionary(self.user_dict, self.user_dict_match)
        self.stop_words_ = read_stop_words(self.stop_words)
        return self

    def transform(self, X):
        """Cut texts into words.

        Parameters
        ----------
        X : list, 1-D array or Series of str, or frame or 2-D array of texts
            Texts, with the columns seen in `fit`.

        Returns
        -------
        ndarray, Series or frame of str, of the shape of `X`
            The words of each text with the separator between them. A list gives a 1-D array; a Series or frame one of
            the same kind, with its index.

        Raises
        ------
        ValueError
            If a word of the user dictionary that is matched exactly has the separator inside.
        """
        check_is_fitted(self)
        _check_settings(self)
        table = validate_texts(self, X, reset=False)
        texts, inverse = distinct(table.texts())
        settings = _settings(self, self.user_dict_, self.stop_words_)
        check_separator(self.separator, settings)
        joined = _join(texts, settings, self.separator, self.n_jobs)
        rows = iter(inverse.tolist())
        return table.rebuild([[joined[next(rows)] for _ in column] for column in table.columns])

    def word_spans(self, text):
        """Return the spans of the words of a text with their weights.

        Parameters
        ----------
        text : str
            A text.

        Returns
        -------
        list of (int, int, float)
            Start, end and weight of each word, in characters of `text`, in order and without overlap in every mode. The
            weight is 0 for stop words and for parts of speech that are not kept, near 1 for rare words, and 0.06 for
            the commonest word. Words that the dictionary lacks count as rare, punctuation as the commonest word. White
            space has no span.

        Examples
        --------
        >>> JiebaTokenizer(stop_words=["的"]).word_spans("我的手机")
        [(0, 1, 0.15...), (1, 2, 0.0), (2, 4, 0.92...)]
        """
        return _analysis(self).spans(checked_text(text))

    def set_output(self, *, transform=None):
        """Do nothing, so that `Pipeline.set_output` works: texts stay in the kind of container they came in.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Ignored.

        Returns
        -------
        JiebaTokenizer
            The tokenizer.
        """
        return self

    def __call__(self, text):
        """Return the list of the words of a text."""
        return _analysis(self).words([checked_text(text)])[0]

    def _deciding_libraries(self):
        stemmer = () if self.stemmer is None else ("snowballstemmer",)
        is_fitted = "stop_words_" in vars(self)  # and has the words with it
        return ("jieba", *stemmer, *(() if is_fitted or not is_named(self.stop_words) else ("stopwordsiso",)))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def _join(texts: Sequence[str], settings: Settings, separator: str, n_jobs: int | None) -> list[str]:
    """Cut distinct texts, in worker processes if that is asked for and worth it."""
    n_chars = sum(map(len, texts))
    n_shares = min(effective_n_jobs(n_jobs), max(1, n_chars // _MIN_SHARE))
    if n_shares == 1:
        return analysis_of(settings).join(texts, separator)
    shares = Parallel(n_jobs=n_jobs)(
        delayed(_join_share)(settings, separator, share) for share in _shares(texts, n_chars / n_shares)
    )
    return [words for share in shares for words in share]


def _join_share(settings: Settings, separator: str, texts: Sequence[str]) -> list[str]:
    return analysis_of(settings).join(texts, separator)


def _shares(texts: Sequence[str], n_chars: float):
    share, size = [], 0
    for text in texts:
        share.append(text)
        size += len(text)
        if size >= n_chars:
            yield share
            share, size = [], 0
    if share:
        yield share


def _analysis(tokenizer: JiebaTokenizer) -> Analysis:
    """Find the analysis of an instance again, unless a parameter or a file has changed."""
    is_fitted = "user_dict_" in vars(tokenizer)
    user_dict = tokenizer.user_dict_ if is_fitted else snapshot(tokenizer.user_dict)
    stop_words = tokenizer.stop_words_ if is_fitted else snapshot(tokenizer.stop_words)
    state = (
        tokenizer.mode,
        tokenizer.hmm,
        user_dict,
        tokenizer.user_dict_match,
        stop_words,
        snapshot(tokenizer.pos),
        tokenizer.lowercase,
        tokenizer.stemmer,
        drops_punctuation(tokenizer.stop_words),
    )
    known_state, analysis = _analyses.get(tokenizer, (None, None))
    if known_state != state:
        _check_settings(tokenizer)
        if not is_fitted:
            user_dict = read_user_dictionary(tokenizer.user_dict, tokenizer.user_dict_match)
            stop_words = read_stop_words(tokenizer.stop_words)
        analysis = analysis_of(_settings(tokenizer, user_dict, stop_words))
        _analyses[tokenizer] = (state, analysis)
    return analysis


def _settings(tokenizer: JiebaTokenizer, user_words, stop_words) -> Settings:
    for_jieba, exact = divide(user_words) if tokenizer.user_dict_match == "exact" else (user_words, ())
    return Settings(
        mode=tokenizer.mode,
        hmm=bool(tokenizer.hmm),
        user_words=for_jieba,
        exact_words=exact,
        stop_words=stop_words,
        drop_punctuation=drops_punctuation(tokenizer.stop_words),
        pos=None if tokenizer.pos is None else tuple(sorted(tokenizer.pos)),
        lowercase=bool(tokenizer.lowercase),
        stemmer=tokenizer.stemmer,
    )


def _check_settings(tokenizer: JiebaTokenizer) -> None:
    """Refuse parameters that cannot be used, at the latest where they are used: some are set after `fit`."""
    tokenizer._validate_params()
    check_pos(tokenizer.pos, tokenizer.mode)
    check_stemmer(tokenizer.stemmer)
