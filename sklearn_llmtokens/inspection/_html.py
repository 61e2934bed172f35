"""An explanation as HTML: the texts with coloured words, for notebooks."""

from html import escape

import numpy as np

_POSITIVE, _NEGATIVE = (214, 96, 77), (67, 147, 195)  # red and blue that the colour-blind can tell apart
_MOST_OUTPUTS = 3


def as_html(explanation) -> str:
    """Return a fragment of HTML: a paragraph for each of the outputs with the largest scores.

    Parameters
    ----------
    explanation : TextExplanation
        What is shown.

    Returns
    -------
    str
        HTML without scripts, ids or style sheets; everything that came from a text is escaped.
    """
    shown = np.argsort(-explanation.scores, kind="stable")[:_MOST_OUTPUTS]
    kind = "" if explanation.exact else "; by occlusion, approximate"
    parts = [_paragraph(explanation, int(k)) for k in shown]
    left = len(explanation.outputs) - len(shown)
    if left > 0:
        parts.append(f"<p>and {left} other outputs</p>")
    return f'<div title="{escape(explanation.score_method)}{kind}">{"".join(parts)}</div>'


def _paragraph(explanation, k: int) -> str:
    values = explanation.contributions[:, k]
    largest = np.abs(values).max(initial=0.0) or 1.0
    texts = [
        _coloured(text, explanation.offsets[explanation.text_idx == i], values[explanation.text_idx == i], largest)
        for i, text in enumerate(explanation.texts)
    ]
    head = (
        f"<b>{escape(str(explanation.outputs[k]))}</b> {explanation.scores[k]:+.3f} "
        f"(no word: {explanation.remainder[k]:+.3f})"
    )
    return f'<p style="line-height:1.9">{head}<br>{"<br>".join(texts)}</p>'


def _coloured(text: str, offsets: np.ndarray, values: np.ndarray, largest: float) -> str:
    parts, at = [], 0
    for (start, end), value in zip(offsets.tolist(), values.tolist(), strict=True):
        red, green, blue = _POSITIVE if value > 0 else _NEGATIVE
        style = f"background:rgba({red},{green},{blue},{abs(value) / largest:.2f})"
        parts.append(escape(text[at:start]))
        parts.append(f'<span style="{style}" title="{value:+.3f}">{escape(text[start:end])}</span>')
        at = end
    return "".join([*parts, escape(text[at:])])
