"""`transform` moved to a cluster by `joblib.parallel_config`: the same rows, each text once, a worker killed."""

import os
import warnings

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from joblib import parallel_config

from sklearn_llmtokens import LLMTokenEmbedder, embed_parquet
from sklearn_llmtokens.exceptions import TextTooLongError
from tests.checkpoints import TEXTS
from tests.embedding.workers import Log
from tests.inside import recording_work, set_chunk_texts, set_work

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(240),
    # The engines warn of this and that; a worker is lost where the test says so.
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.filterwarnings("error:A worker was lost"),
]

DISTINCT = [f"{TEXTS[i % 8]} {i}" for i in range(200)]
MANY = [*DISTINCT, *DISTINCT[:50]]


@pytest.fixture
def embedder(checkpoints, monkeypatch):
    set_chunk_texts(monkeypatch, 16)
    return LLMTokenEmbedder(str(checkpoints["bert"]), cache=None).fit(MANY)


@pytest.fixture
def record(monkeypatch, tmp_path):
    """Have the workers write down what they do; give what they wrote."""

    def start(**options):
        set_work(monkeypatch, recording_work(tmp_path / "log", **options))
        return lambda: Log(tmp_path / "log")

    return start


def test_two_processes_load_one_model_each_and_encode_each_text_once(engine, embedder, record):
    expected = embedder.transform(MANY)
    log = record()
    with parallel_config(**engine.config):
        found = embedder.transform(MANY)
    np.testing.assert_allclose(found, expected, atol=1e-6, rtol=0)
    assert len(log().processes) == 2
    assert os.getpid() not in log().processes
    assert set(log().loads.values()) == {1}
    assert log().n_texts == len(DISTINCT)


def test_the_store_of_the_caller_serves_what_it_has(engine, embedder, record, tmp_path):
    expected = embedder.transform(MANY)
    embedder.set_params(cache=tmp_path / "store").transform(DISTINCT[:150])
    log = record()
    with parallel_config(**engine.config):
        found = embedder.transform(MANY)
    np.testing.assert_allclose(found, expected, atol=1e-6, rtol=0)
    assert log().n_texts == 50
    assert embedder.cache_info().rows == len(DISTINCT)


def test_an_error_comes_back_with_the_place_of_the_text(engine, embedder):
    texts = [*MANY, "very " * 200]
    embedder.set_params(long_text="error").fit(texts)
    with parallel_config(**engine.config), pytest.raises(TextTooLongError, match=r"X\[250\]"):
        embedder.transform(texts)


def test_results_are_whole_though_a_worker_is_killed(engine, embedder, record, tmp_path):
    expected = embedder.transform(MANY)
    log = record(kill_after=4)
    with parallel_config(**engine.config), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # dask sends the shard again by itself, for the others we do, and say so
        found = embedder.transform(MANY)
    assert (tmp_path / "log.killed").exists()
    np.testing.assert_allclose(found, expected, atol=1e-6, rtol=0)
    assert log().n_texts >= len(DISTINCT)


def test_embed_parquet_loads_one_model_a_process_for_all_batches(engine, embedder, record, tmp_path):
    pq.write_table(pa.table({"text": MANY}), tmp_path / "texts.parquet")
    log = record()
    with parallel_config(**engine.config):
        (part,) = embed_parquet(tmp_path / "texts.parquet", tmp_path / "out", embedder=embedder, batch_rows=50)
    found = np.array(pq.read_table(part)["text_vector"].to_pylist())
    np.testing.assert_allclose(found, embedder.set_params(n_jobs=1).transform(MANY), atol=1e-6, rtol=0)
    assert len(log().processes) == 2
    assert set(log().loads.values()) == {1}
    assert log().n_texts == len(MANY)  # no cache: the copies are in another batch
