"""SendMessage: what may be sent to which queue, alone or in a batch.

Source: SQS API Reference, SendMessage; SQS Developer Guide, "Exactly-once processing" (5 minutes).
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from localcloud.sqs import contents
from localcloud.sqs.contents import Content
from localcloud.sqs.messages import Messages
from localcloud.sqs.queues import Queue
from localcloud.sqs.refusals import invalid, missing, refused

_DEDUPLICATION = 300.0  # seconds
_LONGEST_DELAY = 900
_TOKEN = re.compile(r"[!-~]{1,128}")

Data = Mapping[str, Any]


def send(messages: Messages, queue: Queue, request: Data) -> dict[str, Any]:
    """Send one message of a request or of a batch's entry; raises AwsError."""
    content = contents.parse(request)
    if content.size > queue.number("MaximumMessageSize"):
        raise refused(
            "InvalidParameterValue",
            "One or more parameters are invalid. Reason: Message must be shorter than "
            f"{queue.number('MaximumMessageSize')} bytes.",
        )
    delay = _delay(queue, request)
    for name in ("MessageGroupId", "MessageDeduplicationId"):
        if name in request and not _TOKEN.fullmatch(request[name]):
            raise invalid(
                request[name],
                name,
                f"{name} can only include alphanumeric and punctuation characters. 1 to 128 in length.",
            )
    if queue.fifo:
        identity, sequence = _send_in_order(messages, queue, request, content, delay)
    elif "MessageDeduplicationId" in request:
        raise invalid(
            request["MessageDeduplicationId"],
            "MessageDeduplicationId",
            "The request include parameter that is not valid for this queue type",
        )
    else:
        identity, sequence = messages.send(queue, content, delay, request.get("MessageGroupId"), None)
    return {
        "MessageId": identity,
        "MD5OfMessageBody": contents.md5_of_body(content.body),
        "MD5OfMessageAttributes": contents.md5_of_attributes(content.attributes),
        "MD5OfMessageSystemAttributes": contents.md5_of_attributes(content.system),
        "SequenceNumber": number(sequence) if queue.fifo else None,
    }


def number(sequence: int) -> str:
    """Write a sequence number, which grows, as 20 digits."""
    return f"{sequence:020d}"


def _delay(queue: Queue, request: Data) -> int:
    delay = request.get("DelaySeconds")
    if delay is None or (queue.fifo and delay == 0):
        return queue.number("DelaySeconds")
    if queue.fifo:
        raise invalid(delay, "DelaySeconds", "The request include parameter that is not valid for this queue type.")
    if not 0 <= delay <= _LONGEST_DELAY:
        raise invalid(delay, "DelaySeconds", "DelaySeconds must be >= 0 and <= 900.")
    return int(delay)


def _send_in_order(messages: Messages, queue: Queue, request: Data, content: Content, delay: int) -> tuple[str, int]:
    group, deduplication = request.get("MessageGroupId"), request.get("MessageDeduplicationId")
    if group is None:
        raise missing("MessageGroupId")
    if deduplication is None:
        if queue.attributes["ContentBasedDeduplication"] != "true":
            raise refused(
                "InvalidParameterValue",
                "The queue should either have ContentBasedDeduplication enabled or "
                "MessageDeduplicationId provided explicitly",
            )
        deduplication = hashlib.sha256(content.body.encode()).hexdigest()
    scope = group if queue.attributes["DeduplicationScope"] == "messageGroup" else ""
    if there := messages.duplicate(queue, scope, deduplication):
        return there
    sent = messages.send(queue, content, delay, group, deduplication)
    messages.remember(queue, scope, deduplication, sent, _DEDUPLICATION)
    return sent
