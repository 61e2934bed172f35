"""embed_parquet: rows and columns as they were, vectors beside them; what does not suit is refused."""

import gc
import io
import os
import sys

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sklearn_llmtokens import LLMTokenEmbedder, embed_parquet
from sklearn_llmtokens.exceptions import MissingTextError, TruncationWarning
from tests.checkpoints import HIDDEN
from tests.embedding.parquet_helpers import MANY, N_ROWS, Recorder, names, read, table, vectors
from tests.embedding.test_embed_batches import Doubler
from tests.inside import set_bar_delay


@pytest.fixture
def embedder(checkpoints):
    return LLMTokenEmbedder(str(checkpoints["bert"]), cache=None)


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


def test_vectors_that_are_not_kept_are_not_in_the_way(tmp_path, source):
    (part,) = embed_parquet(source, tmp_path / "out", embedder=Doubler())
    (again,) = embed_parquet(part, tmp_path / "again", embedder=Doubler(3.0), columns=["id"])
    assert vectors([again])[5].tolist() == [6, 18]
    with pytest.raises(ValueError, match="'text_vector' already: choose another suffix"):
        embed_parquet(part, tmp_path / "refused", embedder=Doubler())


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


# Error messages


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
    pq.write_table(pa.table({"text": ["a"] * 12 + [None]}), tmp_path / "gaps.parquet")
    with pytest.raises(MissingTextError, match=r"X\[2\] is missing") as caught:
        embed_parquet(tmp_path / "gaps.parquet", tmp_path / "out", batch_rows=10)
    assert any("rows 10 to 12" in note for note in caught.value.__notes__)
    assert ds.dataset(tmp_path / "out", format="parquet").files == []


def test_texts_that_were_cut_are_counted_once(tmp_path, embedder):
    pq.write_table(pa.table({"text": ["good " * n for n in (1, 300, 200, 400)]}), tmp_path / "long.parquet")
    with pytest.warns(TruncationWarning, match=r"^3 distinct text\(s\) had more than") as caught:
        embed_parquet(tmp_path / "long.parquet", tmp_path / "out", embedder=embedder, batch_rows=1)
    assert len(caught) == 1


def test_a_bar_of_rows(tmp_path, source, capsys, monkeypatch):
    set_bar_delay(monkeypatch, 0)
    embed_parquet(source, tmp_path / "out", embedder=Doubler(), verbose=1)
    assert "100/100" in capsys.readouterr().err
    embed_parquet(source, tmp_path / "out", embedder=Doubler(), verbose=1)
    assert capsys.readouterr().err == ""  # all is there


def test_a_run_that_is_over_within_a_second_has_no_bar(tmp_path, source, capsys, monkeypatch):
    set_bar_delay(monkeypatch, 3600)
    embed_parquet(source, tmp_path / "out", embedder=Doubler(), verbose=1)
    assert capsys.readouterr().err == ""


class Closed(io.StringIO):
    """Standard error that nobody reads any more."""

    def write(self, text):
        raise BrokenPipeError


def test_a_bar_that_nobody_reads_does_not_stop_the_work(tmp_path, source, monkeypatch):
    set_bar_delay(monkeypatch, 0)
    monkeypatch.setattr(sys, "stderr", Closed())
    (part,) = embed_parquet(source, tmp_path / "out", embedder=Doubler(), verbose=1)
    assert pq.read_table(part).num_rows == N_ROWS
    monkeypatch.undo()
    gc.collect()  # a bar that is left takes the lock of all bars


def damaged(source, at):
    data = source.read_bytes()
    at = at % len(data)
    source.write_bytes(data[:at] + bytes([data[at] ^ 255]) + data[at + 1 :])


@pytest.mark.parametrize("at", [-1, -6, -200])
def test_a_damaged_source_is_an_oserror_that_names_it(tmp_path, source, at):
    damaged(source, at)
    with pytest.raises(OSError, match=r"reviews\.parquet.* cannot be read as Parquet \(\w+: ") as caught:
        embed_parquet(source, tmp_path / "out", embedder=Doubler())
    assert len(str(caught.value)) < 500
    assert not [file for file in (tmp_path / "out").rglob("*") if file.is_file()]


def test_changed_bytes_are_noticed_where_pages_have_checksums_as_our_parts_have(tmp_path, source):
    (part,) = embed_parquet(source, tmp_path / "first", embedder=Doubler())
    data, group = part.read_bytes(), pq.ParquetFile(part).metadata.row_group(0)
    for k in range(group.num_columns):
        column = group.column(k)
        at = (column.dictionary_page_offset or column.data_page_offset) + column.total_compressed_size - 3
        part.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises(OSError, match="cannot be read as Parquet"):
            embed_parquet(part, tmp_path / f"second {k}", embedder=Doubler(), suffix="_again")
