"""The command `sklearn-llmtokens embed`: what it writes, what it refuses before any model, its exit codes."""

import io
import os
import signal
import sys
import warnings

import numpy as np
import pyarrow.parquet as pq
import pytest

from sklearn_llmtokens import LLMTokenEmbedder
from tests.embedding.conftest import main
from tests.embedding.oracle import POOLINGS
from tests.embedding.parquet_helpers import read, table
from tests.inside import replace_encode, set_bar_delay

TEXTS = table()["text"].to_pylist()


@pytest.fixture
def no_model(monkeypatch):
    """Nothing may look at a checkpoint."""
    monkeypatch.setattr(LLMTokenEmbedder, "fit", lambda *args: pytest.fail("a model was looked at"))


def refused(capsys, *arguments):
    """Return the message with which a command is refused."""
    assert main(list(map(str, arguments))) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("sklearn-llmtokens: ")
    assert "Traceback" not in shown.err
    return shown.err


def test_parts_in_a_folder(tmp_path, source, capsys, monkeypatch):
    set_bar_delay(monkeypatch, 3600)
    out = tmp_path / "out"
    arguments = ["--model", "zh-nano", "--output-dtype", "float16", "--part-rows", "60", "--columns", "id"]
    assert main(["embed", str(source), str(out), *arguments]) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == f"100 rows in 2 file(s) in {out}\n"
    found = read(sorted(out.iterdir()))
    assert found.schema.names == ["id", "text_vector"]
    expected = LLMTokenEmbedder("zh-nano").fit_transform(TEXTS)
    np.testing.assert_allclose(np.array(found["text_vector"].to_pylist(), dtype=np.float32), expected, atol=1e-3)


def test_one_parquet_file(tmp_path, source, capsys):
    out = tmp_path / "new" / "vectors.parquet"
    assert main(["embed", str(source), str(out), "--model", "zh-nano", "--part-rows", "10", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    found = pq.read_table(out)
    assert found.drop_columns("text_vector").equals(table())
    np.testing.assert_array_equal(
        np.array(found["text_vector"].to_pylist(), np.float32), LLMTokenEmbedder("zh-nano").fit_transform(TEXTS)
    )
    assert os.listdir(out.parent) == ["vectors.parquet"]


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_one_array(tmp_path, source, dtype):
    out = tmp_path / "vectors.npy"
    assert main(["embed", str(source), str(out), "--model", "zh-nano", "--output-dtype", dtype, "--quiet"]) == 0
    found = np.load(out, mmap_mode="r")
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, LLMTokenEmbedder("zh-nano").fit_transform(TEXTS).astype(dtype))


@pytest.mark.parametrize("name", ["vectors.npy", "vectors.parquet", "vectors"])
def test_the_same_command_again_does_nothing_and_another_is_refused(tmp_path, source, capsys, name):
    command = ["embed", str(source), str(tmp_path / name), "--model", "zh-nano", "--quiet"]
    assert main(command) == 0
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert main(command) == 0
    assert "its dtype differ" in refused(capsys, *command, "--output-dtype", "float16")
    assert times == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}


def test_an_array_of_somebody_else_is_left_alone(tmp_path, source, capsys):
    np.save(tmp_path / "vectors.npy", np.eye(2))
    assert "is of another run" in refused(capsys, "embed", source, tmp_path / "vectors.npy", "--model", "zh-nano")
    np.testing.assert_array_equal(np.load(tmp_path / "vectors.npy"), np.eye(2))


def test_the_options_of_the_model_are_parameters_of_the_embedder(tmp_path, checkpoints):
    (tmp_path / "texts.csv").write_text("text\ngood\nbad room\n")
    arguments = "--layer 0 -1 --pooling mean max --normalize false --truncate-dim 5 --max-length 16 --dtype float32"
    more = ["--model", str(checkpoints["bert"]), "--prompt", "say {text}", "--cache", str(tmp_path / "store")]
    out = tmp_path / "v.npy"
    assert main(["embed", str(tmp_path / "texts.csv"), str(out), *arguments.split(), *more, "--quiet"]) == 0
    parameters = {"layer": (0, -1), "pooling": ("mean", "max"), "normalize": False, "truncate_dim": 5, "max_length": 16}
    expected = LLMTokenEmbedder(str(checkpoints["bert"]), prompt="say {text}", dtype="float32", **parameters)
    np.testing.assert_allclose(np.load(out), expected.fit_transform(["good", "bad room"]), atol=1e-6)
    assert len(list((tmp_path / "store").glob("*.sqlite3"))) == 1


@pytest.mark.parametrize("kind", ["parquet", "npy"])
def test_standard_input_and_output(tmp_path, monkeypatch, capfdbinary, kind):
    set_bar_delay(monkeypatch, 3600)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("id,text\n007,很好\n8,不好\n".encode())))
    assert main(["embed", "-", "-", "--model", "zh-nano", "--output-format", kind]) == 0
    shown = capfdbinary.readouterr()
    assert shown.err == b"2 rows in standard output\n"
    expected = LLMTokenEmbedder("zh-nano").fit_transform(["很好", "不好"])
    if kind == "npy":
        np.testing.assert_array_equal(np.load(io.BytesIO(shown.out)), expected)
    else:
        found = pq.read_table(io.BytesIO(shown.out))
        assert found["id"].to_pylist() == ["007", "8"]
        np.testing.assert_array_equal(np.array(found["text_vector"].to_pylist(), np.float32), expected)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["{src}", "out", "--text-columns", "title"], "text_columns names 'title', and the columns are 'id'"),
        (["{src}", "out", "--text-columns", "id"], "Column 'id' holds int64, not text"),
        (["{src}", "out", "--columns", "size"], "columns names ['size'], which are not there"),
        (["{src}", "out", "--text-columns", "t" * 1000], f"names '{'t' * 30}'..., and the columns are 'id', 'text'"),
        (["{src}", "out", "--batch-rows", "0"], "batch_rows=0 must be at least 1"),
        (["{src}", "out.csv"], "DST='out.csv': vectors are written as .parquet or .npy, or into a folder"),
        (["{src}", "{src}/x"], "is no folder to which files can be written"),
        (["{src}", "out.npy", "--columns", "id"], "has the vectors of one column"),
        (["{src}", "out.npy", "--text-columns", "text", "more"], "has the vectors of one column"),
        (["{src}", "out.npy", "--output-format", "parquet"], "do not agree"),
        (["{src}", "out.parquet", "--shard", "0/2"], "name a folder as DST"),
        (["{folder}", "out.npy"], "may be several files: name a folder as DST"),
        (["gone.csv", "out"], "SRC='gone.csv': there is no such file or folder"),
        (["{folder}/a.txt", "out"], "does not say what is in it: pass --input-format"),
    ],
)
def test_what_does_not_suit_is_refused_before_a_model_is_looked_at(
    tmp_path, source, capsys, monkeypatch, no_model, arguments, match
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").touch()
    arguments = [argument.format(src=source, folder=tmp_path) for argument in arguments]
    assert match in refused(capsys, "embed", *arguments)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["--model", "/nowhere"], "/nowhere"),
        (["--quiet", "--cache", "~nosuchuser/x"], "cache='~nosuchuser/x': there is no such user"),
        (["--max-length", "0"], "max_length"),
    ],
)
def test_a_wrong_value_for_the_model_is_a_line(tmp_path, source, capsys, arguments, match):
    assert main(["embed", str(source), str(tmp_path / "out"), "--model", "zh-nano", *arguments]) == 2
    found = capsys.readouterr().err
    assert found.startswith("sklearn-llmtokens: ")
    assert match in found
    assert "Traceback" not in found


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        (
            "reviews.csv",
            "text,label\n很好,1\n".encode(),
            "reviews.csv' is a table: write its column of texts into a file",
        ),
        ("texts.txt", "很好".encode("gb18030"), "texts.txt is not UTF-8: convert it, as in iconv -f GB18030"),
    ],
)
def test_distill_refuses_what_is_not_one_text_per_line(tmp_path, capsys, name, content, match):
    (tmp_path / name).write_bytes(content)
    assert main(["distill", str(tmp_path / name), str(tmp_path / "out"), "--model", "zh-nano"]) == 2
    assert match in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [[], ["embed"], ["embed", "a", "b", "--shard", "2/2"]])
def test_wrong_usage_shows_the_usage(capsys, arguments):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: sklearn-llmtokens" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["embed", "distill"])
def test_the_help_names_every_default_and_shows_examples(capsys, command):
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "(default: zh-mini)" in shown
    assert f"sklearn-llmtokens {command} " in shown.partition("example")[2]
    assert "[-1]" not in shown


def test_the_help_names_every_pooling(capsys):
    with pytest.raises(SystemExit):
        main(["embed", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert set(shown.partition("--pooling NAME [NAME ...] ")[2].partition("; several")[0].split("; ")) == {
        "auto",
        *POOLINGS,
    }


@pytest.mark.parametrize("value", ["１２", "1_000", "²", "1.5", "x" * 1000, "9" * 5000])
@pytest.mark.parametrize(
    "option", ["--batch-rows", "--part-rows", "--batch-tokens", "--max-length", "--n-jobs", "--layer", "--shard"]
)
def test_numbers_are_written_in_plain_digits(capsys, option, value):
    value = f"{value}/9" if option == "--shard" else value
    with pytest.raises(SystemExit) as caught:
        main(["embed", "a", "b", option, value])
    assert caught.value.code == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert f"argument {option}: '" in message
    assert len(message) < 160


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_after_a_signal_the_same_command_goes_on(tmp_path, checkpoints, capsys, monkeypatch, request, number, code):
    (tmp_path / "texts.csv").write_text("text\n" + "".join(f"text {i}\n" for i in range(30)))
    command = ["embed", str(tmp_path / "texts.csv"), str(tmp_path / "v.npy"), "--batch-rows", "10"]
    command += ["--model", str(checkpoints["bert"]), "--cache", "none", "--quiet"]
    seen = []

    def encode(encode, encoder, texts, *args, **keywords):
        if len(seen) == 20:
            seen.append("signal")
            signal.raise_signal(number)
        seen.extend(texts)
        return encode(encoder, texts, *args, **keywords)

    replace_encode(monkeypatch, encode)
    was = signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background ignores it
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, was))
    before = signal.getsignal(signal.SIGTERM)
    capsys.readouterr()  # of the checkpoint, which may have been written just now
    assert main(command) == code
    assert capsys.readouterr() == ("", "sklearn-llmtokens: interrupted; the same command goes on from here.\n")
    assert signal.getsignal(signal.SIGTERM) is before
    assert not (tmp_path / "v.npy").exists()
    assert main(command) == 0
    assert sorted(seen) == sorted([f"text {i}" for i in range(30)] + ["signal"])
    expected = LLMTokenEmbedder(str(checkpoints["bert"])).fit_transform([f"text {i}" for i in range(30)])
    np.testing.assert_allclose(np.load(tmp_path / "v.npy"), expected, atol=1e-6)


def test_a_failure_during_the_work_is_another_exit_code(tmp_path, checkpoints, capsys, monkeypatch):
    (tmp_path / "texts.csv").write_text("text\ngood\n")

    def encode(*args, **keywords):
        raise MemoryError("one text alone does not fit")

    replace_encode(monkeypatch, encode)
    command = ["embed", str(tmp_path / "texts.csv"), str(tmp_path / "v.npy"), "--model", str(checkpoints["bert"])]
    assert main([*command, "--cache", "none"]) == 1
    assert capsys.readouterr().err.startswith("sklearn-llmtokens: one text alone does not fit\n")


def show_warning(message, category, filename, lineno, file=None, line=None):
    sys.stderr.write(warnings.formatwarning(message, category, filename, lineno, line))


def test_warnings_are_messages(tmp_path, checkpoints, capsys, monkeypatch):
    (tmp_path / "texts.csv").write_text(f"text\n{'good ' * 300}\n")
    command = ["embed", str(tmp_path / "texts.csv"), str(tmp_path / "v.npy"), "--model", str(checkpoints["bert"])]
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        monkeypatch.setattr(warnings, "showwarning", show_warning)
        assert main([*command, "--quiet"]) == 0
    (shown,) = capsys.readouterr().err.splitlines()
    assert shown.startswith("sklearn-llmtokens: warning: 1 distinct text(s) had more than")


def test_the_bar_is_on_standard_error(tmp_path, source, capsys, monkeypatch):
    set_bar_delay(monkeypatch, 0)
    assert main(["embed", str(source), str(tmp_path / "v.npy"), "--model", "zh-nano"]) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "100/100" in shown.err
