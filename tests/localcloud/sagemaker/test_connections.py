import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from localcloud.errors import AnswerTimeoutError, ContainerError
from localcloud.sagemaker.connections import Connections

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Number: %d\r\n\r\nok"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Server:
    """A server that counts its connections and the requests it read, and does with each what it is told."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.connections = 0
        self.requests = 0
        self.after: Callable[[socket.socket], bool] = lambda _: True  # keep the connection?
        self.open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self.open.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            stream = client.makefile("rb")
            while stream.readline():
                while stream.readline().strip():
                    pass
                stream.read(1)
                self.requests += 1
                client.sendall(ANSWER % self.requests)
                if not self.after(client):
                    client.close()
                    return
        except OSError:
            return

    def close(self) -> None:
        self.listener.close()
        for client in self.open:
            client.close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def ask(connections: Connections) -> int:
    return int(connections.request("POST", "/", b"x", {}, 5.0).headers["x-number"])


def test_a_busy_connection_is_kept(server: Server) -> None:
    """Requests one after the other share one connection."""
    connections = Connections(server.port, Clock())
    assert [ask(connections) for _ in range(5)] == [1, 2, 3, 4, 5]
    assert server.connections == 1
    connections.close()


def test_an_idle_connection_is_not_used_again(server: Server) -> None:
    """Long before any server's keep-alive time is over, a request takes a new connection."""
    clock = Clock()
    connections = Connections(server.port, clock)
    ask(connections)
    clock.now += 0.6
    ask(connections)
    assert server.connections == 2
    connections.close()


def test_a_connection_that_the_server_closed_fails_no_request(server: Server) -> None:
    """A close that has arrived is seen before the request is sent; each request is read exactly once."""
    closed = threading.Event()

    def hang_up(client: socket.socket) -> bool:
        client.shutdown(socket.SHUT_RDWR)
        closed.set()
        return False

    server.after = hang_up
    connections = Connections(server.port, Clock())
    for number in range(1, 6):
        assert ask(connections) == number
        assert closed.wait(5)
        closed.clear()
    assert (server.connections, server.requests) == (5, 5)
    connections.close()


def test_a_broken_exchange_is_not_repeated() -> None:
    """When the connection breaks after the request was sent, the caller is told; the request is not sent twice."""
    listener = socket.create_server(("127.0.0.1", 0))
    read: list[bytes] = []

    def break_off() -> None:
        client, _ = listener.accept()
        read.append(client.recv(65536))
        client.close()

    thread = threading.Thread(target=break_off)
    thread.start()
    with pytest.raises(ContainerError):
        ask(Connections(listener.getsockname()[1]))
    thread.join(5)
    listener.close()
    assert len(read) == 1


def test_silence_is_a_timeout() -> None:
    """A server that accepts and says nothing ends in AnswerTimeoutError."""
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(AnswerTimeoutError):
        Connections(listener.getsockname()[1]).request("GET", "/", b"", {}, 0.05)
