"""Lambda's own metrics, each with the dimension FunctionName. Source: Lambda Developer Guide, "Types of metrics"."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from localcloud.functions.batches import Batches
from localcloud.observed import Record


@dataclass(frozen=True)
class Measures:
    """Records what happens to functions, where somebody wants to know."""

    record: Record | None
    batches: Batches
    now: Callable[[], datetime]

    def executed(self, full_name: str, seconds: float, *, failed: bool) -> None:
        """Count an invocation that was made; ``failed`` if it is an error of the function or its sandbox."""
        self._put(full_name, "Invocations", 1.0, "Count")
        self._put(full_name, "Errors", float(failed), "Count")
        self._put(full_name, "Duration", seconds * 1000, "Milliseconds")

    def throttled(self, full_name: str) -> None:
        """Count an invocation that was refused or put off for lack of concurrency; it is no Invocation."""
        self._put(full_name, "Throttles", 1.0, "Count")

    def undelivered(self, arn: str, metric: str) -> None:
        """Count an outcome that a destination or a dead-letter queue did not take."""
        self._put(arn.rpartition(":")[2], metric, 1.0, "Count")

    def _put(self, full_name: str, metric: str, value: float, unit: str) -> None:
        if self.record:
            dimensions = {"FunctionName": full_name}
            self.batches.put(partial(self.record, "AWS/Lambda", metric, dimensions, value, unit, self.now()))
