"""How a service tells CloudWatch what can be observed of it: log lines, and values of its metrics."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

Ingest = Callable[[str], object]
"""Takes the metrics of a line in Embedded Metric Format; nothing of any other line."""


class Append(Protocol):
    """The way into CloudWatch Logs."""

    def __call__(
        self, group: str, stream: str, lines: Sequence[tuple[datetime, str]], *, region: str | None = None
    ) -> object:
        """Add lines with their times to a stream, of the cloud's own region if none is named."""


class Record(Protocol):
    """The way into CloudWatch's metrics."""

    def __call__(  # noqa: PLR0917  as CloudWatch has it
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        value: float,
        unit: str,
        time: datetime,
        /,
        *,
        region: str | None = None,
    ) -> object:
        """Add one value of a metric, of the cloud's own region if none is named."""
