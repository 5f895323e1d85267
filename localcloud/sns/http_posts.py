"""POSTs to loopback addresses, by a few threads: the local cloud never talks to the network.

An answer is awaited for 15 seconds, as SNS does. `HttpPosts.stop` cuts what is under way; who asked is not told then.
"""

import http.client
import ipaddress
import logging
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from urllib.parse import urlsplit

from localcloud.sns.refusals import invalid, not_emulated

log = logging.getLogger(__name__)
_THREADS = 4  # ours
_TIMEOUT = 15.0  # seconds, of SNS: no limit that could be set there


@dataclass(frozen=True)
class Post:
    """One request; ``done`` gets the answer's status, or the error's text."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    done: Callable[[int | str], object]


def check_address(url: str) -> None:
    """Refuse what is no plain address on this machine; raises AwsError."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  raises where it is none
    except ValueError as error:
        raise invalid(f"Endpoint Reason: {error}") from error
    if not url.isascii() or not url.isprintable() or " " in url:
        raise invalid("Endpoint Reason: an address is written in printable ASCII without spaces")
    if parts.scheme != "http" or not parts.hostname:
        raise invalid("Endpoint Reason: Endpoint must match the specified protocol")
    if parts.username is not None:
        raise not_emulated("Endpoint Reason: a user name in the address")
    if not _is_loopback(parts.hostname):
        raise invalid(
            "Endpoint Reason: the local cloud never talks to the network: 127.0.0.1, localhost and [::1] only"
        )


class HttpPosts:
    """Sends one POST after the other on each thread."""

    def __init__(self) -> None:
        self._waiting: SimpleQueue[Post | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._open: set[http.client.HTTPConnection] = set()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"sns-http-{number}", daemon=True) for number in range(_THREADS)
        ]

    def start(self) -> None:
        """Begin to send."""
        for thread in self._threads:
            thread.start()

    def send(self, post: Post) -> None:
        """Send a request soon."""
        self._waiting.put(post)

    def stop(self) -> None:
        """Send nothing more, and cut what is under way."""
        with self._lock:
            self._closed = True
            for connection in self._open:
                if connection.sock is not None:
                    with suppress(OSError):  # it has just ended by itself
                        connection.sock.shutdown(socket.SHUT_RDWR)
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def _work(self) -> None:
        while (post := self._waiting.get()) is not None:
            outcome = self._sent(post)
            with self._lock:
                if self._closed:
                    return
            try:
                post.done(outcome)
            except Exception:  # the thread's outermost edge: the next post must be sent all the same
                log.exception("sns_post_failed")

    def _sent(self, post: Post) -> int | str:
        parts = urlsplit(post.url)
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port or 80, timeout=_TIMEOUT)
        try:
            with self._lock:
                self._open.add(connection)
            connection.connect()
            with self._lock:
                if self._closed:
                    return "the local cloud is stopping"
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", path, post.body, dict(post.headers))
            return connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            return f"{type(error).__name__}: {error}"
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
