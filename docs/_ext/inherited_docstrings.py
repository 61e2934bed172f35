"""References in docstrings inherited from scikit-learn: text here, since its pages are not part of this site."""

import re

REFERENCE = re.compile(r":(?:ref|term|doc):`([^`<]*?)\s*(?:<[^`>]*>)?`")


def without_references(lines: list[str]) -> list[str]:
    """Return the lines of a docstring with the text of each reference in its place."""
    return REFERENCE.sub(r"\1", "\n".join(lines)).split("\n")


def process(app, what, name, obj, options, lines: list[str]) -> None:
    """Change a docstring in place where scikit-learn wrote it."""
    function = getattr(obj, "fget", None) or getattr(obj, "__func__", obj)
    if (getattr(function, "__module__", None) or "").startswith("sklearn."):
        lines[:] = without_references(lines)


def setup(app):
    """Connect to Sphinx, before numpydoc."""
    app.connect("autodoc-process-docstring", process, priority=400)
    return {"parallel_read_safe": True}
