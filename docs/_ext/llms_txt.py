"""llms.txt at the root of the site: each page with its address and first sentence, for programs that read it."""

from pathlib import Path

from docutils import nodes


def summary(doctree: nodes.document) -> str:
    """Return the first paragraph of a page, on one line."""
    for paragraph in doctree.findall(nodes.paragraph):
        if text := " ".join(paragraph.astext().split()):
            return text if len(text) <= 200 else f"{text[:199]}…"
    return ""


def write(app, exception) -> None:
    """Write the list after a build of HTML pages."""
    if exception or app.builder.name != "html":
        return
    lines = [f"# {app.config.project} {app.config.release}", ""]
    for section, first in sections(app.env):
        lines += [f"## {section}", ""]
        for name in below(app.env, first):
            about = summary(app.env.get_doctree(name))
            lines.append(f"- [{app.env.titles[name].astext()}]({name}.html){f': {about}' if about else ''}")
        lines.append("")
    Path(app.outdir, "llms.txt").write_text("\n".join(lines), encoding="utf-8")


def sections(env):
    """Return (title, page) of what the start page lists."""
    return [(env.titles[name].astext(), name) for name in env.toctree_includes.get(env.config.root_doc, [])]


def below(env, name):
    """Return a page and all those under it, in their order."""
    return [name, *(page for child in env.toctree_includes.get(name, []) for page in below(env, child))]


def setup(app):
    """Connect to Sphinx."""
    app.connect("build-finished", write)
    return {"parallel_read_safe": True}
