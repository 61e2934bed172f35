"""Take the text out of HTML, in one pass over it whatever it holds.

Only elements of HTML count as tags: ``a < b``, ``<3`` and ``List<String>`` stay as they are.
"""

import html
import re

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
_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)(?:[\s/][^<>]*)?>|<!doctype[^<>]*>", re.IGNORECASE)
_COMMENT = (re.compile("<!--"), re.compile("-->"))
_SCRIPT = (re.compile(r"<script(?:\s[^<>]*)?>", re.IGNORECASE), re.compile(r"</script\s*>", re.IGNORECASE))
_STYLE = (re.compile(r"<style(?:\s[^<>]*)?>", re.IGNORECASE), re.compile(r"</style\s*>", re.IGNORECASE))


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
    >>> strip_html("很<b>好</b><br/>AT&amp;T, 3 < 5")
    '很好 AT&T, 3 < 5'
    """
    if "<" in text:
        for opening, closing in (_COMMENT, _SCRIPT, _STYLE):
            text = _drop_between(text, opening, closing)
        text = _TAG.sub(_instead_of_tag, text)
    return html.unescape(text)


def _drop_between(text: str, opening: re.Pattern, closing: re.Pattern) -> str:
    kept, done = [], 0
    while (start := opening.search(text, done)) and (stop := closing.search(text, start.end())):
        kept.append(text[done : start.start()])
        done = stop.end()
    kept.append(text[done:])
    return " ".join(kept)


def _instead_of_tag(match: re.Match) -> str:
    name = (match[1] or "p").lower()
    if name in _INLINE:
        return ""
    return " " if name in _BLOCK else match[0]
