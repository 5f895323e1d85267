"""Events on their way to targets: one row for each until the target has taken it, or it is given up.

The row goes in the transaction in which the target takes the event, so a crash neither loses nor doubles a delivery
(a target that is not in this database may get it twice). A failure that may pass is tried again with growing pauses,
as long as the target's retry policy allows; what is left goes to the target's dead-letter queue, or is dropped with a
line in the log. Source: EventBridge User Guide, "How EventBridge retries delivering events" and "Using dead-letter
queues to process undelivered events". Ours: pauses double up to ten minutes and are not scattered at random; which
refusal has which of AWS's error codes.
"""

import json
import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from localcloud.clock import Clock
from localcloud.database import Database
from localcloud.errors import AwsError
from localcloud.eventbridge.inputs import input_of
from localcloud.eventbridge.rules import Target
from localcloud.history import History, event_id
from localcloud.targets import Targets, may_pass, text

log = logging.getLogger(__name__)

_MAXIMUM_RETRIES, _MAXIMUM_AGE = 185, 86_400  # AWS's defaults: times, seconds
_LONGEST_PAUSE = 600.0  # seconds
_AGAIN = 30.0  # seconds after a try of which nothing could be written
_THROTTLED, _DENIED, _NOT_FOUND, _SERVER = 429, 403, 404, 500
_MISSING = ("NotFound", "NonExistent", "DoesNotExist")  # in the codes of services that answer 400 for it


@dataclass(frozen=True)
class Delivery:
    """One event for one target."""

    rule: str  # ARN
    target: Target
    event: str  # JSON
    made: datetime
    due: datetime
    tries: int = 0  # that failed


class Deliveries:
    """The table of deliveries; safe to use from several threads."""

    def __init__(
        self, database: Database, *, clock: Clock, targets: Targets, history: History, first_pause: float
    ) -> None:
        self._database = database
        self._clock = clock
        self._targets = targets
        self._history = history
        self._first_pause = first_pause
        self._started = False
        database.define(
            "CREATE TABLE IF NOT EXISTS events_deliveries (id INTEGER PRIMARY KEY AUTOINCREMENT,"
            " rule TEXT, target TEXT, event TEXT, made TEXT, due TEXT, tries INTEGER)"
        )

    def add(self, rule: str, target: Target, event: str, delay: float) -> None:
        """Make a delivery, in the transaction around; it starts ``delay`` seconds from now, once that is done."""
        now = self._clock.now()
        number = self._database.insert(
            "INSERT INTO events_deliveries (rule, target, event, made, due, tries) VALUES (?, ?, ?, ?, ?, 0)",
            *(rule, json.dumps(target), event, now.isoformat(), (now + timedelta(seconds=delay)).isoformat()),
        )
        self._database.after_commit(lambda: self._begin(number, delay))

    def start(self) -> None:
        """Start what is there: what a stop or a crash left, and what came while the targets were not ready."""
        with self._database.transaction():
            self._started = True
            for number, due in self._database.rows("SELECT id, due FROM events_deliveries ORDER BY due, id"):
                left = (datetime.fromisoformat(due) - self._clock.now()).total_seconds()
                self._begin(number, max(left, 0.0))

    def _begin(self, number: int, delay: float) -> None:
        """Start a delivery after ``delay`` seconds; before `start` it waits in its table alone."""
        if self._started:
            self._clock.after(delay, lambda: self._try(number))

    def _try(self, number: int) -> None:
        try:
            self._deliver(number)
        except BaseException:  # raised on: whatever it is (a full disk), the row must not lie there until a restart
            self._begin(number, _AGAIN)
            raise

    def _deliver(self, number: int) -> None:
        query = "SELECT rule, target, event, made, due, tries FROM events_deliveries WHERE id = ?"
        row = self._database.row(query, number)
        if row is None:
            return
        rule, target, event, made, due, tries = row
        times = datetime.fromisoformat(made), datetime.fromisoformat(due)
        delivery = Delivery(rule, json.loads(target), event, *times, tries)
        try:
            with self._database.transaction():
                self._database.execute("DELETE FROM events_deliveries WHERE id = ?", number)
                self._targets.send(delivery.target["Arn"], input_of(delivery.target, event).encode())
        except AwsError as error:
            self._failed(number, replace(delivery, tries=tries + 1), error)
            return
        except Exception as error:  # the target's outermost edge: what it did not foresee is its failure, tried again
            log.exception("target_failed target=%s", delivery.target["Arn"])
            failure = AwsError("InternalFailure", type(error).__name__, 500)
            self._failed(number, replace(delivery, tries=tries + 1), failure)
            return
        self._note(delivery, "delivered")

    def _failed(self, number: int, delivery: Delivery, error: AwsError) -> None:
        policy = delivery.target.get("RetryPolicy", {})
        now, pause = self._clock.now(), min(self._first_pause * 2 ** (delivery.tries - 1), _LONGEST_PAUSE)
        age = (now - delivery.made).total_seconds() + pause
        if not may_pass(error.status):
            self._give_up(number, delivery, error, exhausted=None)
        elif delivery.tries > policy.get("MaximumRetryAttempts", _MAXIMUM_RETRIES):
            self._give_up(number, delivery, error, exhausted="MaximumRetryAttempts")
        elif age > policy.get("MaximumEventAgeInSeconds", _MAXIMUM_AGE):
            self._give_up(number, delivery, error, exhausted="MaximumEventAgeInSeconds")
        else:
            due = (now + timedelta(seconds=pause)).isoformat()
            update = "UPDATE events_deliveries SET tries = ?, due = ? WHERE id = ?"
            with self._database.transaction():
                self._database.execute(update, delivery.tries, due, number)
                self._database.after_commit(lambda: self._begin(number, pause))

    def _give_up(self, number: int, delivery: Delivery, error: AwsError, *, exhausted: str | None) -> None:
        """Hand a delivery to its dead-letter queue, or drop it."""
        arn, queue = delivery.target["Arn"], delivery.target.get("DeadLetterConfig", {}).get("Arn")
        attributes = {
            "RULE_ARN": delivery.rule,
            "TARGET_ARN": arn,
            "ERROR_CODE": _code(error),
            "ERROR_MESSAGE": error.message,
            "RETRY_ATTEMPTS": str(delivery.tries - 1),
        }
        if exhausted:
            attributes["EXHAUSTED_RETRY_CONDITION"] = exhausted
        with self._database.transaction():
            self._database.execute("DELETE FROM events_deliveries WHERE id = ?", number)
            kept = queue is not None and self._bury(queue, delivery.event, attributes)
        outcome = "dead-letter" if kept else "dropped"
        self._note(delivery, outcome, error=error.code)
        log.warning(
            "event_not_delivered id=%s rule=%s target=%s tries=%d error=%s outcome=%s",
            *(event_id(delivery.event.encode()), delivery.rule, arn, delivery.tries, error.code, outcome),
        )

    def _note(self, delivery: Delivery, outcome: str, error: str | None = None) -> None:
        told = {
            "event_id": event_id(delivery.event.encode()),
            "rule": delivery.rule,
            "tries": delivery.tries,
            "error": error,
        }
        self._history.record("delivery", "events", delivery.target["Arn"], outcome, 0.0, **told)

    def _bury(self, queue: str, event: str, attributes: dict[str, str]) -> bool:
        try:
            with self._database.transaction():
                self._targets.send(queue, event.encode(), {name: text(value) for name, value in attributes.items()})
        except AwsError as error:
            log.warning("dead_letter_not_sent queue=%s error=%s", queue, error.code)
            return False
        return True


def _code(error: AwsError) -> str:
    """Return the code of AWS's list that a refusal has."""
    if error.status == _NOT_FOUND or any(part in error.code for part in _MISSING):
        return "NO_RESOURCE"
    codes = {_DENIED: "NO_PERMISSIONS", _THROTTLED: "THROTTLING"}
    return codes.get(error.status, "ERROR_FROM_TARGET" if error.status >= _SERVER else "INVALID_PARAMETER")
