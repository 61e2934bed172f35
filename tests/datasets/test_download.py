"""What every fetcher does about the network, seen on one that fetches a single file."""

import io
import re
import sys
import time
from pathlib import Path

import pytest
import tqdm

from sklearn_llmtokens.datasets import fetch_thucnews

NAME = "text/thucnews_train_1w.txt"
CONTENT = b"sports\tthe final\n" * 16_000


@pytest.fixture
def path(home):
    """Where the file belongs."""
    return home / NAME


@pytest.fixture
def old_file(path):
    """A file of another content in its place."""
    path.parent.mkdir(parents=True)
    path.write_bytes(b"old")


def everything_in(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_missing_file_is_downloaded_once(publish, site, home, path):
    publish(NAME, CONTENT)
    for _ in range(2):
        assert fetch_thucnews().data.tolist() == ["the final"] * 16_000
    assert path.read_bytes() == CONTENT
    assert len(site.requests) == 1
    assert everything_in(home) == [path.name]


def test_file_in_the_home_is_used_without_network(publish, site, path):
    publish(NAME, CONTENT)
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    fetch_thucnews(download_if_missing=False)
    assert site.requests == []


def test_missing_file_that_may_not_be_downloaded_is_an_error(publish, site, home):
    publish(NAME, CONTENT)
    with pytest.raises(OSError, match=rf"{NAME} is not in the data home .*home; .*SKLEARN_LLMTOKENS_DATA"):
        fetch_thucnews(download_if_missing=False)
    assert site.requests == []
    assert everything_in(home) == []


@pytest.mark.parametrize("ranges", [True, False])
def test_broken_transfer_goes_on_where_it_stopped_if_the_server_can(publish, site, path, ranges):
    publish(NAME, CONTENT)
    site.ranges = ranges
    site.moods = [("cut", 1000), ("cut", 5000)]
    fetch_thucnews(n_retries=2, delay=0)
    assert path.read_bytes() == CONTENT
    assert [wanted for _, wanted in site.requests] == [
        None,
        "bytes=1000-",
        "bytes=6000-" if ranges else "bytes=5000-",
    ]


def test_busy_server_is_asked_again_after_the_delay(publish, site, monkeypatch):
    waits = []
    monkeypatch.setattr(time, "sleep", waits.append)
    publish(NAME, CONTENT)
    site.moods = ["503", "503"]
    fetch_thucnews(n_retries=2, delay=7.5)
    assert waits == [7.5, 7.5]


def test_retries_come_to_an_end_and_leave_nothing(publish, site, home):
    url = publish(NAME, CONTENT).url
    site.moods = ["503"] * 9
    with pytest.raises(OSError, match=rf"{re.escape(url)}: HTTP Error 503.* put the file at .*{NAME} yourself"):
        fetch_thucnews(n_retries=2, delay=0)
    assert len(site.requests) == 3
    assert everything_in(home) == []


def test_no_such_address_is_not_tried_again(publish, site):
    publish(NAME, CONTENT)
    site.moods = ["404"]
    with pytest.raises(OSError, match="HTTP Error 404"):
        fetch_thucnews(n_retries=5, delay=0)
    assert len(site.requests) == 1


def test_unreachable_server_is_an_error_that_names_the_address(publish):
    publish(NAME, CONTENT, url="http://127.0.0.1:9/a.txt")
    with pytest.raises(OSError, match=r"could not be downloaded from http://127\.0\.0\.1:9/a\.txt"):
        fetch_thucnews(n_retries=0)


def test_truncated_transfer_without_retries_leaves_nothing(publish, site, home):
    publish(NAME, CONTENT)
    site.moods = [("cut", 10)]
    with pytest.raises(OSError, match=f"closed after 10 of {len(CONTENT)} bytes"):
        fetch_thucnews(n_retries=0)
    assert everything_in(home) == []


def test_interrupted_transfer_leaves_nothing_and_can_be_repeated(publish, home, path, monkeypatch):
    publish(NAME, CONTENT)

    def interrupt(bar, n):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(tqdm.tqdm, "update", interrupt)
        with pytest.raises(KeyboardInterrupt):
            fetch_thucnews()
    assert everything_in(home) == []
    fetch_thucnews()
    assert path.read_bytes() == CONTENT


def test_wrong_checksum_names_file_expected_and_found_and_removes_it(publish, home):
    right = publish(NAME, CONTENT).sha256
    publish(NAME, CONTENT, sha256="0" * 64)
    with pytest.raises(OSError, match=rf"{NAME}.*SHA-256 {right}, expected {'0' * 64}; it was removed"):
        fetch_thucnews(n_retries=0)
    assert everything_in(home) == []


def test_wrong_file_in_the_home_is_replaced_with_a_warning(publish, path, old_file):
    publish(NAME, CONTENT)
    with pytest.warns(UserWarning, match="expected .* downloaded again") as caught:
        fetch_thucnews()
    assert [Path(warning.filename).name for warning in caught] == [Path(__file__).name]
    assert path.read_bytes() == CONTENT


def test_wrong_file_in_the_home_stays_when_nothing_may_be_downloaded(publish, path, old_file):
    expected = publish(NAME, CONTENT).sha256
    with pytest.raises(OSError, match=f"expected {expected}"):
        fetch_thucnews(download_if_missing=False)
    assert path.read_bytes() == b"old"


def test_wrong_file_in_the_home_stays_when_the_download_fails(publish, site, path, old_file):
    publish(NAME, CONTENT)
    site.moods = ["404"]
    with pytest.warns(UserWarning, match="downloaded again"), pytest.raises(OSError, match="404"):
        fetch_thucnews()
    assert path.read_bytes() == b"old"


def test_progress_is_shown_in_bytes_on_a_terminal(publish, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    publish(NAME, CONTENT)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    fetch_thucnews()
    assert f"{NAME}: 100%" in terminal.getvalue()
    assert "272k/272k" in terminal.getvalue()
