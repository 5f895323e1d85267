"""Data capture: invocations kept in memory for a moment, then written to S3 as files of JSON lines.

An invocation only puts what it has into a list; lines are made and files stored by another thread, so a capture
neither slows nor fails an answer. What cannot be stored is tried again with the next files. The price, AWS's as well:
when too much waits (AWS: a disk more than three quarters full), further invocations are not captured; and what waits
is lost when the local cloud is killed.
"""

import logging
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from localcloud.errors import DataError
from localcloud.sagemaker import capture_config
from localcloud.sagemaker.capture_config import CaptureSpec, Invocation, Payload, Request
from localcloud.sagemaker.foundation import Foundation

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Source:
    """Whose invocations a file holds: the names of a region, an endpoint and a variant, and how it is captured."""

    region: str
    endpoint: str
    variant: str
    spec: CaptureSpec


@dataclass
class _Waiting:
    """The invocations of one file to come."""

    invocations: list[Invocation] = field(default_factory=list)

    @property
    def size(self) -> int:
        return sum(invocation.size for invocation in self.invocations)


_File = tuple[Source, str]  # and the folder, which tells the hour


class Captures:
    """What was captured and is not stored yet."""

    def __init__(self, foundation: Foundation, choose: random.Random, new_id: Callable[[], str]) -> None:
        self._foundation = foundation
        self._choose = choose
        self._new_id = new_id
        self._lock = threading.Lock()
        self._storing = threading.Lock()  # a flush returns when all that waited before it is stored
        self._waiting: dict[_File, _Waiting] = {}
        self._size = 0

    def add(self, source: Source, asked: Request, answered: Payload) -> None:
        """Keep an invocation that was answered, if it is drawn."""
        if not source.spec.modes or not source.spec.wants(self._choose.random()):
            return
        invocation = Invocation(self._new_id(), asked, answered)
        folder = capture_config.folder(source.endpoint, source.variant, invocation.asked.time)
        with self._lock:
            if self._size + invocation.size <= self._foundation.limits.capture_waiting:
                self._size += invocation.size
                self._waiting.setdefault((source, folder), _Waiting()).invocations.append(invocation)
                return
        log.warning("invocation_not_captured endpoint=%s reason=too_much_waits", source.endpoint)

    def run(self) -> None:
        """Store what waits, again and again, until the local cloud closes."""
        while True:
            self._foundation.background.pause(self._foundation.delays.data_capture)
            self.store()

    def store(self) -> None:
        """Store all that waits; what cannot be stored waits on."""
        self._store(lambda _: True, give_up=False)

    def finish(self, region: str, endpoint: str) -> None:
        """Store what waits of an endpoint that answers no more; what cannot be stored is lost."""
        self._store(lambda source: (source.region, source.endpoint) == (region, endpoint), give_up=True)

    def close(self) -> None:
        """Store all that waits, for the last time; what cannot be stored is lost."""
        self._store(lambda _: True, give_up=True)

    def _store(self, wanted: Callable[[Source], bool], *, give_up: bool) -> None:
        with self._storing:
            for file, waiting in self._taken(wanted).items():
                try:
                    self._write(*file, waiting.invocations)
                except DataError as error:
                    lost = len(waiting.invocations) if give_up else 0
                    log.warning("capture_not_stored endpoint=%s lost=%d error=%s", file[0].endpoint, lost, error)
                    if not give_up:
                        self._put_back(file, waiting)

    def _taken(self, wanted: Callable[[Source], bool]) -> Mapping[_File, _Waiting]:
        with self._lock:
            taken = {file: waiting for file, waiting in self._waiting.items() if wanted(file[0])}
            for file, waiting in taken.items():
                del self._waiting[file]
                self._size -= waiting.size
            return taken

    def _put_back(self, file: _File, waiting: _Waiting) -> None:
        with self._lock:
            since = self._waiting.get(file, _Waiting()).invocations
            self._waiting[file] = _Waiting([*waiting.invocations, *since])
            self._size += waiting.size

    def _write(self, source: Source, folder: str, invocations: Sequence[Invocation]) -> None:
        containers = self._foundation.containers
        base = containers.new_base("capture", source.region, source.endpoint)
        try:
            path = base / capture_config.file_name(invocations[0].asked.time, self._new_id())
            with path.open("xb") as file:
                file.writelines(capture_config.line(source.spec, invocation) for invocation in invocations)
            location = source.spec.destination.below(f"{folder}/{path.name}")
            self._foundation.objects(source.region).upload(path, location)
        except OSError as error:  # a full disk
            raise DataError(f"InternalServerError: a capture finds no place ({error.strerror})") from error
        finally:
            containers.remove_base(base)
