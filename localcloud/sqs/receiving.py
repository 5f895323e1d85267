"""ReceiveMessage, and what a receipt handle is good for.

A handle names the queue, the message and the taking, so that an old one is known as such. Source: SQS API Reference,
ReceiveMessage, DeleteMessage and ChangeMessageVisibility.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any

from localcloud.settings import ACCOUNT_ID
from localcloud.sqs import contents
from localcloud.sqs.messages import Message, Messages
from localcloud.sqs.queues import Queue
from localcloud.sqs.refusals import invalid, refused
from localcloud.sqs.sending import number
from localcloud.sqs.waiting import Waiting

_LONGEST_TIMEOUT = 43_200
_LONGEST_WAIT = 20
_MOST = 10

Data = Mapping[str, Any]


def receive(messages: Messages, waiting: Waiting, queue: Queue, request: Data) -> dict[str, Any]:
    """Take messages, or wait for some; raises AwsError."""
    most = _number(request, "MaxNumberOfMessages", 1, 1, _MOST)
    wait = _number(request, "WaitTimeSeconds", queue.number("ReceiveMessageWaitTimeSeconds"), 0, _LONGEST_WAIT)
    hidden = _number(request, "VisibilityTimeout", queue.number("VisibilityTimeout"), 0, _LONGEST_TIMEOUT)
    if "ReceiveRequestAttemptId" in request:
        raise refused("UnsupportedOperation", "ReceiveRequestAttemptId is not emulated by the local cloud")
    found = waiting.look(queue.id, wait, lambda: messages.take(queue, most, hidden), lambda: messages.next_due(queue))
    return {"Messages": [_shown(queue, message, request) for message in found] or None}


def delete(messages: Messages, queue: Queue, request: Data) -> dict[str, Any]:
    """Delete a message by the handle of its last taking; an older handle, or one of what is gone, does nothing."""
    message = _by_handle(messages, queue, request["ReceiptHandle"])
    if message is not None:
        if queue.fifo and message.visible <= messages.time():
            raise invalid(request["ReceiptHandle"], "ReceiptHandle", "The receipt handle has expired.")
        messages.delete(queue, message)
    return {}


def change_visibility(messages: Messages, queue: Queue, request: Data) -> dict[str, Any]:
    """Let a taken message be invisible for another time, at most 12 hours after it was taken; raises AwsError."""
    seconds = request.get("VisibilityTimeout", queue.number("VisibilityTimeout"))
    if not 0 <= seconds <= _LONGEST_TIMEOUT:
        raise invalid(seconds, "VisibilityTimeout", "VisibilityTimeout must be an integer between 0 and 43200.")
    message = _by_handle(messages, queue, request["ReceiptHandle"])
    if message is None or message.taken is None:
        raise invalid(
            request["ReceiptHandle"],
            "ReceiptHandle",
            "Message does not exist or is not available for visibility timeout change.",
        )
    if message.visible <= messages.time():
        raise refused("MessageNotInflight", "The specified message isn't in flight.")
    if messages.time() + seconds > message.taken + _LONGEST_TIMEOUT:
        raise invalid(
            seconds,
            "VisibilityTimeout",
            f"Total VisibilityTimeout for the message is beyond the limit [{_LONGEST_TIMEOUT} seconds]",
        )
    messages.hide(queue, message, seconds)
    return {}


def _number(request: Data, name: str, default: int, low: int, high: int) -> int:
    found = request.get(name, default)
    if not low <= found <= high:
        raise invalid(found, name, f"Must be between {low} and {high}, if provided.")
    return int(found)


def _handle(queue: Queue, message: Message) -> str:
    return base64.urlsafe_b64encode(f"{queue.id} {message.id} {message.receipt}".encode()).decode()


def _by_handle(messages: Messages, queue: Queue, handle: str) -> Message | None:
    """Find the message whose last taking the handle names; raises AwsError if it is no handle of this queue's."""
    try:
        owner, identity, receipt = base64.urlsafe_b64decode(handle).decode("ascii").split(" ")
    except (binascii.Error, ValueError):
        owner = identity = receipt = ""
    if owner != str(queue.id):
        raise refused("ReceiptHandleIsInvalid", f'The input receipt handle "{handle}" is not a valid receipt handle.')
    message = messages.find(queue, identity)
    return message if message and message.receipt == receipt else None


def _shown(queue: Queue, message: Message, request: Data) -> dict[str, Any]:
    names = request.get("MessageSystemAttributeNames", ())
    system = {name: value for name, value in _system(queue, message) if name in names or "All" in names}
    wanted = request.get("MessageAttributeNames", ())
    attributes = {name: value for name, value in message.content.attributes.items() if _asked_for(name, wanted)}
    return {
        "MessageId": message.id,
        "ReceiptHandle": _handle(queue, message),
        "Body": message.content.body,
        "MD5OfBody": contents.md5_of_body(message.content.body),
        "Attributes": system or None,
        "MessageAttributes": attributes or None,
        "MD5OfMessageAttributes": contents.md5_of_attributes(attributes),
    }


def _asked_for(name: str, wanted: list[str]) -> bool:
    return any(each in {"All", ".*", name} or (each.endswith(".*") and name.startswith(each[:-1])) for each in wanted)


def _system(queue: Queue, message: Message) -> Iterator[tuple[str, str]]:
    yield "SenderId", ACCOUNT_ID
    yield "SentTimestamp", str(int(message.sent * 1000))
    yield "ApproximateReceiveCount", str(message.receives)
    yield "ApproximateFirstReceiveTimestamp", str(int((message.first or 0) * 1000))
    if queue.fifo:
        yield "SequenceNumber", number(message.sequence)
    for name, value in (
        ("MessageGroupId", message.group),
        ("MessageDeduplicationId", message.deduplication),
        ("DeadLetterQueueSourceArn", message.source),
        ("AWSTraceHeader", message.content.system.get("AWSTraceHeader", {}).get("StringValue")),
    ):
        if value is not None:
            yield name, value
