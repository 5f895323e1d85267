"""Events on their way to targets: one row for each until the target has taken it, or it is given up.

The row goes in the transaction in which the target takes the event, so a crash neither loses nor doubles a delivery
(a target that is not in this database may get it twice). A failure that may pass is tried again with growing pauses,
as long as the target's retry policy allows; what is left goes to the target's dead-letter queue, or is dropped with a
line in the log. Source: EventBridge User Guide, "How EventBridge retries delivering events" and "Using dead-letter
queues to process undelivered events". Ours: pauses double up to ten minutes and are not scattered at random; which
refusal has which of AWS's error codes.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from localcloud.clock import Clock
from localcloud.database import Database
from localcloud.errors import AwsError
from localcloud.eventbridge.inputs import input_of
from localcloud.eventbridge.rules import Target
from localcloud.history import History, event_id
from localcloud.outbox import Outbox
from localcloud.targets import Targets, may_pass, text

log = logging.getLogger(__name__)

_MAXIMUM_RETRIES, _MAXIMUM_AGE = 185, 86_400  # AWS's defaults: times, seconds
_LONGEST_PAUSE = 600.0  # seconds
_THROTTLED, _DENIED, _NOT_FOUND, _SERVER = 429, 403, 404, 500
_MISSING = ("NotFound", "NonExistent", "DoesNotExist")  # in the codes of services that answer 400 for it


@dataclass(frozen=True)
class Delivery:
    """One event for one target."""

    rule: str  # ARN
    target: Target
    event: str  # JSON
    made: datetime
    tries: int = 0  # that failed


class Deliveries:
    """The deliveries under way; safe to use from several threads."""

    def __init__(
        self, database: Database, *, clock: Clock, targets: Targets, history: History, first_pause: float
    ) -> None:
        self._database = database
        self._clock = clock
        self._targets = targets
        self._history = history
        self._first_pause = first_pause
        self._outbox = Outbox(database, clock, "events_deliveries", self._deliver)
        self.start = self._outbox.start

    def add(self, rule: str, target: Target, event: str, delay: float) -> None:
        """Make a delivery, in the transaction around; it starts ``delay`` seconds from now, once that is done."""
        self._outbox.add(vars(Delivery(rule, target, event, self._clock.now())), delay)

    def _deliver(self, number: int, document: Mapping[str, Any]) -> None:
        delivery = Delivery(**document)
        try:
            with self._database.transaction():
                self._outbox.remove(number)
                self._targets.send(delivery.target["Arn"], input_of(delivery.target, delivery.event).encode())
        except AwsError as error:
            self._failed(number, replace(delivery, tries=delivery.tries + 1), error)
            return
        except Exception as error:  # the target's outermost edge: what it did not foresee is its failure, tried again
            log.exception("target_failed target=%s", delivery.target["Arn"])
            failure = AwsError("InternalFailure", type(error).__name__, 500)
            self._failed(number, replace(delivery, tries=delivery.tries + 1), failure)
            return
        self._note(delivery, "delivered")

    def _failed(self, number: int, delivery: Delivery, error: AwsError) -> None:
        policy = delivery.target.get("RetryPolicy", {})
        pause = min(self._first_pause * 2 ** (delivery.tries - 1), _LONGEST_PAUSE)
        age = (self._clock.now() - delivery.made).total_seconds() + pause
        if not may_pass(error.status):
            self._give_up(number, delivery, error, exhausted=None)
        elif delivery.tries > policy.get("MaximumRetryAttempts", _MAXIMUM_RETRIES):
            self._give_up(number, delivery, error, exhausted="MaximumRetryAttempts")
        elif age > policy.get("MaximumEventAgeInSeconds", _MAXIMUM_AGE):
            self._give_up(number, delivery, error, exhausted="MaximumEventAgeInSeconds")
        else:
            self._outbox.put_off(number, vars(delivery), pause)

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
            self._outbox.remove(number)
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
