"""Links and pages of the repository on the site.

Pages are written to be read in the repository too: their links are relative paths, some of which lead out of docs/. On
the site, such a link leads to the page that shows the file, and a page that only names a file of the repository
(``<!-- shows: CHANGELOG.md -->``) is replaced by that file. A diagram in Mermaid that names a picture
(``%% picture: docs/_static/parts.svg``) is replaced by the picture, since a browser cannot draw it offline.
"""

import os
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHOWS = re.compile(r"<!-- shows: (\S+) -->")
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?!https?:|mailto:|#)([^)#\s]+)(#[^)\s]*)?\)")
IMAGE = re.compile(r"!\[([^\]]*)\]\((?!https?:)([^)\s]+)\)")
# The end of a line of Chinese text whose next line goes on with a Chinese character, or a Chinese mark before any word;
# not a heading, not a table.
CHINESE_BREAK = re.compile(
    r"^(?![#|])(.*(?:[\u3001-\u9fff\uff01-\uff65](?=\n *[\u3001-\u9fff\uff01-\uff65])"
    r"|[\u3001\u3002\uff01-\uff1f](?=\n *[A-Za-z`\[])))\n *",
    re.MULTILINE,
)
PICTURE = re.compile(r"%% picture: (\S+)")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def shown_files(docs: Path) -> dict[str, str]:
    """Return the page that shows each file of the repository, both as paths from the repository's root."""
    shown = {}
    for page in sorted(docs.rglob("*.md")):
        if match := SHOWS.search(page.read_text(encoding="utf-8")):
            shown[match[1]] = page.relative_to(docs.parent).as_posix()
    return shown


def on_the_site(text: str, file: str, page: str, shown: dict[str, str]) -> str:
    """Return the text of a file as it stands on a page of the site.

    Parameters
    ----------
    text : str
        Markdown.
    file, page : str
        Where the text is from and where it is shown, as paths from the repository's root.
    shown : dict
        The page of each file that is shown, see `shown_files`.
    """

    def relative(path: str) -> str:
        return os.path.relpath(path, os.path.dirname(page))

    def link(match: re.Match) -> str:
        label, target, anchor = match[1], match[2], match[3] or ""
        path = os.path.normpath(os.path.join(os.path.dirname(file), target))
        if path in shown:
            return f"[{label}]({relative(shown[path])}{anchor})"
        if path.startswith("examples/") and path.endswith(".py"):
            return f"[{label}]({relative(f'docs/auto_{path[:-3]}.rst')})"
        if path.startswith("docs/") and not path.endswith("/"):
            return f"[{label}]({relative(path)}{anchor})"
        # Nothing on the site shows this file: name it.
        return label if "`" in label else f"{label} (`{path}`)"

    def image(match: re.Match) -> str:
        path = os.path.normpath(os.path.join(os.path.dirname(file), match[2]))
        return f"![{match[1]}]({relative(path)})"

    def code(fence: str) -> str:
        if picture := PICTURE.search(fence):  # a diagram that is drawn where the repository is read
            return f"```{{raw}} html\n:file: {relative(picture[1])}\n```"
        return fence.replace("```mermaid", "```text", 1)

    def outside_code(part: str) -> str:
        part = IMAGE.sub(image, LINK.sub(link, part))
        while (joined := CHINESE_BREAK.sub(r"\1", part)) != part:  # a line break would be shown as a space
            part = joined
        return part

    done, place = [], 0
    for fence in FENCE.finditer(text):
        done += [outside_code(text[place : fence.start()]), code(fence[0])]
        place = fence.end()
    return "".join([*done, outside_code(text[place:])])


def read_source(app, docname: str, source: list[str]) -> None:
    """Change the text of a Markdown page before it is parsed."""
    path = Path(app.env.doc2path(docname))
    if path.suffix != ".md":
        return
    page = path.relative_to(ROOT).as_posix()
    match = SHOWS.search(source[0])
    if match:
        source[0] = (ROOT / match[1]).read_text(encoding="utf-8")
        app.env.note_dependency(str(ROOT / match[1]))
    source[0] = on_the_site(source[0], match[1] if match else page, page, app.config.shown_files)


def setup(app):
    """Connect to Sphinx."""
    app.add_config_value("shown_files", shown_files(ROOT / "docs"), "env")
    app.connect("source-read", read_source)
    return {"parallel_read_safe": True}
