"""Every link, picture and anchor of the built pages leads somewhere; Sphinx checks those that it resolves itself."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sphinx.util import logging

logger = logging.getLogger(__name__)


class Page(HTMLParser):
    """What a page refers to, and the names in it that others may refer to."""

    def __init__(self, text: str):
        super().__init__()
        self.links, self.names = [], {""}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Collect addresses and names."""
        for key, value in attrs:
            if key in ("id", "name"):
                self.names.add(value)
            elif key in ("href", "src", "xlink:href") and value:
                self.links.append(value)


def broken(folder: Path) -> tuple[dict[str, int], list[str]]:
    """Return how many pages, links within the site and links to elsewhere there are, and the links that are broken."""
    paths = [path for path in sorted(folder.resolve().rglob("*.html")) if "_static" not in path.parts]
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in paths}
    counts, found = {"pages": len(pages), "links": 0, "links elsewhere": 0}, []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                counts["links elsewhere"] += 1
                continue
            counts["links"] += 1
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            is_named = target not in pages or unquote(parts.fragment) in pages[target].names
            if not target.exists() or not (is_named or parts.fragment.startswith(":~:")):
                found.append(f"{path.relative_to(folder.resolve())}: {link}")
    return counts, found


def check(app, exception) -> None:
    """Warn of each broken link after a build of HTML pages."""
    if exception or app.builder.name != "html":
        return
    counts, found = broken(Path(app.outdir))
    for link in found:
        logger.warning("broken link: %s", link)
    logger.info("%s, %d broken", ", ".join(f"{n:,} {name}" for name, n in counts.items()), len(found))


def setup(app):
    """Connect to Sphinx, after whatever writes files at the end."""
    app.connect("build-finished", check, priority=900)
    return {"parallel_read_safe": True}
