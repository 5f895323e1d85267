"""The HTTP/1.1 server below the front door: werkzeug's threaded server with connections that stay open.

werkzeug's own handler closes every connection and waits 10 ms after each answer for unread input, which costs clients
a connect and the wait per call. Here a request's body is bounded, so that no application reads into the next request;
what the application left unread is read away, or the connection closed when that is much; an answer leaves in one
piece where it fits, without Nagle's delay. The price: one thread per open connection.
"""

import contextlib
import logging
import socket
import threading
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Any

from werkzeug.exceptions import ClientDisconnected
from werkzeug.serving import BaseWSGIServer, DechunkedInput, WSGIRequestHandler, make_server
from werkzeug.wsgi import LimitedStream

from localcloud.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

DRAINED = 1_048_576  # bytes of an unread body that are cheaper to read than a new connection: ours, no limit of AWS
HEADERS = "localcloud.headers"  # in a WSGI environment: the headers as they came, which WSGI's names do not tell
_BODILESS = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})

log = logging.getLogger(__name__)


class _Whole:
    """A connection's input that gives all the bytes it was asked for, or says that the client went away.

    A short read would shrink the buffer below `DechunkedInput.readinto`, which still counts the bytes it asked for: the
    reader then takes memory behind the buffer for content, and CPython 3.12.1 crashes.
    """

    def __init__(self, rfile: IO[bytes]) -> None:
        self._rfile = rfile
        self.readline = rfile.readline

    def read(self, size: int) -> bytes:
        data = self._rfile.read(size)
        if len(data) < size:
            raise ClientDisconnected
        return data


class _Chunks(DechunkedInput):
    """A chunked body, which says of a client that went away what a body of known length says."""

    def __init__(self, rfile: IO[bytes]) -> None:
        super().__init__(_Whole(rfile))  # type: ignore[arg-type]  # it reads and reads lines, no more is asked of it

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # as werkzeug declares it
        try:
            return super().readinto(buffer)
        except OSError as error:
            raise ClientDisconnected from error


class _Handler(WSGIRequestHandler):
    """One connection: requests one after the other until either side closes it."""

    server: Any  # werkzeug's, with the connections that `Server` puts there
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65_536

    def setup(self) -> None:
        super().setup()
        self.server.connections.opened(self.connection)

    def finish(self) -> None:
        self.server.connections.closed(self.connection)
        with contextlib.suppress(OSError):  # the peer is gone: nothing left to flush to
            super().finish()

    def handle_expect_100(self) -> bool:
        """Ask for the body now: the interim answer must not wait in the buffer."""
        go_on = bool(super().handle_expect_100())
        self.wfile.flush()
        return go_on

    def run_wsgi(self) -> None:
        """Answer one request and leave the connection at the start of the next."""
        environ = self.make_environ()
        environ[HEADERS] = self.headers.items()
        body = self._bounded_body(environ)
        if body is None:
            return
        environ["wsgi.input"] = body
        environ["wsgi.input_terminated"] = True
        self.server.connections.busy(self.connection)
        try:
            self._answer(environ)
            self._drain(body)
        except (ConnectionError, TimeoutError, ClientDisconnected, OSError) as error:
            log.debug("connection_dropped error=%s", error)
            self.close_connection = True
        finally:
            self.close_connection |= self.server.connections.idle(self.connection)

    def _bounded_body(self, environ: "WSGIEnvironment") -> IO[bytes] | None:
        if environ.get("wsgi.input_terminated"):  # chunked: the stream knows its own end
            return _Chunks(self.rfile)  # type: ignore[return-value,arg-type]  # a RawIOBase, read alike
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit()):
            self.close_connection = True
            self.send_error(HTTPStatus.BAD_REQUEST, "Content-Length is no number")
            return None
        return LimitedStream(environ["wsgi.input"], int(length))  # type: ignore[return-value]  # a RawIOBase, read alike

    def _answer(self, environ: "WSGIEnvironment") -> None:
        begun: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None, /) -> Any:  # noqa: ANN401  WSGI
            del exc_info
            begun[:] = [(status, headers)]

        chunks: Iterable[bytes] = self.server.app(environ, start_response)
        try:
            pieces = iter(chunks)
            first = next(pieces, b"")
            chunked = self._start(*begun[0], bodiless=self.command == "HEAD")
            self._write(first, chunked=chunked)
            for piece in pieces:
                self._write(piece, chunked=chunked)
            if chunked:
                self.wfile.write(b"0\r\n\r\n")
            self.wfile.flush()
        finally:
            if hasattr(chunks, "close"):
                chunks.close()

    def _start(self, status: str, headers: list[tuple[str, str]], *, bodiless: bool) -> bool:
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        sized = any(name.lower() == "content-length" for name, _ in headers)
        chunked = not (sized or bodiless or int(code) in _BODILESS) and self.request_version == "HTTP/1.1"
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif not (sized or bodiless or int(code) in _BODILESS):
            self.close_connection = True  # HTTP/1.0: the end of the connection is the end of the body
        self.end_headers()
        return chunked

    def _write(self, data: bytes, *, chunked: bool) -> None:
        if data and self.command != "HEAD":
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data) if chunked else data)

    def _drain(self, body: IO[bytes]) -> None:
        left = DRAINED
        while left > 0:
            data = body.read(min(left, 65_536))
            if not data:
                return
            left -= len(data)
        self.close_connection = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Stay quiet: the front door writes the history."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002  werkzeug's name
        """Write what the server itself reports to the cloud's log."""
        log.log(logging.ERROR if type == "error" else logging.INFO, message, *args)


class _Connections:
    """Which connections are open, and which of them are in the middle of a request."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open: set[socket.socket] = set()
        self._busy: set[socket.socket] = set()
        self._stopping = False

    def opened(self, connection: socket.socket) -> None:
        with self._changed:
            self._open.add(connection)

    def closed(self, connection: socket.socket) -> None:
        with self._changed:
            self._open.discard(connection)
            self._busy.discard(connection)
            self._changed.notify_all()

    def busy(self, connection: socket.socket) -> None:
        with self._changed:
            self._busy.add(connection)

    def idle(self, connection: socket.socket) -> bool:
        """Note the end of a request; whether the connection has to close now."""
        with self._changed:
            self._busy.discard(connection)
            self._changed.notify_all()
            return self._stopping

    def drain(self, seconds: float) -> None:
        """Let the requests under way end, then cut every connection."""
        with self._changed:
            self._stopping = True
            self._changed.wait_for(lambda: not self._busy, seconds)
            for connection in self._open:
                with contextlib.suppress(OSError):  # closed by its peer in the meantime
                    connection.shutdown(socket.SHUT_RDWR)


class Server:
    """One listening loopback port; ``port`` is the real one, also when 0 was asked for."""

    def __init__(self, app: "WSGIApplication", port: int) -> None:
        try:
            listener = socket.create_server(("127.0.0.1", port), backlog=128)
        except (OSError, OverflowError) as error:
            raise ConfigError(f"port {port} cannot be used: {error}; choose another with --port, 0 for any") from error
        with listener:
            self._server: BaseWSGIServer = make_server(
                "127.0.0.1", 0, app, threaded=True, request_handler=_Handler, fd=listener.fileno()
            )
        self._connections = self._server.connections = _Connections()  # type: ignore[attr-defined]  # where handlers look
        self.port: int = self._server.port
        self._thread = threading.Thread(target=self._server.serve_forever, name="http", kwargs={"poll_interval": 0.1})

    def start(self) -> None:
        """Answer requests from now on."""
        self._thread.start()

    def stop(self, grace: float) -> None:
        """Take no new connection, let answers under way end for ``grace`` seconds, close the rest."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._connections.drain(grace)
