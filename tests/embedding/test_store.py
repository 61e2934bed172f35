"""What every store promises, in memory and in a folder."""

import pickle
import threading

import numpy as np
import pytest

from sklearn_llmtokens.exceptions import StoreError

from .store_helpers import (
    ENTRY_BYTES,
    FINGERPRINT,
    MEMORY_BYTES,
    NAMESPACE,
    OTHER,
    STORE_BYTES,
    holds,
    interrupt_claims,
    key,
    keys,
    open_cache,
    read,
    set_memory_limit,
    vectors,
)


@pytest.fixture(params=["memory", "folder"])
def store(request, tmp_path):
    store = open_cache("memory" if request.param == "memory" else tmp_path / "vectors", FINGERPRINT)
    yield store
    store.forget([b""])


def test_what_is_written_is_read(store):
    store.write([NAMESPACE], keys(100), [vectors(100)])
    assert holds(store, 100)


def test_rows_that_are_not_found_are_left_as_they_are(store):
    store.write([NAMESPACE], keys(3), [vectors(3)])
    found, out = read(store, 5)
    np.testing.assert_array_equal(found, [True, True, True, False, False])
    np.testing.assert_array_equal(out[:3], vectors(3))
    assert (out[3:] == -1).all()


def test_a_key_that_is_asked_for_twice_is_filled_twice(store):
    store.write([NAMESPACE], keys(2), [vectors(2)])
    for _ in range(2):
        out = np.zeros((5, 8), np.float32)
        wanted = [key(1), key(9), key(0), key(9), key(1)]
        assert list(store.read(NAMESPACE, wanted, out)) == [True, False, True, False, True]
        np.testing.assert_array_equal(out[[0, 2, 4]], vectors(2)[[1, 0, 1]])
        assert not out[[1, 3]].any()


def test_rows_in_any_order_with_others_between_them(store):
    store.write([NAMESPACE], keys(3000), [vectors(3000)])
    idx = np.random.default_rng(0).permutation(3000)[:2700]
    out = np.zeros((2700, 8), np.float32)
    assert store.read(NAMESPACE, [key(i) for i in idx], out).all()
    np.testing.assert_array_equal(out, vectors(3000)[idx])


def test_the_last_vector_written_counts(store):
    store.write([NAMESPACE], [key(0), key(0)], [vectors(2, start=5)])
    store.write([NAMESPACE], keys(1), [vectors(1)])
    assert holds(store, 1)
    assert store.info().rows == 1


def test_namespaces_do_not_see_each_other(store):
    store.write([OTHER], keys(1), [vectors(1)])
    assert not read(store, 1)[0].any()
    assert read(store, 1, namespace=OTHER)[0].all()


def test_checkpoints_do_not_see_each_other(store, tmp_path):
    other = open_cache("memory" if store.info().location == "memory" else tmp_path / "vectors", "another")
    store.write([NAMESPACE], keys(2), [vectors(2)])
    assert not read(other, 2)[0].any()
    other.forget([b""])
    assert holds(store, 2)


def test_contains_looks_without_reading_or_counting(store):
    store.write([OTHER], keys(2), [vectors(2)])
    before = store.info()
    np.testing.assert_array_equal(
        store.contains([NAMESPACE, OTHER], keys(3)), [[False, False, False], [True, True, False]]
    )
    assert store.contains([NAMESPACE], []).shape == (1, 0)
    assert store.info() == before


def test_a_claim_covers_several_namespaces(store):
    store.write([NAMESPACE], keys(1), [vectors(1)])
    with store.claim([NAMESPACE, OTHER], keys(3000)) as claim:
        assert claim.mine.all()  # of the first one a row is missing, of the others both
        with store.claim([OTHER], keys(3, 2998)) as other:
            assert other.mine.tolist() == [False, False, True]
    with store.claim([OTHER], keys(3)) as claim:
        assert claim.mine.all()


def test_no_keys_at_all(store):
    store.write([NAMESPACE], [], [np.empty((0, 8), np.float32)])
    assert len(store.read(NAMESPACE, [], np.empty((0, 8), np.float32))) == 0
    with store.claim([NAMESPACE], []) as claim:
        assert claim.mine.shape == (0,)


def test_rows_of_another_width_are_misses(store):
    store.write([NAMESPACE], keys(2), [vectors(2, 4)])
    assert not read(store, 2, 8)[0].any()


def test_many_parts_and_slices_of_larger_arrays(store):
    wide = np.zeros((20_000, 6), np.float32)
    wide[:, ::2] = vectors(20_000, 3)
    store.write([NAMESPACE], keys(20_000), [wide[:, ::2]])
    assert holds(store, 20_000, 3)


def test_what_is_written_is_a_copy(store):
    rows = vectors(2)
    store.write([NAMESPACE], keys(2), [rows])
    rows[:] = 0
    assert holds(store, 2)


@pytest.mark.parametrize("values", [[np.float32(1e-42)], [3.4e38], [-0.0], [np.nan], [np.inf]])
def test_every_float_is_kept_bit_by_bit(store, values):
    rows = np.array([values], np.float32)
    store.write([NAMESPACE], keys(1), [rows])
    assert read(store, 1, 1)[1].tobytes() == rows.tobytes()


def test_forget_erases_a_prefix_in_every_namespace(store):
    longer = [key(0) + b"spans---", key(0) + b"others--", key(1) + b"spans---"]
    for namespace in (NAMESPACE, OTHER):
        store.write([namespace], keys(3), [vectors(3)])
        store.write([namespace], longer, [vectors(3)])
    assert store.forget([key(0), key(2) + b"absent--"]) == 6
    np.testing.assert_array_equal(read(store, 3)[0], [False, True, True])
    assert store.info().rows == 6
    assert store.forget([]) == 0


def test_a_prefix_never_matches_the_namespace_behind_a_key(store):
    store.write([NAMESPACE], keys(1), [vectors(1)])
    assert store.forget([key(0) + NAMESPACE[:4]]) == 0


def test_clear_and_counts(store):
    store.write([NAMESPACE], keys(4), [vectors(4)])
    before = store.info()
    read(store, 6)
    after = store.info()
    assert (after.hits - before.hits, after.misses - before.misses) == (4, 2)
    assert after.rows == 4
    assert 4 * 8 * 4 <= after.bytes <= after.max_bytes
    store.forget([b""])
    assert store.info().rows == 0
    assert not read(store, 4)[0].any()


def test_a_namespace_of_the_wrong_length_is_refused(store):
    with pytest.raises(ValueError, match="16 bytes, got 3"):
        store.read(b"abc", keys(1), np.empty((1, 8), np.float32))


def test_a_store_is_never_pickled(store):
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps(store)


def test_two_threads_that_miss_the_same_texts_compute_each_once(store):
    computed = []

    def embed(offset):
        for start in range(offset, offset + 60, 10):
            wanted = keys(20, start)
            with store.claim([NAMESPACE], wanted) as claim:
                missing = [k for k, is_mine in zip(wanted, claim.mine, strict=True) if is_mine]
                computed.extend(missing)
                store.write([NAMESPACE], missing, [vectors(len(missing))])
            claim.wait_for_others()
            assert store.read(NAMESPACE, wanted, np.empty((20, 8), np.float32)).all()

    threads = [threading.Thread(target=embed, args=(offset,)) for offset in (0, 5, 10, 0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(computed) == len(set(computed)) == 80


def test_texts_that_are_claimed_are_left_to_others(store):
    with store.claim([NAMESPACE], keys(5)) as first:
        assert first.mine.all()
        with store.claim([NAMESPACE], keys(5, 3)) as second:
            assert second.mine.tolist() == [False, False, True, True, True]
    second.wait_for_others()
    with store.claim([NAMESPACE], keys(5)) as third:  # the first one has stored nothing
        assert third.mine.all()


def test_who_waits_goes_on_when_the_claim_ends(store):
    claimed, waited = threading.Event(), threading.Event()

    def other():
        with store.claim([NAMESPACE], keys(5)) as claim:
            assert not claim.mine.any()
        claimed.set()
        claim.wait_for_others()
        waited.set()

    with store.claim([NAMESPACE], keys(5)):
        thread = threading.Thread(target=other)
        thread.start()
        assert claimed.wait(20)
        assert not waited.is_set()
        store.write([NAMESPACE], keys(5), [vectors(5)])
    assert waited.wait(20)
    thread.join()


def test_what_is_stored_is_not_claimed(store):
    store.write([NAMESPACE], keys(2), [vectors(2)])
    with store.claim([NAMESPACE], keys(3)) as claim:
        assert claim.mine.tolist() == [False, False, True]


def test_a_claim_ends_with_the_error_that_leaves_it(store):
    with pytest.raises(KeyboardInterrupt), store.claim([NAMESPACE], keys(2)):
        raise KeyboardInterrupt
    with store.claim([NAMESPACE], keys(2)) as claim:
        assert claim.mine.all()


def raised_by_a_claim(store):
    try:
        with store.claim([NAMESPACE], keys(2)):
            return None
    except KeyboardInterrupt as error:
        return error


def test_an_interrupt_in_the_middle_of_claiming_leaves_no_claim(store, monkeypatch):
    n_interrupted = 0
    for interrupt in interrupt_claims:
        with monkeypatch.context() as patch:
            interrupt(patch)
            # An interactive session keeps the last traceback, and with it all variables, as `interrupted` does here.
            interrupted = raised_by_a_claim(store)
        if interrupted is None:
            continue
        n_interrupted += 1
        with store.claim([NAMESPACE], keys(2)) as claim:
            pass
        assert claim.mine.all()
    assert n_interrupted == 2


def test_no_store_keeps_nothing():
    store = open_cache(None, FINGERPRINT)
    with store.claim([NAMESPACE], keys(2)) as claim:
        assert claim.mine.all()
        store.write([NAMESPACE], keys(2), [vectors(2)])
    assert not read(store, 2)[0].any()
    assert not store.contains([NAMESPACE, OTHER], keys(2)).any()
    assert store.forget(keys(2)) == 0
    store.forget([b""])
    assert store.info().location is None


@pytest.fixture
def small_memory():
    yield lambda n_rows: set_memory_limit(n_rows * (ENTRY_BYTES + 32))
    set_memory_limit(None)


def test_memory_drops_the_least_recently_used(small_memory):
    store = open_cache("memory", FINGERPRINT)
    store.forget([b""])
    small_memory(4)
    store.write([NAMESPACE], keys(4), [vectors(4)])
    read(store, 1)
    store.write([NAMESPACE], keys(1, 4), [vectors(1, start=4)])
    np.testing.assert_array_equal(read(store, 5)[0], [True, False, True, True, True])
    small_memory(1)
    np.testing.assert_array_equal(read(store, 5)[0], [False, False, False, False, True])


def test_the_limit_of_the_memory_comes_from_the_environment(monkeypatch):
    store = open_cache("memory", FINGERPRINT)
    monkeypatch.setenv(MEMORY_BYTES, "12345")
    assert store.info().max_bytes == 12345
    monkeypatch.setenv(MEMORY_BYTES, "much")
    with pytest.raises(StoreError, match="SKLEARN_LLMTOKENS_MEMORY_BYTES='much' is not a number of bytes"):
        store.info()
    with pytest.raises(ValueError, match="at least 0"):
        set_memory_limit(-1)


def test_a_folder_drops_what_was_written_first(tmp_path, monkeypatch):
    monkeypatch.setenv(STORE_BYTES, str(2**20))
    store = open_cache(tmp_path, FINGERPRINT)
    for start in range(0, 2000, 100):
        store.write([NAMESPACE], keys(100, start), [vectors(100, 384, start)])
        assert store.info().bytes <= 2**20
    found, out = read(store, 2000, 384)
    n_kept = int(found.sum())
    assert 300 < n_kept < 700
    assert found[-n_kept:].all()
    np.testing.assert_array_equal(out[found], vectors(2000, 384)[found])


def test_a_later_run_finds_what_was_written(tmp_path):
    open_cache(tmp_path, FINGERPRINT).write([NAMESPACE], keys(5), [vectors(5)])
    store = open_cache(str(tmp_path), FINGERPRINT)
    store.close()
    assert holds(store, 5)


def test_the_folder_and_the_file_are_private(tmp_path):
    store = open_cache(tmp_path / "a" / "b", FINGERPRINT)
    store.write([NAMESPACE], keys(1), [vectors(1)])
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "a" / "b").iterdir()} == {0}


def test_forgotten_and_cleared_bytes_are_gone_from_the_file(tmp_path):
    store = open_cache(tmp_path, FINGERPRINT)
    secret, kept = vectors(1, 384, start=7_000_000), vectors(1, 384)
    store.write([NAMESPACE], [key(1), key(2)], [np.concatenate([secret, kept])])
    path = tmp_path / f"{FINGERPRINT}.sqlite3"
    assert secret.tobytes()[:200] in path.read_bytes()
    assert store.forget([key(1)]) == 1
    assert secret.tobytes()[:200] not in path.read_bytes()
    assert key(1) not in path.read_bytes()
    assert kept.tobytes()[:200] in path.read_bytes()
    store.forget([b""])
    assert kept.tobytes()[:200] not in path.read_bytes()
    assert key(2) not in path.read_bytes()
