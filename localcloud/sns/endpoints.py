"""Where a subscription may send to, by its protocol, and what may be set of it.

Queues and functions are confirmed at once, as AWS does for those of one's own account. Source: SNS API Reference,
Subscribe and SetSubscriptionAttributes. Ours: addresses on this machine only, email is recorded and never sent.
"""

import json
import re
from collections.abc import Mapping

from localcloud.sns.filters import check as check_filter
from localcloud.sns.http_posts import check_address
from localcloud.sns.refusals import flag, invalid, not_emulated, only

CONFIRMED_AT_ONCE = ("sqs", "lambda")
_EMULATED = ("sqs", "lambda", "http", "email")
_OTHERS = ("https", "email-json", "sms", "application", "firehose")
_ATTRIBUTES = "RawMessageDelivery FilterPolicy FilterPolicyScope RedrivePolicy"
_WITHOUT_RAW = ("lambda", "email")
_QUEUE = re.compile(r"arn:aws:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,80}")
_FUNCTION = re.compile(r"arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_$-]+)?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


def check_endpoint(protocol: str, endpoint: str) -> None:
    """Refuse what cannot be subscribed; raises AwsError."""
    if protocol in _OTHERS:
        raise not_emulated(f"Protocol Reason: {protocol}")
    if protocol not in _EMULATED:
        raise invalid(f"Does not support this protocol string: {protocol}")
    if protocol == "http":
        check_address(endpoint)
    if protocol == "sqs" and endpoint.endswith(".fifo"):
        raise not_emulated("Endpoint Reason: a FIFO queue")
    if protocol == "sqs" and not _QUEUE.fullmatch(endpoint):
        raise invalid("SQS endpoint ARN")
    if protocol == "lambda" and not _FUNCTION.fullmatch(endpoint):
        raise invalid("Lambda endpoint ARN")
    if protocol == "email" and not _EMAIL.fullmatch(endpoint):
        raise invalid("Email address")


def check_attributes(protocol: str, attributes: Mapping[str, str]) -> None:
    """Refuse attributes that cannot be, or are not emulated; raises AwsError."""
    only(attributes, _ATTRIBUTES, "Attributes Reason: ")
    if flag(attributes, "RawMessageDelivery") and protocol in _WITHOUT_RAW:
        raise invalid(
            f"Attributes Reason: RawMessageDelivery: Delivery protocol [{protocol}] does not support raw message "
            "delivery."
        )
    scope = attributes.get("FilterPolicyScope", "MessageAttributes")
    check_filter(attributes.get("FilterPolicy") or "{}", scope)
    if policy := attributes.get("RedrivePolicy"):
        _check_redrive(policy)


def _check_redrive(policy: str) -> None:
    try:
        read = json.loads(policy)
    except ValueError as error:
        raise invalid("RedrivePolicy: failed to parse JSON.") from error
    target = read.get("deadLetterTargetArn") if isinstance(read, dict) else None
    if not isinstance(target, str) or set(read) != {"deadLetterTargetArn"}:
        raise invalid("RedrivePolicy: it names a deadLetterTargetArn and nothing else")
    if not _QUEUE.fullmatch(target):
        raise invalid("RedrivePolicy: deadLetterTargetArn is an invalid SQS ARN")
