"""embed_parquet run again: interrupted, killed, shared by processes; parts of another run are refused."""

import os
import pickle
import signal
import subprocess
import sys
import time
from contextlib import nullcontext, suppress

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.pipeline import FeatureUnion, make_pipeline

from sklearn_llmtokens import JiebaTokenizer, LLMTokenEmbedder, embed_parquet
from tests.checkpoints import TEXTS
from tests.embedding.parquet_helpers import Recorder, names, read, table, vectors
from tests.embedding.store_helpers import Child
from tests.embedding.test_embed_batches import Doubler


@pytest.fixture
def embedder(checkpoints):
    return LLMTokenEmbedder(str(checkpoints["bert"]), cache=None)


def test_a_second_run_does_nothing(tmp_path, source):
    first, second = Recorder(), Recorder()
    parts = embed_parquet(source, tmp_path / "out", embedder=first, part_rows=40)
    times = [part.stat().st_mtime_ns for part in parts]
    assert embed_parquet(source, tmp_path / "out", embedder=second, part_rows=40) == parts
    assert second.batches == []
    assert [part.stat().st_mtime_ns for part in parts] == times


def test_an_interrupted_run_leaves_whole_parts_alone(tmp_path, source):
    first, second = Recorder(), Recorder()
    first.stop_at = 7
    with pytest.raises(KeyboardInterrupt):
        embed_parquet(source, tmp_path / "out", embedder=first, part_rows=40, batch_rows=10)
    assert names(tmp_path / "out") == [".reviews-00001.parquet.partial", "reviews-00000.parquet"]
    parts = embed_parquet(source, tmp_path / "out", embedder=second, part_rows=40, batch_rows=10)
    assert second.texts == table()["text"].to_pylist()[70:]
    assert_whole(parts)
    assert names(tmp_path / "out") == [part.name for part in parts]


def assert_whole(parts):
    assert read(parts).drop_columns("text_vector").equals(table())
    np.testing.assert_array_equal(vectors(parts), Doubler().transform(table()["text"].to_pylist()))


class Killed(Recorder):
    def __reduce__(self):
        return (Recorder, ())

    def transform(self, X):
        if len(self.batches) == 7:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().transform(X)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_killed_run_is_finished_by_the_next(tmp_path, source):
    def run(say, listen):
        embed_parquet(source, tmp_path / "out", embedder=Killed(), part_rows=40, batch_rows=10)

    assert Child(run).end() == -signal.SIGKILL
    kinds = [name.rpartition(".")[2] for name in names(tmp_path / "out")]
    assert sorted(kinds) == ["lock", "parquet", "partial", "tmp"]
    assert ds.dataset(tmp_path / "out").count_rows() == 40  # readers do not see what is not whole
    second = Recorder()
    parts = embed_parquet(source, tmp_path / "out", embedder=second, part_rows=40, batch_rows=10)
    assert second.texts == table()["text"].to_pylist()[70:]
    assert_whole(parts)
    assert names(tmp_path / "out") == [part.name for part in parts]


@given(
    stops=st.lists(st.integers(0, 6), max_size=8),
    batch_rows=st.lists(st.integers(1, 30), min_size=9, max_size=9),
    part_rows=st.integers(1, 120),
)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_interrupted_anywhere_the_rows_are_those_of_one_run_and_none_is_embedded_twice(
    tmp_path_factory, stops, batch_rows, part_rows
):
    folder = tmp_path_factory.mktemp("any")
    pq.write_table(table(), folder / "reviews.parquet", row_group_size=30)
    embedded = []
    for k, stop_at in enumerate([*stops, None]):
        recorder = Recorder()
        recorder.stop_at = stop_at
        with nullcontext() if stop_at is None else suppress(KeyboardInterrupt):
            parts = embed_parquet(
                folder / "reviews.parquet",
                folder / "out",
                embedder=recorder,
                batch_rows=batch_rows[k],
                part_rows=part_rows,
            )
        embedded += recorder.texts
    assert embedded == table()["text"].to_pylist()
    assert_whole(parts)


@pytest.mark.parametrize("lost", [1, 100, 1_000, 10_000])
def test_what_a_power_cut_damages_is_computed_again(tmp_path, source, lost):
    first, second = Recorder(), Recorder()
    first.stop_at = 7
    with pytest.raises(KeyboardInterrupt):
        embed_parquet(source, tmp_path / "out", embedder=first, batch_rows=10)
    (journal,) = (tmp_path / "out").iterdir()
    data = journal.read_bytes()
    journal.write_bytes(data[:-lost] + bytes(min(lost, len(data))))
    parts = embed_parquet(source, tmp_path / "out", embedder=second, batch_rows=10)
    assert second.texts == table()["text"].to_pylist()[-len(second.texts) :]
    assert len(second.texts) >= 40
    assert_whole(parts)


@pytest.mark.parametrize(("change", "named"), [({"dtype": "float16"}, "dtype"), ({"part_rows": 50}, "rows")])
def test_unfinished_vectors_of_another_run_are_refused(tmp_path, source, change, named):
    first, second = Recorder(), Recorder()
    first.stop_at = 7
    with pytest.raises(KeyboardInterrupt):
        embed_parquet(source, tmp_path / "out", embedder=first, batch_rows=10)
    (journal,) = (tmp_path / "out").iterdir()
    data = journal.read_bytes()
    with pytest.raises(ValueError, match=rf"\.partial has vectors of another run.* its {named} differ"):
        embed_parquet(source, tmp_path / "out", embedder=second, batch_rows=10, **change)
    assert second.texts == []
    assert journal.read_bytes() == data


def test_missing_texts_become_zeros_without_the_others_being_embedded_again(tmp_path, texts_through_the_model):
    texts = [*"abcdefghijklmnopqrst", None]
    pq.write_table(pa.table({"text": texts}), tmp_path / "gaps.parquet")
    with pytest.raises(ValueError, match="is missing"):
        embed_parquet(tmp_path / "gaps.parquet", tmp_path / "out", embedder=LLMTokenEmbedder(cache=None), batch_rows=10)
    n_encoded = len(texts_through_the_model)
    embedder = LLMTokenEmbedder(cache=None, missing="zero")
    parts = embed_parquet(tmp_path / "gaps.parquet", tmp_path / "out", embedder=embedder, batch_rows=10)
    assert n_encoded == 20
    assert sorted(texts_through_the_model) == sorted(texts[:-1])
    assert not vectors(parts)[-1].any()


class Clock:
    def __init__(self, monkeypatch):
        self.now = 0.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)


class Slow(Recorder):
    """Takes some seconds for each text, by a clock that nobody has to wait for."""

    def __init__(self, clock, seconds):
        super().__init__()
        self.clock, self.seconds, self.took = clock, seconds, []

    def transform(self, X):
        self.took.append(self.seconds * len(set(X)))
        self.clock.now += self.took[-1]
        return super().transform(X)


@pytest.mark.parametrize("seconds", [1e-3, 0.01, 0.1, 3.0])
def test_vectors_are_kept_every_few_seconds_whatever_the_model(tmp_path, monkeypatch, seconds):
    pq.write_table(table(3_000), tmp_path / "many.parquet")
    slow = Slow(Clock(monkeypatch), seconds)
    embed_parquet(tmp_path / "many.parquet", tmp_path / "out", embedder=slow, batch_rows=2_000)
    assert max(slow.took[1:]) < 5
    assert len(slow.took) < 12 + 3_000 * seconds / 1.5  # and not much more often


class Nested(Recorder):
    """Starts the same run once more."""

    def __init__(self, *arguments):
        super().__init__()
        self.arguments = arguments

    def transform(self, X):
        with pytest.raises(BlockingIOError, match=r"reviews-00000\.parquet is being written by another process: wait"):
            embed_parquet(*self.arguments, embedder=Recorder())
        return super().transform(X)


def test_a_second_process_on_the_same_parts_is_refused(tmp_path, source):
    parts = embed_parquet(source, tmp_path / "out", embedder=Nested(source, tmp_path / "out"))
    assert_whole(parts)
    assert names(tmp_path / "out") == ["reviews-00000.parquet"]


def test_what_killed_runs_have_left_is_removed_at_the_next_start(tmp_path, source):
    parts = embed_parquet(source, tmp_path / "out", embedder=Doubler(), part_rows=60)
    parts[1].unlink()
    left = [tmp_path / "out" / f".reviews-0000{k}.parquet.{name}" for k in (0, 1) for name in ("a1.tmp", "lock")]
    for path in (*left, tmp_path / "out" / ".reviews-00000.parquet.partial", tmp_path / "out" / ".other.tmp"):
        path.touch()
    embed_parquet(source, tmp_path / "out", embedder=Doubler(), part_rows=60)
    assert names(tmp_path / "out") == [".other.tmp", *(part.name for part in parts)]


def test_a_damaged_part_is_written_again(tmp_path, source):
    parts = embed_parquet(source, tmp_path / "out", embedder=Doubler(), part_rows=40)
    whole = read(parts)
    parts[1].write_bytes(parts[1].read_bytes()[:-20])
    with pytest.warns(RuntimeWarning, match="damaged"):
        embed_parquet(source, tmp_path / "out", embedder=Doubler(), part_rows=40)
    assert read(parts).equals(whole)


@pytest.mark.parametrize("about", [b"{", b"[1]", b"7", b"\xff\xff", b'"text"'])
def test_a_part_whose_description_is_damaged_is_written_again(tmp_path, source, about):
    (part,) = embed_parquet(source, tmp_path / "out", embedder=Recorder())
    whole = read([part])
    pq.write_table(whole.replace_schema_metadata({"sklearn_llmtokens": about}), part)
    with pytest.warns(RuntimeWarning, match="is damaged and is written again"):
        embed_parquet(source, tmp_path / "out", embedder=Recorder())
    assert read([part]).equals(whole)


def test_processes_share_the_parts(tmp_path, source):
    one, two = Recorder(), Recorder()
    first = embed_parquet(source, tmp_path / "out", embedder=one, part_rows=30, shard=(0, 2))
    second = embed_parquet(source, tmp_path / "out", embedder=two, part_rows=30, shard=(1, 2))
    assert [part.name[8:13] for part in (*first, *second)] == ["00000", "00002", "00001", "00003"]
    assert sorted(one.texts + two.texts) == sorted(table()["text"].to_pylist())
    assert len(embed_parquet(source, tmp_path / "out", embedder=Recorder(), part_rows=30)) == 4
    assert embed_parquet(source, tmp_path / "out", embedder=Recorder(), part_rows=30, shard=(8, 9)) == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"dtype": "float16"}, "dtype"),
        ({"part_rows": 50}, "rows"),
        ({"columns": ["id"]}, "columns"),
        ({"embedder": Doubler(2.0)}, "embedder"),
    ],
)
def test_parts_of_another_run_are_refused(tmp_path, source, change, named):
    arguments = {"embedder": Doubler(), "part_rows": 40}
    parts = embed_parquet(source, tmp_path / "out", **arguments)
    before = [part.read_bytes() for part in parts]
    with pytest.raises(ValueError, match=f"its {named} differ"):
        embed_parquet(source, tmp_path / "out", **arguments | change)
    assert [part.read_bytes() for part in parts] == before


def test_parts_of_another_source_are_refused(tmp_path, source):
    embed_parquet(source, tmp_path / "out", embedder=Doubler())
    pq.write_table(table(start=1), source)
    with pytest.raises(ValueError, match="its source"):
        embed_parquet(source, tmp_path / "out", embedder=Doubler())


def rearranged(path, name):
    """Write a file twice, with two values of a column swapped: the footers are the same, byte by byte."""
    footers = []
    for order in ([0, 1, 2, 3], [0, 2, 1, 3]):
        columns = {"id": [1, 2, 3, 4], "text": ["aa", "bb", "cc", "dd"], "more": ["e", "f", "g", "h"]}
        columns[name] = [columns[name][i] for i in order]
        pq.write_table(pa.table(columns), path, compression="none", use_dictionary=name != "text")
        data = path.read_bytes()
        footers.append(data[-8 - int.from_bytes(data[-8:-4], "little") :])
        yield
    assert footers[0] == footers[1]


@pytest.mark.parametrize("name", ["text", "id", "more"])
def test_rows_that_changed_places_are_another_source(tmp_path, name):
    path = tmp_path / "a.parquet"
    versions = rearranged(path, name)
    next(versions)
    embed_parquet(path, tmp_path / "all", embedder=Doubler())
    embed_parquet(path, tmp_path / "id", embedder=Doubler(), columns=["id"])
    next(versions)
    with pytest.raises(ValueError, match="its source"):
        embed_parquet(path, tmp_path / "all", embedder=Doubler())
    if name == "more":  # neither kept nor embedded
        assert embed_parquet(path, tmp_path / "id", embedder=Doubler(), columns=["id"])
    else:
        with pytest.raises(ValueError, match="its source"):
            embed_parquet(path, tmp_path / "id", embedder=Doubler(), columns=["id"])
    with pytest.raises(StopIteration):
        next(versions)


def test_columns_below_a_name_and_with_a_dot_count(tmp_path):
    path = tmp_path / "a.parquet"
    for more in ([1, 2, 3], [1, 3, 2]):
        for name, column in (("nested", [{"b": [i]} for i in more]), ("dotted.name", more)):
            pq.write_table(pa.table({"text": ["a"] * 3, name: column}), path, use_dictionary=False)
            keywords = {"embedder": Doubler(), "columns": [name]}
            if more == [1, 2, 3]:
                embed_parquet(path, tmp_path / name, **keywords)
            else:
                with pytest.raises(ValueError, match="its source"):
                    embed_parquet(path, tmp_path / name, **keywords)


SCRIPT = """
import operator
import sys

from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_llmtokens import JiebaTokenizer, embed_parquet

pipeline = make_pipeline(
    JiebaTokenizer(stop_words=frozenset("的了和是在"), n_jobs=int(sys.argv[3])),
    HashingVectorizer(n_features=8),
    FunctionTransformer(operator.methodcaller("toarray")),
)
print(embed_parquet(sys.argv[1], sys.argv[2], embedder=pipeline.fit(["a"])))
"""


@pytest.mark.slow
def test_a_process_hashes_the_sets_and_resources_of_a_pipeline_as_any_other_does(tmp_path, source):
    outputs = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT, str(source), str(tmp_path / "out"), seed],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert outputs[0] == outputs[1]


def test_where_a_pipeline_is_computed_does_not_matter(tmp_path, source, embedder):
    def pipeline(**parameters):
        text = JiebaTokenizer(n_jobs=parameters.get("n_jobs"))
        step = FeatureUnion([("e", clone(embedder).set_params(**parameters))], n_jobs=parameters.get("n_jobs"))
        return make_pipeline(text, step, verbose=bool(parameters.get("verbose"))).fit(TEXTS)

    plain = pipeline()
    parts = embed_parquet(source, tmp_path / "out", embedder=plain)
    resources = {"n_jobs": 1, "verbose": 1, "device": "cpu", "batch_tokens": 512, "cache": "memory"}
    other = pickle.loads(pickle.dumps(pipeline(**resources)))
    assert embed_parquet(source, tmp_path / "out", embedder=other) == parts
    with pytest.raises(ValueError, match="its embedder"):
        embed_parquet(source, tmp_path / "out", embedder=pipeline(pooling="max"))
    plain[0].lowercase = True
    with pytest.raises(ValueError, match="its embedder"):
        embed_parquet(source, tmp_path / "out", embedder=plain)


def test_a_copy_of_the_source_on_other_resources_is_the_same(tmp_path, checkpoints, source):
    folder = str(checkpoints["bert"])
    embed_parquet(source, tmp_path / "out", embedder=LLMTokenEmbedder(folder))
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy/reviews.parquet").write_bytes(source.read_bytes())
    other = LLMTokenEmbedder(folder, n_jobs=2, cache=tmp_path / "store", batch_tokens=64)
    before = names(tmp_path / "out")
    embed_parquet(tmp_path / "copy", tmp_path / "out", embedder=other)
    assert names(tmp_path / "out") == before
    with pytest.raises(ValueError, match="embedder"):
        embed_parquet(source, tmp_path / "out", embedder=LLMTokenEmbedder(folder, pooling="max"))
