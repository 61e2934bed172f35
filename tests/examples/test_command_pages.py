"""Each command has a page that shows its help as it is, and whose commands run."""

import json
import re
import shlex
from pathlib import Path

import pytest

from sklearn_llmtokens import LLMTokenEmbedder
from tests.embedding.conftest import main

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {"embed": "command_line.md", "distill": "command_distill.md", "info": "command_info.md"}


def page_of(command):
    (path,) = DOCS.rglob(PAGES[command])
    return path.read_text("utf-8")


def shell_lines(command):
    blocks = re.findall(r"^```sh\n(.*?)^```$", page_of(command), re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def help_of(capsys, *command):
    with pytest.raises(SystemExit) as caught:
        main([*command, "--help"])
    assert caught.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("command", PAGES)
def test_the_page_shows_the_help(command, capsys):
    (shown,) = re.findall(r"^```text\n(usage.*?)^```$", page_of(command), re.MULTILINE | re.DOTALL)
    # where lines break depends on the width of the terminal
    assert shown.split() == help_of(capsys, command).split()


def test_every_command_has_a_page(capsys):
    listed = help_of(capsys).partition("commands:")[2].partition("examples:")[0]
    assert set(re.findall(r"^    (\w+) ", listed, re.MULTILINE)) == set(PAGES)


@pytest.mark.parametrize("command", PAGES)
def test_every_option_has_a_line_of_help(command, capsys):
    text = help_of(capsys, command)
    options = re.findall(r"^  (-[-a-z, ]+)[^\n]*(?:\n {10,}|  )(\S)", text, re.MULTILINE)
    assert len(options) == len(re.findall(r"^  --?[a-z]", text, re.MULTILINE))


@pytest.mark.parametrize("line", shell_lines("info"))
def test_a_command_of_the_page_about_info_runs(line, tmp_path, monkeypatch, capsys):
    (tmp_path / "reviews.csv").write_text("id,text\n1,物流很快\n2,囍\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    arguments = shlex.split(line)[1:]
    assert main([*arguments, *([] if "--seconds" in arguments else ["--seconds", "0.001"])]) == 0
    shown = capsys.readouterr().out
    if "--json" in arguments:
        keys = set(json.loads(shown)) | {"speed", "sample"}
        paragraph = page_of("info").partition("## JSON")[2].partition("##")[0]
        assert keys <= set(re.findall(r"`(\w+)`", paragraph))
    else:
        for name in ("kind", "licence", "maximum length", "speed here"):
            assert f"\n{name} " in shown


def test_the_command_of_the_page_about_distill_runs(tmp_path, monkeypatch):
    (line,) = shell_lines("distill")
    texts = [f"第{i}家酒店的房间很{word}" for i in range(20) for word in ("干净", "小", "安静", "吵")]
    (tmp_path / "texts.txt").write_text("\n".join(texts), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main([*shlex.split(line)[1:], "--model", "zh-nano", "--quiet"]) == 0
    assert LLMTokenEmbedder("my-model").fit_transform(texts[:2]).shape == (2, 64)
