"""Rows that a process keeps from a folder's file: never more than the bound, and never what the file no longer says."""

import os

import numpy as np
import pytest

from .store_helpers import (
    ENTRY_BYTES,
    FINGERPRINT,
    NAMESPACE,
    OTHER,
    RECENT_BYTES,
    STORE_BYTES,
    Child,
    another_connection,
    holds,
    keys,
    n_kept,
    open_cache,
    read,
    statements,
    vectors,
)


@pytest.fixture
def store(tmp_path):
    """A store whose first 20 rows have been read."""
    store = open_cache(tmp_path, FINGERPRINT)
    store.write([NAMESPACE], keys(20), [vectors(20)])
    assert holds(store, 20)
    return store


@pytest.fixture
def elsewhere(store, tmp_path):
    """The same file through another connection, as another process has it."""
    other = another_connection(tmp_path)
    yield other
    other.close()


def is_read_from_the_file(store, start: int, n: int = 1) -> bool:
    """Read rows, and return whether the file was asked for them."""
    return any("vector" in line for line in statements(store, lambda: read(store, n, start=start)))


def test_rows_are_read_from_the_file_once(store):
    assert is_read_from_the_file(store, 0, 21)
    assert not is_read_from_the_file(store, 0, 20)


def test_they_are_counted_as_hits(store):
    before = store.info().hits
    assert holds(store, 20)
    assert store.info().hits == before + 20


def test_rows_that_are_forgotten_elsewhere_are_gone(store, elsewhere):
    assert elsewhere.forget(keys(5)) == 5
    found, _ = read(store, 20)
    assert list(np.flatnonzero(~found)) == [0, 1, 2, 3, 4]


def test_a_store_that_is_cleared_elsewhere_is_empty(store, elsewhere):
    elsewhere.forget([b""])
    assert not read(store, 20)[0].any()


def test_rows_that_are_written_elsewhere_are_read(store, elsewhere):
    elsewhere.write([NAMESPACE], keys(3), [vectors(3, start=50)])
    np.testing.assert_array_equal(read(store, 3)[1], vectors(3, start=50))
    # It has read some of its own since, and is changed once more.
    elsewhere.write([NAMESPACE], keys(3), [vectors(3, start=60)])
    np.testing.assert_array_equal(read(store, 3)[1], vectors(3, start=60))


def test_rows_that_are_evicted_are_gone(store, elsewhere, tmp_path, monkeypatch):
    monkeypatch.setenv(STORE_BYTES, "1")
    for writer in (another_connection(tmp_path), open_cache(tmp_path, FINGERPRINT)):
        writer.write([OTHER], keys(1), [vectors(1)])
        assert not read(store, 20)[0].any()
        assert not read(elsewhere, 20)[0].any()


def test_rows_that_are_written_here_are_read(store):
    store.write([NAMESPACE], keys(3), [vectors(3, start=50)])
    np.testing.assert_array_equal(read(store, 3)[1], vectors(3, start=50))
    assert not is_read_from_the_file(store, 3, 17)


def test_rows_that_are_forgotten_here_are_gone(store):
    assert store.forget(keys(5)) == 5
    assert n_kept(store) == 0
    assert not read(store, 5)[0].any()


def test_another_file_in_its_place_is_read(store, tmp_path):
    other = open_cache(tmp_path / "other", FINGERPRINT)
    other.write([NAMESPACE], keys(20), [vectors(20, start=7)])
    other.close()
    os.replace(tmp_path / "other" / f"{FINGERPRINT}.sqlite3", tmp_path / f"{FINGERPRINT}.sqlite3")
    np.testing.assert_array_equal(read(store, 20)[1], vectors(20, start=7))


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_asks_the_file(store):
    def run(say, listen):
        say(n_kept(store))
        listen()
        say(read(store, 20)[0].sum())

    child = Child(run)
    assert child.lines.readline() == "0\n"
    store.forget(keys(5))
    child.tell()
    assert child.lines.readline() == "15\n"
    assert child.end() == 0


def test_no_more_is_kept_than_the_bound(tmp_path, monkeypatch):
    monkeypatch.setenv(RECENT_BYTES, str(10 * (32 + ENTRY_BYTES)))
    store = open_cache(tmp_path, FINGERPRINT)
    store.write([NAMESPACE], keys(100), [vectors(100)])
    assert holds(store, 100)
    assert n_kept(store) == 10
    monkeypatch.setenv(RECENT_BYTES, "0")
    assert holds(open_cache(tmp_path, FINGERPRINT), 100)
    assert n_kept(store) == 0


def test_the_oldest_go_first(tmp_path, monkeypatch):
    monkeypatch.setenv(RECENT_BYTES, str(3 * (32 + ENTRY_BYTES)))
    store = open_cache(tmp_path, FINGERPRINT)
    store.write([NAMESPACE], keys(10), [vectors(10)])
    for i in range(3):
        assert is_read_from_the_file(store, i)
    assert not is_read_from_the_file(store, 0)
    assert is_read_from_the_file(store, 3)
    assert not is_read_from_the_file(store, 1, 3)
    assert is_read_from_the_file(store, 0)


def test_several_namespaces_are_written_in_few_commits(store):
    namespaces = [bytes([i]) * 16 for i in range(10)]
    arrays = [vectors(900, 8, i) for i in range(10)]
    said = statements(store, lambda: store.write(namespaces, keys(900), arrays))
    assert said.count("COMMIT") == 3  # 4 x 900 rows are the most that go into one
    for namespace, array in zip(namespaces, arrays, strict=True):
        np.testing.assert_array_equal(read(store, 900, namespace=namespace)[1], array)
