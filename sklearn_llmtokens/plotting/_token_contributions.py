"""Which words decided: a text with coloured words, or bars."""

import numpy as np

from .._utils._messages import shorten
from ._axes import axes_for
from ._fonts import font_for

_LINE = 1.9  # height of a line, in heights of the font
_KINDS = ("text", "bars")


class TokenContributionDisplay:
    """Words of a text and what each contributed to a score.

    Parameters
    ----------
    words : sequence of str of length n_words
        The words.
    contributions : array-like of shape (n_words,)
        What each contributed.
    text : str, default=None
        The text that is written. None is the words with nothing between them.
    offsets : array-like of shape (n_words, 2), default=None
        Where the words stand in `text`, which needs them.
    title : str, default=""
        Title of the axes.

    Attributes
    ----------
    pieces_ : list of matplotlib Text
        What was written, piece by piece; None after bars.
    bars_ : matplotlib BarContainer
        The bars, the largest contribution on top; None after text.
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.

    See Also
    --------
    sklearn_llmtokens.inspection.explain_text : Compute contributions.

    Examples
    --------
    >>> from sklearn_llmtokens.plotting import TokenContributionDisplay
    >>> display = TokenContributionDisplay(["not", "bad"], [-0.5, 1.5], text="not bad", offsets=[(0, 3), (4, 7)])
    >>> [piece.get_text() for piece in display.plot().pieces_]
    ['not', ' ', 'bad']
    """

    def __init__(self, words, contributions, *, text=None, offsets=None, title=""):
        self.words = words
        self.contributions = contributions
        self.text = text
        self.offsets = offsets
        self.title = title

    @classmethod
    def from_explanation(cls, explanation, target=None, *, kind="text", ax=None, **kwargs):
        """Draw an explanation.

        Parameters
        ----------
        explanation : TextExplanation
            Of one row, as `explain_text` returns them. Several texts are written one below the other.
        target : object, default=None
            One of its outputs. None is the one with the largest score.
        kind : {"text", "bars"}, default="text"
            As in `plot`.
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.
        **kwargs : dict
            As in `plot`.

        Returns
        -------
        TokenContributionDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If `target` is no output of the explanation.
        MissingDependencyError
            If matplotlib is not installed.
        """
        k = explanation.column(target)
        starts = np.cumsum([0, *(len(text) + 1 for text in explanation.texts)])
        kind_of_score = "" if explanation.exact else ", by occlusion"
        title = (
            f"{explanation.outputs[k]}: {explanation.score_method} {explanation.scores[k]:+.2f},\nof which "
            f"{explanation.remainder[k]:+.2f} belongs to no word{kind_of_score}"
        )
        display = cls(
            explanation.words,
            explanation.contributions[:, k],
            text="\n".join(explanation.texts),
            offsets=explanation.offsets + starts[explanation.text_idx][:, np.newaxis],
            title=title,
        )
        return display.plot(kind=kind, ax=ax, **kwargs)

    def plot(self, ax=None, *, kind="text", n_words=15, fontsize=12, cmap="RdBu_r"):
        """Draw the words.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure, as high as the text.
        kind : {"text", "bars"}, default="text"
            The text, its words on a background by contribution, or bars of the largest contributions.
        n_words : int, default=15
            Number of bars.
        fontsize : float, default=12
            Points.
        cmap : str or matplotlib Colormap, default="RdBu_r"
            Colours from the most negative to the most positive; zero is in the middle.

        Returns
        -------
        TokenContributionDisplay
            The display itself.

        Raises
        ------
        ValueError
            If `kind` is another, or `text` comes without `offsets`.
        MissingDependencyError
            If matplotlib is not installed.
        """
        if kind not in _KINDS:
            raise ValueError(f"kind={shorten(kind)} is neither 'text' nor 'bars'.")
        if self.text is not None and self.offsets is None:
            raise ValueError("text without offsets: pass where the words stand in it, or leave the text out.")
        is_new = ax is None
        ax = axes_for(ax, "TokenContributionDisplay")
        font = {"fontsize": fontsize, "fontfamily": font_for([*self.words, self.title])}
        self.pieces_ = self.bars_ = None
        ax.set_title(self.title, **(font | {"fontsize": 0.9 * fontsize}))
        values = np.asarray(self.contributions, dtype=np.float64)
        colours = _colours(values, cmap)
        if kind == "bars":
            self.bars_ = _draw_bars(ax, self.words, values, colours, n_words, font)
        else:
            self.pieces_ = _write(ax, self._pieces(), colours, font, is_new)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _pieces(self) -> list[tuple[str, int]]:
        """Return pieces of the text with the index of their word; -1 for what is between words."""
        if self.text is None:
            return [(word, i) for i, word in enumerate(self.words)]
        pieces, at = [], 0
        for i, (start, end) in enumerate(np.asarray(self.offsets).tolist()):
            pieces += [(self.text[at:start], -1), (self.text[start:end], i)]
            at = end
        return [piece for piece in [*pieces, (self.text[at:], -1)] if piece[0]]


def _colours(values: np.ndarray, cmap) -> np.ndarray:
    """Return a colour for each value, (n_words, 4), zero in the middle; pale enough for black letters."""
    from matplotlib import colormaps

    largest = np.abs(values).max(initial=0.0) or 1.0
    return np.asarray(colormaps.get_cmap(cmap)(0.5 + 0.35 * values / largest)).reshape(-1, 4)


def _draw_bars(ax, words, values: np.ndarray, colours: np.ndarray, n_words: int, font: dict):
    chosen = np.argsort(-np.abs(values), kind="stable")[:n_words]
    chosen = chosen[np.argsort(values[chosen], kind="stable")]
    bars = ax.barh(np.arange(len(chosen)), values[chosen], color=colours[chosen])
    ax.set_yticks(np.arange(len(chosen)), [words[i] for i in chosen], **font)
    ax.axvline(0, color="black", linewidth=0.8)
    ax.set_xlabel("contribution")
    return bars


def _write(ax, pieces: list[tuple[str, int]], colours: np.ndarray, font: dict, fits_height: bool) -> list:
    """Write pieces from left to right, in lines as wide as the axes; the figure fits their height if asked."""
    ax.set_axis_off()
    ax.figure.draw_without_rendering()  # settles the size of the axes
    box = ax.get_window_extent()
    renderer = ax.figure.canvas.get_renderer()
    height = font["fontsize"] * ax.figure.dpi / 72  # of the font, in pixels
    line = _LINE * height
    written, places = [], []
    x = y = 0.0
    for content, word in [part for piece in pieces for part in _lines(*piece)]:
        if content == "\n":
            x, y = 0.0, y + line
            continue
        background = {} if word < 0 else {"backgroundcolor": colours[word]}
        artist = ax.text(0, 0, content, transform=ax.transAxes, va="baseline", **background, **font)
        if word >= 0:
            artist.get_bbox_patch().set_boxstyle("square", pad=0)  # more would cover the word before
        width = artist.get_window_extent(renderer).width
        if x > 0 and x + width > box.width:
            x, y = 0.0, y + line
        written.append(artist)
        places.append((x, y + height))  # of the baseline, from the upper left corner
        x += width
    if fits_height:
        inches = ax.figure.get_figheight() + (y + line - box.height) / ax.figure.dpi
        ax.figure.set_figheight(inches)
        ax.figure.draw_without_rendering()
        box = ax.get_window_extent()
    for artist, (x, y) in zip(written, places, strict=True):
        artist.set_position((x / box.width, 1 - y / box.height))
    return written


def _lines(content: str, word: int) -> list[tuple[str, int]]:
    """Cut a piece at its line breaks, each of which is a piece of its own."""
    parts: list[tuple[str, int]] = []
    for i, line in enumerate(content.split("\n")):
        parts += [("\n", -1)] if i else []
        parts += [(line, word)] if line else []
    return parts
