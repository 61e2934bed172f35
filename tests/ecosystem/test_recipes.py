"""Each recipe of the page about other packages runs, with the versions that the page names."""

import re
from importlib.metadata import version

import pytest

from tests.ecosystem.page import RECIPES, ROOT, SETUP, rows

pytestmark = [
    pytest.mark.ecosystem,
    pytest.mark.filterwarnings("ignore"),  # of other packages, which are not ours to mend
]


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}
    for block in (SETUP, *RECIPES[name]):
        exec(compile(block, f"docs/how_to/ecosystem.md, {name}", "exec"), names)


def test_the_versions_of_the_page_are_those_that_ran():
    pinned = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints-ecosystem.txt").read_text("utf-8"), re.M))
    lowered = {name.lower(): found for name, found in pinned.items()}
    for cell, shown, *_ in rows("Packages"):
        name = re.sub(r"[\[\]]|\(.*", "", cell)
        assert shown == version(name) == lowered[name.lower()]
    assert version("torch").partition("+")[0] == pinned["torch"]
