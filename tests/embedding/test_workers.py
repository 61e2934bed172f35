"""Chunks through joblib: what travels, who does the work, lost workers, errors, and workers that stay."""

import os
import pickle
import signal
from dataclasses import fields

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from joblib import parallel_config, register_parallel_backend
from joblib.externals.loky.process_executor import TerminatedWorkerError
from joblib.parallel import ThreadingBackend

from sklearn_llmtokens import LLMTokenEmbedder, embed_parquet
from sklearn_llmtokens.exceptions import TextTooLongError
from tests.checkpoints import TEXTS
from tests.embedding.workers import Log
from tests.inside import recording_work, replace_encode, replace_work, set_chunk_texts, set_work

MANY = [f"{TEXTS[i % 8]} {i}" for i in range(60)]


class ClusterOfThreads(ThreadingBackend):
    """Stands for the backend of another library: threads, counted."""

    started = 0

    def configure(self, *args, **kwargs):
        type(self).started += 1
        return super().configure(*args, **kwargs)


class WithoutGenerator(ClusterOfThreads):
    supports_return_generator = False


@pytest.fixture(params=[ClusterOfThreads, WithoutGenerator])
def cluster(request):
    register_parallel_backend("test-cluster", request.param)
    request.param.started = 0
    with parallel_config("test-cluster", n_jobs=2):
        yield request.param


@pytest.fixture
def embedder(checkpoints, monkeypatch):
    set_chunk_texts(monkeypatch, 5)
    return LLMTokenEmbedder(str(checkpoints["bert"]), cache=None).fit(MANY)


@pytest.fixture
def expected(embedder):
    return embedder.transform(MANY)


@pytest.fixture
def items(monkeypatch):
    """The work items that were sent, in order."""
    seen = []
    replace_work(monkeypatch, lambda work, item: seen.append(item) or work(item))
    return seen


def test_rows_are_those_of_one_process(embedder, expected, cluster, items):
    np.testing.assert_allclose(embedder.transform(MANY), expected, atol=1e-6)
    assert len(items) == 12


def test_plain_values_travel_and_no_weights(embedder, expected, cluster, items):
    embedder.transform(MANY)
    for item in items:
        texts, spans, forward, readouts, device, batch_tokens = pickle.loads(item)
        assert spans is None
        assert {type(text) for text in texts} == {str}
        values = [getattr(spec, f.name) for spec in (forward, *readouts) for f in fields(spec)]
        assert {type(value) for value in values} <= {str, int, bool, tuple, type(None)}
        assert (device, batch_tokens) == ("auto", "auto")
        assert len(item) < 2000


def test_each_distinct_text_is_sent_once(embedder, cluster, items):
    embedder.transform([*MANY, *MANY[::-1]])
    sent = [text for item in items for text in pickle.loads(item)[0]]
    assert sorted(sent) == sorted(MANY)


def test_one_call_starts_workers_once(embedder, cluster, items):
    embedder.transform(MANY)
    assert len(items) > 4 * 2  # more than a round
    assert cluster.started == 1


def test_the_workers_of_a_run_over_files_serve_all_of_its_batches(embedder, expected, cluster, tmp_path):
    pq.write_table(pa.table({"text": MANY}), tmp_path / "texts.parquet")
    (part,) = embed_parquet(tmp_path / "texts.parquet", tmp_path / "out", embedder=embedder, batch_rows=20)
    assert cluster.started == 1
    np.testing.assert_allclose(np.array(pq.read_table(part)["text_vector"].to_pylist()), expected, atol=1e-6)
    embedder.transform(MANY)
    assert cluster.started == 2


def test_a_single_text_goes_to_a_cluster_too(embedder, cluster, items):
    embedder.transform(["one text"])
    assert len(items) == 1


def test_one_job_stays_in_this_process(embedder, cluster, items):
    embedder.set_params(n_jobs=1).transform(MANY)
    assert items == []


def test_rows_that_are_in_the_store_are_not_sent(embedder, expected, cluster, items, tmp_path):
    embedder.set_params(cache=tmp_path / "store").transform(MANY[:40])
    items.clear()
    np.testing.assert_allclose(embedder.transform(MANY), expected, atol=1e-6)
    assert sorted(text for item in items for text in pickle.loads(item)[0]) == sorted(MANY[40:])


# Errors and losses


def test_an_error_names_the_text_as_in_one_process(embedder, cluster):
    texts = [*MANY, "very " * 200]
    embedder.set_params(long_text="error").fit(texts)
    with pytest.raises(TextTooLongError, match=r"X\[60\]") as caught:
        embedder.transform(texts)
    assert any("In a worker" in note for note in caught.value.__cause__.__notes__)


class Unpicklable(ValueError):
    def __init__(self, first, second):
        super().__init__(first)
        self.second = second


def test_an_error_that_does_not_travel_is_raised_all_the_same(embedder, cluster, monkeypatch):
    def encode(*args):
        raise Unpicklable("the reason", 2)

    replace_encode(monkeypatch, encode)
    with pytest.raises(RuntimeError, match="Unpicklable: the reason"):
        embedder.transform(MANY)


@pytest.mark.parametrize("lost_at", [0, 1, 7, 11])
def test_shards_of_a_lost_worker_are_sent_again(embedder, expected, cluster, monkeypatch, lost_at):
    calls = []

    def fail_once(work, item):
        calls.append(item)
        if len(calls) == lost_at + 1:
            raise ConnectionError("gone")
        return work(item)

    replace_work(monkeypatch, fail_once)
    with pytest.warns(RuntimeWarning, match=r"A worker was lost \(ConnectionError: gone\)"):
        found = embedder.transform(MANY)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert cluster.started == 3  # joblib starts workers anew where it stops, and we where we go on


@pytest.mark.filterwarnings("ignore:A worker was lost")
def test_a_shard_that_loses_every_worker_ends_it(embedder, cluster, monkeypatch):
    def fail(work, item):
        raise ConnectionError("gone")

    replace_work(monkeypatch, fail)
    with pytest.raises(ConnectionError, match="gone"):
        embedder.transform(MANY)
    assert cluster.started == 2 * (1 + 3)


def test_a_package_that_a_worker_lacks_is_not_asked_for_again(embedder, cluster, monkeypatch):
    def fail(work, item):
        raise ModuleNotFoundError("sklearn_llmtokens")

    replace_work(monkeypatch, fail)
    with pytest.raises(ModuleNotFoundError):
        embedder.transform(MANY)
    assert cluster.started == 2


def test_what_was_computed_before_an_error_is_kept(embedder, cluster, items, tmp_path):
    texts = [*MANY, "very " * 200]
    embedder.set_params(long_text="error", cache=tmp_path / "store").fit(texts)
    with pytest.raises(TextTooLongError):
        embedder.transform(texts)
    assert embedder.cache_info().rows == len(MANY)  # the longest text comes last


# Processes of joblib


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX")
@pytest.mark.timeout(600)
def test_processes_give_the_same_rows_though_one_is_killed(embedder, expected, monkeypatch, tmp_path):
    set_work(monkeypatch, recording_work(tmp_path / "log", kill_after=2))
    with pytest.warns(RuntimeWarning, match=f"A worker was lost .{TerminatedWorkerError.__name__}"):
        found = embedder.set_params(n_jobs=2).transform(MANY)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    log = Log(tmp_path / "log")
    assert os.getpid() not in log.processes
    assert len(log.processes) >= 2
    assert set(log.loads.values()) == {1}
    with pytest.raises(TextTooLongError, match=r"X\[60\]"):  # an error comes back from a process too
        embedder.set_params(long_text="error").fit(MANY).transform([*MANY, "very " * 200])
