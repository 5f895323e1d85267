"""What a message holds: its rules, its size and its MD5 digests. Pure.

Source: SQS API Reference, SendMessage; SQS Developer Guide, "Amazon SQS message metadata" (the digest of attributes).
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.sqs.refusals import invalid, missing, refused
from localcloud.targets import Attributes

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME = re.compile(r"(?!(?i:aws|amazon)\.)(?!\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)")
_TYPE = re.compile(r"(String|Number|Binary)(\.[^\x00]{1,248})?")
_MOST_ATTRIBUTES = 10


@dataclass(frozen=True)
class Content:
    """A message as it was sent; ``system`` are the attributes that SQS knows, AWSTraceHeader alone."""

    body: str
    attributes: Attributes
    system: Attributes

    @property
    def size(self) -> int:
        """Bytes that count for the limits: the body, and names, types and values of the attributes."""
        return len(_utf8(self.body)) + sum(
            len(_utf8(name)) + len(_utf8(value["DataType"])) + len(_bytes(value))
            for name, value in self.attributes.items()
        )


def parse(request: Mapping[str, Any]) -> Content:
    """Read a message of a request or of a batch's entry; raises AwsError for what SQS refuses."""
    body, attributes = request["MessageBody"], request.get("MessageAttributes", {})
    if not body:
        raise missing("MessageBody")
    _check_characters(body)
    if len(attributes) > _MOST_ATTRIBUTES:
        raise refused(
            "InvalidParameterValue",
            f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [{_MOST_ATTRIBUTES}].",
        )
    for name, value in attributes.items():
        _check(name, value)
    system = request.get("MessageSystemAttributes", {})
    for value in system.values():
        if value["DataType"] != "String" or not value.get("StringValue"):
            raise invalid(value["DataType"], "MessageSystemAttributes", "AWSTraceHeader must be a String.")
    return Content(body, attributes, system)


def md5_of_body(body: str) -> str:
    """Give the MD5 of a body in UTF-8."""
    return hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()


def md5_of_attributes(attributes: Attributes) -> str | None:
    """Give the MD5 of attributes: sorted by name, each part after its length; None if there are none."""
    if not attributes:
        return None
    digest = hashlib.md5(usedforsecurity=False)
    for name, value in sorted(attributes.items()):
        kind = b"\2" if value["DataType"].startswith("Binary") else b"\1"
        digest.update(_counted(name.encode()) + _counted(value["DataType"].encode()) + kind + _counted(_bytes(value)))
    return digest.hexdigest()


def _counted(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big") + part


def _bytes(value: Mapping[str, Any]) -> bytes:
    if value["DataType"].startswith("Binary"):
        binary: bytes = value.get("BinaryValue", b"")
        return binary
    return _utf8(value.get("StringValue", ""))


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # half a pair is refused in a moment, with the others' words


def _check(name: str, value: Mapping[str, Any]) -> None:
    if not _NAME.fullmatch(name):
        raise refused("InvalidParameterValue", f"Invalid message attribute name: {name}.")
    if not _TYPE.fullmatch(value["DataType"]):
        raise refused(
            "InvalidParameterValue",
            f"The type of message (user) attribute '{name}' is invalid. You must "
            "use only the following supported type prefixes: Binary, Number, String.",
        )
    _check_characters(value.get("StringValue", ""))
    if not _bytes(value):
        raise refused(
            "InvalidParameterValue",
            f"Message (user) attribute '{name}' must contain a non-empty value of type '{value['DataType']}'.",
        )
    if value["DataType"].startswith("Number") and not _is_number(value["StringValue"]):
        raise refused(
            "InvalidParameterValue", f"Can't cast the value of message (user) attribute '{name}' to a number."
        )


def _check_characters(text: str) -> None:
    if _FORBIDDEN.search(text):
        raise refused(
            "InvalidMessageContents",
            "Invalid characters found. Valid unicode characters are #x9 | #xA | "
            "#xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
        )


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text) is not None
