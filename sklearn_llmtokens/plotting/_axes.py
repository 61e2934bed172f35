"""Helpers of the displays: matplotlib at first use, axes, and a font with Chinese characters."""

import re

from .._utils._optional import require

_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_CJK_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Microsoft YaHei",
    "SimHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Heiti SC",
    "Arial Unicode MS",
    "Droid Sans Fallback",
)


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


def font_for(texts):
    """Return a font family for texts, in which matplotlib's own font lacks Chinese, Japanese and Korean.

    Parameters
    ----------
    texts : iterable of str
        What will be written.

    Returns
    -------
    list of str or None
        Families, the one with the characters first. None where the default font does, or no such font is installed:
        matplotlib then draws boxes and warns.
    """
    if not any(_CJK.search(str(text)) for text in texts):
        return None
    manager = require("matplotlib.font_manager", extra="plot", purpose="A font")
    installed = set(manager.get_font_names())
    found = next((name for name in _CJK_FONTS if name in installed), None)
    return None if found is None else [found, "DejaVu Sans"]
