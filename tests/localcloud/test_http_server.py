import http.client
import io
import json
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.exceptions import ClientDisconnected

from localcloud.errors import ConfigError
from localcloud.http_server import DRAINED, Server, _Chunks

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ENTERED = threading.Event()
LEAVE = threading.Event()


def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Answer by path: /unread ignores the body, /length reads it, /stream has no length, /hold waits."""
    path = environ["PATH_INFO"]
    plain = [("Content-Type", "text/plain")]
    if path == "/stream":
        start_response("200 OK", plain)
        return iter([b"one ", b"", b"two"])
    if path == "/hold":
        ENTERED.set()
        LEAVE.wait(10)
    body = b"" if path == "/unread" else environ["wsgi.input"].read()
    told = json.dumps({"path": path, "length": len(body), "method": environ["REQUEST_METHOD"]}).encode()
    if path == "/nothing":
        start_response("204 No Content", [])
        return []
    start_response("200 OK", [*plain, ("Content-Length", str(len(told)))])
    return [told]


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(application, 0)
    server.start()
    yield server
    server.stop(2.0)


@pytest.fixture
def connection(server: Server) -> Iterator[http.client.HTTPConnection]:
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
        yield connection


def ask(connection: http.client.HTTPConnection, method: str, path: str, body: Any = None) -> Any:
    connection.request(method, path, body)
    with connection.getresponse() as response:
        text = response.read()
    return json.loads(text) if text.startswith(b"{") else text


def test_connection_stays_open(connection: http.client.HTTPConnection) -> None:
    """Requests follow one another on one connection, whatever kind they are."""
    connection.connect()
    first = connection.sock
    assert ask(connection, "GET", "/a")["path"] == "/a"
    assert ask(connection, "POST", "/b", b"12345")["length"] == 5
    assert ask(connection, "POST", "/c", iter([b"12", b"345", b"6" * 100_000]))["length"] == 100_005
    assert ask(connection, "HEAD", "/d") == b""
    assert ask(connection, "GET", "/stream") == b"one two"
    assert ask(connection, "GET", "/nothing") == b""
    assert ask(connection, "GET", "/e")["path"] == "/e"
    assert connection.sock is first


@pytest.mark.parametrize("body", [b"GET /smuggled HTTP/1.1\r\n\r\n", b"x" * 100_000])
def test_unread_body(connection: http.client.HTTPConnection, body: bytes) -> None:
    """A body the application did not read is not taken for the next request."""
    assert ask(connection, "POST", "/unread", body)["path"] == "/unread"
    assert ask(connection, "POST", "/unread", iter([body]))["path"] == "/unread"
    assert ask(connection, "GET", "/next")["path"] == "/next"


def test_large_unread_body(server: Server) -> None:
    """A large body that nobody reads closes the connection, after the answer."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
        raw.sendall(b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (DRAINED * 2))
        raw.sendall(b"x" * (DRAINED + 1))
        received = b""
        try:
            while piece := raw.recv(65_536):
                received += piece
        except ConnectionResetError:  # what was still under way is refused after the answer
            pass
    assert received.startswith(b"HTTP/1.1 200 OK")
    assert received.count(b"HTTP/1.1") == 1


def test_expect_continue(server: Server) -> None:
    """A client that asks first is told to go on before it sends its body."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
        raw.sendall(b"PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        assert raw.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        raw.sendall(b"123")
        assert b'"length": 3' in raw.recv(65_536)


def test_malformed_length(server: Server) -> None:
    """A length that is no number is a bad request, and the connection closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
        raw.sendall(b"PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n")
        assert raw.recv(65_536).startswith(b"HTTP/1.1 400")


def test_old_clients(server: Server) -> None:
    """HTTP/1.0 gets a body without chunks, ended by the connection's end."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
        raw.sendall(b"GET /stream HTTP/1.0\r\n\r\n")
        received = b""
        while piece := raw.recv(65_536):
            received += piece
    assert received.endswith(b"\r\n\r\none two")


def test_stop_lets_answers_end() -> None:
    """A request under way is answered before the server has stopped; idle connections are closed."""
    ENTERED.clear()
    LEAVE.clear()
    server = Server(application, 0)
    server.start()
    with (
        closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as busy,
        closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as idle,
    ):
        ask(idle, "GET", "/a")
        busy.request("GET", "/hold")
        assert ENTERED.wait(10)
        stopping = threading.Thread(target=server.stop, args=(10.0,))
        stopping.start()
        LEAVE.set()
        with busy.getresponse() as response:
            assert response.status == 200
            response.read()
        stopping.join(10)
        assert not stopping.is_alive()
        assert idle.sock is not None
        assert idle.sock.recv(10) == b""


def test_port_in_use(server: Server) -> None:
    """A port that another program has is a refusal to start that names it."""
    with pytest.raises(ConfigError, match=f"port {server.port} cannot be used"):
        Server(application, server.port)


@pytest.mark.parametrize("sent", [b"", b"10\r\n", b"10\r\nhalf", b"10\r\n0123456789abcdef", b"4\r\nfull\r\n"])
def test_chunks_cut_short(sent: bytes) -> None:
    """A chunked body that ends in the middle is a client that went away, and the reader's buffer keeps its size."""
    buffer = bytearray(64)
    with pytest.raises(ClientDisconnected):
        _Chunks(io.BytesIO(sent)).readinto(buffer)
    assert len(buffer) == 64
