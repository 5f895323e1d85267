"""The attributes of a queue: which there are, what they may be, what they are where nobody said. Pure.

Source: SQS API Reference, CreateQueue and SetQueueAttributes, as botocore's service model has it.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from localcloud.emulated import refusal
from localcloud.errors import AwsError
from localcloud.sqs.refusals import invalid, refused

_BOUNDS = {
    "DelaySeconds": (0, 900),
    "MaximumMessageSize": (1024, 1_048_576),
    "MessageRetentionPeriod": (60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43_200),
}
_CHOICES = {"SqsManagedSseEnabled": ("true", "false")}
_FIFO_CHOICES = {
    "FifoQueue": ("true",),
    "ContentBasedDeduplication": ("true", "false"),
    "DeduplicationScope": ("queue", "messageGroup"),
    "FifoThroughputLimit": ("perQueue", "perMessageGroupId"),
}
_DEFAULTS = {
    "DelaySeconds": "0",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "VisibilityTimeout": "30",
    "SqsManagedSseEnabled": "true",
}
_FIFO_DEFAULTS = {
    "FifoQueue": "true",
    "ContentBasedDeduplication": "false",
    "DeduplicationScope": "queue",
    "FifoThroughputLimit": "perQueue",
}
_DOCUMENTS = ("Policy", "RedrivePolicy", "RedriveAllowPolicy")
_MOST_RECEIVES = 1000
_RECEIVES = 10  # where a redrive policy says nothing
_PERMISSIONS = ("allowAll", "denyAll", "byQueue")

Given = Mapping[str, str]


def check_name(name: str, given: Given) -> None:
    """Refuse a name that no queue of its kind can have."""
    if given.get("FifoQueue") == "true":
        if not re.fullmatch(r"(?=.{1,80}$)[A-Za-z0-9_-]+\.fifo", name):
            raise refused(
                "InvalidParameterValue",
                "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must "
                "end with .fifo suffix and be 1 to 80 in length",
            )
    elif not re.fullmatch(r"[A-Za-z0-9_-]{1,80}", name):
        raise refused(
            "InvalidParameterValue",
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
        )


def parse(given: Given, *, fifo: bool) -> dict[str, str]:
    """Read attributes that are to be set, in one spelling; raises AwsError naming the first that cannot be."""
    return {name: _parsed(name, value, fifo=fifo) for name, value in given.items()}


def defaults(*, fifo: bool) -> dict[str, str]:
    """Give the attributes of a queue of which nothing was said."""
    return {**_DEFAULTS, **(_FIFO_DEFAULTS if fifo else {})}


def _parsed(name: str, value: str, *, fifo: bool) -> str:
    choices = {**_CHOICES, **(_FIFO_CHOICES if fifo else {})}.get(name)
    if name.startswith("Kms"):
        raise refusal(name)
    if name in _BOUNDS:
        low, high = _BOUNDS[name]
        if not re.fullmatch(r"\d{1,9}", value) or not low <= int(value) <= high:
            raise _bad(name)
        return str(int(value))
    if choices is not None:
        if value not in choices:
            raise _bad(name)
        return value
    if name not in _DOCUMENTS:
        raise refused("InvalidAttributeName", f"Unknown Attribute {name}.")
    if not value:
        return ""
    found = _document(name, value)
    if name == "RedrivePolicy":
        found = _redrive(value, found)
    if name == "RedriveAllowPolicy" and found.get("redrivePermission") not in _PERMISSIONS:
        raise invalid(value, name, "redrivePermission must be allowAll, denyAll or byQueue.")
    return json.dumps(found, separators=(",", ":"))


def _bad(name: str) -> AwsError:
    return refused("InvalidAttributeValue", f"Invalid value for the parameter {name}.")


def _document(name: str, value: str) -> dict[str, Any]:
    try:
        found = json.loads(value)
    except ValueError as error:
        raise _bad(name) from error
    if not isinstance(found, dict):
        raise _bad(name)
    return found


def _redrive(value: str, found: Mapping[str, Any]) -> dict[str, Any]:
    target, count = found.get("deadLetterTargetArn"), str(found.get("maxReceiveCount", _RECEIVES))
    if not isinstance(target, str) or target.count(":") != 5:  # noqa: PLR2004  an ARN's colons
        raise invalid(
            value, "RedrivePolicy", "Redrive policy does not contain mandatory attribute: deadLetterTargetArn."
        )
    if not re.fullmatch(r"\d{1,4}", count) or not 1 <= int(count) <= _MOST_RECEIVES:
        raise invalid(value, "RedrivePolicy", "Invalid value for maxReceiveCount: it must be from 1 to 1000.")
    return {"deadLetterTargetArn": target, "maxReceiveCount": int(count)}
