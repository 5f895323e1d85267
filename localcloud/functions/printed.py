"""What the process of one function prints: to the log file, to CloudWatch Logs, and searched for metrics.

A thread reads each process's pipe to its end, so what a process wrote before it died is kept; a process that prints
faster than this waits. Lines are CloudWatch's log events. The runtime marks the beginning of its own lines with a NUL,
so that they begin a line of their own also after a text without a newline. The price: when the cloud itself is killed,
what lay in a pipe is lost.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO

from localcloud.functions.batches import Batches
from localcloud.observed import Append, Ingest

log = logging.getLogger(__name__)

TAIL = 4096  # bytes that Invoke gives back of a log
_LONGEST = 262_144  # bytes of a line; a longer one is kept in pieces
_AT_ITS_END = 1.0  # seconds: a process that left the group may still hold the pipe


@dataclass(frozen=True)
class Readers:
    """Who reads what functions print: the file at once, the others in batches."""

    file: Path
    now: Callable[[], datetime]
    batches: Batches
    append: Append | None = None
    ingest: Ingest | None = None

    def keep(self, group: str, stream: str, lines: Sequence[str]) -> None:
        """Hand lines over."""
        with self.file.open("a", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))
        now = self.now()
        if self.append:
            self.batches.put(partial(self.append, group, stream, [(now, line) for line in lines]))
        if self.ingest:
            for line in lines:
                self.batches.put(partial(self.ingest, line))


class Printed:
    """The output of one process, read by a thread of its own until its end."""

    def __init__(self, pipe: IO[bytes], group: Callable[[], str], stream: str, readers: Readers) -> None:
        self._pipe = pipe
        self._group = group
        self._stream = stream
        self._readers = readers
        self._changed = threading.Condition()
        self._request = b""  # of the invocation last begun
        self._reported = False
        self._tail = b""
        self._thread = threading.Thread(target=self._read, name=f"log-{group()}", daemon=True)
        self._thread.start()

    def tail(self, request_id: str, patience: float) -> str:
        """Give the end of what an invocation printed, at most 4 KB; waits until its last line was read."""
        with self._changed:
            self._changed.wait_for(lambda: self._reported and self._request == request_id.encode(), patience)
            return self._tail[-TAIL:].decode("utf-8", "replace")

    def end(self, *lines: str) -> None:
        """Read to the end of the process, which has gone, and add what it could not say itself any more."""
        self._thread.join(_AT_ITS_END)
        self._keep([line.encode() for line in lines])

    def _read(self) -> None:
        rest = b""
        with self._pipe:
            while piece := os.read(self._pipe.fileno(), 65_536):
                *whole, rest = (rest + piece).split(b"\n")
                lines = [part for line in whole for part in _parts(line)]
                if len(rest) > _LONGEST:
                    lines, rest = [*lines, rest], b""
                self._keep(lines)
        self._keep([*_parts(rest)] if rest else [])

    def _keep(self, lines: Sequence[bytes]) -> None:
        if not lines:
            return
        try:
            self._readers.keep(self._group(), self._stream, [line.decode("utf-8", "replace") for line in lines])
        except OSError as error:  # a full disk must not stop the function
            log.error("lines_not_kept group=%s error=%s", self._group(), error.strerror)  # noqa: TRY400  said all
        with self._changed:
            for line in lines:
                self._note(line)
            self._changed.notify_all()

    def _note(self, line: bytes) -> None:
        if line.startswith(b"START RequestId: "):
            self._request, self._reported, self._tail = line.split()[2], False, b""
        self._tail = (self._tail + line + b"\n")[-TAIL:]
        self._reported = self._reported or line.startswith(b"REPORT RequestId: " + self._request)


def _parts(line: bytes) -> Iterator[bytes]:
    """Split a line where the runtime began one of its own."""
    first, *others = line.split(b"\0")
    if first or not others:
        yield first
    yield from others
