"""Where an asynchronous invocation's outcome goes: the destinations of its function, its dead-letter queue, or ours.

A destination gets Lambda's invocation record, an event bus that record as the detail of an event; a dead-letter queue
gets the event as it was, with the error in message attributes. Both are told when both are set. What has neither, or
cannot be delivered, is kept as a dead letter of the cloud's own, where AWS would drop it.
Source: Lambda Developer Guide, "Retaining records of asynchronous invocations". Ours: an event that no try was made
for has the ErrorCode 429.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from localcloud.errors import AwsError
from localcloud.functions.configs import EventConfig
from localcloud.functions.invocations import Outcome, json_of, payload_of
from localcloud.publish import Publish
from localcloud.targets import NO_ATTRIBUTES, Attributes, Targets, text
from localcloud.timestamps import milliseconds

log = logging.getLogger(__name__)

SUCCESS, EXHAUSTED, TOO_OLD, NO_CONCURRENCY = (
    *("Success", "RetriesExhausted", "EventAgeExceeded", "ZeroReservedConcurrency"),
)
SERVICES = ("sqs", "sns", "lambda", "events")
QUEUES = ("sqs", "sns")  # what a dead-letter queue may be
_LONGEST = 1024  # bytes of an error's message


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

    targets: Targets
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
            kept |= self._sent(ending, "DeadLetterErrors", config.dead_letters, ending.event, error_of(ending))
        return kept

    def _record(self, arn: str | None, ending: Ending) -> bool:
        if arn is None:
            return False
        record = record_of(ending)
        if arn.split(":")[2] != "events":
            return self._sent(ending, "DestinationDeliveryFailures", arn, json.dumps(record).encode())
        kind = "Success" if ending.condition == SUCCESS else "Failure"
        self.publish(
            source="lambda",
            detail_type=f"Lambda Function Invocation Result - {kind}",
            resources=[arn, f"{ending.arn}:$LATEST"],
            detail=record,
            region=self.region,
        )
        return True

    def _sent(
        self, ending: Ending, metric: str, arn: str, message: bytes, attributes: Attributes = NO_ATTRIBUTES
    ) -> bool:
        try:
            self.targets.send(arn, message, attributes)
        except AwsError as error:
            log.warning("outcome_not_delivered request_id=%s error=%s", ending.request_id, error.code)
            self.undelivered(ending.arn, metric)
            return False
        return True


def error_of(ending: Ending) -> Attributes:
    """Make the message attributes that a dead-letter queue gets; a message is cut to 1 KB of what SQS and SNS take."""
    failure = ending.outcome.failure if ending.outcome else None
    message = (failure.message or failure.kind) if failure else ending.condition
    shown = "".join(each if each.isprintable() or each.isspace() else "?" for each in message)
    return {
        "RequestID": text(ending.request_id),
        "ErrorCode": {"DataType": "Number", "StringValue": "200" if failure else "429"},
        "ErrorMessage": text(shown.encode("utf-8", "replace")[:_LONGEST].decode("utf-8", "ignore")),
    }


def record_of(ending: Ending) -> dict[str, Any]:
    """Make the record that a destination gets; without a response where the function was never called."""
    outcome = ending.outcome
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": milliseconds(ending.time),
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
