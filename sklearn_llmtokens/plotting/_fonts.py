"""Find a font with Chinese characters, which matplotlib's own font lacks."""

import importlib.util
import re
import sys
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

from .._utils._optional import require
from .._utils._warnings import stacklevel_of_caller
from ..exceptions import MissingFontWarning

_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_SAMPLE = "中文简体"
# Simplified Chinese first, then fonts whose characters have the forms of other languages. From a collection (.ttc),
# matplotlib before 3.11 reads the first font alone: "Noto Sans CJK JP" of Debian, "Heiti TC" of macOS.
_FAMILIES = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "SimHei",
    "DengXian",
    "Heiti SC",
    "Noto Sans CJK JP",
    "Heiti TC",
    "Arial Unicode MS",
    "Droid Sans Fallback",
    "Noto Serif CJK SC",
    "Noto Serif SC",
    "Songti SC",
    "SimSun",
)
_PACKAGES = ("pylopdf_fonts_zh_cn", "mplfonts")  # of PyPI, with such fonts as files
_LAST_RESORT = "Last Resort High-Efficiency"  # boxes; matplotlib has it since 3.11
_ADVICE = {
    "linux": "apt install fonts-noto-cjk (Debian, Ubuntu)",
    "darwin": "brew install --cask font-noto-sans-cjk-sc",
    "win32": "Settings > System > Optional features > Chinese (Simplified) Supplemental Fonts",
}


def use_chinese_font(font=None):
    """Let every plot of matplotlib write Chinese from now on.

    The font is added behind those of ``rcParams["font.family"]``, so that all other characters look as before. Styles
    and ``seaborn.set_theme`` replace that setting: call this after them.

    Parameters
    ----------
    font : str or path-like, default=None
        The name of an installed font, or the path of a font file (.ttf, .otf, .ttc). None searches: the fonts that
        matplotlib knows, those installed since it made its list, and those of pip packages that are installed.

    Returns
    -------
    str or None
        The name of the font. None if there is none: a `MissingFontWarning` then says which package to install, boxes
        are drawn in place of characters, and matplotlib does not warn of each of them.

    Raises
    ------
    ValueError
        If `font` is neither a file nor the name of a font that matplotlib knows, or has no Chinese characters.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> from sklearn_llmtokens.plotting import use_chinese_font
    >>> name = use_chinese_font()
    >>> title = plt.gca().set_title("商品评论")
    """
    matplotlib = require("matplotlib", extra="plot", purpose="use_chinese_font")
    manager = require("matplotlib.font_manager", extra="plot", purpose="use_chinese_font").fontManager
    found = _find_font(manager) if font is None else _named_font(manager, font)
    if found is None:
        _warn_of_boxes()
    family = [name for name in matplotlib.rcParams["font.family"] if name not in (found, _LAST_RESORT)]
    matplotlib.rcParams["font.family"] = [*family, *_or_boxes(manager, found)]
    return found


def font_for(texts: Iterable) -> list[str] | None:
    """Return a font family for texts, in which matplotlib's own font lacks Chinese, Japanese and Korean.

    Parameters
    ----------
    texts : iterable of str
        What will be written.

    Returns
    -------
    list of str or None
        Families, the one with the characters last. None where the default font does. Where there is no font, a
        `MissingFontWarning` says what to install, and boxes are drawn.
    """
    if not any(_CJK.search(str(text)) for text in texts):
        return None
    matplotlib = require("matplotlib", extra="plot", purpose="A font")
    manager = require("matplotlib.font_manager", extra="plot", purpose="A font").fontManager
    family = list(matplotlib.rcParams["font.family"])
    if _LAST_RESORT in family or any(_has_chinese(manager, name) for name in _fonts_of(matplotlib.rcParams, manager)):
        return None  # set by use_chinese_font, or by the user
    found = _find_font(manager)
    if found is None:
        _warn_of_boxes()
    return [*family, *_or_boxes(manager, found)]


def _fonts_of(settings, manager) -> Iterator[str]:
    """Yield the font of each family in the settings; of "sans-serif" it is the first of its list that is installed."""
    installed = {entry.name for entry in manager.ttflist}
    for family in settings["font.family"]:
        names = settings.get(f"font.{family}", [family])
        yield next((name for name in names if name in installed), family)


def _find_font(manager) -> str | None:
    """Return the best font that matplotlib knows, else one that it has not listed yet, else any with the characters."""
    if (found := _known_font(manager)) is not None:
        return found
    _add_files(manager)
    names = sorted({entry.name for entry in manager.ttflist})
    return _known_font(manager) or next((name for name in names if _has_chinese(manager, name)), None)


def _known_font(manager) -> str | None:
    names = {entry.name for entry in manager.ttflist}
    return next((name for name in _FAMILIES if name in names), None)


def _add_files(manager) -> None:
    """Add fonts that were installed since matplotlib made its list, and those of pip packages."""
    known = {Path(entry.fname) for entry in manager.ttflist}
    for path in (*_system_files(), *_package_files()):
        if path not in known:
            try:
                manager.addfont(path)
            except (OSError, RuntimeError):  # a file that FreeType does not read
                continue


def _system_files() -> list[Path]:
    manager = require("matplotlib.font_manager", extra="plot", purpose="A font")
    return sorted(map(Path, manager.findSystemFonts()))


def _package_files() -> Iterator[Path]:
    """Yield the font files of packages that are installed, without importing these."""
    for name in _PACKAGES:
        spec = importlib.util.find_spec(name)
        for folder in (spec and spec.submodule_search_locations) or ():
            yield from sorted(path for path in Path(folder).rglob("*") if path.suffix in (".otf", ".ttf", ".ttc"))


def _named_font(manager, font) -> str:
    """Return the name of a font that the user names, or whose file."""
    if Path(font).is_file():
        n_known = len(manager.ttflist)
        manager.addfont(font)
        names = [entry.name for entry in manager.ttflist[n_known:]]
        found = next((name for name in _FAMILIES if name in names), names[0])
    else:
        found = str(font)
        if found not in {entry.name for entry in manager.ttflist}:
            raise ValueError(
                f"font={found!r} is neither a file nor a font that matplotlib knows: pass the path of one."
            )
    if not _has_chinese(manager, found):
        raise ValueError(f"The font {found!r} has no Chinese characters ({_SAMPLE}): choose another.")
    return found


def _has_chinese(manager, name: str) -> bool:
    """Check whether a font of that name has the characters of the sample, boxes not counted."""
    if name.startswith("Last Resort"):
        return False
    ft2font = require("matplotlib.ft2font", extra="plot", purpose="A font")
    for entry in manager.ttflist:
        if entry.name == name:
            try:
                charmap = ft2font.FT2Font(entry.fname).get_charmap()
            except (OSError, RuntimeError):  # removed since matplotlib made its list
                continue
            return all(ord(character) in charmap for character in _SAMPLE)
    return False


def _or_boxes(manager, found: str | None) -> list[str]:
    """Return the font that was found, else that of boxes; where matplotlib has none, silence it for each character."""
    if found is not None:
        return [found]
    if any(entry.name == _LAST_RESORT for entry in manager.ttflist):
        return [_LAST_RESORT]
    warnings.filterwarnings("ignore", r"Glyph \d+ .*missing from", UserWarning)
    return []


def _warn_of_boxes() -> None:
    advice = _ADVICE.get(sys.platform, "install Noto Sans CJK")
    warnings.warn(
        "No font with Chinese characters was found, and boxes are drawn in their place. Install one: "
        f'{advice}; or pip install "sklearn-llmtokens[fonts]". Or name a file: use_chinese_font(path).',
        MissingFontWarning,
        stacklevel=stacklevel_of_caller(),
    )
