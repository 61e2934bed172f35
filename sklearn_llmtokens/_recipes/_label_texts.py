"""Names of classes as texts: which labels are words, and the templates that they fill."""

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from .._utils._columns import is_missing, read_column
from .._utils._messages import shorten
from .._utils._texts import read_texts

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_LETTER = re.compile(r"[^\W\d_]")
_SEPARATORS = re.compile(r"[\s_./&,，、·-]+")
_END_OF_SENTENCE = re.compile(r"[，。！？；：,.!?;:]")
_BETWEEN_TERMS = re.compile(r"[、，；：。]|[,;:](?!\w)")
_LIST_IN_BRACKETS = re.compile(r"[(（]([^()（）]*[、，；,;][^()（）]*)[)）]")
_BEFORE_LAST_TERM = re.compile(r"^(and|or) (?=\w)")
_IN_LISTS = re.compile(r"[、；]|[,;](?!\w)")  # a Chinese comma separates clauses more often than terms
_LONGEST_NAME = {"zh": 8, "en": 4}  # characters and words; what is longer is a description and fills no template
# from so many on a description is a list; "slow, and rude" is none
_FEWEST_SEPARATORS = {"zh": 1, "en": 2}
_MOST_TEXTS = 200  # texts whose script is looked at

_TEMPLATES = {
    "zh": ("{}", "这是{}", "关于{}", "{}类", "主题是{}", "{}方面的内容"),
    "en": ("{}", "This is about {}.", "Topic: {}", "A text about {}"),
}


def texts_of_name(name) -> list[str]:
    """Return the texts that stand for a class.

    Parameters
    ----------
    name : str or iterable of str
        A name, which fills templates of its script; a description, which stands alone; a description that lists
        terms, which are a text each; or texts, which are kept.

    Returns
    -------
    list of str
        One text at least.

    Raises
    ------
    TypeError
        If it is no text.
    ValueError
        If it is empty.

    Examples
    --------
    >>> texts_of_name("体育")[:3]
    ['体育', '这是体育', '关于体育']
    >>> texts_of_name("news_sports")[:2]
    ['news sports', 'This is about news sports.']
    >>> texts_of_name("很好，非常满意")
    ['很好，非常满意']
    >>> texts_of_name("物流：发货、快递和包装")
    ['物流', '发货', '快递和包装']
    """
    if isinstance(name, Iterable) and not isinstance(name, str | bytes):
        texts = list(name)
    elif isinstance(name, str):
        script, plain = _script(name), _SEPARATORS.sub(" ", name).strip()
        size = len(plain) if script == "zh" else len(plain.split())
        if len(_IN_LISTS.findall(name)) >= _FEWEST_SEPARATORS[script]:
            texts = _terms(name)
        elif size > _LONGEST_NAME[script] or _END_OF_SENTENCE.search(name.rstrip()):
            texts = [name]
        else:
            texts = [template.format(plain) for template in _TEMPLATES[script]]
    else:
        texts = [name]
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"label_texts has {shorten(text)}: pass a text or a list of texts for each label.")
    if not texts or not all(text.strip() for text in texts):
        raise ValueError("label_texts has an empty text: pass a name or a description for each label, or leave it out.")
    return texts


def _terms(description: str) -> list[str]:
    """Return the terms of a description that lists them, each once.

    Examples
    --------
    >>> _terms("sports (football, tennis, golf), and St. Moritz.")
    ['sports', 'football', 'tennis', 'golf', 'St. Moritz']
    """
    parts = _BETWEEN_TERMS.split(_LIST_IN_BRACKETS.sub(r"、\1、", description.strip().removesuffix(".")))
    terms = [_BEFORE_LAST_TERM.sub("", part.strip()) for part in parts]
    return list(dict.fromkeys(term for term in terms if re.search(r"\w", term)))


def label_names(y, X, unlabelled=None) -> dict[str, str]:
    """Return labels that are words, as their own names; none where fewer than two labels are.

    Each label is looked at alone. Words consist of letters, after separators such as ``_``, and each has two of them
    at least, or one Chinese character. Their script is that of most texts: a model of Chinese may not know the labels
    "positive" and "negative".

    Parameters
    ----------
    y : array-like of shape (n_texts,), or None
        Labels; missing ones are left out.
    X : list, array, Series or frame
        The texts.
    unlabelled : object, default=None
        The label of texts without one, which is no name.

    Returns
    -------
    dict of str to str
        Each label with its name.

    Examples
    --------
    >>> label_names(["体育", "娱乐", None], ["球赛", "电影", "股市"])
    {'体育': '体育', '娱乐': '娱乐'}
    >>> label_names(["C1", "C2"], ["a ball", "a film"]), label_names(["good", "bad"], ["很好", "很差"])
    ({}, {})
    >>> label_names(["refund", "C2", "card_payment"], ["where is it", "a card", "declined"])
    {'card_payment': 'card_payment', 'refund': 'refund'}
    """
    if y is None:
        return {}
    labels = {label for label in read_column(y, "y").tolist() if not is_missing(label)} if np.ndim(y) == 1 else set()
    words = sorted(label for label in labels if isinstance(label, str) and label != unlabelled and _are_words(label))
    if words:
        script = script_of_most(read_texts(X, missing="keep").columns[0])
        words = [label for label in words if _script(label) == script]
    return {label: label for label in words} if len(words) > 1 else {}


def refuse_names_of_no_class(label_texts: Mapping, unlabelled) -> None:
    """Check that no text is for the label that marks texts without one.

    Parameters
    ----------
    label_texts : mapping of label to texts
        The texts of each label.
    unlabelled : object
        The label of texts without one, beside None, NaN and NA.

    Raises
    ------
    ValueError
        If there is such a text.
    """
    for label in label_texts:
        is_unlabelled = isinstance(label, str) == isinstance(unlabelled, str) and label == unlabelled
        if is_missing(label) or is_unlabelled:
            raise ValueError(
                f"label_texts names {shorten(label)}, which marks texts without a label: leave it out, or pass another "
                "unlabelled=."
            )


def _are_words(label: str) -> bool:
    words = [word for word in _SEPARATORS.split(label) if word]
    return (
        bool(words)
        and all(_HAN.search(word) or len(word) > 1 for word in words)
        and all(_LETTER.fullmatch(character) for word in words for character in word)
    )


def _script(text: str) -> str:
    return "zh" if _HAN.search(text) else "en"


def script_of_most(texts: Sequence[str | None]) -> str:
    """Return the script of the first texts: Chinese where half of them have a Chinese character."""
    scripts = [_script(text) for text in texts[:_MOST_TEXTS] if text]
    return "zh" if 2 * scripts.count("zh") > len(scripts) else "en"
