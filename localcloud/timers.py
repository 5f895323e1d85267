"""Runs things later, in order, on one thread: the delays of events and of retries.

What is due must be quick, as everything else waits for it; long work belongs on a queue of its own. What is still to
come when the cloud stops is dropped.
"""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

Action = Callable[[], object]


class Timers:
    """A heap of actions by the time they are due; safe to use from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._heap: list[tuple[float, int, Action]] = []
        self._order = itertools.count()  # the same time: first come, first served
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="timers")

    def start(self) -> None:
        """Run what is due from now on."""
        self._thread.start()

    def after(self, seconds: float, action: Action) -> None:
        """Run ``action`` once, ``seconds`` from now."""
        with self._changed:
            heapq.heappush(self._heap, (self._clock() + seconds, next(self._order), action))
            self._changed.notify()

    def stop(self) -> int:
        """Run nothing more; how many actions were still to come."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()
        return len(self._heap)

    def _run(self) -> None:
        while (action := self._next()) is not None:
            try:
                action()
            except Exception:  # the thread's outermost edge: one failed action must not end all the others
                log.exception("timer_failed")

    def _next(self) -> Action | None:
        with self._changed:
            while not self._stopped:
                wait = self._heap[0][0] - self._clock() if self._heap else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._heap)[2]
                self._changed.wait(wait)
            return None
