"""A store whose file, folder or disk goes wrong: nothing wrong is ever read, and the caller goes on with a warning."""

import os
import random
import sqlite3
import subprocess
import warnings
from contextlib import closing

import numpy as np
import pytest
from filelock import FileLock

from sklearn_llmtokens.exceptions import StoreError, StoreWarning

from .store_helpers import (
    FINGERPRINT,
    LOCK_SECONDS,
    NAMESPACE,
    OTHER,
    Child,
    another_connection,
    holds,
    key,
    keys,
    open_cache,
    read,
    set_wait_for_claims,
    vectors,
)

resource = pytest.importorskip("resource")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "vectors"


@pytest.fixture
def path(folder):
    """A database with 50 rows, closed."""
    store = open_cache(folder, FINGERPRINT)
    store.write([NAMESPACE], keys(50), [vectors(50, 384)])
    store.close()
    return folder / f"{FINGERPRINT}.sqlite3"


@pytest.fixture
def mount(tmp_path):
    """Mount small file systems, where this user may."""
    mounted = []

    def mount(*arguments):
        point = tmp_path / f"mount{len(mounted)}"
        point.mkdir()
        done = subprocess.run(["mount", *arguments, str(point)], capture_output=True)
        if done.returncode:
            pytest.skip("this user cannot mount")
        mounted.append(point)
        return point

    yield mount
    for point in mounted:
        subprocess.run(["umount", "-l", str(point)], check=True)


def overwrite(path, data: bytes, at: int = 0):
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(data)


def renamed(path):
    return [file for file in path.parent.iterdir() if ".damaged-" in file.name and not file.name.endswith("-journal")]


def assert_goes_on(folder):
    store = open_cache(folder, FINGERPRINT)
    store.write([NAMESPACE], keys(50), [vectors(50, 384)])
    assert holds(store, 50, 384)


def test_a_damaged_row_is_a_miss_and_is_written_anew(folder, path):
    data = path.read_bytes()
    overwrite(path, b"\x01", data.index(vectors(1, 384, start=20).tobytes()) + 50)
    overwrite(path, b"\x01", data.index(vectors(1, 384, start=30).tobytes()) + 90)
    store = open_cache(folder, FINGERPRINT)
    with pytest.warns(StoreWarning, match=r"2 damaged rows \(wrong checksums\)") as caught:
        found, out = read(store, 50, 384)
    assert len(caught) == 1
    assert list(np.flatnonzero(~found)) == [20, 30]
    assert (out[[20, 30]] == -1).all()
    store.write([NAMESPACE], [key(20), key(30)], [vectors(50, 384)[[20, 30]]])
    assert holds(store, 50, 384)


@pytest.mark.filterwarnings("ignore::sklearn_llmtokens.exceptions.StoreWarning")
def test_flipped_bits_never_give_a_wrong_vector(folder, path):
    whole, rng, n_lost = path.read_bytes(), random.Random(0), 0
    # Half of them in the pages of the schema and the index, which are few.
    places = [rng.randrange(len(whole)) for _ in range(60)] + [rng.randrange(4096) for _ in range(60)]
    for place in places:
        path.write_bytes(whole)
        overwrite(path, bytes([whole[place] ^ 1 << rng.randrange(8)]), place)
        try:
            store = open_cache(folder, FINGERPRINT)
        except StoreError:
            continue  # the bit was one of the version's
        found, out = read(store, 50, 384)
        np.testing.assert_array_equal(out[found], vectors(50, 384)[found])
        n_lost += not found.all()
        store.write([NAMESPACE], keys(50), [vectors(50, 384)])
        assert holds(store, 50, 384)
        store.close()
    assert n_lost > 5


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: os.truncate(path, path.stat().st_size - 20_000),
        lambda path: os.truncate(path, 40),
        lambda path: os.truncate(path, 0),
        lambda path: overwrite(path, b"garbage" * 30),
        lambda path: path.write_bytes(random.Random(0).randbytes(100_000)),
        lambda path: overwrite(path, bytes(16384)),
        lambda path: sqlite3.connect(path).execute("PRAGMA application_id=7").connection.close(),
        lambda path: sqlite3.connect(path).execute("DROP TABLE vectors").connection.close(),
    ],
    ids=[
        "cut",
        "cut short",
        "empty",
        "garbage header",
        "garbage",
        "zeros",
        "another application's",
        "without its table",
    ],
)
@pytest.mark.parametrize("first", ["read", "write", "forget", "clear", "info"])
def test_a_damaged_file_is_renamed_and_a_new_one_begun(folder, path, damage, first):
    damage(path)
    store = open_cache(folder, FINGERPRINT)
    call = {
        "read": lambda: read(store, 50, 384),
        "write": lambda: store.write([NAMESPACE], keys(50), [vectors(50, 384)]),
        "forget": lambda: store.forget(keys(50)),
        "clear": lambda: store.forget([b""]),
        "info": store.info,
    }[first]
    with pytest.warns(StoreWarning, match=r"is damaged \(.*\): it was renamed to .*damaged-.*, and a new one"):
        call()
    # A renamed file holds vectors too, and goes with them.
    assert len(renamed(path)) == (first not in ("forget", "clear"))
    assert_goes_on(folder)


def test_only_the_last_damaged_file_is_kept(folder, path):
    for _ in range(2):
        overwrite(path, b"garbage")
        store = open_cache(folder, FINGERPRINT)
        with pytest.warns(StoreWarning, match="was renamed to"):
            store.write([NAMESPACE], keys(50), [vectors(50, 384)])
        store.close()
    assert len(renamed(path)) == 1


def test_a_journal_goes_with_its_damaged_database(folder, path):
    overwrite(path, b"garbage" * 30)
    journal = path.with_name(path.name + "-journal")
    journal.write_bytes(b"left behind")
    with pytest.warns(StoreWarning, match="was renamed to"):
        read(open_cache(folder, FINGERPRINT), 1)
    assert not journal.exists()
    assert_goes_on(folder)


def test_damage_under_an_open_connection(folder, path):
    store = open_cache(folder, FINGERPRINT)
    assert holds(store, 50, 384)
    os.truncate(path, 20_000)
    with pytest.warns(StoreWarning, match="was renamed to"):
        assert not read(store, 50, 384)[0].any()
    assert_goes_on(folder)


def test_a_folder_that_is_removed_under_an_open_store_is_made_again(folder, path):
    store = open_cache(folder, FINGERPRINT)
    assert holds(store, 50, 384)
    subprocess.run(["rm", "-r", str(folder)], check=True)
    assert not read(store, 50, 384)[0].any()
    assert_goes_on(folder)


def test_a_later_version_is_refused_and_left_alone(folder, path):
    with closing(sqlite3.connect(path)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute(f"PRAGMA user_version={version + 1}")
    before = path.read_bytes()
    with pytest.raises(StoreError, match=f"has version {version + 1} .* reads version {version}"):
        open_cache(folder, FINGERPRINT)
    assert path.read_bytes() == before


def test_a_database_that_was_put_into_wal_mode_is_put_back(folder, path):
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA journal_mode=WAL").fetchone() == ("wal",)
    connection.close()
    assert_goes_on(folder)
    # Bytes 18 and 19 of the header are the versions of the format: 2 is WAL, 1 a rollback journal.
    assert path.read_bytes()[18:20] == b"\1\1"


def test_a_folder_of_a_user_who_does_not_exist_is_refused():
    with pytest.raises(StoreError, match=r"cache='~nosuchuser/x': there is no such user"):
        open_cache("~nosuchuser/x", FINGERPRINT)


def test_a_world_writable_folder_is_refused(folder):
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(StoreError, match="can be written by every user"):
        open_cache(folder, FINGERPRINT)


def test_a_folder_of_another_user_is_refused(folder):
    folder.mkdir()
    try:
        os.chown(folder, 12345, 12345)
    except PermissionError:
        pytest.skip("this user cannot give a folder away")
    with pytest.raises(StoreError, match=r"belongs to another user \(uid 12345\)"):
        open_cache(folder, FINGERPRINT)


def test_a_file_or_nothing_in_place_of_a_folder_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="is a file"):
        open_cache(tmp_path / "file", FINGERPRINT)
    with pytest.raises(StoreError, match="names no folder"):
        open_cache("", FINGERPRINT)


def test_a_read_only_folder_is_read_and_not_written(mount, folder, path):
    place = mount("--bind", str(folder))
    subprocess.run(["mount", "-o", "remount,ro,bind", str(place)], check=True)
    store = open_cache(place, FINGERPRINT)
    assert holds(store, 50, 384)
    with pytest.warns(StoreWarning, match="could not be written"):
        store.write([NAMESPACE], keys(1, 60), [vectors(1, 384, start=60)])
    with pytest.warns(StoreWarning, match="could not be erased"):
        assert store.forget(keys(1)) == 0
    with pytest.warns(StoreWarning, match="several processes at once"), store.claim([NAMESPACE], keys(3, 49)) as claim:
        assert claim.mine.tolist() == [False, True, True]
    assert holds(store, 50, 384)
    store.close()


def test_a_folder_that_cannot_be_made(mount):
    place = mount("-t", "tmpfs", "-o", "ro,size=64k", "tmpfs")
    store = open_cache(place / "vectors", FINGERPRINT)
    assert not read(store, 1)[0].any()
    with pytest.warns(StoreWarning, match="could not be written"):
        store.write([NAMESPACE], keys(1), [vectors(1)])
    assert store.info().rows == 0


def test_a_full_disk_keeps_what_was_committed(mount):
    place = mount("-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs")
    store = open_cache(place, FINGERPRINT)
    store.write([NAMESPACE], keys(50), [vectors(50, 384)])
    with pytest.warns(StoreWarning, match=r"could not be written \(.*(full|I/O error)"):
        store.write([NAMESPACE], keys(5000, 50), [vectors(5000, 384)])
    assert holds(store, 50, 384)
    store.close()


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_file_at_its_limit_keeps_what_was_committed(folder):
    def run(say, listen):
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
        for i in range(40):
            store = open_cache(folder, FINGERPRINT)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                store.write([NAMESPACE], keys(1, i), [vectors(1, 4000, i)])
            say(caught[0].message if caught else "kept")
        found, out = read(store, 40, 4000)
        assert np.array_equal(out[found], vectors(40, 4000)[found])
        say(found.sum())

    child = Child(run)
    *said, n_found = child.lines.read().splitlines()
    assert child.end() == 0
    n_kept = said.count("kept")
    assert 5 < n_kept < 40
    assert "could not be written" in said[n_kept]
    assert n_found == str(n_kept)
    found, out = read(open_cache(folder, FINGERPRINT), n_kept, 4000)
    assert found.all()
    np.testing.assert_array_equal(out, vectors(n_kept, 4000))


def test_a_writer_that_holds_its_lock_is_waited_for_no_longer_than_the_limit(folder, path, monkeypatch):
    monkeypatch.setenv(LOCK_SECONDS, "0.05")
    store = open_cache(folder, FINGERPRINT)
    with FileLock(path.with_name(f"{FINGERPRINT}.writer")):
        assert holds(store, 50, 384)
        with pytest.warns(StoreWarning, match="could not be written .*could not be acquired.* here 0.05 s"):
            store.write([NAMESPACE], keys(1), [vectors(1, 384)])
        store.write([NAMESPACE], keys(1), [vectors(1, 384)])  # neither waits nor warns again
    store.write([OTHER], keys(1), [vectors(1, 384)])
    assert holds(store, 50, 384)


def test_a_claim_that_never_ends_is_waited_for_no_longer_than_the_limit(folder, monkeypatch):
    set_wait_for_claims(monkeypatch, 0.05)
    first, second = (another_connection(folder) for _ in range(2))
    with first.claim([NAMESPACE], keys(5, 60)):
        with second.claim([NAMESPACE], keys(5, 62)) as claim:
            assert claim.mine.tolist() == [False, False, False, True, True]
        claim.wait_for_others()
        with second.claim([NAMESPACE], keys(5, 60)) as claim:
            assert claim.mine.all()


@pytest.mark.parametrize("garbage", [b"", b"\0", b"garbage" * 1000])
def test_a_damaged_list_of_claims_delays_nobody(folder, garbage):
    first, second = (another_connection(folder) for _ in range(2))
    with first.claim([NAMESPACE], keys(3, 60)):
        (listed,) = (file for file in folder.glob("*.claims.*") if file.suffix != ".lock")
        listed.write_bytes(garbage)
        with second.claim([NAMESPACE], keys(3, 60)) as claim:
            assert claim.mine.all()
    assert not list(folder.glob("*.claims.*"))


def test_what_a_claim_of_a_dead_process_has_left_is_removed(folder, path):
    left = path.with_name(f"{FINGERPRINT}.claims.{'0' * 32}")
    left.write_bytes(b"\x20" + key(60) + NAMESPACE)
    left.with_name(f"{left.name}.lock").touch()
    with another_connection(folder).claim([NAMESPACE], keys(3, 60)) as claim:
        assert claim.mine.all()
    assert not list(folder.glob("*.claims.*"))


def test_warnings_as_errors_leave_no_lock_behind(folder, path):
    overwrite(path, b"garbage" * 30)
    store = open_cache(folder, FINGERPRINT)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(StoreWarning, match="was renamed to"):
            store.write([NAMESPACE], keys(50), [vectors(50, 384)])
    assert holds(store, 50, 384)


def test_claims_that_are_locked_are_waited_for_once_a_call(folder, path, monkeypatch):
    monkeypatch.setenv(LOCK_SECONDS, "0.05")
    store = open_cache(folder, FINGERPRINT)
    with FileLock(path.with_name(f"{FINGERPRINT}.claims")):
        with (
            pytest.warns(StoreWarning, match="several processes at once .*could not be acquired"),
            store.claim([NAMESPACE], keys(3, 60)) as claim,
        ):
            assert claim.mine.all()
        with store.claim([NAMESPACE], keys(3, 60)) as claim:  # does not warn again
            assert claim.mine.all()
    assert not list(folder.glob("*.claims.*"))
