"""Take the text out of HTML with the tokenizer of the HTML standard (turbohtml), in one pass over it.

Only elements of HTML count as tags: ``a < b``, ``<3`` and ``List<String>`` stay as they are. So does what is never
closed, which a browser drops together with everything behind it.
"""

import re
from collections.abc import Iterator
from types import ModuleType

_INLINE_NAMES = """
a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark q rb rp rt ruby s samp small span
strike strong sub sup time tt u var wbr
"""
_BLOCK_NAMES = """
address area article aside audio base blockquote body br button canvas caption center col colgroup dd details dialog
dir div dl dt embed fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html
iframe img input legend li link main map menu meta nav noscript object ol optgroup option output p param picture pre
progress script section select source style summary svg table tbody td template textarea tfoot th thead title tr
track ul video
"""
_INLINE, _BLOCK = frozenset(_INLINE_NAMES.split()), frozenset(_BLOCK_NAMES.split())
_UNSEEN = frozenset(["iframe", "script", "style"])  # elements whose content no reader sees
# A "<" that begins no tag of these elements, comment or declaration is a character like any other; so is one of a tag
# that is not closed before the next "<" outside quotes.
_NAMES = "|".join(sorted(_INLINE | _BLOCK))
_LESS_THAN = re.compile(
    rf"""<(?!(?:/?(?:{_NAMES})(?![^\s/>])|!doctype(?![^\s>])|\?xml(?![^\s?]))(?![^<>"']*(?:<|\Z))|!--)""", re.IGNORECASE
)
_TEXT = frozenset(["TEXT", "CHARACTER_REFERENCE"])
_LINE_END = re.compile("\r\n?")


def strip_html(text: str) -> str:
    """Drop tags, comments, scripts and styles, and resolve character references.

    Parameters
    ----------
    text : str
        A text that may hold HTML.

    Returns
    -------
    str
        What a reader would see. A tag that breaks the line or the box gives a space, one inside a line nothing.

    Examples
    --------
    >>> strip_html("很<b title='a > b'>好</b><br/>AT&amp;T, 3 < 5")
    '很好 AT&T, 3 < 5'
    """
    import turbohtml

    return "".join(_visible(text, turbohtml)) if "<" in text else turbohtml.unescape(text)


def _visible(text: str, turbohtml: ModuleType) -> Iterator[str]:
    """Yield the pieces that a reader sees, and what is never closed."""
    text = _LESS_THAN.sub("&lt;", _LINE_END.sub("\n", text))  # the tokenizer reads every line end as "\n"
    read = 0  # characters of `text`
    hidden: int | None = None  # where the content of a script or style begins
    for token in turbohtml.tokenize(text, resolve_references=False, capture_source=True, capture_attributes=False):
        kind, source = token.type.name, token.source or token.data or ""
        start, read = read, read + len(source)
        if kind == "COMMENT" and not _is_closed(source):
            read = start
            break
        if kind == "END_TAG" and token.tag in _UNSEEN:
            hidden = None
        elif hidden is None:
            yield turbohtml.unescape(source) if kind in _TEXT else "" if token.tag in _INLINE else " "
            if kind == "START_TAG" and token.tag in _UNSEEN:
                hidden = read
    yield turbohtml.unescape(text[read if hidden is None else hidden :])


def _is_closed(comment: str) -> bool:
    return comment.endswith(("-->", "--!>") if comment.startswith("<!--") else ">")
