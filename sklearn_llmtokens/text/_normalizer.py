"""`TextNormalizer`: normalise texts, with one switch for each kind of difference."""

import re
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from numbers import Integral

from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .._utils._distinct import distinct
from .._utils._pickling import VersionedPickle
from .._utils._sklearn import Interval, StrOptions, fit_context
from .._utils._texts import validate_texts
from ._checks import checked_text
from ._html import strip_html
from ._simplify import simplify
from ._unicode_form import normalize

_REPLACEMENT = "\ufffd"
_SURROGATE = re.compile("[\ud800-\udfff]")

# RFC 3986's characters, all ASCII, so that Chinese text right after an address is not part of it.
_URL = re.compile(
    r"(?<![a-z0-9])(?:(?:https?|ftp)://|www\.)[a-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*[a-z0-9/=&#%_~\-+]",
    re.IGNORECASE | re.ASCII,
)
# Every quantifier begins where the one before it cannot go on, and an address only where one can begin: linear time.
_EMAIL = re.compile(
    r"(?<![a-z0-9._%+\-])[a-z0-9._%+\-]++@(?:[a-z0-9\-]+\.)+[a-z]{2,}(?![a-z0-9\-])", re.IGNORECASE | re.ASCII
)

_PICTOGRAPHS = (
    "\u231a\u231b\u2328\u23cf\u23e9-\u23f3\u23f8-\u23fa\u25fd\u25fe\u2600-\u2604\u260e\u2611\u2614\u2615\u2618\u261d"
    "\u2620\u2622\u2623\u2626\u262a\u262e\u262f\u2638-\u263a\u2648-\u2653\u265f\u2660\u2663\u2665\u2666\u2668\u267b"
    "\u267e\u267f\u2692-\u2697\u2699\u269b\u269c\u26a0\u26a1\u26a7\u26aa\u26ab\u26b0\u26b1\u26bd\u26be\u26c4\u26c5"
    "\u26c8\u26ce\u26cf\u26d1\u26d3\u26d4\u26e9\u26ea\u26f0-\u26f5\u26f7-\u26fa\u26fd\u2702\u2705\u2708-\u270d\u270f"
    "\u2712\u2714\u2716\u271d\u2721\u2728\u2733\u2734\u2744\u2747\u274c\u274e\u2753-\u2755\u2757\u2763\u2764"
    "\u2795-\u2797\u27a1\u27b0\u27bf\u2b1b\u2b1c\u2b50\u2b55"
    "\U0001f004\U0001f0cf\U0001f18e\U0001f191-\U0001f19a\U0001f1e6-\U0001f1ff\U0001f201\U0001f21a\U0001f22f"
    "\U0001f232-\U0001f236\U0001f238-\U0001f23a\U0001f250\U0001f251\U0001f300-\U0001f64f\U0001f680-\U0001f6ff"
    "\U0001f7e0-\U0001f7f0\U0001f90c-\U0001f9ff\U0001fa70-\U0001faff"
)
_TEXT_UNLESS_MARKED = (
    "\xa9\xae\u203c\u2049\u2122\u2139\u2190-\u21ff\u24c2\u25a0-\u25ff\u2600-\u27bf\u2900-\u2b5f\u3030\u303d\u3297\u3299"
)
_MODIFIERS = "\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f"
_ONE_EMOJI = f"(?:[{_PICTOGRAPHS}]|[{_TEXT_UNLESS_MARKED}]\ufe0f)[{_MODIFIERS}]*+"
_JOINED_EMOJI = f"\u200d[{_PICTOGRAPHS}\u2640\u2642][{_MODIFIERS}]*+"
_EMOJI = re.compile(f"(?:[0-9#*]\ufe0f?\u20e3|{_ONE_EMOJI}(?:{_JOINED_EMOJI})*+)++")

_REPEATED = re.compile(r"([^\s\d])\1++")
_UNSEEN = re.compile("[\u200b\u2060\ufeff\xad]")

_FULL_WIDTH = {0xFF01 + i: 0x21 + i for i in range(94)} | {
    0x3000: 0x20, 0xFFE0: 0xA2, 0xFFE1: 0xA3, 0xFFE2: 0xAC, 0xFFE3: 0xAF, 0xFFE4: 0xA6, 0xFFE5: 0xA5, 0xFFE6: 0x20A9,
}  # fmt: skip
_FULL_WIDTH_ALPHANUMERIC = {
    code: half for code, half in _FULL_WIDTH.items() if code == 0x3000 or (code <= 0xFF5E and chr(half).isalnum())
}
_WIDTHS = {"alphanumeric": _FULL_WIDTH_ALPHANUMERIC, "all": _FULL_WIDTH}
_CASES = {"lower": str.lower, "fold": str.casefold}

_known_changes: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


class TextNormalizer(  # type: ignore[call-arg]
    OneToOneFeatureMixin, TransformerMixin, VersionedPickle, BaseEstimator, auto_wrap_output_keys=None
):
    """Normalise texts: Unicode form, width, case, HTML, emoji, white space and more.

    Each parameter is one kind of change. The defaults are the uncontroversial changes: canonical Unicode, half-width
    letters and digits, and single spaces.

    As a transformer it takes texts and returns texts in the same kind of container. As a callable, fitted or not, it
    takes a text and returns a text, for ``TfidfVectorizer(preprocessor=TextNormalizer())``. It takes time linear in the
    length of the text.

    Parameters
    ----------
    unicode_form : {"NFC", "NFD", "NFKC", "NFKD"}, default="NFC"
        Unicode normal form (Unicode Standard Annex 15): ``"NFC"`` makes one of the two ways to write ``é`` the only
        one. ``"NFKC"`` also turns ligatures, circled digits and half-width kana into plain characters. None keeps
        characters as they are. More than 30 combining marks in a row are divided by U+034F, as in the annex's
        Stream-Safe Text Format.
    width : {"alphanumeric", "all"}, default="alphanumeric"
        Turn full-width letters, digits and spaces into half-width ones, or with ``"all"`` also punctuation and
        signs, Chinese commas among them. None keeps them.
    case : {"lower", "fold"}, default=None
        Put letters into lower case, or fold them for comparison ("ß" becomes "ss"). None keeps them.
    html : bool, default=False
        Whether tags, comments, scripts and styles are dropped and character references (``&amp;``) resolved, as the
        HTML standard reads them. What is no element of HTML (``List<String>``) or never closed stays.
    urls : str, default=None
        What stands in place of an address that begins with ``http://``, ``https://``, ``ftp://`` or ``www.``. None
        keeps addresses.
    emails : str, default=None
        What stands in place of an e-mail address. None keeps them.
    emoji : str, default=None
        What stands in place of emoji; several in a row count as one. None keeps them.
    max_repeats : int, default=None
        How many times in a row a character that is neither a digit nor white space may stand: with 3,
        "太好了！！！！！！" becomes "太好了！！！". None keeps them all.
    simplify : bool, default=False
        Whether traditional Chinese characters become simplified ones, by OpenCC's tables of characters and phrases.
    whitespace : bool, default=True
        Whether white space at the ends is dropped and each run of it inside becomes one space, and zero-width spaces,
        soft hyphens and byte order marks are dropped.
    surrogates : {"error", "replace"}, default="error"
        Whether a lone surrogate, which no encoding of Unicode can hold, is an error or becomes U+FFFD.

    Attributes
    ----------
    n_features_in_ : int
        Number of text columns seen in `fit`; 1 for a list, a 1-D array or a Series.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if they were all strings.

    See Also
    --------
    JiebaTokenizer : Cut Chinese texts into words.

    Notes
    -----
    Changes are made in this order: surrogates, html, urls, emails, emoji, unicode_form, width, case, simplify,
    max_repeats, whitespace.

    Examples
    --------
    >>> from sklearn_llmtokens.text import TextNormalizer
    >>> TextNormalizer().fit_transform(["  ＩＰｈｏｎｅ　１５，真  好 "])
    array(['IPhone 15，真 好'], dtype=object)
    >>> TextNormalizer(case="lower", html=True, urls="", max_repeats=2)("好好好好<br>见 HTTP://T.CN/a1B2c3。")
    '好好 见 。'
    >>> TextNormalizer(simplify=True)("電腦後來很乾淨")
    '电脑后来很干净'
    """

    _parameter_constraints: dict = {
        "unicode_form": [StrOptions({"NFC", "NFD", "NFKC", "NFKD"}), None],
        "width": [StrOptions({"alphanumeric", "all"}), None],
        "case": [StrOptions({"lower", "fold"}), None],
        "html": ["boolean"],
        "urls": [str, None],
        "emails": [str, None],
        "emoji": [str, None],
        "max_repeats": [Interval(Integral, 1, None, closed="left"), None],
        "simplify": ["boolean"],
        "whitespace": ["boolean"],
        "surrogates": [StrOptions({"error", "replace"})],
    }

    def __init__(
        self,
        unicode_form="NFC",
        *,
        width="alphanumeric",
        case=None,
        html=False,
        urls=None,
        emails=None,
        emoji=None,
        max_repeats=None,
        simplify=False,
        whitespace=True,
        surrogates="error",
    ):
        self.unicode_form = unicode_form
        self.width = width
        self.case = case
        self.html = html
        self.urls = urls
        self.emails = emails
        self.emoji = emoji
        self.max_repeats = max_repeats
        self.simplify = simplify
        self.whitespace = whitespace
        self.surrogates = surrogates

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Check the parameters and the texts; nothing is learned.

        Parameters
        ----------
        X : list, 1-D array or Series of str, or frame or 2-D array of texts
            Texts.
        y : None
            Ignored.

        Returns
        -------
        TextNormalizer
            The fitted normalizer.
        """
        validate_texts(self, X, reset=True, surrogates=self._surrogates())
        return self

    def transform(self, X):
        """Normalise texts.

        Parameters
        ----------
        X : list, 1-D array or Series of str, or frame or 2-D array of texts
            Texts, with the columns seen in `fit`.

        Returns
        -------
        ndarray, Series or frame of str, of the shape of `X`
            The texts. A list gives a 1-D array; a Series or frame one of the same kind, with its index.
        """
        check_is_fitted(self)
        table = validate_texts(self, X, reset=False, surrogates=self._surrogates())
        changes = _changes(self)
        texts, inverse = distinct(table.texts())
        changed = [_apply(changes, text) for text in texts]
        rows = iter(inverse.tolist())
        return table.rebuild([[changed[next(rows)] for _ in column] for column in table.columns])

    def set_output(self, *, transform=None):
        """Do nothing, so that `Pipeline.set_output` works: texts stay in the kind of container they came in.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Ignored.

        Returns
        -------
        TextNormalizer
            The normalizer.
        """
        return self

    def _surrogates(self) -> str:
        return "keep" if self.surrogates == "replace" else "error"

    def __call__(self, text):
        """Normalise one text."""
        changes = _changes(self)
        return _apply(changes, checked_text(text, surrogates=self._surrogates()))

    def _deciding_libraries(self):
        return ("opencc-python-reimplemented",) if self.simplify else ()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def _apply(changes: list[Callable[[str], str]], text: str) -> str:
    for change in changes:
        text = change(text)
    return text


def _changes(normalizer: TextNormalizer) -> list[Callable[[str], str]]:
    """Find the changes of an instance again, unless a parameter is another one now."""
    parameters = tuple(getattr(normalizer, name) for name in TextNormalizer._parameter_constraints)
    known, changes = _known_changes.get(normalizer, (None, []))
    if known != parameters:
        normalizer._validate_params()
        changes = list(_build_changes(normalizer))
        _known_changes[normalizer] = (parameters, changes)
    return changes


def _build_changes(normalizer: TextNormalizer) -> Iterator[Callable[[str], str]]:
    """Return the changes in the order in which they are made."""
    if normalizer.surrogates == "replace":
        yield partial(_SURROGATE.sub, _REPLACEMENT)
    if normalizer.html:
        yield strip_html
    for pattern, replacement in (
        (_URL, normalizer.urls),
        (_EMAIL, normalizer.emails),
        (_EMOJI, normalizer.emoji),
    ):
        if replacement is not None:
            yield partial(_replace, pattern, replacement)
    if normalizer.unicode_form is not None:
        yield partial(normalize, normalizer.unicode_form)
    if normalizer.width is not None:
        yield _translation(_WIDTHS[normalizer.width])
    if normalizer.case is not None:
        yield _CASES[normalizer.case]
    if normalizer.simplify:
        yield simplify
    if normalizer.max_repeats is not None:
        yield partial(_shorten_repeats, int(normalizer.max_repeats))
    if normalizer.whitespace:
        yield _even_out_whitespace


def _replace(pattern: re.Pattern, replacement: str, text: str) -> str:
    return pattern.sub(lambda _: replacement, text)


def _translation(table: dict[int, int]) -> Callable[[str], str]:
    wide = re.compile("[" + "".join(map(chr, table)) + "]")

    def translate(text: str) -> str:
        return text.translate(table) if wide.search(text) else text

    return translate


def _shorten_repeats(most: int, text: str) -> str:
    return _REPEATED.sub(lambda match: match[0][:most], text)


def _even_out_whitespace(text: str) -> str:
    return " ".join(_UNSEEN.sub("", text).split())
