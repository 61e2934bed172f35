"""Helpers of the displays: matplotlib at first use, axes, and a legend."""

from .._utils._optional import require
from ._fonts import font_for


def axes_for(ax, name: str):
    """Return axes to draw on.

    Parameters
    ----------
    ax : matplotlib Axes or None
        Axes of the caller. None makes new ones.
    name : str
        The display, for the message.

    Returns
    -------
    matplotlib Axes
        The axes.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    """
    plt = require("matplotlib.pyplot", extra="plot", purpose=name)
    if ax is None:
        _, ax = plt.subplots(layout="constrained")
    return ax


def legend(ax, names, **kwargs) -> None:
    """Draw a legend without a frame, in a font that has the characters of the names."""
    family = font_for(names)
    ax.legend(frameon=False, prop=None if family is None else {"family": family}, **kwargs)
