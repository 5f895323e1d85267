"""What is told to CloudWatch, in batches: each batch is one transaction, made by a thread that nobody waits for.

A commit for every line and every invocation would keep all callers waiting for the disk. The price: a kill of the
cloud loses what was told in the last `_GATHERED` seconds. With a virtual clock nothing is gathered, and an advance
waits until all was told, so that an alarm sees what was recorded before it is evaluated.
"""

import logging
import threading
from collections.abc import Callable

from localcloud.clock import Clock
from localcloud.database import Database

log = logging.getLogger(__name__)

Tell = Callable[[], object]
_GATHERED = 0.2  # seconds between two batches


class Batches:
    """One queue; safe to use from several threads."""

    def __init__(self, clock: Clock, database: Database) -> None:
        self._clock = clock
        self._database = database
        self._lock = threading.Lock()
        self._waiting: list[Tell] = []
        self._some = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lambda-batches")

    def start(self) -> None:
        """Tell from now on."""
        self._thread.start()

    def put(self, tell: Tell) -> None:
        """Have something told soon."""
        with self._lock:
            if not self._waiting:
                self._clock.begin()
            self._waiting.append(tell)
            self._some.set()

    def stop(self) -> None:
        """Tell what waits, and no more."""
        self._stopping.set()
        self._some.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        ending = False
        while not ending:
            self._some.wait()
            ending = self._stopping.wait(0.0 if self._clock.virtual else _GATHERED)
            with self._lock:
                waiting, self._waiting = self._waiting, []
                self._some.clear()
            if waiting:
                self._tell(waiting)
                self._clock.end()

    def _tell(self, waiting: list[Tell]) -> None:
        try:
            with self._database.transaction():
                for tell in waiting:
                    tell()
        except Exception:  # the thread's outermost edge: what cannot be kept must not end it
            log.exception("batch_not_told size=%d", len(waiting))
