"""The cloud's time, and what happens later: real by default; a virtual clock can be advanced besides.

Actions run in the order they are due, on one thread, so what is due must be quick; long work belongs to a thread of
its own. What is still to come when the cloud stops is dropped: whoever must not lose it keeps it in the database and
asks again at the start.

A virtual clock goes on as the real one does, plus what it was advanced by. `advance` goes from one due action to the
next, and waits at each until the work that it caused has ended in real time (`begin`, `end`): time never passes the
end of a process that somebody waits for. Work that itself waits for the cloud's time (`sleep`) counts as ended
meanwhile. The price: what polls must poll in real time, or a virtual week is a million steps.
"""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

log = logging.getLogger(__name__)

Action = Callable[[], object]
_POLL = 0.005  # seconds between two looks of who sleeps by a virtual clock


class Timer:
    """One action that is due at ``due``, in seconds of the clock."""

    def __init__(self, due: float, order: int, action: Action) -> None:
        self.due = due
        self._order = order
        self.action: Action | None = action

    def __lt__(self, other: "Timer") -> bool:
        return (self.due, self._order) < (other.due, other._order)


class Clock:
    """Time and timers of one cloud; safe to use from several threads.

    ``offset``: seconds that a virtual clock is ahead of the real one. ``shifted`` is called with each new offset.
    """

    def __init__(
        self, *, virtual: bool = False, offset: float = 0.0, shifted: Callable[[float], object] = lambda _: None
    ) -> None:
        self.virtual = virtual
        self._offset = offset
        self._shifted = shifted
        self._changed = threading.Condition()
        self._heap: list[Timer] = []
        self._order = itertools.count()  # the same time: first come, first served
        self._at_work = 0
        self._stopped = False
        self._advancing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="clock")

    def now(self) -> datetime:
        """Give the time of day, in UTC."""
        return datetime.now(UTC) + timedelta(seconds=self._offset)

    def seconds(self) -> float:
        """Give seconds since some moment: for deadlines and durations."""
        return time.monotonic() + self._offset

    def start(self) -> None:
        """Run what is due from now on."""
        self._thread.start()

    def stop(self) -> int:
        """Run nothing more; how many actions were still to come."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()
        return sum(timer.action is not None for timer in self._heap)

    def after(self, seconds: float, action: Action) -> Timer:
        """Run ``action`` once, ``seconds`` from now."""
        with self._changed:
            timer = Timer(self.seconds() + seconds, next(self._order), action)
            heapq.heappush(self._heap, timer)
            self._changed.notify_all()
            return timer

    def at(self, moment: datetime, action: Action) -> Timer:
        """Run ``action`` once at a time of day, at once if that has passed."""
        return self.after((moment - self.now()).total_seconds(), action)

    def cancel(self, timer: Timer) -> bool:
        """Let an action not run; whether it had not begun."""
        with self._changed:
            waiting, timer.action = timer.action is not None, None
            return waiting

    def begin(self) -> None:
        """Note that work began which ends by itself, in real time: an advance waits for its `end`."""
        with self._changed:
            self._at_work += 1

    def end(self) -> None:
        """Note the end of such work."""
        with self._changed:
            self._at_work -= 1
            self._changed.notify_all()

    @contextmanager
    def work(self) -> Iterator[None]:
        """Begin work and end it."""
        self.begin()
        try:
            yield
        finally:
            self.end()

    def sleep(self, seconds: float, stop: threading.Event) -> bool:
        """Wait ``seconds``, for work that began, at most until ``stop`` is set; whether it was."""
        if not self.virtual or seconds <= 0:
            return stop.wait(seconds) if seconds > 0 else stop.is_set()
        timer = self.after(seconds, self.begin)  # when it is time the work goes on, before an advance may look
        self.end()
        while timer.action is not None and not stop.wait(_POLL):
            pass
        if self.cancel(timer):
            self.begin()
        return stop.is_set()

    def advance(self, seconds: float, *, wait: bool = True, patience: float = 300.0) -> datetime:
        """Let ``seconds`` pass at once, with all that is due on the way; the new time.

        With ``wait``, each step waits for the work under way; without, time passes it, as for a time limit that is
        to be exceeded.

        Raises
        ------
        TimeoutError
            If work did not end within ``patience`` real seconds; the time stands where it then was.
        """
        with self._advancing:
            until = self.seconds() + seconds
            while self._step(until, wait=wait, patience=patience):
                pass
        return self.now()

    def jump(self, *, patience: float = 300.0) -> datetime:
        """Let the time pass until just after the next action; the new time. Raises TimeoutError as `advance`."""
        with self._advancing:
            self._settle(patience)
            with self._changed:
                due = self._next_due()
            if due is not None:
                self._step(due, wait=True, patience=patience)
                self._settle(patience)
        return self.now()

    def _step(self, until: float, *, wait: bool, patience: float) -> bool:
        """Shift to what is due next, or to ``until``; whether that is still to come."""
        if wait:
            self._settle(patience)
        told = self._offset
        while True:
            with self._changed:
                due = self._next_due() if wait else None
                last = due is None or due > until
                target = until if last or due is None else due
                offset = self._offset + max(0.0, target - self.seconds())
            if offset != told:
                self._shifted(offset)  # outside of our lock, as another thread may wait for it with one that this needs
                told = offset
            with self._changed:
                now_due = self._next_due() if wait else None
                if now_due is None or now_due >= target:  # else something was put before it meanwhile
                    self._offset = offset
                    self._changed.notify_all()
                    break
        if last and wait:
            self._settle(patience)
        return not last

    def _settle(self, patience: float) -> None:
        with self._changed:
            if not self._changed.wait_for(self._idle, patience):
                raise TimeoutError(f"work did not end within {patience:.0f} s")

    def _idle(self) -> bool:
        due = self._next_due()
        return self._stopped or (not self._at_work and (due is None or due > self.seconds()))

    def _next_due(self) -> float | None:
        while self._heap and self._heap[0].action is None:
            heapq.heappop(self._heap)
        return self._heap[0].due if self._heap else None

    def _run(self) -> None:
        while (action := self._next()) is not None:
            try:
                action()
            except Exception:  # the thread's outermost edge: one failed action must not end all the others
                log.exception("timer_failed")
            finally:
                self.end()

    def _next(self) -> Action | None:
        """Wait for what is due; its work has begun, so that no advance passes it."""
        with self._changed:
            while not self._stopped:
                due = self._next_due()
                wait = None if due is None else due - self.seconds()
                if wait is not None and wait <= 0:
                    timer = heapq.heappop(self._heap)
                    action, timer.action = timer.action, None
                    self._at_work += 1
                    return action
                self._changed.wait(wait)
            return None
