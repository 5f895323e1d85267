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
from datetime import datetime
from pathlib import Path
from typing import IO

from localcloud.clock import Clock
from localcloud.database import Database

log = logging.getLogger(__name__)

Append = Callable[[str, str, Sequence[tuple[datetime, str]]], object]  # log group, log stream, lines with their times
Ingest = Callable[[str], object]
TAIL = 4096  # bytes that Invoke gives back of a log
_LONGEST = 262_144  # bytes of a line; a longer one is kept in pieces
_GATHERED = 0.2  # seconds between two batches: a commit for every line would keep everybody waiting
_AT_ITS_END = 1.0  # seconds: a process that left the group may still hold the pipe


class Readers:
    """Who reads what functions print: the file at once, the others in batches, each batch one transaction.

    The price: a kill of the cloud loses what was printed in the last `_GATHERED` seconds for all but the file. With a
    virtual clock nothing is gathered, and an advance waits until the lines were read.
    """

    def __init__(
        self, file: Path, clock: Clock, database: Database, *, append: Append | None, ingest: Ingest | None
    ) -> None:
        self._file = file
        self._clock = clock
        self._database = database
        self._append = append
        self._ingest = ingest
        self._lock = threading.Lock()
        self._waiting: list[tuple[str, str, list[tuple[datetime, str]]]] = []
        self._some = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._read, name="lambda-logs")
        self._thread.start()

    def keep(self, group: str, stream: str, lines: Sequence[str]) -> None:
        """Hand lines over."""
        with self._file.open("a", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))
        now = self._clock.now()
        with self._lock:
            if not self._waiting:
                self._clock.begin()
            self._waiting.append((group, stream, [(now, line) for line in lines]))
            self._some.set()

    def stop(self) -> None:
        """Hand over what waits, and take nothing more."""
        self._stopping.set()
        self._some.set()
        self._thread.join()

    def _read(self) -> None:
        ending = False
        while not ending:
            self._some.wait()
            ending = self._stopping.wait(0.0 if self._clock.virtual else _GATHERED)
            with self._lock:
                waiting, self._waiting = self._waiting, []
                self._some.clear()
            if waiting:
                self._hand_over(waiting)
                self._clock.end()

    def _hand_over(self, waiting: Sequence[tuple[str, str, list[tuple[datetime, str]]]]) -> None:
        try:
            with self._database.transaction():
                for group, stream, lines in waiting:
                    if self._append:
                        self._append(group, stream, lines)
                    for _, line in lines if self._ingest else []:
                        self._ingest(line)  # type: ignore[misc]  # mypy forgets the condition
        except Exception:  # the thread's outermost edge: what cannot be kept must not end the reading
            log.exception("lines_not_kept batches=%d", len(waiting))


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
