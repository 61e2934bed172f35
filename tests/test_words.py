"""The words of code, messages and pages: the terms of the field, docstrings in the imperative, decimals with a zero."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = ["sklearn_llmtokens", "examples", "tools", "tests", "benchmarks"]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("benchmarks/**/*.md"),
        *ROOT.glob("sklearn_llmtokens/**/*.md"),
        *ROOT.glob("sklearn_llmtokens/**/*.rst"),
    ]
)
MODULES = [path for folder in SOURCES for path in sorted((ROOT / folder).rglob("*.py")) if path != Path(__file__)]

FIRST_WORD = re.compile(r"\s*(Gives?|Tells?|Says?)\b")
# Words that no other package uses in this sense, beside them what to write.
PRIVATE_WORDS = {
    r"drawn to": "shrunk towards",
    r"homes|told": "output rows, known items, or what it is",
    r"twins?": "duplicates, or hash collisions",
    r"strangers?": "rare characters, or unknown",
    r"holes?": "placeholder",
    r"cold odds|odds of": "boost of new items",
    r"(?:single |in |\.)flights?|flights": "per-key lock",
    r"put aside": "quarantined",
    r"its company": "the other texts of the batch",
    r"complaints?": "error message",
    r"for ever": "deadlock, or without end",
    r"the only door": "compatibility shims",
    r"to the age": "0.8 ** age",
    r"What bad input gets": "Input validation",
    r"Twelve lines": "Quick start",
    r"What was tried": "Experiments",
    r"script that is not kept": "a figure of a script in benchmarks",
    r"(?:row|vector|file|column|line|item|label|shard|value|thread|bytes) an? "
    r"(?:text|stage|row|item|user|event|class|shard|query|worker)": "per",
}
PRIVATE = re.compile(rf"(?<![a-z])(?:{'|'.join(PRIVATE_WORDS)})(?![a-z])", re.IGNORECASE)
BARE_DECIMAL = re.compile(r"(?<![\w.)\]])\.\d")
CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)

# How many places are left in what is not yet rewritten. A number may only go down; a folder without any goes.
OLD_FIRST_WORDS: dict[str, int] = {}
OLD_WORDS: dict[str, int] = {}


def docstrings(source):
    nodes = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return [ast.get_docstring(node) or "" for node in ast.walk(ast.parse(source)) if isinstance(node, nodes)]


def first_words(source):
    """Return the first words of docstrings that FIRST_WORD matches."""
    return [match[1] for match in map(FIRST_WORD.match, docstrings(source)) if match]


def private_words(text):
    """Return the private words of a text, its line breaks read as spaces."""
    return PRIVATE.findall(re.sub(r"\s+(?:# )?", " ", text))


def bare_decimals(page):
    """Return the decimals without a zero before the point, outside code."""
    return BARE_DECIMAL.findall(CODE.sub("", page))


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def left_over(found, known):
    """Return the places found in files that no entry of `known` covers, and the entries that were exceeded."""
    counts = dict.fromkeys(known, 0)
    new = {}
    for name, places in found.items():
        entry = next((entry for entry in known if name == entry or name.startswith(f"{entry}/")), None)
        if entry is None:
            new |= {name: places} if places else {}
        else:
            counts[entry] += len(places)
    return new | {entry: n for entry, n in counts.items() if n > known[entry]}


def advice(found):
    """Return what to write in the place of the private words of each file."""
    lines = []
    for name, words in found.items():
        for word in dict.fromkeys(words):
            instead = next(
                text for pattern, text in PRIVATE_WORDS.items() if re.fullmatch(pattern, word, re.IGNORECASE)
            )
            lines.append(f"{name} has {word!r}: write {instead}.")
    return "\n".join(lines)


def read_all(paths, find):
    return {name_of(path): find(path.read_text(encoding="utf-8")) for path in paths}


def test_docstrings_begin_as_those_of_scikit_learn():
    assert left_over(read_all(MODULES, first_words), OLD_FIRST_WORDS) == {}


def test_code_and_pages_have_no_words_of_their_own():
    found = read_all([*MODULES, *PAGES], private_words)
    assert left_over(found, OLD_WORDS) == {}, advice(found)


def test_the_message_says_what_to_write_instead():
    assert advice({"a.py": [], "b.py": ["Told", "Told"]}) == (
        "b.py has 'Told': write output rows, known items, or what it is."
    )
    assert advice({"c.py": private_words("one row a text")}) == "c.py has 'row a text': write per."


def test_decimals_on_pages_and_in_docstrings_have_a_zero_before_the_point():
    assert left_over(read_all(PAGES, bare_decimals), {}) == {}
    assert left_over(read_all(MODULES, lambda source: bare_decimals("\n".join(docstrings(source)))), {}) == {}


@pytest.mark.parametrize(
    ("find", "text", "found"),
    [
        (first_words, 'def f():\n    """Give a row."""', ["Give"]),
        (first_words, 'class A:\n    """Return what it gives."""', []),
        (private_words, "weights that are drawn\n# to 1", ["drawn to"]),
        (private_words, "_STRANGERS = 1", ["STRANGERS"]),
        (private_words, "one row per text, in the data home; a hologram", []),
        (bare_decimals, "| .5 | 0.5 | `.5` | v1.5 | ... | (.25) |", [".5", ".2"]),
    ],
)
def test_each_rule_finds_what_it_forbids(find, text, found):
    assert find(text) == found


def test_a_file_that_is_done_has_no_allowance():
    assert left_over({"a/b.py": ["x"], "c.py": ["x"], "d.py": []}, {"a": 1}) == {"c.py": ["x"]}
    assert left_over({"a/b.py": ["x", "x"]}, {"a": 1}) == {"a": 2}
