"""Where an event, an alarm's action, a notification or a dead letter can go: whatever an ARN names.

Each service that takes messages puts its way in here when the cloud is put together, so that the senders know ARNs
alone. A message that was taken is kept by its taker, in the transaction of the sender where there is one.
"""

from collections.abc import Mapping
from typing import Protocol

from localcloud.errors import AwsError


class Take(Protocol):
    """How a service takes a message."""

    def __call__(self, arn: str, message: bytes, attributes: Mapping[str, str] = ..., /) -> None:
        """Keep a message for what has the ARN; ``attributes`` are message attributes of type String, where there are.

        Raises AwsError if nothing has that ARN, or it cannot take the message now (status 429 or 5xx).
        """


class Targets:
    """The takers, by the service in their ARNs."""

    def __init__(self) -> None:
        self._takers: dict[str, Take] = {}

    def add(self, service: str, take: Take) -> None:
        """Let messages for the ARNs of ``service`` go to ``take``."""
        self._takers[service] = take

    def send(self, arn: str, message: bytes, attributes: Mapping[str, str] | None = None) -> None:
        """Hand a message over, with attributes if there are any; raises AwsError if nothing takes it, now or ever."""
        parts = arn.split(":", 5)
        take = self._takers.get(parts[2]) if len(parts) == 6 and parts[0] == "arn" else None  # noqa: PLR2004  an ARN's parts
        if take is None:
            raise AwsError("ValidationException", f"{arn} is no target that the local cloud can reach")
        if attributes:
            take(arn, message, attributes)
        else:
            take(arn, message)
