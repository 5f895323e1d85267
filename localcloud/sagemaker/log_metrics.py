"""The metrics of a training job: its MetricDefinitions, looked for in what its containers print.

A line gives a metric for every match; the value is the first group, or the whole match of a regex without one, and what
is not a finite number is passed over. The price: a metric's time is that of the look that found it, and a regex that
takes for ever on a line holds up its own job.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from localcloud.errors import AwsError
from localcloud.sagemaker.store import Data


def read_definitions(definitions: Sequence[Mapping[str, str]]) -> None:
    """Refuse a regex that none can compile; raises AwsError."""
    for definition in definitions:
        try:
            re.compile(definition["Regex"])
        except re.error as error:
            raise AwsError(
                "ValidationException",
                f"Invalid regular expression in the metric definition {definition['Name']}: {error}",
            ) from error


@dataclass
class LogMetrics:
    """The last value of each metric in the logs of one job, from where the logs end now."""

    definitions: Sequence[Mapping[str, str]]
    logs: Sequence[Path]
    now: Callable[[], datetime]
    _patterns: Mapping[str, re.Pattern[str]] = field(init=False)
    _read: dict[Path, int] = field(init=False)
    _latest: dict[str, dict[str, Any]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._patterns = {definition["Name"]: re.compile(definition["Regex"]) for definition in self.definitions}
        self._read = {log: log.stat().st_size if log.exists() else 0 for log in self.logs}

    def look(self, *, last: bool = False) -> None:
        """Read the lines that are new; a line without its end is read only by the ``last`` look."""
        for log in self.logs if self._patterns else ():
            if not log.exists():
                continue
            with log.open("rb") as lines:
                lines.seek(self._read[log])
                for line in lines:
                    if not last and not line.endswith(b"\n"):
                        break
                    self._read[log] += len(line)
                    self._search(line.decode("utf-8", errors="replace").rstrip("\r\n"))

    def final(self) -> list[Data]:
        """Return the last value of each metric that was seen, in the order of the definitions."""
        return [self._latest[name] for name in self._patterns if name in self._latest]

    def _search(self, line: str) -> None:
        for name, pattern in self._patterns.items():
            for value in values_in(line, pattern):
                self._latest[name] = {"MetricName": name, "Value": value, "Timestamp": self.now()}


def values_in(line: str, pattern: re.Pattern[str]) -> Iterator[float]:
    """Yield the values of a metric in a line."""
    for match in pattern.finditer(line):
        value = _number(match.group(1 if pattern.groups else 0))
        if value is not None:
            yield value


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None
