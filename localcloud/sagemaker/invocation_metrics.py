"""The metrics of endpoints' invocations: noted as they are answered, recorded in CloudWatch a little later.

Names, units and values as the developer guide has them (monitoring-cloudwatch); each value is recorded for endpoint and
variant, and once more with the name of the endpoint config, as for deployment guardrails. The price: what could not be
recorded is lost, and of more than `_MOST` waiting invocations the oldest are.
"""

import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from localcloud.sagemaker.background import Background
from localcloud.sagemaker.fleet import Lease

log = logging.getLogger(__name__)
_NAMESPACE = "AWS/SageMaker"
_MOST = 100_000
_AT_ONCE = 50  # invocations of one transaction: a commit for each of their values would keep the disk from all others
_MICROSECONDS = 1e6
_SUCCESS, _CLIENT_ERRORS, _SERVER_ERRORS = range(200, 300), range(400, 500), range(500, 600)


class Record(Protocol):
    """Takes one value of a metric."""

    def __call__(  # noqa: PLR0917  as CloudWatch has it
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        value: float,
        unit: str,
        time: datetime,
        /,
    ) -> object:
        """Keep it."""


@dataclass(frozen=True)
class Invocation:
    """One invocation that reached a model: ``status`` is its answer's, 0 if there was none; times in seconds."""

    endpoint: str
    variant: str
    config: str
    instances: int
    status: int
    model: float
    total: float
    at: datetime


@dataclass
class Measure:
    """The model's answer to one invocation, while it is under way."""

    status: int = 0


class InvocationMetrics:
    """Takes invocations from any thread, and records them from its own, many in one ``transaction``."""

    def __init__(
        self,
        record: Record,
        background: Background,
        every: float,
        seconds: Callable[[], float],
        *,
        transaction: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self.seconds = seconds
        self._record = record
        self._transaction = transaction
        self._background = background
        self._every = every
        self._waiting: deque[Invocation] = deque(maxlen=_MOST)

    @contextmanager
    def measured(self, endpoint: str, lease: Lease, at: datetime, began: float) -> Iterator[Measure]:
        """Note an invocation that came in at ``began``, and whose model is asked within the block."""
        measure, asked = Measure(), self.seconds()
        try:
            yield measure
        finally:
            ended = self.seconds()
            variant = lease.variant
            self._waiting.append(
                Invocation(
                    endpoint,
                    variant.name,
                    lease.config,
                    instances=len(variant.instances),
                    status=measure.status,
                    model=ended - asked,
                    total=ended - began,
                    at=at,
                )
            )

    def run(self) -> None:
        """Record what was noted, until the local cloud closes."""
        while True:
            self._background.pause(self._every)
            self.flush()

    def flush(self) -> None:
        """Record what was noted until now."""
        while self._waiting:
            try:
                with self._transaction():
                    for _ in range(min(len(self._waiting), _AT_ONCE)):
                        self._try_one(self._waiting.popleft())
            except sqlite3.Error as error:  # a full disk: no answer waits for it
                log.warning("metrics_not_recorded error=%s", error)

    def _try_one(self, invocation: Invocation) -> None:
        try:
            self._record_one(invocation)
        except Exception:  # another service's fault: it must not end the thread, and no answer waits for it
            log.exception("metrics_not_recorded endpoint=%s", invocation.endpoint)

    def _record_one(self, invocation: Invocation) -> None:
        of_variant = {"EndpointName": invocation.endpoint, "VariantName": invocation.variant}
        for dimensions in (of_variant, {**of_variant, "EndpointConfigName": invocation.config}):
            for name, value, unit in values_of(invocation):
                self._record(_NAMESPACE, name, dimensions, value, unit, invocation.at)


def values_of(invocation: Invocation) -> Iterator[tuple[str, float, str]]:
    """Yield the metrics of an invocation: name, value, unit."""
    status = invocation.status
    yield "Invocations", 1.0, "None"
    yield "InvocationsPerInstance", 1.0 / invocation.instances, "None"
    yield "Invocation4XXErrors", float(status in _CLIENT_ERRORS), "None"
    yield "Invocation5XXErrors", float(status in _SERVER_ERRORS), "None"
    yield "InvocationModelErrors", float(status not in _SUCCESS), "None"
    yield "ModelLatency", invocation.model * _MICROSECONDS, "Microseconds"
    yield "OverheadLatency", max(0.0, invocation.total - invocation.model) * _MICROSECONDS, "Microseconds"
