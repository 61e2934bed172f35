import platformdirs
import pytest

from sklearn_llmtokens.datasets import clear_data_home, fetch_amazon_interactions, get_data_home
from tests.inside import registered_files


def test_argument_wins_over_environment(home, tmp_path):
    assert get_data_home(tmp_path / "other") == tmp_path / "other"
    assert get_data_home() == home
    assert home.is_dir()


def test_without_environment_the_home_is_in_the_user_cache(monkeypatch, tmp_path):
    monkeypatch.delenv("SKLEARN_LLMTOKENS_DATA", raising=False)
    for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    assert get_data_home() == platformdirs.user_cache_path("sklearn_llmtokens") / "datasets"


def test_tilde_is_expanded(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert get_data_home("~/corpora") == tmp_path / "corpora"


def test_clearing_removes_the_fetched_files_and_nothing_else(home):
    fetched = home / "text/tnews_test_public.json"
    unrelated = home / "text/my_own_thesis.txt"
    lone = home / "similarity/lcqmc_dev.txt"
    for path in (fetched, unrelated, lone):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    clear_data_home()
    assert not fetched.exists()
    assert unrelated.read_text() == "x"
    assert not lone.parent.exists()


def test_clearing_an_empty_home_is_no_error(home):
    clear_data_home()
    assert home.is_dir()


def test_registered_files_are_well_formed_and_distinct():
    files = registered_files()
    for remote in files:
        folder, name = remote.filename.split("/", 1)
        assert folder in {"text", "similarity", "segmentation", "interactions"}
        assert name
        assert remote.url.startswith(("https://raw.githubusercontent.com/", "https://files.grouplens.org/"))
        assert set(remote.sha256) <= set("0123456789abcdef")
        assert len(remote.sha256) == 64
    for field in ("filename", "url", "sha256"):
        assert len({getattr(remote, field) for remote in files}) == len(files)


@pytest.mark.parametrize("data_home", ["a\0b", "\ud800", "~nosuchuser/x"])
def test_a_name_that_no_folder_can_have_is_refused(data_home):
    with pytest.raises(ValueError, match=r"^data_home='.*' names no folder"):
        get_data_home(data_home)


def test_without_a_working_directory_a_relative_home_is_an_oserror(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(OSError, match=r"^data_home='corpora' cannot be used"):
        get_data_home("corpora")


def test_a_long_option_is_cut_in_the_message():
    with pytest.raises(ValueError, match=r"^name='x{30}'\.\.\. is not known"):
        fetch_amazon_interactions("x" * 1000)
