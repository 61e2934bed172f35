"""A web server on loopback whose moods the tests choose, and a data home that is nobody's."""

import hashlib
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.inside import register_file


@dataclass
class Site:
    """Files by path, and what goes wrong on the way: a list of moods, one for each request, then all is well."""

    address: str = ""
    files: dict = field(default_factory=dict)
    moods: list = field(default_factory=list)  # "503", "404", ("cut", n_bytes)
    ranges: bool = True
    requests: list = field(default_factory=list)  # (path, Range header)


def _handler(site):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            wanted = self.headers.get("Range")
            site.requests.append((self.path, wanted))
            mood = site.moods.pop(0) if site.moods else None
            content = site.files.get(self.path)
            if content is None or mood in ("404", "503"):
                self.send_error(int(mood or "404"))
                return
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and site.ranges else 0
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            stop = start + mood[1] if mood else None
            self.wfile.write(content[start:stop])

        def log_message(self, format, *args):
            pass

    return Handler


@pytest.fixture
def site():
    site = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(site))
    site.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield site
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty data home, set in the environment."""
    folder = tmp_path / "home"
    monkeypatch.setenv("SKLEARN_LLMTOKENS_DATA", str(folder))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def publish(site, home, monkeypatch):
    """Register content as the public file of that name, served by the site; returns its address and checksum."""

    def publish(filename, content, sha256=None, url=None):
        if isinstance(content, str):
            content = content.encode()
        site.files["/" + filename] = content
        sha256 = sha256 or hashlib.sha256(content).hexdigest()
        return register_file(monkeypatch, filename, url or f"{site.address}/{filename}", sha256)

    return publish
