"""Several processes on one store: killed, forked, or missing the same texts at the same time."""

import os
import random
import signal
import sqlite3
import threading

import numpy as np
import pytest

from .store_helpers import FINGERPRINT, NAMESPACE, Child, holds, keys, open_cache, read, vectors

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning"),
]


def writer(folder, start):
    def run(say, listen):
        store, at = open_cache(folder, FINGERPRINT), start
        for n in range(1, 10_000):
            store.write([NAMESPACE], keys(n, at), [vectors(n, 384, at)])
            at += n
            say(at)

    return run


def misser(folder):
    def run(say, listen):
        store = open_cache(folder, FINGERPRINT)
        listen()
        for start in range(0, 400, 20):
            wanted = keys(40, start)
            with store.claim([NAMESPACE], wanted) as claim:
                for i in np.flatnonzero(claim.mine) + start:
                    say(i)
                    store.write([NAMESPACE], keys(1, i), [vectors(1, 8, i)])
            claim.wait_for_others()
            assert store.read(NAMESPACE, wanted, np.empty((40, 8), np.float32)).all()

    return run


def holder_with_a_child(folder):
    def run(say, listen):
        with open_cache(folder, FINGERPRINT).claim([NAMESPACE], keys(100)):
            pid = os.fork()
            if pid == 0:
                signal.pause()
            say(pid)
            signal.pause()

    return run


def in_a_fork(check) -> int:
    """Run `check` in a forked child and give its exit code: 0 where it is true."""

    def run(say, listen):
        assert check()

    return Child(run).end()


def test_killed_writers_lose_nothing_that_was_acknowledged(tmp_path):
    rng, starts, acknowledged = random.Random(0), (0, 1_000_000), [0, 1_000_000]
    for _ in range(4):
        writers = [Child(writer(tmp_path, start)) for start in acknowledged]
        for i in rng.choices((0, 1), k=8):
            acknowledged[i] = int(writers[i].lines.readline())
        for child in writers:
            child.kill()
        for i, child in enumerate(writers):
            # What was acknowledged before the kill and not yet read.
            acknowledged[i] = int((["", *child.lines.read().split()])[-1] or acknowledged[i])
            assert child.end() == -signal.SIGKILL
    store = open_cache(tmp_path, FINGERPRINT)
    for start, end in zip(starts, acknowledged, strict=True):
        assert end > start
        found, out = read(store, end - start, 384, start)
        assert found.all()
        np.testing.assert_array_equal(out, vectors(end - start, 384, start))
    check = sqlite3.connect(tmp_path / f"{FINGERPRINT}.sqlite3")
    assert check.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    check.close()


def test_two_processes_that_miss_the_same_texts_compute_each_once(tmp_path):
    children = [Child(misser(tmp_path)) for _ in range(2)]
    for child in children:
        child.tell()
    computed = [line for child in children for line in child.lines.read().split()]
    assert [child.end() for child in children] == [0, 0]
    assert sorted(map(int, computed)) == list(range(420))


def test_a_killed_holder_frees_its_claim_though_its_child_lives_on(tmp_path):
    holder = Child(holder_with_a_child(tmp_path))
    grandchild = int(holder.lines.readline())
    holder.kill()
    holder.end()
    try:
        store = open_cache(tmp_path, FINGERPRINT)
        with store.claim([NAMESPACE], keys(100)) as claim:
            pass
        claim.wait_for_others()
        with store.claim([NAMESPACE], keys(100)) as claim:
            assert claim.mine.all()
        os.kill(grandchild, 0)
    finally:
        os.kill(grandchild, signal.SIGKILL)


@pytest.mark.parametrize("where", ["memory", "folder"])
def test_a_forked_child_reads_and_writes(tmp_path, where):
    store = open_cache("memory" if where == "memory" else tmp_path, FINGERPRINT)
    store.forget([b""])
    store.write([NAMESPACE], keys(10), [vectors(10)])

    def child():
        with store.claim([NAMESPACE], keys(5, 10)):
            store.write([NAMESPACE], keys(5, 10), [vectors(5, start=10)])
        return holds(store, 15)

    assert in_a_fork(child) == 0
    assert holds(store, 10)
    assert holds(store, 15) == (where == "folder")
    store.forget([b""])


@pytest.mark.parametrize("where", ["memory", "folder"])
def test_a_fork_while_other_threads_use_the_store(tmp_path, where):
    store = open_cache("memory" if where == "memory" else tmp_path, FINGERPRINT)
    store.forget([b""])
    done = threading.Event()

    def use():
        while not done.is_set():
            with store.claim([NAMESPACE], keys(20)):
                store.write([NAMESPACE], keys(20), [vectors(20)])
                assert holds(store, 20)

    threads = [threading.Thread(target=use) for _ in range(2)]
    for thread in threads:
        thread.start()

    def child():
        with store.claim([NAMESPACE], keys(20, 20)):
            store.write([NAMESPACE], keys(20, 20), [vectors(20, start=20)])
            return read(store, 20, start=20)[0].all()

    codes = [in_a_fork(child) for _ in range(10)]
    done.set()
    for thread in threads:
        thread.join()
    assert codes == [0] * 10
    store.forget([b""])


def test_a_child_that_is_forked_in_a_claim_neither_frees_nor_keeps_it(tmp_path):
    store = open_cache(tmp_path, FINGERPRINT)

    def child():
        with open_cache(tmp_path, FINGERPRINT).claim([NAMESPACE], keys(10)) as claim:
            return not claim.mine.any()

    with store.claim([NAMESPACE], keys(10)):
        assert in_a_fork(child) == 0
        with store.claim([NAMESPACE], keys(10)) as claim:
            assert not claim.mine.any()
    with store.claim([NAMESPACE], keys(10)) as claim:
        assert claim.mine.all()
