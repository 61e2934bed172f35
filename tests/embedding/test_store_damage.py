"""Damage to a store's file, locks that others hold, and who may write to it: what `LLMTokenEmbedder` does then."""

import os
import sqlite3
import subprocess
import sys
import warnings

import numpy as np
import pytest

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.exceptions import StoreError, StoreWarning
from tests.embedding.store_helpers import LOCK_SECONDS, check_no_file_when_opened, open_cache, use_in_vain
from tests.inside import set_chunk_texts

TEXTS = ["good " * (i + 1) for i in range(12)]  # known to the small vocabulary: no other warning


@pytest.fixture
def embedder(checkpoints, tmp_path):
    """An embedder whose folder has the vectors of `TEXTS`, and the folder's database."""
    found = LLMTokenEmbedder(checkpoints["bert"], cache=tmp_path / "vectors").fit(TEXTS)
    found.transform(TEXTS)
    (path,) = (tmp_path / "vectors").glob("*.sqlite3")
    return found, path


@pytest.fixture
def small_file(embedder):
    """The bytes of a database with pages of 512 bytes, its name, and its vectors."""
    found, path = embedder
    vectors = found.transform(TEXTS)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA page_size=512")
    connection.execute("VACUUM")
    connection.close()
    return path.read_bytes(), path.name, vectors


def transform(embedder, texts=TEXTS):
    """Return rows, the number of texts that were not found, and the messages of the store."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        before = embedder.cache_info().misses
        rows = embedder.transform(texts)
        n_misses = embedder.cache_info().misses - before
    assert {warning.category for warning in caught} <= {StoreWarning}
    return rows, n_misses, [str(warning.message) for warning in caught]


def flip(data: bytes, bit: int) -> bytes:
    return data[: bit // 8] + bytes([data[bit // 8] ^ 1 << bit % 8]) + data[bit // 8 + 1 :]


def check_flipped_bits(bits, small_file, embedder, tmp_path):
    data, name, vectors = small_file
    n_missed = 0
    for bit in bits:
        folder = tmp_path / f"bit {bit}"
        folder.mkdir(mode=0o700)
        (folder / name).write_bytes(flip(data, bit))
        damaged = LLMTokenEmbedder(embedder[0].model, cache=folder).fit(TEXTS)
        rows, n_misses, messages = transform(damaged)
        np.testing.assert_allclose(rows, vectors, atol=1e-6, err_msg=f"bit {bit}")
        assert bool(n_misses) == bool(messages), f"bit {bit}: {n_misses} misses, {messages}"
        np.testing.assert_allclose(damaged.transform(TEXTS), vectors, atol=1e-6)  # a warning would be an error here
        assert damaged.cache_info().misses == n_misses, f"bit {bit} is not healed"
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            n_forgotten = damaged.forget(TEXTS)
        # Byte 18 of the file says who may write: SQLite reads on, and finds out when it writes.
        assert n_forgotten == len(TEXTS) or (bit // 8 == 18 and "is damaged" in str(caught[0].message))
        for file in folder.iterdir():
            assert vectors[0].tobytes()[:64] not in file.read_bytes(), f"bit {bit}: {file.name} has not forgotten"
        n_missed += bool(n_misses)
    return n_missed


def test_a_flipped_bit_is_a_miss_a_warning_and_is_healed(small_file, embedder, tmp_path):
    # A few of every page, and more of the first page and of the index, where most bits matter.
    n_bits = 8 * len(small_file[0])
    bits = sorted({*range(7, n_bits, 1009), *range(3, 8 * 512, 257), *range(3 * 4096, 4 * 4096, 257)})
    assert check_flipped_bits(bits, small_file, embedder, tmp_path) > len(bits) // 4


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_flipped_bit_of_each_byte_is_a_miss_a_warning_and_is_healed(small_file, embedder, tmp_path):
    bits = [*range(8 * 100), *(8 * byte + byte % 8 for byte in range(100, len(small_file[0])))]  # all of the header
    assert check_flipped_bits(bits, small_file, embedder, tmp_path) > len(bits) // 4


def test_an_index_that_leads_to_another_row_is_damage_in_a_file_of_any_size(
    small_file, embedder, tmp_path, monkeypatch
):
    """Larger files are not checked when they are opened: the rows themselves must show it."""
    check_no_file_when_opened(monkeypatch)
    data, name, vectors = small_file
    for bit in range(3 * 4096 + 5, 4 * 4096, 239):
        folder = tmp_path / f"bit {bit}"
        folder.mkdir(mode=0o700)
        (folder / name).write_bytes(flip(data, bit))
        damaged = LLMTokenEmbedder(embedder[0].model, cache=folder).fit(TEXTS)
        for _ in range(3):
            rows, n_misses, _ = transform(damaged)
            np.testing.assert_allclose(rows, vectors, atol=1e-6, err_msg=f"bit {bit}")
        assert not n_misses, f"bit {bit} is not healed"


def test_a_flipped_bit_of_the_version_is_damage_and_another_version_is_refused(embedder):
    found, path = embedder
    data = path.read_bytes()
    for version, refused in ((3, False), (257, False), (0, False), (2, True), (4, True), (99, True)):
        path.unlink()
        path.write_bytes(data[:60] + version.to_bytes(4) + data[64:])
        path.chmod(0o600)
        if refused:
            with pytest.raises(StoreError, match=f"has version {version} of the store's format"):
                found.transform(TEXTS)
        else:
            with pytest.warns(StoreWarning, match="is damaged .* was renamed to"):
                found.transform(TEXTS)


def test_a_database_with_a_trigger_is_damage(embedder):
    found, path = embedder
    connection = sqlite3.connect(path)
    connection.execute("CREATE TRIGGER t AFTER INSERT ON vectors BEGIN DELETE FROM vectors; END")
    connection.close()
    other = path.with_name("copy")
    path.rename(other)
    path.write_bytes(other.read_bytes())
    path.chmod(0o600)
    with pytest.warns(StoreWarning, match="its tables are not those of a store"):
        found.transform(TEXTS)


@pytest.fixture
def other_process(embedder):
    """The database through a connection that does not know of this one."""
    connection = sqlite3.connect(embedder[1], isolation_level=None)
    yield connection
    connection.close()


@pytest.fixture
def waits(monkeypatch):
    """How long each use of the database waited for locks that it did not get."""
    return use_in_vain(monkeypatch)


def test_a_locked_database_is_waited_for_once_a_call_with_one_warning(embedder, other_process, waits, monkeypatch):
    monkeypatch.setenv(LOCK_SECONDS, "0.05")
    set_chunk_texts(monkeypatch, 3)
    found, path = embedder
    texts = [*TEXTS, *(f"another text {i}" for i in range(20))]
    expected = LLMTokenEmbedder(found.model, cache=None).fit_transform(texts)
    other_process.execute("BEGIN EXCLUSIVE")
    for _ in range(2):
        waits.clear()
        with pytest.warns(
            StoreWarning, match=rf"{path.name} could not be read .*locked.*{LOCK_SECONDS} sets .* here 0.05 s"
        ) as w:
            rows = found.transform(texts)
        assert len(w) == 1
        assert len(waits) > 10  # it is tried again for each shard
        assert [seconds for seconds in waits if seconds] == [0.05]
        np.testing.assert_allclose(rows, expected, atol=1e-6)
    other_process.execute("COMMIT")
    assert transform(found, texts)[1:] == (20, [])
    assert transform(found, texts)[1:] == (0, [])


def test_a_database_that_another_writes_to_is_read_and_waited_for_once(embedder, other_process, waits, monkeypatch):
    monkeypatch.setenv(LOCK_SECONDS, "0.05")
    set_chunk_texts(monkeypatch, 3)
    found, _ = embedder
    other_process.execute("BEGIN IMMEDIATE")
    with pytest.warns(StoreWarning, match="could not be written") as caught:
        found.transform([*TEXTS, *(f"another text {i}" for i in range(20))])
    assert len(caught) == 1
    assert [seconds for seconds in waits if seconds] == [0.05]
    assert found.cache_info().misses == 32
    other_process.execute("COMMIT")


def test_opening_a_store_leaves_the_locks_of_other_threads_alone(embedder, other_process):
    """Closing any descriptor of a file frees all POSIX locks that the process holds on it."""
    found, path = embedder
    other_process.execute("BEGIN IMMEDIATE")
    found.transform(TEXTS)
    found.cache_info()
    LLMTokenEmbedder(found.model, cache=path.parent).fit(TEXTS).transform(TEXTS)
    code = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('BEGIN IMMEDIATE')"
    tried = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True)
    assert "database is locked" in tried.stderr
    other_process.execute("COMMIT")


def test_erasing_from_a_locked_database_says_that_it_was_not_done(embedder, other_process, monkeypatch):
    monkeypatch.setenv(LOCK_SECONDS, "0.05")
    found, _ = embedder
    other_process.execute("BEGIN EXCLUSIVE")
    with pytest.warns(StoreWarning, match="could not be erased"):
        assert found.forget(TEXTS) == 0
    other_process.execute("COMMIT")
    assert found.forget(TEXTS) == len(TEXTS)


@pytest.mark.parametrize("value", ["１２", "1_000", "-1", "1e3", "nan", "²", "9" * 5000, "0x10", "+5"])
@pytest.mark.parametrize("name", ["LOCK_SECONDS", "STORE_BYTES", "RECENT_BYTES", "MEMORY_BYTES"])
def test_a_bound_in_other_than_plain_digits_is_refused(embedder, monkeypatch, name, value):
    found = embedder[0]
    found.set_params(cache="memory" if name == "MEMORY_BYTES" else found.cache)
    monkeypatch.setenv(f"SKLEARN_LLMTOKENS_{name}", value)
    with pytest.raises(
        StoreError, match=rf"^SKLEARN_LLMTOKENS_{name}='.{{1,30}}'(\.\.\.)? is not a number of"
    ) as caught:
        found.transform(TEXTS)
    assert len(str(caught.value)) < 160


@pytest.mark.parametrize(
    ("name", "value"), [("LOCK_SECONDS", "0.5"), ("LOCK_SECONDS", " 7 "), ("STORE_BYTES", "9999999 ")]
)
def test_a_bound_in_plain_digits_is_read(embedder, monkeypatch, name, value):
    monkeypatch.setenv(f"SKLEARN_LLMTOKENS_{name}", value)
    assert transform(embedder[0])[1:] == (0, [])


@pytest.mark.parametrize("cache", ["a\0b", "\ud800", "a" * 20 + "\udfff" + "b" * 100, ""])
def test_a_name_that_no_folder_can_have_is_refused(embedder, cache):
    found = embedder[0].set_params(cache=cache)
    with pytest.raises(
        StoreError, match=r"^cache='.{0,40}'(\.\.\.)? names no folder.*: pass a folder, 'memory' or None"
    ):
        found.transform(TEXTS)


def test_a_folder_whose_name_is_not_utf8_is_used(embedder, tmp_path):
    found = embedder[0].set_params(cache=os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    assert transform(found)[1:] == (len(TEXTS), [])
    assert transform(found)[1:] == (0, [])


def test_without_a_working_directory_a_relative_folder_keeps_nothing(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert open_cache(tmp_path / "vectors", "fingerprint").info().location == str(
        tmp_path / "vectors/fingerprint.sqlite3"
    )
    with pytest.warns(
        StoreWarning, match=r"^cache='vectors' is relative, and the working directory is gone: nothing is"
    ):
        store = open_cache("vectors", "fingerprint")
    assert store.info().location is None


def give_to_another_user(path):
    try:
        os.chown(path, 12345, 12345)
    except PermissionError:
        pytest.skip("this user cannot give a file away")


OTHERS = {
    "world-writable": (lambda path: path.chmod(path.stat().st_mode | 0o002), "can be written by every user"),
    "group-writable": (
        lambda path: path.chmod(path.stat().st_mode | 0o020),
        "can be written by the members of its group",
    ),
    "another's": (give_to_another_user, r"belongs to another user \(uid 12345\)"),
}


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs POSIX permissions")
@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("what", ["folder", "database", "journal", "log"])
def test_what_others_can_write_to_is_refused(embedder, kind, what):
    found, path = embedder
    place = {
        "folder": path.parent,
        "database": path,
        "journal": path.with_name(f"{path.name}-journal"),
        "log": path.with_name(f"{path.name}-wal"),
    }[what]
    if not place.exists():
        place.touch(0o600)
    change, message = OTHERS[kind]
    change(place)
    for call in (lambda: found.transform(TEXTS), lambda: found.forget(TEXTS), found.cache_info):
        with pytest.raises(StoreError, match=message):
            call()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs POSIX permissions")
def test_a_link_to_a_file_that_others_can_write_to_is_refused(embedder, tmp_path):
    found, path = embedder
    elsewhere = tmp_path / "elsewhere"
    path.rename(elsewhere)
    elsewhere.chmod(0o666)
    path.symlink_to(elsewhere)
    with pytest.raises(StoreError, match="can be written by every user"):
        found.transform(TEXTS)


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs Linux")
def test_many_folders_take_no_more_descriptors_than_a_few(embedder, tmp_path):
    found, _ = embedder
    n_open = len(os.listdir("/proc/self/fd"))
    for k in range(30):
        found.set_params(cache=tmp_path / f"folder {k}").transform(TEXTS)
    assert len(os.listdir("/proc/self/fd")) < n_open + 20
    for k in (0, 29):
        assert transform(found.set_params(cache=tmp_path / f"folder {k}"))[1:] == (0, [])
