"""What is published, read and checked, and the documents that its subscribers get.

The documents are AWS's but for the signature, which is ours: nothing is signed, as nobody could fetch a certificate
of AWS's for it, so ``Signature`` is the word ``local`` and ``SigningCertURL`` an address at which nothing lies.
Source: SNS Developer Guide, "Parsing message formats"; Lambda Developer Guide, "Invoking Lambda functions with SNS".
"""

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from localcloud.errors import AwsError
from localcloud.sns.refusals import invalid
from localcloud.sns.store import Subscription
from localcloud.targets import Attributes
from localcloud.timestamps import milliseconds

SIGNATURE = "local"
_MOST_BYTES = 262_144
_MOST_SUBJECT = 100
_TYPES = ("String", "Number", "Binary")
_CONTENT_TYPE = "text/plain; charset=UTF-8"


@dataclass(frozen=True)
class Message:
    """One message; ``texts``: by protocol, where a subscriber's own is not there that of ``default``."""

    id: str
    topic: str
    time: datetime
    texts: Mapping[str, str]
    subject: str | None = None
    attributes: Attributes = field(default_factory=dict)

    def text(self, protocol: str) -> str:
        """Return what subscribers of a protocol get."""
        return self.texts.get(protocol, self.texts["default"])


@dataclass(frozen=True)
class Letter:
    """What is sent to one subscriber: a body and, to an HTTP address, headers; None of it goes to nobody's queue.

    ``dead``: what its dead-letter queue gets if it cannot be delivered; None: nothing. ``attributes``: what a queue
    gets as the message's own, where the message alone is delivered.
    """

    body: str
    headers: Mapping[str, str]
    dead: str | None
    attributes: Attributes = field(default_factory=dict)


def read(request: Mapping[str, Any], *, message_id: str, topic: str, time: datetime) -> Message:
    """Check what is published; raises AwsError."""
    attributes, subject, text = request.get("MessageAttributes", {}), request.get("Subject"), request["Message"]
    for name, value in attributes.items():
        _check_attribute(name, value)
    if not text:
        raise invalid("Empty message")
    if len(text.encode()) + _size(attributes) > _MOST_BYTES:
        raise invalid("Message too long")
    if subject is not None:
        _check_subject(subject)
    structure = request.get("MessageStructure")
    if structure not in {None, "json"}:
        raise invalid(f"MessageStructure Reason: Invalid value [{structure}]. Please use json")
    texts = _by_protocol(text) if structure else {"default": text}
    return Message(message_id, topic, time, texts, subject, attributes)


def notification(message: Message, subscription: Subscription, address: str) -> Letter:
    """Make what a subscriber of a topic gets; ``address`` is the local cloud's own."""
    document = _notification(message, subscription, address)
    dead = json.dumps(document, indent=2)
    if subscription.protocol == "lambda":
        return Letter(json.dumps(_lambda_event(document, subscription)), {}, dead)
    headers = _headers("Notification", message.id, subscription)
    if subscription.attributes.get("RawMessageDelivery") == "true":
        text = message.text(subscription.protocol)
        return Letter(text, {**headers, "x-amz-sns-rawdelivery": "true"}, text, message.attributes)
    return Letter(dead, headers, dead)


def confirmation(subscription: Subscription, *, message_id: str, time: datetime, address: str) -> Letter:
    """Make the question whether an HTTP address wants a subscription."""
    topic = subscription.topic
    link = {"Action": "ConfirmSubscription", "TopicArn": topic, "Token": subscription.token}
    document = {
        "Type": "SubscriptionConfirmation",
        "MessageId": message_id,
        "Token": subscription.token,
        "TopicArn": topic,
        "Message": f"You have chosen to subscribe to the topic {topic}.\n"
        "To confirm the subscription, visit the SubscribeURL included in this message.",
        "SubscribeURL": f"{address}/?{urlencode(link, safe=':')}",
        "Timestamp": milliseconds(time),
        **_signature(address),
    }
    headers = _headers("SubscriptionConfirmation", message_id, subscription)
    del headers["x-amz-sns-subscription-arn"]  # there is none yet
    return Letter(json.dumps(document, indent=2), headers, None)


def _notification(message: Message, subscription: Subscription, address: str) -> dict[str, Any]:
    link = {"Action": "Unsubscribe", "SubscriptionArn": subscription.arn}
    return {
        "Type": "Notification",
        "MessageId": message.id,
        "TopicArn": message.topic,
        **({} if message.subject is None else {"Subject": message.subject}),
        "Message": message.text(subscription.protocol),
        "Timestamp": milliseconds(message.time),
        **_signature(address),
        "UnsubscribeURL": f"{address}/?{urlencode(link, safe=':')}",
        **({"MessageAttributes": _shown(message.attributes)} if message.attributes else {}),
    }


def _lambda_event(document: Mapping[str, Any], subscription: Subscription) -> Mapping[str, Any]:
    told = {"Subject": None, "MessageAttributes": {}, **document}
    names = {"SigningCertURL": "SigningCertUrl", "UnsubscribeURL": "UnsubscribeUrl"}
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription.arn,
        "Sns": {names.get(name, name): value for name, value in told.items()},
    }
    return {"Records": [record]}


def _headers(kind: str, message_id: str, subscription: Subscription) -> dict[str, str]:
    return {
        "x-amz-sns-message-type": kind,
        "x-amz-sns-message-id": message_id,
        "x-amz-sns-topic-arn": subscription.topic,
        "x-amz-sns-subscription-arn": subscription.arn,
        "Content-Type": _CONTENT_TYPE,
        "User-Agent": "Amazon Simple Notification Service Agent",
    }


def _signature(address: str) -> dict[str, str]:
    return {"SignatureVersion": "1", "Signature": SIGNATURE, "SigningCertURL": f"{address}/no-certificate.pem"}


def _shown(attributes: Attributes) -> dict[str, dict[str, str]]:
    return {name: {"Type": value["DataType"], "Value": _value(value)} for name, value in attributes.items()}


def _value(attribute: Mapping[str, Any]) -> str:
    if "BinaryValue" in attribute:
        return base64.b64encode(attribute["BinaryValue"]).decode("ascii")
    return str(attribute["StringValue"])


def _size(attributes: Attributes) -> int:
    return sum(
        len(name.encode())
        + len(value["DataType"])
        + len(value.get("BinaryValue", b"") or value["StringValue"].encode())
        for name, value in attributes.items()
    )


def _check_attribute(name: str, value: Mapping[str, Any]) -> None:
    kind = value["DataType"]
    base = kind.partition(".")[0]
    if base not in _TYPES:
        raise AwsError(
            "ParameterValueInvalid",
            f"The message attribute '{name}' has an invalid message attribute type, the set of supported type "
            f"prefixes is {', '.join(_TYPES)}.",
        )
    if not value.get("BinaryValue" if base == "Binary" else "StringValue"):
        raise AwsError(
            "ParameterValueInvalid",
            f"The message attribute '{name}' must contain non-empty message attribute value for message attribute "
            f"type '{kind}'.",
        )
    if base == "Number" and not _is_number(value["StringValue"]):
        raise AwsError("ParameterValueInvalid", f"Could not cast message attribute '{name}' value to number.")
    if kind == "String.Array" and not _is_list(value["StringValue"]):
        raise AwsError(
            "ParameterValueInvalid", f"The message attribute '{name}' of type 'String.Array' is no JSON array."
        )


def _is_number(text: str) -> bool:
    """Say whether a text is a number as JSON writes one."""
    try:
        found = json.loads(text)
    except ValueError:
        return False
    return isinstance(found, int | float) and not isinstance(found, bool) and math.isfinite(found)


def _is_list(text: str) -> bool:
    try:
        return isinstance(json.loads(text), list)
    except ValueError:
        return False


def _check_subject(subject: str) -> None:
    if not subject or len(subject) > _MOST_SUBJECT or not subject.isascii() or not subject.isprintable():
        raise invalid("Subject")


def _by_protocol(text: str) -> Mapping[str, str]:
    try:
        texts = json.loads(text)
    except ValueError as error:
        raise invalid("Message Structure - JSON message body failed to parse") from error
    if not isinstance(texts, dict) or "default" not in texts:
        raise invalid("Message Structure - No default entry in JSON message body")
    if not all(isinstance(part, str) for part in texts.values()):
        raise invalid("Message Structure - an entry in the JSON message body is no string")
    return texts
