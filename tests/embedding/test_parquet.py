"""embed_parquet: rows and columns as they were, vectors beside them; killed and begun again; parts of another run."""

import os
import pickle
import signal
import subprocess
import sys

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
from sklearn_llmtokens._cli import main
from sklearn_llmtokens.embedding import _parquet
from sklearn_llmtokens.embedding._parquet_identity import SourceHashes
from sklearn_llmtokens.exceptions import MissingTextError, TruncationWarning
from tests.checkpoints import HIDDEN, TEXTS
from tests.embedding.store_helpers import Child
from tests.embedding.test_embed_batches import Doubler

N_ROWS = 100
MANY = [f"{TEXTS[i % 8]} {i % 60}" for i in range(N_ROWS)]


class Recorder(Doubler):
    """Remembers what it was given, and may be killed."""

    def __init__(self):
        super().__init__()
        self.batches = []
        self.stop_at = None

    def __reduce__(self):  # for joblib.hash: what it remembers is no part of it
        return (Recorder, ())

    def transform(self, X):
        if self.stop_at is not None and len(self.batches) == self.stop_at:
            raise KeyboardInterrupt
        self.batches.append(list(X))
        return super().transform(X)

    @property
    def texts(self):
        return [text for batch in self.batches for text in batch]


def table(n=N_ROWS, start=0):
    texts = [f"{'x' * (i % 7)}{i}" for i in range(start, start + n)]
    return pa.table({"id": range(start, start + n), "text": texts, "more": [[i, i] for i in range(n)]})


@pytest.fixture
def source(tmp_path):
    pq.write_table(table(), tmp_path / "reviews.parquet", row_group_size=30)
    return tmp_path / "reviews.parquet"


@pytest.fixture
def embedder(checkpoints):
    return LLMTokenEmbedder(str(checkpoints["bert"]), cache=None)


def read(parts):
    return pa.concat_tables([pq.read_table(part, partitioning=None) for part in parts])


def vectors(parts, name="text_vector"):
    return np.array(read(parts)[name].to_pylist(), dtype=np.float32)


def names(folder):
    return sorted(os.path.relpath(path, folder) for path in folder.rglob("*") if path.is_file())


# Rows and columns


@pytest.mark.parametrize(("batch_rows", "part_rows"), [(8192, 131_072), (7, 33), (50, 10), (1, 100)])
def test_vectors_are_those_of_transform_beside_the_other_columns(tmp_path, embedder, batch_rows, part_rows):
    whole = pa.table({"id": range(N_ROWS), "text": MANY, "nested": [{"a": [i]} for i in range(N_ROWS)]})
    pq.write_table(whole, tmp_path / "texts.parquet", row_group_size=41)
    parts = embed_parquet(
        tmp_path / "texts.parquet", tmp_path / "out", embedder=embedder, batch_rows=batch_rows, part_rows=part_rows
    )
    assert [part.name for part in parts] == [f"texts-{k:05d}.parquet" for k in range(-(-N_ROWS // part_rows))]
    found = read(parts)
    assert found.drop_columns("text_vector").equals(whole)
    assert found.schema.field("text_vector").type == pa.list_(pa.float32(), HIDDEN)
    np.testing.assert_allclose(vectors(parts), embedder.fit(MANY).transform(MANY), atol=1e-6)
    assert names(tmp_path / "out") == [part.name for part in parts]


@given(
    sizes=st.lists(st.integers(0, 9), min_size=1, max_size=5),
    batch_rows=st.integers(1, 8),
    part_rows=st.integers(1, 12),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_row_groups_batches_and_parts(tmp_path_factory, sizes, batch_rows, part_rows):
    folder = tmp_path_factory.mktemp("any")
    whole = table(sum(sizes))
    with pq.ParquetWriter(folder / "a.parquet", whole.schema) as writer:
        start = 0
        for n in sizes:
            writer.write_table(whole.slice(start, n))
            start += n
    recorder = Recorder()
    parts = embed_parquet(
        folder / "a.parquet", folder / "out", embedder=recorder, batch_rows=batch_rows, part_rows=part_rows
    )
    assert read(parts).drop_columns("text_vector").equals(whole)
    assert recorder.texts == whole["text"].to_pylist()
    assert max(map(len, recorder.batches), default=0) <= batch_rows
    assert all(pq.read_metadata(part).num_rows <= part_rows for part in parts)


def test_half_precision_and_chosen_columns(tmp_path, source):
    parts = embed_parquet(source, tmp_path / "out", embedder=Doubler(), columns=["id"], dtype="float16", suffix="_v")
    found = read(parts)
    assert found.schema.names == ["id", "text_v"]
    assert found.schema.field("text_v").type == pa.list_(pa.float16(), 2)
    np.testing.assert_array_equal(vectors(parts, "text_v"), Doubler().transform(table()["text"].to_pylist()))


def test_several_columns_of_text(tmp_path):
    pq.write_table(pa.table({"a": ["x", "yy"], "b": ["zzz", ""]}), tmp_path / "two.parquet")
    parts = embed_parquet(tmp_path / "two.parquet", tmp_path / "out", embedder=Doubler(), text_columns=["a", "b"])
    assert vectors(parts, "a_vector").tolist() == [[1, 1], [2, 2]]
    assert vectors(parts, "b_vector").tolist() == [[3, 3], [0, 0]]


def test_a_folder_of_files_keeps_its_subfolders(tmp_path):
    for name, start in (("lang=zh/b", 0), ("lang=zh/a", 100), ("lang=en/a", 200)):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table(10, start), tmp_path / "in" / f"{name}.parquet")
    parts = embed_parquet(tmp_path / "in", tmp_path / "out", embedder=Doubler())
    assert names(tmp_path / "out") == [f"lang={name}-00000.parquet" for name in ("en/a", "zh/a", "zh/b")]
    assert read(parts)["id"].to_pylist() == [*range(200, 210), *range(100, 110), *range(10)]
    whole = ds.dataset(tmp_path / "out", partitioning="hive").to_table()
    assert sorted(set(whole["lang"].to_pylist())) == ["en", "zh"]


def test_a_dataset_of_arrow(tmp_path, source):
    parts = embed_parquet(ds.dataset(source), tmp_path / "out", embedder=Doubler())
    assert read(parts).num_rows == N_ROWS
    with pytest.raises(ValueError, match="filtered"):
        embed_parquet(ds.dataset(source).filter(ds.field("id") > 3), tmp_path / "out2", embedder=Doubler())
    with pytest.raises(ValueError, match="not made of Parquet"):
        embed_parquet(ds.dataset(table()), tmp_path / "out3", embedder=Doubler())


def test_a_frame_of_pandas_comes_back_as_one(tmp_path):
    import pandas as pd

    frame = pd.DataFrame({"text": ["a", "bb", "ccc"]}, index=pd.Index([5, 6, 7], name="row"))
    frame.to_parquet(tmp_path / "frame.parquet")
    parts = embed_parquet(tmp_path / "frame.parquet", tmp_path / "out", embedder=Doubler(), part_rows=2)
    found = pd.concat([pd.read_parquet(part) for part in parts])
    assert found.index.tolist() == [5, 6, 7]
    assert found["text"].tolist() == ["a", "bb", "ccc"]


def test_no_rows_give_a_part_with_the_columns(tmp_path):
    pq.write_table(table(0), tmp_path / "none.parquet")
    (part,) = embed_parquet(tmp_path / "none.parquet", tmp_path / "out")
    assert pq.read_schema(part).names == ["id", "text", "more", "text_vector"]
    assert pq.read_metadata(part).num_rows == 0


# Again, interrupted, killed, shared


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
    assert names(tmp_path / "out") == ["reviews-00000.parquet"]
    parts = embed_parquet(source, tmp_path / "out", embedder=second, part_rows=40, batch_rows=10)
    assert second.texts == table()["text"].to_pylist()[40:]
    assert read(parts).drop_columns("text_vector").equals(table())


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
    left = names(tmp_path / "out")
    assert left[-1] == "reviews-00000.parquet"
    assert all(name.endswith(".tmp") for name in left[:-1])
    assert ds.dataset(tmp_path / "out").count_rows() == 40  # readers do not see what is not whole
    second = Recorder()
    parts = embed_parquet(source, tmp_path / "out", embedder=second, part_rows=40, batch_rows=10)
    assert second.texts == table()["text"].to_pylist()[40:]
    assert read(parts).drop_columns("text_vector").equals(table())


def test_what_a_killed_run_left_is_removed_after_a_day(tmp_path, source):
    (tmp_path / "out").mkdir()
    old, young = (tmp_path / "out" / f".reviews-00000.parquet.{name}.tmp" for name in ("old", "young"))
    for path, age in ((old, 2 * _parquet._STALE_SECONDS), (young, 0)):
        path.touch()
        os.utime(path, (path.stat().st_mtime - age,) * 2)
    embed_parquet(source, tmp_path / "out", embedder=Doubler())
    assert names(tmp_path / "out") == [young.name, "reviews-00000.parquet"]


def test_a_damaged_part_is_written_again(tmp_path, source):
    parts = embed_parquet(source, tmp_path / "out", embedder=Doubler(), part_rows=40)
    whole = read(parts)
    parts[1].write_bytes(parts[1].read_bytes()[:-20])
    with pytest.warns(RuntimeWarning, match="damaged"):
        embed_parquet(source, tmp_path / "out", embedder=Doubler(), part_rows=40)
    assert read(parts).equals(whole)


def test_processes_share_the_parts(tmp_path, source):
    one, two = Recorder(), Recorder()
    first = embed_parquet(source, tmp_path / "out", embedder=one, part_rows=30, shard=(0, 2))
    second = embed_parquet(source, tmp_path / "out", embedder=two, part_rows=30, shard=(1, 2))
    assert [part.name[8:13] for part in (*first, *second)] == ["00000", "00002", "00001", "00003"]
    assert sorted(one.texts + two.texts) == sorted(table()["text"].to_pylist())
    assert len(embed_parquet(source, tmp_path / "out", embedder=Recorder(), part_rows=30)) == 4


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


def test_a_row_group_is_read_once_for_all_of_its_parts(tmp_path, source, monkeypatch):
    read = []
    group_hash = SourceHashes._group_hash
    monkeypatch.setattr(SourceHashes, "_group_hash", lambda self, k: read.append(k) or group_hash(self, k))
    embed_parquet(source, tmp_path / "out", embedder=Doubler(), part_rows=7)
    assert read == [0, 1, 2, 3]


def test_a_process_hashes_the_sets_and_resources_of_a_pipeline_as_any_other_does(checkpoints):
    script = (
        "import sys; from sklearn.pipeline import make_pipeline;"
        "from sklearn_llmtokens import JiebaTokenizer, LLMTokenEmbedder;"
        "from sklearn_llmtokens.embedding._parquet_identity import embedder_hash;"
        "words = JiebaTokenizer(stop_words=frozenset('的了和是在'));"
        "embedder = LLMTokenEmbedder(sys.argv[1], word_weights=words, pooling='mean', n_jobs=int(sys.argv[2]));"
        "pipeline = make_pipeline(JiebaTokenizer(stop_words='en'), embedder).fit(['a']);"
        "print(embedder_hash(pipeline), embedder_hash(embedder.fit(['a'])))"
    )
    outputs = [
        subprocess.run(
            [sys.executable, "-c", script, str(checkpoints["bert"]), seed],
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


# Complaints


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"text_columns": "title"}, KeyError, "'title', and the columns are 'id'"),
        ({"columns": ["id", "size"]}, KeyError, "size"),
        ({"columns": ["id", "id"]}, ValueError, "columns=.*several different"),
        ({"suffix": ""}, ValueError, "already"),
        ({"text_columns": "id"}, TypeError, "holds int64"),
        ({"dtype": "float64"}, ValueError, "float64"),
        ({"batch_rows": 0}, ValueError, "batch_rows"),
        ({"shard": (2, 2)}, ValueError, "shard"),
    ],
)
def test_settings_that_do_not_suit_are_refused(tmp_path, source, arguments, error, match):
    with pytest.raises(error, match=match):
        embed_parquet(source, tmp_path / "out", **{"embedder": Doubler(), **arguments})
    assert not (tmp_path / "out").exists() or names(tmp_path / "out") == []


def test_the_folder_of_the_files_is_no_place_for_parts(tmp_path, source):
    with pytest.raises(ValueError, match="choose another"):
        embed_parquet(source, tmp_path, embedder=Doubler())


def test_a_folder_below_the_one_that_is_read_is_no_place_for_parts(tmp_path, source):
    with pytest.raises(ValueError, match=r"lies in src=.*choose a folder beside it"):
        embed_parquet(tmp_path, tmp_path / "more" / "vectors", embedder=Doubler())
    assert names(tmp_path) == ["reviews.parquet"]
    embed_parquet(source, tmp_path / "vectors", embedder=Doubler())  # one file: the parts are not read


def test_two_files_of_one_name_are_refused(tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("a", "a.parquet"):
        pq.write_table(table(3), tmp_path / "in" / name)
    with pytest.raises(ValueError, match=r"in/a and .*in/a\.parquet would both be written to .*out/a-\*: rename"):
        embed_parquet(tmp_path / "in", tmp_path / "out", embedder=Doubler())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["a**b", "a[1]", "a?"])
def test_what_means_something_in_a_pattern_is_a_name_like_any_other(tmp_path, name):
    pq.write_table(table(3), tmp_path / f"{name}.parquet")
    (tmp_path / "out").mkdir()
    old = tmp_path / "out" / f".{name}-00000.parquet.old.tmp"
    old.touch()
    os.utime(old, (0, 0))
    embed_parquet(tmp_path / f"{name}.parquet", tmp_path / "out", embedder=Doubler())
    assert names(tmp_path / "out") == [f"{name}-00000.parquet"]


def test_a_column_that_is_kept_may_be_given_by_its_name(tmp_path, source):
    (part,) = embed_parquet(source, tmp_path / "out", embedder=Doubler(), columns="text")
    assert pq.read_schema(part).names == ["text", "text_vector"]


def test_the_folder_of_the_parts_may_begin_at_home(tmp_path, source, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (part,) = embed_parquet(source, "~/out", embedder=Doubler())
    assert part == tmp_path / "out" / "reviews-00000.parquet"
    with pytest.raises(ValueError, match="no such user"):
        embed_parquet(source, "~nosuchuser/out", embedder=Doubler())


def test_an_empty_folder_is_named(tmp_path):
    (tmp_path / "in").mkdir()
    with pytest.raises(ValueError, match="no Parquet file"):
        embed_parquet(tmp_path / "in", tmp_path / "out", embedder=Doubler())


def test_a_missing_text_is_named_with_its_rows(tmp_path):
    pq.write_table(pa.table({"text": ["a"] * 12 + [None]}), tmp_path / "holes.parquet")
    with pytest.raises(MissingTextError, match=r"X\[2\] is missing") as caught:
        embed_parquet(tmp_path / "holes.parquet", tmp_path / "out", batch_rows=10)
    assert any("rows 10 to 12" in note for note in caught.value.__notes__)
    assert names(tmp_path / "out") == []


def test_texts_that_were_cut_are_counted_once(tmp_path, embedder):
    pq.write_table(pa.table({"text": ["good " * n for n in (1, 300, 200, 400)]}), tmp_path / "long.parquet")
    with pytest.warns(TruncationWarning, match=r"^3 distinct text\(s\) had more than") as caught:
        embed_parquet(tmp_path / "long.parquet", tmp_path / "out", embedder=embedder, batch_rows=1)
    assert len(caught) == 1


def test_a_bar_of_rows(tmp_path, source, capsys):
    embed_parquet(source, tmp_path / "out", embedder=Doubler(), verbose=1)
    assert "100/100" in capsys.readouterr().err


# The command


def test_the_command_embeds_a_file(tmp_path, source, capsys):
    out = tmp_path / "out"
    arguments = [
        "embed",
        str(source),
        str(out),
        "--dtype",
        "float16",
        "--part-rows",
        "60",
        "--columns",
        "id",
        "--quiet",
    ]
    assert main(arguments) == 0
    assert capsys.readouterr().out == f"2 part(s) in {out}\n"
    found = read(sorted(out.iterdir()))
    assert found.schema.names == ["id", "text_vector"]
    expected = LLMTokenEmbedder().fit_transform(table()["text"].to_pylist())
    np.testing.assert_allclose(np.array(found["text_vector"].to_pylist(), dtype=np.float32), expected, atol=1e-3)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["--text-columns", "title"], "text_columns names 'title'"),
        (["--model", "/nowhere"], "/nowhere"),
        (["--pooling", "median"], "pooling"),
        (["--quiet", "--cache", "~nosuchuser/x"], "cache='~nosuchuser/x': there is no such user"),
    ],
)
def test_the_command_complains_in_a_line(tmp_path, source, capsys, arguments, match):
    assert main(["embed", str(source), str(tmp_path / "out"), *arguments]) == 1
    found = capsys.readouterr().err
    assert found.startswith("sklearn-llmtokens: ")
    assert match in found
    assert "Traceback" not in found


def test_the_command_says_which_source_is_not_there(tmp_path, capsys):
    assert main(["embed", str(tmp_path / "gone"), str(tmp_path / "out")]) == 1
    assert f"src='{tmp_path}/gone': there is no such file or folder" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["embed"], ["embed", "a", "b", "--shard", "2/2"]])
def test_the_command_explains_itself(capsys, arguments):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: sklearn-llmtokens" in capsys.readouterr().err
