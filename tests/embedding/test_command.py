"""The command `sklearn-llmtokens embed`: embed_parquet from a shell."""

import numpy as np
import pytest

from sklearn_llmtokens import LLMTokenEmbedder
from tests.embedding.conftest import main
from tests.embedding.parquet_helpers import read, table


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
        (["--quiet", "--cache", "\ud800"], "cache='\\ud800' names no folder"),
        (
            ["--text-columns", "t" * 1000],
            f"text_columns names '{'t' * 30}'..., and the columns are 'id', 'text', 'more'.",
        ),
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


@pytest.mark.parametrize("value", ["１２", "1_000", "²", "1.5", "x" * 1000, "9" * 5000])
@pytest.mark.parametrize(
    "option", ["--batch-rows", "--part-rows", "--batch-tokens", "--max-length", "--n-jobs", "--shard"]
)
def test_numbers_are_written_in_plain_digits(capsys, option, value):
    value = f"{value}/9" if option == "--shard" else value
    with pytest.raises(SystemExit) as caught:
        main(["embed", "a", "b", option, value])
    assert caught.value.code == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert f"argument {option}: '" in message
    assert len(message) < 160
