"""An AWS account in memory, below boto3: what the adapters' clients answer, and what may go wrong with a call.

Every call passes `Account.call`: it is counted and written into the history, and a fault may strike before it or after
it, so a test can kill a handler at any boundary, lose any answer, or let AWS refuse anything. Time is the account's and
moves only when told. Rules that matter (names taken, versions, conditions) are those that `tests/contract` holds
against the local cloud.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Literal, Protocol

from tests.chalicelib.aws.cloudwatch import Watch
from tests.chalicelib.aws.dynamodb import Tables
from tests.chalicelib.aws.s3 import Objects
from tests.chalicelib.aws.sagemaker import Machines
from tests.chalicelib.aws.sns import Topic

START = datetime(2026, 11, 12, tzinfo=UTC)
When = Literal["before", "after"]
Answer = dict[str, Any]


class KilledError(BaseException):
    """The process was killed: nothing of ours may catch it."""


class Fault(Protocol):
    """What may strike a call; it raises, or does nothing."""

    def __call__(self, when: When, number: int, operation: str) -> None:
        """Strike the call of this number, before its effect or after it."""


def no_fault(when: When, number: int, operation: str) -> None:
    """Let every call pass."""


@dataclass
class Account:
    """The state of one account, its time, its events and its history."""

    bucket: str
    topic_arn: str
    now: datetime = START
    fault: Fault = no_fault
    calls: int = 0
    history: list[str] = field(default_factory=list)  # operations, in order
    events: list[str] = field(default_factory=list)  # pipelines to be looked at
    objects: Objects = field(init=False)
    tables: Tables = field(init=False)
    machines: Machines = field(init=False)
    watch: Watch = field(init=False)
    topic: Topic = field(init=False)

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self.objects = Objects(self.bucket, self._time)
        self.tables = Tables(self.clock)
        self.machines = Machines(self._time, self.events.append)
        self.watch = Watch(self._time, self.events.append)
        self.topic = Topic(self.topic_arn)

    def clock(self) -> datetime:
        """Return the account's time."""
        return self.now

    def held(self) -> str:
        """Return everything that the account holds, as a text."""
        return repr((self.now, self.events, self.objects, self.tables, self.machines, self.watch, self.topic))

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)

    def client(self, service: str, *, hurried: bool = False) -> "Client":
        """Return the client of a service."""
        states = {
            "s3": self.objects,
            "dynamodb": self.tables,
            "sagemaker": self.machines,
            "events": Bus(self.events),
            "cloudwatch": self.watch,
            "sns": self.topic,
        }
        return Client(self, states[service])

    def call(self, operation: str, effect: Callable[[], Any]) -> Any:
        """Carry out one call."""
        with self._lock:
            self.calls += 1
            number = self.calls
            self.history.append(operation)
        self.fault("before", number, operation)
        with self._lock:
            answer = effect()
        self.fault("after", number, operation)
        return answer

    def _time(self) -> datetime:
        """Return the time of a change: no two are the same."""
        self.now += timedelta(milliseconds=1)
        return self.now


@dataclass(frozen=True)
class Bus:
    """EventBridge, as far as it tells handlers of ours to look."""

    events: list[str]

    def put_events(self, Entries: list[Answer]) -> Answer:
        self.events.extend(entry["Detail"] for entry in Entries)
        return {"FailedEntryCount": 0, "Entries": []}


@dataclass(frozen=True)
class Meta:
    """What a boto3 client of S3 knows of itself."""

    endpoint_url: str = "https://s3.eu-central-1.amazonaws.com"
    partition: str = "aws"
    region_name: str = "eu-central-1"


class Client:
    """A boto3 client: its methods are those of a service's state."""

    meta = Meta()

    def __init__(self, account: Account, state: Any) -> None:
        self._account, self._state = account, state

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        method = getattr(self._state, operation)

        def send(*arguments: Any, **request: Any) -> Any:
            return self._account.call(operation, lambda: method(*arguments, **request))

        return send

    def get_paginator(self, operation: str) -> "Paginator":
        """Return a paginator: each page is a call."""
        return Paginator(self._account, operation, getattr(self._state, f"{operation}_pages"))


@dataclass(frozen=True)
class Paginator:
    """A boto3 paginator."""

    account: Account
    operation: str
    pages: Callable[..., list[Answer]]

    def paginate(self, **request: Any) -> Iterator[Answer]:
        """Give page after page; what is listed is what there was with the first."""
        pages = self.account.call(self.operation, lambda: self.pages(**request))
        yield pages[0]
        for page in pages[1:]:
            yield self.account.call(self.operation, partial(dict, page))
