"""The page about other packages: its blocks of code by section, and its tables."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how_to/ecosystem.md").read_text("utf-8")
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SECTIONS = {part.partition("\n")[0]: part for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]}

(SETUP,) = _BLOCK.findall(_SECTIONS["Packages"])
RECIPES = {name: _BLOCK.findall(part) for name, part in _SECTIONS.items() if name != "Packages" and _BLOCK.search(part)}


def rows(section):
    """Return the cells of the table of a section, without its head."""
    lines = [line for line in _SECTIONS[section].splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
