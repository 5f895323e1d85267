"""The queue before the Lambda workers: callers who wait go first, events fill what is left.

Calls that someone waits for and events share the workers. One worker is always left to the former, so that a flood of
events cannot keep an HTTP answer waiting; with one worker alone events take it when nobody waits. The queue of
waiting calls is bounded, as a client is better refused at once than answered after it has gone; the queue of events
is not, as on AWS.
"""

import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from localcloud.errors import AwsError
from localcloud.wiring import Function


@dataclass(frozen=True)
class Failure:
    """Why an invocation gave no result."""

    kind: str  # Lambda's errorType
    message: str
    trace: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """How an invocation ended: a result, or a failure."""

    result: Any = None
    failure: Failure | None = None


@dataclass(frozen=True)
class Invocation:
    """One invocation to be made."""

    function: Function
    event: bytes  # JSON
    request_id: str
    waited_for: bool
    future: "Future[Outcome]" = field(default_factory=Future)


class InvocationQueue:
    """Invocations for a number of workers; safe to use from several threads."""

    def __init__(self, workers: int, waiting: int) -> None:
        self._changed = threading.Condition()
        self._calls: deque[Invocation] = deque()
        self._events: deque[Invocation] = deque()
        self._waiting = waiting
        self._events_at_once = max(1, workers - 1)
        self._events_running = 0
        self._closed = False

    def put(self, invocation: Invocation) -> None:
        """Queue an invocation; raises AwsError when too many callers wait already, or the queue is closed."""
        with self._changed:
            if self._closed:
                raise AwsError("ServiceException", "the local cloud is stopping", 503)
            if not invocation.waited_for:
                self._events.append(invocation)
            elif len(self._calls) < self._waiting:
                self._calls.append(invocation)
            else:
                raise AwsError("TooManyRequestsException", "Rate Exceeded.", 429)
            self._changed.notify()

    def take(self) -> Invocation | None:
        """Wait for an invocation whose caller still wants it; None once the queue is closed."""
        with self._changed:
            while True:
                self._changed.wait_for(self._ready)
                if self._closed:
                    return None
                invocation = self._calls.popleft() if self._calls else self._events.popleft()
                if invocation.future.set_running_or_notify_cancel():
                    self._events_running += not invocation.waited_for
                    return invocation

    def done(self, invocation: Invocation) -> None:
        """Note that an invocation taken has ended."""
        with self._changed:
            self._events_running -= not invocation.waited_for
            self._changed.notify_all()

    def close(self) -> list[Invocation]:
        """Give out nothing more; the invocations that were left."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            return [*self._calls, *self._events]

    def _ready(self) -> bool:
        return self._closed or bool(self._calls) or (bool(self._events) and self._events_running < self._events_at_once)
