"""`EmbedBatches` in the tables of Ray Data, dask and Spark."""

import os

import numpy as np
import pandas as pd
import pytest

from sklearn_llmtokens import EmbedBatches, LLMTokenEmbedder
from tests.checkpoints import TEXTS
from tests.inside import count_loads

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(240), pytest.mark.filterwarnings("ignore")]

FRAME = pd.DataFrame({"id": range(160), "text": [f"{TEXTS[i % 8]} {i}" for i in range(160)]})


@pytest.fixture
def embedder(checkpoints):
    return LLMTokenEmbedder(str(checkpoints["bert"]), cache=None).fit(FRAME["text"])


def recording(embed, log):
    """Write down the process, its model loads and the texts of each batch; local, so that it travels by value."""
    log, n_loads = str(log), count_loads()

    def call(batch):
        import os

        found = embed(batch)
        with open(log, "a") as file:
            file.write(f"{os.getpid()} {n_loads()} {len(batch['text'])}\n")
        return found

    return call


def read_log(path):
    return [tuple(map(int, line.split())) for line in path.read_text().splitlines()]


def with_dask(client, embed, log):
    dd = pytest.importorskip("dask.dataframe")
    table = dd.from_pandas(FRAME, npartitions=8)
    meta = embed(FRAME.iloc[:0])  # loads no model
    return table.map_partitions(recording(embed, log), meta=meta).compute()


def with_ray(ray, embed, log):
    import ray.data

    class Actor:
        def __init__(self):
            self.call = recording(embed, log)

        def __call__(self, batch):
            return self.call(batch)

    table = ray.data.from_pandas(FRAME).repartition(8)
    return table.map_batches(Actor, concurrency=2, batch_size=20, num_cpus=0.5).to_pandas()


def with_spark(session, embed, log):
    call = recording(embed, log)

    def batches(frames):
        return map(call, frames)

    table = session.createDataFrame(FRAME).repartition(8)
    return table.mapInPandas(batches, "id long, text string, text_vector array<float>").toPandas()


RUNS = {"dask": with_dask, "ray": with_ray, "spark": with_spark}


def test_each_engine_gives_the_vectors_of_transform(engine, embedder, tmp_path):
    found = RUNS[engine.name](engine.handle, EmbedBatches(embedder), tmp_path / "log").sort_values("id")
    assert found["text"].tolist() == FRAME["text"].tolist()
    vectors = np.stack([np.asarray(row, dtype=np.float32) for row in found["text_vector"]])
    np.testing.assert_allclose(vectors, embedder.transform(FRAME["text"]), atol=1e-6, rtol=0)
    log = read_log(tmp_path / "log")
    assert {process for process, _, _ in log} != {os.getpid()}
    assert len({process for process, _, _ in log}) >= 2
    assert {n_loads for _, n_loads, n_texts in log if n_texts} == {1}
    assert sum(n_texts for _, _, n_texts in log) == len(FRAME)


def test_the_snippets_of_each_engine_need_no_adapter(engine, embedder):
    """The instance itself is what the engine's method takes."""
    embed = EmbedBatches(embedder)
    if engine.name == "dask":
        import dask.dataframe as dd

        found = dd.from_pandas(FRAME, npartitions=2).map_partitions(embed, meta=embed(FRAME.iloc[:0])).compute()
    elif engine.name == "ray":
        import ray.data

        arguments = {"embedder": embedder, "text_columns": "text"}
        table = ray.data.from_pandas(FRAME)
        found = table.map_batches(
            EmbedBatches, fn_constructor_kwargs=arguments, concurrency=1, num_cpus=0.5
        ).to_pandas()
    else:
        schema = "id long, text string, text_vector array<float>"
        found = engine.handle.createDataFrame(FRAME).mapInPandas(embed, schema).toPandas()
    assert len(found) == len(FRAME)
    assert {len(row) for row in found["text_vector"]} == {embedder.n_features_out_}
