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
class Job:
    """One invocation to be made."""

    function: Function
    event: bytes  # JSON
    request_id: str
    waited_for: bool
    future: "Future[Outcome]" = field(default_factory=Future)


class JobQueue:
    """Jobs for a number of workers; safe to use from several threads."""

    def __init__(self, workers: int, waiting: int) -> None:
        self._changed = threading.Condition()
        self._calls: deque[Job] = deque()
        self._events: deque[Job] = deque()
        self._waiting = waiting
        self._events_at_once = max(1, workers - 1)
        self._events_running = 0
        self._closed = False

    def put(self, job: Job) -> None:
        """Queue a job; raises AwsError TooManyRequestsException when too many callers wait already."""
        with self._changed:
            if not job.waited_for:
                self._events.append(job)
            elif len(self._calls) < self._waiting:
                self._calls.append(job)
            else:
                raise AwsError("TooManyRequestsException", "Rate Exceeded.", 429)
            self._changed.notify()

    def take(self) -> Job | None:
        """Wait for a job whose caller still wants it; None once the queue is closed."""
        with self._changed:
            while True:
                self._changed.wait_for(self._ready)
                if self._closed:
                    return None
                job = self._calls.popleft() if self._calls else self._events.popleft()
                if job.future.set_running_or_notify_cancel():
                    self._events_running += not job.waited_for
                    return job

    def done(self, job: Job) -> None:
        """Note that a job taken has ended."""
        with self._changed:
            self._events_running -= not job.waited_for
            self._changed.notify_all()

    def close(self) -> list[Job]:
        """Give out nothing more; the jobs that were left."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            return [*self._calls, *self._events]

    def _ready(self) -> bool:
        return self._closed or bool(self._calls) or (bool(self._events) and self._events_running < self._events_at_once)
