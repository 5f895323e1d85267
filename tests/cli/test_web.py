"""JSON over HTTP, against a server of the standard library."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cli import web
from cli.errors import AnswerError

PROBLEM = {"status": 503, "title": "Service Unavailable", "detail": "no model is live yet"}
ANSWERS = {
    "/echo": (200, None),
    "/problem": (503, json.dumps(PROBLEM)),
    "/gateway": (403, '{"message": "Forbidden"}'),
    "/html": (502, "<h1>Bad gateway</h1>"),
    "/text": (200, "hello"),
}


class Handler(BaseHTTPRequestHandler):
    """Answers by path; `/echo` gives back what was posted."""

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        posted = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, body = ANSWERS[self.path]
        data = posted or b"{}" if body is None else body.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join(10)


@pytest.fixture(autouse=True)
def proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set a proxy that answers nobody."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)


def test_post(server: str) -> None:
    """What is posted is the document, and loopback is asked directly, whatever proxy is set."""
    assert web.post_json(f"{server}/echo", {"text": "schön"}) == {"text": "schön"}


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/problem", "answered 503: no model is live yet"),
        ("/gateway", "answered 403: Forbidden"),
        ("/html", "answered 502: Bad Gateway"),
        ("/text", "not JSON"),
    ],
)
def test_errors(server: str, path: str, words: str) -> None:
    """An error is given in the application's own words, or in HTTP's."""
    with pytest.raises(AnswerError, match=words):
        web.post_json(f"{server}{path}", {})


def test_nobody() -> None:
    """Nobody at an address is an error that says so, and for a probe just nothing."""
    with pytest.raises(AnswerError, match="did not answer"):
        web.post_json("http://127.0.0.1:9/", {})
    assert web.probe("http://127.0.0.1:9/") is None


def test_probe(server: str) -> None:
    """A probe gives the document of a page, and nothing for an error."""
    assert web.probe(f"{server}/echo") == {}
    assert web.probe(f"{server}/problem") is None
