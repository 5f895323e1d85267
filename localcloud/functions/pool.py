"""Decides which sandbox executes what: a bounded number of places, each with the sandbox of one function.

A place is bound to the function it served first, and keeps its sandbox warm. A function without one gets an unused
place, else the one that was idle for longest gives way; the function behind the HTTP routes keeps one for good, so that
an answer never waits for a cold start. A further sandbox of a function is started only when invocations have waited for
`_PATIENCE` seconds, one at a time: an import costs more than most invocations take (on AWS each concurrent call has its
own at once). It drives out the last sandbox of another function only after `_LONGER`. Callers go before events, and
events leave one place to them. Callers who wait are bounded, as a client is better refused at once than answered after
it has gone; events are not, as on AWS.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from localcloud.errors import AwsError
from localcloud.functions.invocations import Invocation
from localcloud.wiring import Function

_PATIENCE = 0.25  # seconds that a function's invocations wait before it gets a further sandbox
_LONGER = 1.0  # the same, where another function loses its only one


@dataclass(eq=False)
class _Place:
    changed: threading.Condition
    bound: str | None = None  # the full name of the function whose sandbox it holds
    work: Invocation | None = None
    cold: bool = False  # its sandbox is being started
    since: float = 0.0  # when it became idle


class Pool:
    """Places 0 to ``places`` - 1, each served by one thread; safe to use from several threads."""

    def __init__(self, places: int, waiting: int, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._places = [_Place(threading.Condition(self._lock)) for _ in range(places)]
        self._calls: list[Invocation] = []
        self._events: list[Invocation] = []
        self._waiting = waiting
        self._events_at_once = max(1, places - 1)
        self._at_hand: Counter[str] = Counter()  # invocations that wait or are executed, by function
        self._behind: dict[str, float] = {}  # since when invocations of a function wait without a pause
        self._kept: str | None = None
        self._closed = False
        self._seconds = seconds

    def bind(self, place: int, full_name: str, *, keep: bool) -> None:
        """Note that a place holds a function's sandbox; ``keep``: its last sandbox never gives way."""
        with self._lock:
            self._places[place].bound = full_name
            self._kept = full_name if keep and len(self._places) > 1 else self._kept

    def put(self, invocation: Invocation) -> None:
        """Queue an invocation.

        Raises
        ------
        AwsError
            TooManyRequestsException when the function's reserved concurrency is in use or too many callers wait;
            ServiceException when the pool is closed.
        """
        name, reserved = invocation.function.full_name, invocation.function.reserved
        with self._lock:
            if self._closed:
                raise AwsError("ServiceException", "the local cloud is stopping", 503)
            if invocation.event is not None and reserved is not None and self._at_hand[name] >= reserved:
                raise _throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
            if invocation.waited_for and len(self._calls) >= self._waiting:
                raise _throttled("ConcurrentInvocationLimitExceeded")
            (self._calls if invocation.waited_for else self._events).append(invocation)
            self._at_hand[name] += 1
            if self._assign():
                for place in self._idle():
                    place.changed.notify()  # it looks again soon

    def take(self, place: int) -> Invocation | None:
        """Wait for a place's next invocation, whose caller still wants it; None once the pool is closed."""
        own = self._places[place]
        with self._lock:
            while not self._closed:
                self._assign()
                if own.work is None:
                    own.changed.wait(_PATIENCE / 4 if self._calls or self._events else None)
                elif own.work.future.set_running_or_notify_cancel():
                    return own.work
                else:
                    self._leave(own)
            return None

    def ready(self, place: int) -> None:
        """Note that a place's sandbox runs."""
        with self._lock:
            self._places[place].cold = False

    def done(self, place: int) -> None:
        """Note that the invocation a place had taken has ended."""
        with self._lock:
            self._leave(self._places[place])
            self._assign()

    def close(self) -> list[Invocation]:
        """Give out nothing more; the invocations that nobody has begun."""
        with self._lock:
            self._closed = True
            for place in self._places:
                place.changed.notify()
            begun = [place.work for place in self._places if place.work and not place.work.future.running()]
            return [*begun, *self._calls, *self._events]

    def _leave(self, place: _Place) -> None:
        if place.work:
            self._at_hand[place.work.function.full_name] -= 1
        place.work, place.cold, place.since = None, False, self._seconds()

    def _assign(self) -> bool:
        """Give what waits to the places that may take it; whether something stays for lack of one."""
        in_vain: set[str] = set()
        now = self._seconds()
        for queue in (self._calls, self._events):
            for invocation in queue.copy():
                name = invocation.function.full_name
                if queue is self._events and self._events_running() >= self._events_at_once:
                    break
                place = None if name in in_vain else self._place_for(invocation, now)
                if place:
                    queue.remove(invocation)
                    if place.bound != name:
                        place.bound, place.cold = name, True
                        self._behind.pop(name, None)
                    place.work = invocation
                    place.changed.notify()
                elif invocation.event is None or invocation.future.cancelled():  # nobody waits for it
                    queue.remove(invocation)
                    self._at_hand[name] -= 1
                else:
                    in_vain.add(name)
        self._behind = {name: self._behind.get(name, now) for name in in_vain}
        return bool(in_vain)

    def _place_for(self, invocation: Invocation, now: float) -> _Place | None:
        name, idle = invocation.function.full_name, self._idle()
        if own := [place for place in idle if place.bound == name]:
            return max(own, key=lambda place: place.since)
        held = [place for place in self._places if place.bound == name]
        waited = now - self._behind.get(name, now)
        if held and (waited < _PATIENCE or any(place.cold for place in held)):
            return None
        if unused := [place for place in idle if place.bound is None]:
            return unused[0]
        return None if invocation.event is None else self._driven_out(idle, last=not held or waited >= _LONGER)

    def _driven_out(self, idle: Sequence[_Place], *, last: bool) -> _Place | None:
        """Choose whose sandbox gives way: a spare one, else, if that may be, the ``last`` of a function."""
        number = Counter(place.bound for place in self._places)
        spare = [place for place in idle if number[place.bound] > 1]
        others = [place for place in idle if place.bound != self._kept] if last else []
        return min(spare or others, key=lambda place: place.since, default=None)

    def _idle(self) -> list[_Place]:
        return [place for place in self._places if place.work is None]

    def _events_running(self) -> int:
        return sum(place.work is not None and not place.work.waited_for for place in self._places)


def needs_new_process(held: Function, wanted: Function) -> bool:
    """Say whether a function changed so that a sandbox of what it was cannot serve it."""
    return (held.full_name, held.memory, held.environment) != (wanted.full_name, wanted.memory, wanted.environment)


def _throttled(reason: str) -> AwsError:
    members: dict[str, object] = {"Reason": reason, "Type": "User"}
    return AwsError("TooManyRequestsException", "Rate Exceeded.", 429, members)
