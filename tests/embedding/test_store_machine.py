"""Any order of calls gives what a dict would give."""

import os
import shutil
import tempfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from .store_helpers import (
    ENTRY_BYTES,
    FINGERPRINT,
    NAMESPACE,
    OTHER,
    STORE_BYTES,
    another_connection,
    open_cache,
    set_memory_limit,
)

N_FEATURES = 4
ROW_BYTES = 4 * N_FEATURES + ENTRY_BYTES
# Keys that share beginnings, the highest bytes among them, so that prefixes have something to go wrong with.
KEYS = [bytes([a]) * 15 + bytes([b]) + tail for a in (0, 7, 255) for b in (0, 255) for tail in (b"", b"12345678")]

some_keys = st.lists(st.sampled_from(KEYS), min_size=1, max_size=8, unique=True)
namespaces = st.sampled_from([NAMESPACE, OTHER])
prefixes = st.sampled_from(KEYS).flatmap(lambda k: st.integers(0, len(k)).map(lambda n: k[:n]))


class AgainstDict(RuleBasedStateMachine):
    """Reads, writes, erasures and reopenings against an OrderedDict."""

    written = Bundle("written")

    def __init__(self):
        super().__init__()
        self.model: OrderedDict = OrderedDict()
        self.value = 0.0

    @rule(target=written, namespace=namespaces, keys=some_keys)
    def write(self, namespace, keys):
        rows = np.empty((len(keys), N_FEATURES), np.float32)
        for i, key in enumerate(keys):
            self.value += 1
            rows[i] = self.value
            self.put(namespace, key, self.value)
        self.store.write([namespace], keys, [rows])
        self.shrink()
        return namespace, keys

    @rule(namespace=namespaces, keys=st.lists(st.sampled_from(KEYS), max_size=12))
    def read(self, namespace, keys):
        self.compare(namespace, keys)

    @rule(row=written)
    def read_what_was_written(self, row):
        self.compare(*row)

    @rule(wanted=st.lists(prefixes, max_size=3))
    def forget(self, wanted):
        gone = [row for row in self.model if row[1].startswith(tuple(wanted))]
        assert self.store.forget(wanted) == len(gone)
        for row in gone:
            del self.model[row]

    @rule()
    def clear(self):
        self.store.forget([b""])
        self.model.clear()

    @invariant()
    def has_as_many_rows(self):
        if hasattr(self, "store"):
            assert self.store.info().rows == len(self.model)

    def compare(self, namespace, keys):
        out = np.full((len(keys), N_FEATURES), -1, np.float32)
        found = self.store.read(namespace, keys, out)
        expected = [self.model.get((namespace, key)) for key in keys]
        assert list(found) == [value is not None for value in expected]
        np.testing.assert_array_equal(out[:, 0], [-1 if value is None else value for value in expected])
        for key in keys:
            self.use(namespace, key)

    def put(self, namespace, key, value):
        self.model[namespace, key] = value

    def use(self, namespace, key):
        """A read; only an LRU minds."""

    def shrink(self):
        """Drop what is over the bound."""


class MemoryAgainstDict(AgainstDict):
    @initialize(n_rows=st.integers(1, 20))
    def start(self, n_rows):
        self.n_rows = n_rows
        self.store = open_cache("memory", FINGERPRINT)
        self.store.forget([b""])
        set_memory_limit(n_rows * ROW_BYTES)

    def put(self, namespace, key, value):
        super().put(namespace, key, value)
        self.model.move_to_end((namespace, key))

    def use(self, namespace, key):
        if (namespace, key) in self.model:
            self.model.move_to_end((namespace, key))

    def shrink(self):
        while len(self.model) > self.n_rows:
            self.model.popitem(last=False)

    def teardown(self):
        open_cache("memory", FINGERPRINT).forget([b""])
        set_memory_limit(None)


class FolderAgainstDict(AgainstDict):
    @initialize()
    def start(self):
        self.folder = tempfile.mkdtemp()
        self.store = open_cache(self.folder, FINGERPRINT)
        self.other = another_connection(Path(self.folder))

    @rule()
    def reopen(self):
        self.store.close()

    @rule()
    def use_another_connection(self):
        self.store, self.other = self.other, self.store

    @rule()
    def evict_everything(self):
        os.environ[STORE_BYTES] = "1"
        try:
            open_cache(self.folder, FINGERPRINT).write([NAMESPACE], KEYS[:1], [np.zeros((1, N_FEATURES), np.float32)])
        finally:
            del os.environ[STORE_BYTES]
        self.model.clear()

    def teardown(self):
        if hasattr(self, "folder"):
            self.store.close()
            self.other.close()
            shutil.rmtree(self.folder)


quick = settings(deadline=None, stateful_step_count=25, suppress_health_check=list(HealthCheck))
TestMemoryAgainstDict = MemoryAgainstDict.TestCase
TestMemoryAgainstDict.settings = settings(quick, max_examples=40)
TestFolderAgainstDict = FolderAgainstDict.TestCase
TestFolderAgainstDict.settings = settings(quick, max_examples=15)
