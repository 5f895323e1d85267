"""Where an asynchronous invocation's outcome goes: the destinations of its function, its dead-letter queue, or ours.

A destination gets Lambda's invocation record, an event bus that record as the detail of an event; a dead-letter queue
gets the event alone (AWS adds the error as message attributes, which are not emulated). Both are told when both are
set. What has neither, or cannot be delivered, is kept as a dead letter of the cloud's own, where AWS would drop it.
Source: Lambda Developer Guide, "Retaining records of asynchronous invocations".
"""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from localcloud.errors import AwsError
from localcloud.functions.configs import EventConfig
from localcloud.functions.invocations import Outcome, json_of, payload_of

log = logging.getLogger(__name__)

SUCCESS, EXHAUSTED, TOO_OLD, NO_CONCURRENCY = (
    *("Success", "RetriesExhausted", "EventAgeExceeded", "ZeroReservedConcurrency"),
)
SERVICES = ("sqs", "sns", "lambda", "events")
QUEUES = ("sqs", "sns")  # what a dead-letter queue may be


class Publish(Protocol):
    """How an event is put on the bus."""

    def __call__(
        self, *, source: str, detail_type: str, resources: list[str], detail: Mapping[str, Any], region: str
    ) -> None:
        """Take an event."""


@dataclass(frozen=True)
class Ending:
    """How one event ended."""

    arn: str  # of the function
    event: bytes
    request_id: str
    condition: str
    tries: int  # that were made
    outcome: Outcome | None  # of the last try; None if there was none
    time: datetime


@dataclass(frozen=True)
class Destinations:
    """The ways out of Lambda."""

    send: Callable[[str, bytes], object]  # to an ARN; raises AwsError
    publish: Publish
    region: str
    undelivered: Callable[[str, str], object]  # the function's ARN, and the metric that counts it

    def deliver(self, ending: Ending, config: EventConfig) -> bool:
        """Hand an ending over, in the transaction around; whether somebody has it now, if it is a failure."""
        if ending.condition == SUCCESS:
            self._record(config.on_success, ending)
            return True
        kept = self._record(config.on_failure, ending)
        if config.dead_letters:
            kept |= self._sent(ending, "DeadLetterErrors", lambda: self.send(config.dead_letters or "", ending.event))
        return kept

    def _record(self, arn: str | None, ending: Ending) -> bool:
        if arn is None:
            return False
        record = record_of(ending)
        if arn.split(":")[2] != "events":
            message = json.dumps(record).encode()
            return self._sent(ending, "DestinationDeliveryFailures", lambda: self.send(arn, message))
        kind = "Success" if ending.condition == SUCCESS else "Failure"
        self.publish(
            source="lambda",
            detail_type=f"Lambda Function Invocation Result - {kind}",
            resources=[arn, f"{ending.arn}:$LATEST"],
            detail=record,
            region=self.region,
        )
        return True

    def _sent(self, ending: Ending, metric: str, send: Callable[[], object]) -> bool:
        try:
            send()
        except AwsError as error:
            log.warning("outcome_not_delivered request_id=%s error=%s", ending.request_id, error.code)
            self.undelivered(ending.arn, metric)
            return False
        return True


def record_of(ending: Ending) -> dict[str, Any]:
    """Make the record that a destination gets; without a response where the function was never called."""
    outcome = ending.outcome
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": ending.time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "requestId": ending.request_id,
            "functionArn": f"{ending.arn}:$LATEST",
            "condition": ending.condition,
            "approximateInvokeCount": ending.tries,
        },
        "requestPayload": json_of(ending.event),
    }
    if outcome is not None:
        context: dict[str, Any] = {"statusCode": 200, "executedVersion": "$LATEST"}
        record["responseContext"] = {**context, "functionError": "Unhandled"} if outcome.failure else context
        record["responsePayload"] = payload_of(outcome, ending.request_id)
    return record
