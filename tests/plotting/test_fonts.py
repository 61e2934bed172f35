"""Chinese in plots: which font is found, and what is said where there is none."""

import importlib.util
import warnings
from pathlib import Path

import matplotlib
import pytest
from matplotlib import font_manager
from matplotlib import pyplot as plt

from sklearn_llmtokens.exceptions import MissingDependencyError, MissingFontWarning
from sklearn_llmtokens.plotting import RankingCurveDisplay, SemanticMapDisplay, use_chinese_font

PACKAGE = "pylopdf_fonts_zh_cn"
MANAGER = font_manager.fontManager
LATIN = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
needs_font = pytest.mark.skipif(importlib.util.find_spec(PACKAGE) is None, reason="pip install pylopdf-fonts-zh-cn")


def font_file():
    return next(Path(importlib.util.find_spec(PACKAGE).submodule_search_locations[0]).glob("NotoSansSC*"))


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch):
    """Fonts and settings are as matplotlib ships them, and are put back."""
    shipped = [entry for entry in MANAGER.ttflist if matplotlib.get_data_path() in entry.fname]
    monkeypatch.setattr(MANAGER, "ttflist", shipped)
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [])
    with matplotlib.rc_context(matplotlib.rcParamsDefault | {"backend": "Agg"}):
        yield
    MANAGER._findfont_cached.cache_clear() if hasattr(MANAGER, "_findfont_cached") else None


@pytest.fixture
def nothing_installed(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name, *a: None if "fonts" in name else find(name, *a))


def draw(text="商品评论"):
    figure, ax = plt.subplots()
    ax.set_title(text)
    figure.canvas.draw()
    return ax


def ask_and_draw():
    found = use_chinese_font()
    draw("商品评论，一共四十六个不同的汉字")  # boxes, and no warning of each character
    return found


@needs_font
def test_every_plot_writes_chinese_after_one_call():
    with pytest.warns(UserWarning, match="Glyph"):
        draw()
    before = matplotlib.rcParams["font.family"]
    assert use_chinese_font() == "Noto Sans SC"
    assert matplotlib.rcParams["font.family"] == [*before, "Noto Sans SC"]
    draw()  # a missing glyph would be a warning, which is an error
    assert use_chinese_font() == "Noto Sans SC"
    assert matplotlib.rcParams["font.family"] == [*before, "Noto Sans SC"]


@needs_font
def test_a_font_that_was_installed_since_matplotlib_made_its_list_is_found(monkeypatch, tmp_path):
    file = tmp_path / "new.otf"
    file.symlink_to(font_file())
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [str(file)])
    monkeypatch.setattr("importlib.util.find_spec", lambda *_: None)
    assert use_chinese_font() == "Noto Sans SC"
    assert str(file) in {entry.fname for entry in MANAGER.ttflist}


@needs_font
def test_a_font_can_be_named_by_its_file_or_its_name():
    assert use_chinese_font(font_file()) == "Noto Sans SC"
    draw()
    assert use_chinese_font("Noto Sans SC") == "Noto Sans SC"
    with pytest.raises(ValueError, match="'DejaVu Sans' has no Chinese characters"):
        use_chinese_font("DejaVu Sans")
    with pytest.raises(ValueError, match="'DejaVu Sans' has no Chinese characters"):
        use_chinese_font(LATIN)
    with pytest.raises(ValueError, match="font='No Such Font' is neither a file nor a font that matplotlib knows"):
        use_chinese_font("No Such Font")


@needs_font
def test_the_best_of_several_fonts_is_chosen():
    MANAGER.addfont(font_file())
    MANAGER.addfont(font_file().with_name("NotoSerifSC-Regular.otf"))
    assert use_chinese_font() == "Noto Sans SC"


@pytest.mark.parametrize(
    ("platform", "advice"),
    [
        ("linux", "apt install fonts-noto-cjk"),
        ("darwin", "brew install --cask font-noto-sans-cjk-sc"),
        ("win32", "Chinese \\(Simplified\\) Supplemental Fonts"),
        ("plan9", "install Noto Sans CJK"),
    ],
)
@pytest.mark.usefixtures("nothing_installed")
def test_without_a_font_one_warning_says_what_to_install(monkeypatch, platform, advice):
    monkeypatch.setattr("sys.platform", platform)
    with pytest.warns(MissingFontWarning, match=rf"{advice}.*; or pip install .*\[fonts\]") as caught:
        assert ask_and_draw() is None
    assert [warning.filename for warning in caught] == [__file__]


@needs_font
def test_a_font_that_is_installed_after_the_warning_is_found(monkeypatch):
    with monkeypatch.context() as none:
        none.setattr("importlib.util.find_spec", lambda *_: None)
        with pytest.warns(MissingFontWarning):
            assert use_chinese_font() is None
    assert use_chinese_font() == "Noto Sans SC"
    draw()


@needs_font
def test_displays_write_chinese_without_any_call():
    display = SemanticMapDisplay([[0, 0], [1, 1]], labels=["abc", "新闻"], texts=["é", "评论"]).plot()
    display.figure_.canvas.draw()
    RankingCurveDisplay({"内容": [0.1, 0.2]}).plot().figure_.canvas.draw()
    assert matplotlib.rcParams["font.family"] == ["sans-serif"]
    legend = SemanticMapDisplay([[0, 0], [1, 1]], labels=["abc", "é"]).plot().ax_.get_legend()
    assert [text.get_fontfamily() for text in legend.get_texts()] == [["sans-serif"]] * 2


@needs_font
def test_displays_keep_the_font_that_the_user_has_set():
    MANAGER.addfont(font_file().with_name("NotoSerifSC-Regular.otf"))
    matplotlib.rcParams["font.sans-serif"] = ["Noto Serif SC", "DejaVu Sans"]
    legend = SemanticMapDisplay([[0, 0], [1, 1]], labels=["abc", "新闻"]).plot().ax_.get_legend()
    assert [text.get_fontfamily() for text in legend.get_texts()] == [["sans-serif"]] * 2
    legend.figure.canvas.draw()


@pytest.mark.usefixtures("nothing_installed")
def test_a_display_without_a_font_warns_once():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        display = SemanticMapDisplay([[0, 0], [1, 1]], labels=["新闻", "评论"], texts=["快递", "包装"]).plot()
        display.figure_.canvas.draw()
    assert [warning.category for warning in caught] == [MissingFontWarning]


def test_without_matplotlib_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(MissingDependencyError, match=r"use_chinese_font needs 'matplotlib'.*sklearn-llmtokens\[plot\]"):
        use_chinese_font()
