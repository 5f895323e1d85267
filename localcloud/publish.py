"""How a service puts an event on the event bus."""

from collections.abc import Mapping
from typing import Any, Protocol


class Publish(Protocol):
    """How an event is put on the bus, as a part of the transaction around."""

    def __call__(
        self,
        *,
        source: str,
        detail_type: str,
        resources: list[str],
        detail: Mapping[str, Any],
        region: str,
        delay: float = 0.0,
    ) -> None:
        """Take an event, to be delivered ``delay`` seconds later than others."""
