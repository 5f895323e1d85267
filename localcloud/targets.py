"""Where an event, an alarm's action, a notification or a dead letter can go: whatever an ARN names.

Each service that takes messages puts its way in here when the cloud is put together, so that the senders know ARNs
alone. A message that was taken is kept by its taker, in the transaction of the sender where there is one.
"""

from collections.abc import Callable, Mapping

from localcloud.errors import AwsError

Take = Callable[[str, bytes], None]  # the ARN and the message; raises AwsError if nothing has that ARN
TakeWithAttributes = Callable[[str, bytes, Mapping[str, str]], None]  # with message attributes of type String


class Targets:
    """The takers, by the service in their ARNs."""

    def __init__(self) -> None:
        self._takers: dict[str, Take] = {}
        self._with_attributes: dict[str, TakeWithAttributes] = {}

    def add(self, service: str, take: Take, with_attributes: TakeWithAttributes | None = None) -> None:
        """Let messages for the ARNs of ``service`` go to ``take``, those with attributes to ``with_attributes``."""
        self._takers[service] = take
        if with_attributes is not None:
            self._with_attributes[service] = with_attributes

    def send(self, arn: str, message: bytes, attributes: Mapping[str, str] | None = None) -> None:
        """Hand a message over; raises AwsError if nothing takes it, now (status 429 or 5xx) or ever."""
        parts = arn.split(":", 5)
        take = self._takers.get(parts[2]) if len(parts) == 6 and parts[0] == "arn" else None  # noqa: PLR2004  an ARN's parts
        if take is None:
            raise AwsError("ValidationException", f"{arn} is no target that the local cloud can reach")
        if not attributes:
            take(arn, message)
        elif with_attributes := self._with_attributes.get(parts[2]):
            with_attributes(arn, message, attributes)
        else:
            raise AwsError("ValidationException", f"{parts[2]} takes no message attributes")
