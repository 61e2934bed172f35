"""Resolve stop words: a maintained list by language, a file, or the words themselves."""

import os
from collections.abc import Iterable
from pathlib import Path

_LANGUAGES = ("zh", "en")


def read_stop_words(source) -> frozenset[str]:
    """Give the stop words that `source` stands for.

    Parameters
    ----------
    source : {"zh", "en"}, str, path-like, iterable of str or None
        The list of the package `stopwordsiso` for a language, the path of a file with a word a line, or words.

    Returns
    -------
    frozenset of str
        The words.

    Raises
    ------
    FileNotFoundError
        For a string that is neither a language nor a file.
    ValueError
        For a file that is not UTF-8.
    TypeError
        For a word that is not a str.

    Examples
    --------
    >>> sorted(read_stop_words(["的", "了"]))
    ['了', '的']
    >>> "的" in read_stop_words("zh")
    True
    """
    if source is None:
        return frozenset()
    if isinstance(source, str) and source in _LANGUAGES:
        import stopwordsiso

        return frozenset(stopwordsiso.stopwords(source))
    if isinstance(source, str | os.PathLike):
        return _read_file(source)
    return _checked(source)


def _read_file(path) -> frozenset[str]:
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (FileNotFoundError, IsADirectoryError) as error:
        known = " or ".join(map(repr, _LANGUAGES))
        raise type(error)(
            error.errno,
            f"stop_words is {known}, a collection of words, or the path of a file, and there is no file",
            str(path),
        ) from error
    except UnicodeDecodeError as error:
        raise ValueError(
            f"stop_words: {path} is not UTF-8 ({error.reason} at byte {error.start}): write it anew in that encoding."
        ) from error
    return frozenset(line.strip() for line in text.splitlines()) - {""}


def _checked(words: Iterable) -> frozenset[str]:
    wrong = next((word for word in words if not isinstance(word, str)), None)
    if wrong is not None:
        raise TypeError(f"stop_words holds {wrong!r} of type {type(wrong).__name__}: every stop word is a str.")
    return frozenset(map(str.__str__, words))
