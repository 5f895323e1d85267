"""Long polling: who waits for a message looks again when one may be there, by the cloud's time.

A look that the clock causes is work that an advance waits for; the waiting itself is not.
"""

import threading
from collections import defaultdict
from collections.abc import Callable
from typing import TypeVar

from localcloud.clock import Clock

T = TypeVar("T")


class Waiting:
    """Everybody who waits, by queue."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: dict[int, set[threading.Event]] = defaultdict(set)
        self._stopped = False

    def wake(self, queue: int) -> None:
        """Let those who wait for a message of this queue look again."""
        with self._lock:
            for changed in self._waiting.get(queue, ()):
                changed.set()

    def stop(self) -> None:
        """Let nobody wait any more."""
        with self._lock:
            self._stopped = True
            for waiting in self._waiting.values():
                for changed in waiting:
                    changed.set()

    def look(
        self, queue: int, seconds: float, find: Callable[[], list[T]], next_due: Callable[[], float | None]
    ) -> list[T]:
        """Look until something is found, at most for ``seconds``; ``next_due`` is in how many something may be."""
        until, changed = self._clock.seconds() + seconds, threading.Event()
        with self._lock:
            self._waiting[queue].add(changed)
        try:
            return self._look(until, changed, find, next_due)
        finally:
            with self._lock:
                self._waiting[queue].discard(changed)
                if not self._waiting[queue]:
                    del self._waiting[queue]

    def _look(
        self,
        until: float,
        changed: threading.Event,
        find: Callable[[], list[T]],
        next_due: Callable[[], float | None],
    ) -> list[T]:
        def awake() -> None:
            self._clock.begin()
            changed.set()

        working = False
        while True:
            changed.clear()
            try:
                found = find()
                left = until - self._clock.seconds()
                if found or left <= 0 or self._stopped:
                    return found
                due = next_due()
                timer = self._clock.after(left if due is None else min(left, due), awake)
            finally:
                if working:
                    self._clock.end()
            changed.wait()
            working = not self._clock.cancel(timer)
