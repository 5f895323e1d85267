"""HTTP to one model server, over connections that are kept, but never over one that the server may be closing.

A server closes a connection that was idle for its keep-alive time (2 s for gunicorn, 5 s for uvicorn). A request sent
at that moment is lost, and nobody can tell whether it was read, so trying again could answer it twice. Therefore a
connection idle for more than half a second is not used again, far below any server's time; one that the server
already closed is recognised; and a request is sent exactly once. The price: under slow traffic each request opens a
connection, 0.1 ms here.
"""

import http.client
import select
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from localcloud.errors import AnswerTimeoutError, ContainerError

REUSE_WITHIN = 0.5  # seconds; no limit of AWS's, but of how HTTP servers are built: see above


@dataclass(frozen=True)
class Reply:
    """A server's answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Connections:
    """Connections to one port; safe to use from several threads."""

    def __init__(self, port: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._port = port
        self._clock = clock
        self._lock = threading.Lock()
        self._idle: list[tuple[http.client.HTTPConnection, float]] = []
        self._closed = False

    def request(self, method: str, path: str, body: bytes, headers: Mapping[str, str], timeout: float) -> Reply:
        """Send one request, once.

        Raises
        ------
        AnswerTimeoutError
            If the server was silent for ``timeout`` seconds.
        ContainerError
            If the connection could not be made or was broken.
        """
        connection = self._take(timeout)
        try:
            reply = _exchange(connection, method, path, body, headers)
        except TimeoutError as error:
            connection.close()
            raise AnswerTimeoutError("the container did not answer in time") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            connection.close()
            raise ContainerError(f"the connection to the container broke ({type(error).__name__})") from error
        self._give(connection)
        return reply

    def close(self) -> None:
        """Close the idle connections; those in use are closed when their answer is there."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection, _ in idle:
            connection.close()

    def _take(self, timeout: float) -> http.client.HTTPConnection:
        while (kept := self._pop()) is not None:
            connection, since = kept
            if self._clock() - since <= REUSE_WITHIN and isinstance(connection.sock, socket.socket):
                readable, _, _ = select.select([connection.sock], [], [], 0)
                if not readable:  # nothing was asked: what can be read is the server's close
                    connection.sock.settimeout(timeout)
                    return connection
            connection.close()
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=timeout)

    def _pop(self) -> tuple[http.client.HTTPConnection, float] | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _give(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            if connection.sock is not None and not self._closed:  # without a socket: the server said it would close it
                self._idle.append((connection, self._clock()))
                return
        connection.close()


def _exchange(
    connection: http.client.HTTPConnection, method: str, path: str, body: bytes, headers: Mapping[str, str]
) -> Reply:
    try:
        chunked = headers.get("Transfer-Encoding") == "chunked"
        connection.request(method, path, body=body or None, headers=dict(headers), encode_chunked=chunked)
    except BrokenPipeError:  # it may have answered, an error most likely, before it read all
        if connection.sock is None:
            raise
    answer = connection.getresponse()
    content = answer.read()
    return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)
