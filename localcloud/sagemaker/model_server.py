"""One model server: a container with ``serve``, its model unpacked, on its own port, healthy before anyone asks it.

The port is chosen here, since the contract hands it to the container (``SAGEMAKER_BIND_TO_PORT``). It lies below the
range from which the system takes ports for outgoing connections; should another program take it in between, the
server dies at once and is started again on another one.
"""

import random
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

from localcloud.errors import AnswerTimeoutError, ContainerError, DataError, StoppedError, WorkError
from localcloud.sagemaker import archive
from localcloud.sagemaker.connections import Connections, Reply
from localcloud.sagemaker.containers import Containers
from localcloud.sagemaker.objects import Location, Objects
from localcloud.settings import Image

if TYPE_CHECKING:
    from pathlib import Path

    from localcloud.processes import Child

_PORTS = range(20_000, 32_000)  # ours, as is the next: on AWS every container has port 8080 to itself
_PORT_TRIES = 3
_OK = 200
_ENDING = 0.5  # seconds that the end of a process whose connection broke may take


@dataclass(frozen=True)
class ServerSpec:
    """What is served: an image, its environment, a model archive (None: it needs none), and by when it is healthy."""

    image: Image
    env: Mapping[str, str]
    model_data: Location | None
    ping_deadline: float
    ping_interval: float
    ping_timeout: float
    names: tuple[str, ...]  # of its folder and log, for a person who looks


class ModelServer:
    """One server process."""

    def __init__(self, containers: Containers, spec: ServerSpec) -> None:
        self._containers = containers
        self._spec = spec
        self._base: Path | None = None
        self._process: Child | None = None
        self._connections = Connections(0)
        self._lock = threading.Lock()  # a server that is being stopped is not started again
        self._healthy_once = False

    @property
    def names(self) -> tuple[str, ...]:
        """Which server this is."""
        return self._spec.names

    def load(self, objects: Objects) -> None:
        """Make the folder and unpack the model into it; raises WorkError if that cannot be done."""
        self._base = self._containers.new_base(*self._spec.names)
        model, packed = self._base / "model", self._base / "model.tar.gz"
        try:
            model.mkdir()
            if self._spec.model_data is not None:
                objects.download(self._spec.model_data, packed)
                archive.unpack(packed, model)
                packed.unlink()
        except OSError as error:  # a full disk
            raise DataError(f"InternalServerError: the model finds no place ({error.strerror})") from error

    def start(self, abort: threading.Event) -> None:
        """Start the process and return when it is healthy.

        Raises
        ------
        ContainerError
            If it ended, or was not healthy in time.
        StoppedError
            If ``abort`` was set meanwhile.
        """
        deadline = monotonic() + self._spec.ping_deadline
        for _ in range(_PORT_TRIES):
            port = _free_port()
            process = self._spawn(port)
            if self._healthy(process, abort, deadline):
                self._healthy_once = True
                return
            if _free(port):
                raise ContainerError("the container ended before it was healthy")
        raise ContainerError("the container found no free port")

    def request(self, method: str, path: str, body: bytes, headers: Mapping[str, str], timeout: float) -> Reply:
        """Send one request to the server; raises ContainerError.

        A connection breaks a moment before the process that held it is seen to have ended. Who asks again after that
        failure must not meet the same process, so the end is waited for.
        """
        process = self._process
        try:
            return self._connections.request(method, path, body, headers, timeout)
        except AnswerTimeoutError:
            raise
        except ContainerError:
            seen_until = monotonic() + _ENDING
            if process is not None:
                process.wait(lambda: seen_until)
            raise

    def ready(self) -> bool:
        """Say whether the process runs and was healthy."""
        process = self._process
        return self._healthy_once and process is not None and not process.ended()

    def stop(self, grace: float) -> None:
        """SIGTERM, ``grace`` seconds, SIGKILL; then its folder goes."""
        with self._lock:
            process, base = self._process, self._base
            self._process = self._base = None  # a second stop must not signal a process that is long gone
            self._connections.close()
        if process is not None:
            self._containers.stop(process, grace)
        if base is not None:
            self._containers.remove_base(base)

    def _spawn(self, port: int) -> "Child":
        with self._lock:
            if self._base is None:
                raise ContainerError("the model is not loaded, or not any more")
            if self._process is not None:
                self._containers.stop(self._process, 0)
            self._healthy_once = False
            self._connections.close()
            self._connections = Connections(port)
            self._process = self._containers.spawn(
                self._spec.image,
                ["serve"],
                env={**self._spec.env, "SAGEMAKER_BIND_TO_PORT": str(port)},
                base=self._base,
                log=self._containers.log(*self._spec.names),
            )
            return self._process

    def _healthy(self, process: "Child", abort: threading.Event, deadline: float) -> bool:
        """Wait for the first good ping; False if the process ended before."""
        while not process.ended():
            if self._ping() and not process.ended():
                return True
            if monotonic() > deadline:
                raise ContainerError("the container did not pass the ping health check")
            if abort.wait(self._spec.ping_interval):
                raise StoppedError("asked to stop while a server was starting")
        return False

    def _ping(self) -> bool:
        try:
            return self._connections.request("GET", "/ping", b"", {}, self._spec.ping_timeout).status == _OK
        except WorkError:
            return False


def _free_port() -> int:
    for _ in range(100):
        port = random.choice(_PORTS)  # noqa: S311  no secret
        if _free(port):
            return port
    raise ContainerError("no port is free for a model server")


def _free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
