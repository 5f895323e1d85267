"""Servers in service that ended by themselves, started again: at once, then with growing pauses while that fails.

Looks in real time, as it waits for real processes. The price: a server that dies is missed for up to
`Delays.revival`, and one that was broken for long may stay away for as long again, half a minute at most.
"""

import logging
from collections.abc import Iterator
from functools import partial

from localcloud.errors import ContainerError
from localcloud.sagemaker.background import Background
from localcloud.sagemaker.fleet import Router
from localcloud.sagemaker.model_server import ModelServer

_LONGEST = 30.0  # seconds between two tries: ours
log = logging.getLogger(__name__)


class Revival:
    """Watches the servers of a router, each try in a thread of its own."""

    def __init__(self, router: Router, background: Background, every: float) -> None:
        self._router = router
        self._background = background
        self._every = every
        self._under_way: set[ModelServer] = set()

    def run(self) -> None:
        """Watch until the local cloud closes."""
        while True:
            self._background.pause(self._every)
            for server in self._router.servers():
                if not server.ready() and server not in self._under_way:
                    log.warning("server_ended names=%s", "/".join(server.names))
                    self._under_way.add(server)
                    self._background.keep("revival", partial(self._revive, server))

    def _revive(self, server: ModelServer) -> None:
        try:
            for pause in pauses(self._every):
                if server not in self._router.servers() or self._started(server):
                    return
                self._background.pause(pause)
        finally:
            self._under_way.discard(server)
            self._router.look_again()

    def _started(self, server: ModelServer) -> bool:
        try:
            server.start(self._background.closing)
        except ContainerError as error:
            log.warning("server_not_started names=%s error=%s", "/".join(server.names), error)
            return False
        finally:
            self._router.look_again()
        return True


def pauses(first: float) -> Iterator[float]:
    """Yield the seconds before each further try: twice the ones before, up to a longest."""
    while True:
        yield min(first, _LONGEST)
        first = min(2 * first, _LONGEST)
