"""Where an event, an alarm's action, a notification or a dead letter can go: whatever an ARN names.

Each service that takes messages puts its way in here when the cloud is put together, so that the senders know ARNs
alone. A message that was taken is kept by its taker, in the transaction of the sender where there is one.
"""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Protocol

from localcloud.errors import AwsError

Attributes = Mapping[str, Mapping[str, Any]]  # as of SNS and SQS, by name: DataType, StringValue or BinaryValue
NO_ATTRIBUTES: Attributes = MappingProxyType({})


class Take(Protocol):
    """How a service takes a message."""

    def __call__(self, arn: str, message: bytes, attributes: Attributes = NO_ATTRIBUTES, /) -> None:
        """Keep a message for what has an ARN; raises AwsError if nothing has it."""


class Targets:
    """The takers, by the service in their ARNs."""

    def __init__(self) -> None:
        self._takers: dict[str, Take] = {}

    def add(self, service: str, take: Take) -> None:
        """Let messages for the ARNs of ``service`` go to ``take``."""
        self._takers[service] = take

    def send(self, arn: str, message: bytes, attributes: Attributes = NO_ATTRIBUTES, /) -> None:
        """Hand a message over; raises AwsError if nothing takes it, now (see `may_pass`) or ever."""
        parts = arn.split(":", 5)
        take = self._takers.get(parts[2]) if len(parts) == 6 and parts[0] == "arn" else None  # noqa: PLR2004  an ARN's parts
        if take is None:
            raise AwsError("ValidationException", f"{arn} is no target that the local cloud can reach")
        take(arn, message, attributes)


def may_pass(status: int) -> bool:
    """Say whether a refusal with this status is worth another try: the taker is throttled, or failed itself."""
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS


def text(value: str) -> Mapping[str, Any]:
    """Make an attribute of type String."""
    return {"DataType": "String", "StringValue": value}
