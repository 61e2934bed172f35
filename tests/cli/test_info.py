"""The command `sklearn-llmtokens info`: what it says of checkpoints, and what they cannot read of a file."""

import json
import shutil
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.checkpoints import bundled_checkpoint
from tests.embedding.conftest import main


def info(capsys, *arguments):
    """Return what ``--json`` prints."""
    assert main(["info", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def refused(capsys, *arguments):
    """Return the message with which the command is refused."""
    assert main(["info", *map(str, arguments)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Traceback" not in shown.err
    return shown.err


def test_the_bundled_encoder(capsys):
    found = info(capsys, "zh-mini", "--seconds", 0)
    expected = {
        "model": "zh-mini",
        "bundled": True,
        "kind": "encoder",
        "architecture": "bert",
        "n_layers": 4,
        "hidden_size": 384,
        "n_vocabulary": 20_212,
        "pooling": ["cls", "mean"],
        "head": ["dense 768 to 640, Identity"],
        "n_features": 640,
        "normalize": False,
        "prompts": {},
        "prompt": None,
        "max_length": 256,
        "revision": None,
        "license": None,
        "stored_as": "F16",
    }
    assert {name: found[name] for name in expected} == expected
    assert found["fingerprint"] == LLMTokenEmbedder().fit([""]).fingerprint_
    # a number of two bytes for each parameter, and the names of the tensors before them
    size = (bundled_checkpoint("zh-mini") / "model.safetensors").stat().st_size
    assert (
        0
        < size
        + (bundled_checkpoint("zh-mini") / "2_Dense/model.safetensors").stat().st_size
        - 2 * found["n_parameters"]
        < 20_000
    )
    assert "speed" not in found
    assert "sample" not in found


@pytest.mark.slow  # another process
def test_the_bundled_static_checkpoint_needs_no_torch():
    code = (
        "import sys; from importlib.metadata import entry_points; "
        "(command,) = entry_points(group='console_scripts', name='sklearn-llmtokens'); main = command.load(); "
        "assert main(['info', 'zh-nano', '--seconds', '0.01']) == 0; "
        "assert not {'torch', 'transformers'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert "static vectors (model2vec), 448 features per token" in done.stdout
    assert "no limit" in done.stdout


def test_a_folder_with_prompts_and_a_licence(capsys, tmp_path):
    folder = shutil.copytree(bundled_checkpoint("zh-mini"), tmp_path / "mine")
    file = folder / "config_sentence_transformers.json"
    prompts = {"query": "问：", "document": "文："}
    file.write_text(json.dumps({"prompts": prompts, "default_prompt_name": "query"}), encoding="utf-8")
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n# mine\n", encoding="utf-8")
    found = info(capsys, folder, "--seconds", 0)
    assert (found["bundled"], found["folder"]) == (False, str(folder.resolve()))
    assert (found["prompts"], found["default_prompt"], found["prompt"]) == (prompts, "query", "问：{text}")
    assert found["license"] == "apache-2.0"
    assert found["n_bytes"] == sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("card", "expected"),
    [
        ("---\nlicense: other\nlicense_name: llama3\n---\n", "llama3"),
        ("---\nlicense: other\n---\n", "other"),
        ("---\nlicense: [\n---\n", None),
        ("---\n- mit\n---\n", None),
        ("no metadata", None),
    ],
)
def test_a_card_may_name_any_licence_or_be_damaged(capsys, tmp_path, card, expected):
    folder = shutil.copytree(bundled_checkpoint("zh-nano"), tmp_path / "mine")
    (folder / "README.md").write_text(card, encoding="utf-8")
    assert info(capsys, folder, "--seconds", 0)["license"] == expected


def test_a_causal_model(capsys, checkpoints):
    found = info(capsys, checkpoints["gpt2"], "--seconds", 0)
    assert (found["kind"], found["architecture"]) == ("causal language model", "gpt2")
    assert found["pooling"] == ["weighted_mean"]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_unknown_tokens_of_a_column(capsys, tmp_path, suffix):
    texts = ["物流很快", "屏幕碎了囍𠮷", None, "ก囍 ข囍"]
    path = tmp_path / f"reviews{suffix}"
    if suffix == ".parquet":
        pq.write_table(pa.table({"review": texts}), path)
    elif suffix == ".csv":
        path.write_text("".join(f"{text or ''}\n" for text in ["review", *texts]), encoding="utf-8")
    else:
        path.write_text("".join(json.dumps({"review": text}) + "\n" for text in texts), encoding="utf-8")
    found = info(capsys, "zh-nano", path, "--text-columns", "review", "--seconds", 0)["sample"]
    assert (found["n_texts"], found["n_missing"], found["n_mostly_unknown"]) == (3, 1, 1)
    assert next(iter(found["most_frequent_unknown"].items())) == ("囍", 3)
    assert found["most_frequent_unknown"] == {"囍": 3, "𠮷": 1, "ก": 1, "ข": 1}
    assert found["unknown_characters"] == pytest.approx(6 / 14)
    assert 0 < found["unknown_tokens"] < 6 / 14  # neighbours that are unknown share a token
    first = info(capsys, "zh-nano", path, "--text-columns", "review", "--seconds", 0, "--rows", 1)["sample"]
    assert (first["n_texts"], first["unknown_tokens"], first["most_frequent_unknown"]) == (1, 0, {})


def test_a_vocabulary_of_bytes_knows_everything(capsys, checkpoints, tmp_path):
    (tmp_path / "r.csv").write_text("text\n囍𠮷 good\n", encoding="utf-8")
    found = info(capsys, checkpoints["gpt2"], tmp_path / "r.csv", "--seconds", 0)["sample"]
    assert (found["unknown_tokens"], found["most_frequent_unknown"]) == (0, {})


def test_the_speed_is_measured_on_the_sample(capsys, tmp_path):
    (tmp_path / "r.csv").write_text("text\n好\n很好\n", encoding="utf-8")
    speed = info(capsys, "zh-nano", tmp_path / "r.csv", "--seconds", "0.001")["speed"]
    assert (speed["of"], speed["mean_characters"], speed["n_texts"] % 2) == ("sample", 1.5, 0)
    assert speed["texts_per_second"] > 0
    assert info(capsys, "zh-nano", "--seconds", "0.001")["speed"]["of"] == "built-in sentences"


def test_lines_for_people(capsys, tmp_path):
    (tmp_path / "r.csv").write_text("text\n好囍\n", encoding="utf-8")
    assert main(["info", "zh-nano", str(tmp_path / "r.csv"), "--seconds", "0.001"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    values = dict(line.split(maxsplit=1) for line in shown.out.splitlines() if not line.startswith("unknown "))
    assert values["model"] == "zh-nano (bundled)"
    assert values["licence"] == "not named by a card in the folder"
    assert values["features"] == "448"
    assert "unknown characters  囍 1\n" in shown.out
    assert "50.00% of characters; texts mostly unknown: 1" in shown.out


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["org/absent"], "model=org/absent@main could not be fetched from the Hub and is not in its cache"),
        (["org/absent"], "HF_HUB_OFFLINE"),
        (["/nowhere"], "there is no such folder. Pass a bundled name (zh-mini, zh-nano)"),
        (["zh-mimi"], "Did you mean 'zh-mini'?"),
        (["zh-nano", "gone.csv"], "SRC='gone.csv': there is no such file"),
        (["zh-nano", "r.csv", "--text-columns", "title"], "--text-columns names 'title', and r.csv has the columns"),
        (["zh-nano", "n.parquet"], "Column 'text' of n.parquet holds int64, not text"),
        (["zh-nano", "empty.csv"], "has no text in its first 0 row(s)"),
        (["zh-nano", "gbk.csv"], "gbk.csv is not UTF-8: convert it, as in iconv -f GB18030"),
        (["zh-nano", "bad.parquet"], "bad.parquet cannot be read as Parquet"),
        (["zh-nano", "--device", "cuda"], "device='cuda' does not apply to the static checkpoint zh-nano"),
    ],
)
def test_what_does_not_suit_is_refused(capsys, tmp_path, monkeypatch, arguments, match):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.csv").write_text("text\n好\n", encoding="utf-8")
    (tmp_path / "empty.csv").write_text("text\n")
    (tmp_path / "gbk.csv").write_bytes("text\n物流很快\n".encode("gbk"))
    (tmp_path / "bad.parquet").write_text("text")
    pq.write_table(pa.table({"text": [1]}), tmp_path / "n.parquet")
    assert match in refused(capsys, *arguments)


@pytest.mark.parametrize(
    ("option", "value"), [("--rows", "0"), ("--rows", "1.5"), ("--seconds", "-1"), ("--seconds", "x")]
)
def test_numbers_that_are_none(capsys, option, value):
    with pytest.raises(SystemExit) as caught:
        main(["info", "zh-nano", f"{option}={value}"])
    assert caught.value.code == 2
    assert f"argument {option}: '{value}' is not a" in capsys.readouterr().err
