"""Checks of `JiebaTokenizer`'s parameters beyond their types, and of changes in the files that they name."""

import os

from .._utils._messages import shorten
from ._analysis import Settings
from ._stemmer import stemmer_names


def snapshot(value):
    """Return a value that changes if a parameter or the file it names changes."""
    if isinstance(value, str | os.PathLike):
        try:
            status = os.stat(value)
        except (OSError, ValueError):  # no file, or no path
            return value
        return value, status.st_mtime_ns, status.st_size
    return tuple(value) if isinstance(value, list | tuple | set | frozenset) else value


def check_separator(separator: str, settings: Settings) -> None:
    """Refuse to join words that could not be separated afterwards; without a separator that is intended."""
    word = next((word for word, _, _ in settings.exact_words if separator and separator in word), None)
    if word is not None:
        raise ValueError(
            f"The word {shorten(word)} of user_dict has the separator {shorten(separator)} inside, so that joined "
            r'words could not be separated: set separator to what no word has, such as "\t", or call the tokenizer.'
        )


def check_pos(pos, mode: str) -> None:
    if pos is None:
        return
    if mode == "full":
        raise ValueError(
            'pos cannot be used with mode="full": jieba tags no overlapping words; use "accurate" or "search".'
        )
    if not pos or any(not isinstance(tag, str) or not tag for tag in pos):
        raise ValueError(f"pos is {shorten(pos)}: it must hold tags such as 'n' or 'v', or prefixes such as 'n*'.")


def check_stemmer(stemmer: str | None) -> None:
    if stemmer is None:
        return
    known = stemmer_names()
    if stemmer not in known:
        raise ValueError(f"stemmer is {shorten(stemmer)}: Snowball has {', '.join(known)}.")
