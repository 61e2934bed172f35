import re

import pytest

from sklearn_llmtokens.datasets import _download
from sklearn_llmtokens.datasets._download import fetch_file

CONTENT = bytes(range(256)) * 1000


def everything_in(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_missing_file_is_downloaded_once(site, home):
    remote = site.remote("text/a.bin", CONTENT)
    path = fetch_file(remote)
    assert path == home / "text/a.bin"
    assert path.read_bytes() == CONTENT
    assert fetch_file(remote) == path
    assert len(site.requests) == 1
    assert everything_in(home) == ["a.bin"]


def test_file_in_the_home_is_used_without_network(site, home):
    remote = site.remote("text/a.bin", CONTENT)
    (home / "text").mkdir(parents=True)
    (home / "text/a.bin").write_bytes(CONTENT)
    fetch_file(remote, download_if_missing=False)
    assert site.requests == []


def test_missing_file_that_may_not_be_downloaded_is_an_error(site, home):
    remote = site.remote("text/a.bin", CONTENT)
    with pytest.raises(OSError, match=r"text/a\.bin is not in the data home .*home; .*SKLEARN_LLMTOKENS_DATA"):
        fetch_file(remote, download_if_missing=False)
    assert site.requests == []
    assert everything_in(home) == []


@pytest.mark.parametrize("ranges", [True, False])
def test_broken_transfer_goes_on_where_it_stopped_if_the_server_can(site, home, ranges):
    site.ranges = ranges
    site.moods = [("cut", 1000), ("cut", 5000)]
    path = fetch_file(site.remote("text/a.bin", CONTENT), n_retries=2, delay=0)
    assert path.read_bytes() == CONTENT
    assert [wanted for _, wanted in site.requests] == [
        None,
        "bytes=1000-",
        "bytes=6000-" if ranges else "bytes=5000-",
    ]


def test_busy_server_is_asked_again_after_the_delay(site, home, monkeypatch):
    waits = []
    monkeypatch.setattr(_download.time, "sleep", waits.append)
    site.moods = ["503", "503"]
    fetch_file(site.remote("text/a.bin", CONTENT), n_retries=2, delay=7.5)
    assert waits == [7.5, 7.5]


def test_retries_come_to_an_end_and_leave_nothing(site, home):
    site.moods = ["503"] * 9
    remote = site.remote("text/a.bin", CONTENT)
    with pytest.raises(OSError, match=rf"{re.escape(remote.url)}: HTTP Error 503.* put the file at .*a\.bin yourself"):
        fetch_file(remote, n_retries=2, delay=0)
    assert len(site.requests) == 3
    assert everything_in(home) == []


def test_no_such_address_is_not_tried_again(site, home):
    site.moods = ["404"]
    with pytest.raises(OSError, match="HTTP Error 404"):
        fetch_file(site.remote("text/a.bin", CONTENT), n_retries=5, delay=0)
    assert len(site.requests) == 1


def test_unreachable_server_is_an_error_that_names_the_address(site, home):
    remote = site.remote("text/a.bin", CONTENT)
    unreachable = type(remote)(remote.filename, "http://127.0.0.1:9/a.bin", remote.sha256)
    with pytest.raises(OSError, match=r"could not be downloaded from http://127\.0\.0\.1:9/a\.bin"):
        fetch_file(unreachable, n_retries=0)


def test_truncated_transfer_without_retries_leaves_nothing(site, home):
    site.moods = [("cut", 10)]
    with pytest.raises(OSError, match="closed after 10 of 256000 bytes"):
        fetch_file(site.remote("text/a.bin", CONTENT), n_retries=0)
    assert everything_in(home) == []


def test_interrupted_transfer_leaves_nothing_and_can_be_repeated(site, home, monkeypatch):
    remote = site.remote("text/a.bin", CONTENT)

    class Interrupted:
        def __init__(self, *args, **kwargs):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(_download, "tqdm", Interrupted)
        with pytest.raises(KeyboardInterrupt):
            fetch_file(remote)
    assert everything_in(home) == []
    assert fetch_file(remote).read_bytes() == CONTENT


def test_wrong_checksum_names_file_expected_and_found_and_removes_it(site, home):
    remote = site.remote("text/a.bin", CONTENT, sha256="0" * 64)
    right = site.remote("text/a.bin", CONTENT).sha256
    with pytest.raises(OSError, match=rf"text/a\.bin.*SHA-256 {right}, expected {'0' * 64}; it was removed"):
        fetch_file(remote, n_retries=0)
    assert everything_in(home) == []


def test_wrong_file_in_the_home_is_replaced_with_a_warning(site, home):
    remote = site.remote("text/a.bin", CONTENT)
    (home / "text").mkdir(parents=True)
    (home / "text/a.bin").write_bytes(b"old")
    with pytest.warns(UserWarning, match="expected .* downloaded again"):
        path = fetch_file(remote)
    assert path.read_bytes() == CONTENT


def test_wrong_file_in_the_home_stays_when_nothing_may_be_downloaded(site, home):
    remote = site.remote("text/a.bin", CONTENT)
    (home / "text").mkdir(parents=True)
    (home / "text/a.bin").write_bytes(b"old")
    with pytest.raises(OSError, match=rf"expected {remote.sha256}"):
        fetch_file(remote, download_if_missing=False)
    assert (home / "text/a.bin").read_bytes() == b"old"


def test_wrong_file_in_the_home_stays_when_the_download_fails(site, home):
    remote = site.remote("text/a.bin", CONTENT)
    site.moods = ["404"]
    (home / "text").mkdir(parents=True)
    (home / "text/a.bin").write_bytes(b"old")
    with pytest.warns(UserWarning, match="downloaded again"), pytest.raises(OSError, match="404"):
        fetch_file(remote)
    assert (home / "text/a.bin").read_bytes() == b"old"


def test_progress_is_shown_in_bytes(site, home, monkeypatch):
    bars = []

    class Bar(_download.tqdm):
        def __init__(self, *args, **kwargs):
            bars.append(self)
            super().__init__(*args, **{**kwargs, "disable": False, "leave": False})

    monkeypatch.setattr(_download, "tqdm", Bar)
    fetch_file(site.remote("text/a.bin", CONTENT))
    (bar,) = bars
    assert bar.n == bar.total == len(CONTENT)
    assert bar.desc.startswith("text/a.bin")
