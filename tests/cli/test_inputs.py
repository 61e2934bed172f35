"""CSV and JSON lines as people have them: every row is read as it stands, or refused with its line and what to do."""

import bz2
import gzip
import io
import json
import lzma
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sklearn_llmtokens import LLMTokenEmbedder
from tests.cli.test_command import no_model, refused  # noqa: F401
from tests.embedding.conftest import main


@pytest.fixture
def embedded(tmp_path):
    """Embed a file of this content, and return the table."""

    def run(name, content, *arguments):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        out = tmp_path / "out.parquet"
        out.unlink(missing_ok=True)
        assert main(["embed", str(path), str(out), "--model", "zh-nano", "--quiet", *arguments]) == 0
        return pq.read_table(out)

    return run


def columns(table):
    return table.drop_columns([name for name in table.schema.names if name.endswith("_vector")]).to_pydict()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("text,id\n好,007\n", {"text": ["好"], "id": ["007"]}),
        ("\ufefftext\n好\n", {"text": ["好"]}),
        ('text,id\r\n"a, ""b""\nc",1\r\n', {"text": ['a, "b"\nc'], "id": ["1"]}),
        ("text,id\na,\n", {"text": ["a"], "id": [None]}),
        ("text,id\nNA,nan\n", {"text": ["NA"], "id": ["nan"]}),
        ("text,id\n\na,1\n\n\n", {"text": ["a"], "id": ["1"]}),
        ("text\na\0b\n", {"text": ["a\0b"]}),
        ("text,\na,1\n", {"text": ["a"], "": ["1"]}),
        ("text\n" + "字" * 200_000 + "\n", {"text": ["字" * 200_000]}),
        ("text\n", {"text": []}),
        ("text\na", {"text": ["a"]}),
    ],
)
def test_fields_of_csv_stay_as_they_stand(embedded, content, expected):
    found = embedded("a.csv", content)
    assert columns(found) == expected
    exact = LLMTokenEmbedder("zh-nano").fit([""]).transform(expected["text"])
    vectors = np.array(found["text_vector"].to_pylist(), np.float32).reshape(exact.shape)
    np.testing.assert_array_equal(vectors, exact)


@pytest.mark.filterwarnings("ignore::sklearn_llmtokens.exceptions.UnknownTokenWarning")
@given(
    rows=st.lists(
        st.tuples(*[st.text(st.characters(codec="utf-8", exclude_characters="\r"), min_size=1)] * 2), max_size=5
    )
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_pandas_writes_is_read_back(embedded, rows):
    frame = pd.DataFrame(rows, columns=["text", "more"], dtype=object)
    assert columns(embedded("a.csv", frame.to_csv(index=False))) == frame.to_dict("list")
    lines = frame.to_json(orient="records", lines=True, force_ascii=False)
    if rows:
        assert columns(embedded("a.jsonl", lines)) == frame.to_dict("list")


@pytest.mark.parametrize(
    ("name", "compress"),
    [
        ("a.csv.gz", gzip.compress),
        ("a.csv.bz2", bz2.compress),
        ("a.csv.xz", lzma.compress),
        ("a.csv.zst", lambda data: pa.compress(data, "zstd", asbytes=True)),
        ("a.csv", gzip.compress),
    ],
)
def test_compressed_files(embedded, name, compress):
    assert columns(embedded(name, compress("text\n好\n很好\n".encode()))) == {"text": ["好", "很好"]}


def test_tabs_and_other_delimiters(embedded):
    assert columns(embedded("a.tsv", "id\ttext\n1\ta,b\n"))["text"] == ["a,b"]
    assert columns(embedded("a.csv", "id;text\n1;a,b\n", "--delimiter", ";"))["text"] == ["a,b"]
    assert columns(embedded("a.dat", "id\ttext\n1\ta\n", "--input-format", "csv", "--delimiter", "\\t"))["id"] == ["1"]


def test_only_the_columns_that_are_kept_are_read(embedded):
    found = embedded("a.csv", "id,text,more\n1,a,x\n", "--columns", "id")
    assert found.schema.names == ["id", "text_vector"]


def test_types_of_json_lines_are_kept_over_all_lines(embedded):
    rows = [{"text": "a", "n": 1, "when": "2024-01-01"}, {"n": 2.5, "text": "b", "tags": ["x"], "when": None}]
    found = embedded("a.jsonl", "\n".join(map(json.dumps, rows)) + "\n\n")
    assert columns(found) == {
        "text": ["a", "b"],
        "n": [1.0, 2.5],
        "when": ["2024-01-01", None],
        "tags": [None, ["x"]],
    }


def test_columns_that_appear_late_are_columns_of_all_rows(embedded):
    rows = [{"text": "a"}] * 20_000 + [{"text": "b", "late": 7}]
    found = embedded("a.ndjson", "\n".join(map(json.dumps, rows)))
    assert found["late"].null_count == 20_000
    assert found["late"].to_pylist()[-1] == 7


def test_missing_texts_become_zeros_where_that_is_asked_for(embedded):
    for name, content in (("a.csv", 'text,id\n,1\n"",2\na,3\n'), ("a.jsonl", '{"text":null}\n{}\n{"text":"a"}\n')):
        found = np.array(embedded(name, content, "--missing", "zero")["text_vector"].to_pylist())
        assert found.any(axis=1).tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        (
            "a.csv",
            "物流很快,1\n屏幕碎了,2\n",
            "'物流很快', '1'. Pass one of them as --text-columns. If its first line is a row",
        ),
        ("a.csv", "id;text\n1;a\n", "Its fields may be separated by ';': pass --delimiter ';'."),
        ("a.csv", "text,id\na,1\nb,2,3\n", "a.csv, line 3: 3 field(s), and the header has 2"),
        ("a.csv", 'text,id\n"a\nb",1\nc\n', "a.csv, line 4: 1 field(s), and the header has 2"),
        ("a.csv", 'text\na\n"never closed\nb\n', "a.csv, line 3: unexpected end of data"),
        ("a.csv", 'text\n"a"b\n', "a.csv, line 2: ',' expected after '\"'"),
        ("a.csv", "text,text\na,b\n", "has 2 columns 'text': give each a name of its own"),
        ("a.csv", "", "a.csv is empty: its first line names the columns"),
        ("a.csv", "text,id\na,1\n,2\n,3\n", "has 2 missing text(s) in column 'text', the first in line 3: fill them"),
        ("a.csv", "text\na\n\nb\n", "has 1 missing text(s) in column 'text', the first in line 3"),
        (
            "a.csv",
            "text\n物流\n".encode("gb18030"),
            "it may be GB18030. Convert it: iconv -f GB18030",
        ),
        ("a.csv", "text\n物流\n".encode("utf-16"), "it may be UTF-16"),
        ("a.csv", b"text\na\n\xff\xff\xff\n", "(byte 0xff in line 3). Convert it: iconv -f ENCODING"),
        ("a.csv", b"text\na\n\xe5\xa5", "(byte 0xe5 in line 3)"),
        ("a.csv", b"PK\x03\x04rest", "is a zip archive or an Excel workbook: unpack it, or save it as CSV UTF-8"),
        ("a.csv", gzip.compress(b"text\n" + bytes(range(65, 91)) * 99, mtime=0)[:-20], "is cut off or damaged"),
        ("a.jsonl", '{"text": "a"}\n{"text": }\n', "a.jsonl, line 2 is no JSON object (Expecting value)"),
        ("a.jsonl", '[{"text": "a"}]\n', "line 1 is a list, and one JSON object per line is expected: jq -c '.[]'"),
        ("a.jsonl", '[\n{"text": "a"}]\n', "line 1 is an array, and one JSON object per line is expected"),
        ("a.jsonl", '{"text": "a"}\n{"text": 5}\n', "a.jsonl, line 2: 'text' is 5, not a text"),
        ("a.jsonl", '{"text": "\\ud83d"}\n', "line 1: 'text' has one half of a character alone"),
        ("a.jsonl", '{"texts": "a"}\n', "--text-columns names 'text', and"),
        ("a.jsonl", "\n", "has no rows"),
        ("a.jsonl", '{"text": "a", "n": 1}\n{"text": "b", "n": "x"}\n', "the values of 'n' are of no one type"),
        (
            "a.jsonl",
            '{"text": "a", "n": 1}\n{"text": null}\n',
            "missing text(s) in column 'text', the first in line 2",
        ),
        ("a.jsonl", '{"text": "a", "n": ' + "9" * 40 + "}\n", "leave it out with --columns"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(tmp_path, capsys, no_model, name, content, match):  # noqa: F811
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    message = refused(capsys, "embed", path, tmp_path / "out.parquet")
    assert match in message
    assert len(message) < 400 + len(str(tmp_path)) * 4
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_duplicate_or_missing_header_elsewhere_is_no_matter(embedded):
    assert columns(embedded("a.csv", "text,x,x\na,1,2\n", "--columns", "text")) == {"text": ["a"]}


@pytest.mark.parametrize(
    "content", [b"text\n\xe5\xa5\xbd\n", b'{"text": "\xe5\xa5\xbd"}\n', b"\xef\xbb\xbf" + b'{"text": "\xe5\xa5\xbd"}']
)
def test_the_format_of_standard_input_is_found(tmp_path, monkeypatch, content):
    for data in (content, gzip.compress(content)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        (tmp_path / "v.npy").unlink(missing_ok=True)
        assert main(["embed", "-", str(tmp_path / "v.npy"), "--model", "zh-nano", "--quiet"]) == 0
        np.testing.assert_array_equal(np.load(tmp_path / "v.npy"), LLMTokenEmbedder("zh-nano").fit_transform(["好"]))
        (tmp_path / ".v.npy.json").unlink()


def test_parquet_comes_through_standard_input(tmp_path, monkeypatch):
    pq.write_table(pa.table({"text": ["好"], "n": [1]}), tmp_path / "a.parquet")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((tmp_path / "a.parquet").read_bytes())))
    assert main(["embed", "-", str(tmp_path / "out"), "--model", "zh-nano", "--quiet"]) == 0
    found = pq.read_table(tmp_path / "out" / "stdin-00000.parquet")
    assert found.drop_columns("text_vector").to_pydict() == {"text": ["好"], "n": [1]}


def test_a_changed_source_is_another_run(tmp_path, capsys):
    source, command = tmp_path / "a.csv", ["embed", tmp_path / "a.csv", tmp_path / "v.npy", "--model", "zh-nano"]
    source.write_text("text,n\na,1\n")
    assert main([*map(str, command), "--quiet"]) == 0
    source.write_text("text,n\nb,1\n")
    assert "its source (the bytes of the file it was made from) differ" in refused(capsys, *command)
