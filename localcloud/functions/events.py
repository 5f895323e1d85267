"""Asynchronous invocations: each is a row from its acceptance until its outcome is written, so that none is lost.

A row is written in the transaction of whoever sends the event, and executed when that is on the disk. An outcome, the
next try's time or the row's end, is one transaction with what it causes elsewhere: a message to a destination, a dead
letter. What was under way when the cloud was killed is tried again at the next start and counts as no try: at least
once, as on AWS. A process that dies fails its try. Between its due time and its outcome an invocation is work that an
advance of the clock waits for.

Retries: two, after a minute and after two more on AWS, here after `Delays.lambda_retries`. An event that finds its
function's reserved concurrency in use is tried again with growing pauses until it is too old, and the tries that were
not made do not count; where that concurrency is 0 it is given up at once. Source: Lambda Developer Guide, "How Lambda
handles errors and retries with asynchronous invocation" and "Configuring reserved concurrency".
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from localcloud.clock import Clock
from localcloud.database import Database
from localcloud.errors import AwsError
from localcloud.functions.configs import RETRIES, Configs, EventConfig
from localcloud.functions.dead_letters import DeadLetter, DeadLetters
from localcloud.functions.destinations import EXHAUSTED, NO_CONCURRENCY, SUCCESS, TOO_OLD, Destinations, Ending
from localcloud.functions.invocations import Failure, Invocation, Outcome
from localcloud.settings import Delays
from localcloud.wiring import Function

log = logging.getLogger(__name__)

Execute = Callable[[Invocation], object]  # raises AwsError if there is no place
_AGAIN = 30.0  # seconds after an outcome that could not be written
_NO_FUNCTION = Failure("ResourceNotFoundException", "the application has no such function any more")


@dataclass(frozen=True)
class Accepted:
    """An event that waits for its outcome."""

    id: int
    function: str  # its full name
    event: bytes
    request_id: str
    tries: int  # that failed
    accepted: datetime
    throttled: int = 0  # times it found no place, since the cloud started


@dataclass(frozen=True)
class Host:
    """What the events rest on."""

    database: Database
    clock: Clock
    delays: Delays
    configs: Configs
    letters: DeadLetters
    destinations: Destinations
    find: Callable[[str], Function | None]  # by full name
    arn: Callable[[str], str]
    execute: Execute


def pause_before(next_try: int, pauses: tuple[float, ...], retries: int | None) -> float | None:
    """Return the seconds before try number ``next_try`` (2 for the first retry), or None if there is none.

    ``pauses`` are used in turn, the last for all later ones; ``retries`` is the function's own number, else there are
    as many as pauses.
    """
    allowed = min(len(pauses), RETRIES) if retries is None else retries
    if next_try - 1 > allowed:
        return None
    return pauses[min(next_try - 2, len(pauses) - 1)] if pauses else 0.0


class Events:
    """The asynchronous invocations of one cloud; safe to use from several threads."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._going = False
        self._stopping = threading.Event()
        host.database.define(
            "CREATE TABLE IF NOT EXISTS lambda_events (id INTEGER PRIMARY KEY AUTOINCREMENT, function TEXT NOT NULL,"
            " event BLOB NOT NULL, request_id TEXT NOT NULL, tries INTEGER NOT NULL, accepted REAL NOT NULL,"
            " due REAL NOT NULL)"
        )

    def accept(self, function: str, event: bytes, request_id: str) -> None:
        """Keep an event, in the transaction around if there is one, and execute it once that is on the disk."""
        host, now = self._host, self._host.clock.now()
        with host.database.transaction():
            number = host.database.insert(
                "INSERT INTO lambda_events (function, event, request_id, tries, accepted, due)"
                " VALUES (?, ?, ?, 0, ?, ?)",
                *(function, event, request_id, now.timestamp(), now.timestamp()),
            )
            accepted = Accepted(number, function, event, request_id, 0, now)
            host.database.after_commit(lambda: self._start(accepted) if self._going else None)

    def resume(self) -> None:
        """Begin, with what an earlier cloud left: each event at its time."""
        database = self._host.database
        with database.transaction():
            self._going = True
            rows = database.rows("SELECT id, function, event, request_id, tries, accepted, due FROM lambda_events")
            for number, function, event, request_id, tries, accepted, due in rows:
                since, moment = (datetime.fromtimestamp(seconds, UTC) for seconds in (accepted, due))
                left = Accepted(number, function, event, request_id, tries, since)
                database.after_commit(partial(self._at, moment, left))

    def stop(self) -> None:
        """Begin nothing more; what fails from now on stays as it was, as the stop may be the reason."""
        self._stopping.set()

    def _at(self, moment: datetime, accepted: Accepted) -> None:
        self._host.clock.at(moment, lambda: self._start(accepted))

    def _start(self, accepted: Accepted) -> None:
        """Have an event executed now."""
        if not self._stopping.is_set():
            self._kept(lambda: self._begin(accepted))

    def _kept(self, step: Callable[[], None]) -> None:
        """Take a step of an event, again and again while it cannot be written: its row must not lie until a restart."""
        try:
            step()
        except BaseException:  # raised on: whatever it is (a full disk)
            self._host.clock.after(_AGAIN, lambda: self._kept(step))
            raise

    def _begin(self, accepted: Accepted) -> None:
        """Have an event executed, or give it up; its function may have changed since the last try."""
        host = self._host
        function = host.find(accepted.function)
        if function is None:
            self._give_up(accepted, "FunctionNotFound", Outcome(failure=_NO_FUNCTION), EventConfig())
            return
        config = host.configs.of_events(accepted.function)
        if function.reserved == 0:
            self._give_up(accepted, NO_CONCURRENCY, None, config)
        elif host.clock.now() - accepted.accepted > timedelta(seconds=config.age):
            self._give_up(accepted, TOO_OLD, None, config)
        else:
            self._execute(accepted, function)

    def _execute(self, accepted: Accepted, function: Function) -> None:
        clock = self._host.clock
        invocation = Invocation(function, accepted.event, accepted.request_id, waited_for=False)
        clock.begin()
        invocation.future.add_done_callback(
            lambda done: None if done.cancelled() else self._kept(lambda: self._ended(accepted, done.result()))
        )
        invocation.future.add_done_callback(lambda _: clock.end())
        try:
            self._host.execute(invocation)
        except AwsError as error:
            invocation.future.cancel()
            if not self._stopping.is_set() and error.status == 429:  # noqa: PLR2004  TooManyRequests
                first, longest = self._host.delays.lambda_throttled
                pause = min(longest, first * 2.0**accepted.throttled)
                again = replace(accepted, throttled=accepted.throttled + 1)
                clock.after(pause, lambda: self._start(again))

    def _ended(self, accepted: Accepted, outcome: Outcome) -> None:
        failure = outcome.failure
        if failure is None:
            config = self._host.configs.of_events(accepted.function)
            with self._host.database.transaction():
                self._forget(accepted)
                ending = self._ending(accepted, SUCCESS, accepted.tries + 1, outcome)
                self._host.destinations.deliver(ending, config)
        elif not self._stopping.is_set():
            tried = replace(accepted, tries=accepted.tries + 1)
            name, request_id = accepted.function, accepted.request_id
            log.warning(
                "event_failed function=%s request_id=%s try=%d error=%s", name, request_id, tried.tries, failure.kind
            )
            self._failed(tried, outcome)

    def _failed(self, tried: Accepted, outcome: Outcome) -> None:
        host, config = self._host, self._host.configs.of_events(tried.function)
        pause = pause_before(tried.tries + 1, host.delays.lambda_retries, config.retries)
        if pause is None:
            self._give_up(tried, EXHAUSTED, outcome, config)
            return
        due = host.clock.now() + timedelta(seconds=pause)
        with host.database.transaction():
            host.database.execute(
                "UPDATE lambda_events SET tries = ?, due = ? WHERE id = ?", tried.tries, due.timestamp(), tried.id
            )
            host.database.after_commit(lambda: self._at(due, tried))

    def _give_up(self, accepted: Accepted, condition: str, outcome: Outcome | None, config: EventConfig) -> None:
        host = self._host
        with host.database.transaction():
            self._forget(accepted)
            ending = self._ending(accepted, condition, accepted.tries, outcome)
            if not host.destinations.deliver(ending, config):
                failure = (outcome.failure if outcome else None) or Failure(condition, "the event was never handled")
                host.letters.keep(
                    DeadLetter(
                        *(ending.time, accepted.function, accepted.request_id, accepted.tries, failure, accepted.event)
                    )
                )
        log.error(
            "event_given_up function=%s request_id=%s condition=%s", accepted.function, accepted.request_id, condition
        )

    def _forget(self, accepted: Accepted) -> None:
        self._host.database.execute("DELETE FROM lambda_events WHERE id = ?", accepted.id)

    def _ending(self, accepted: Accepted, condition: str, tries: int, outcome: Outcome | None) -> Ending:
        arn, now = self._host.arn(accepted.function), self._host.clock.now()
        return Ending(arn, accepted.event, accepted.request_id, condition, tries, outcome, now)
