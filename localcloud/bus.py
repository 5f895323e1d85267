"""The event bus: EventBridge's default bus with the rules that the application's wiring declares.

An event is put into EventBridge's envelope once and kept as text, so that nothing its maker does later changes it;
each rule it matches gets it after the delay of a delivery. Delivery is handed to Lambda's asynchronous queue, which
retries.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from localcloud.clock import Clock
from localcloud.history import History
from localcloud.patterns import Matches, compile_pattern
from localcloud.settings import ACCOUNT_ID
from localcloud.wiring import Rule

log = logging.getLogger(__name__)

Deliver = Callable[[str, bytes], object]  # a function's name and the event


@dataclass(frozen=True)
class _Target:
    rule: Rule
    matches: Matches


class Bus:
    """One bus; safe to use from several threads."""

    def __init__(
        self,
        *,
        deliver: Deliver,
        clock: Clock,
        delay: float,
        history: History,
        new_id: Callable[[], str],
    ) -> None:
        self._deliver = deliver
        self._clock = clock
        self._delay = delay
        self._history = history
        self._new_id = new_id
        self._targets: tuple[_Target, ...] = ()

    def use(self, rules: Sequence[Rule]) -> None:
        """Take these rules instead of those before; raises ConfigError for a pattern that cannot be used."""
        self._targets = tuple(_Target(rule, compile_pattern(rule.pattern)) for rule in rules)

    def publish(
        self, *, source: str, detail_type: str, resources: Sequence[str], detail: Mapping[str, Any], region: str
    ) -> None:
        """Put an event on the bus."""
        event = {
            "version": "0",
            "id": self._new_id(),
            "detail-type": detail_type,
            "source": source,
            "account": ACCOUNT_ID,
            "time": self._clock.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": region,
            "resources": list(resources),
            "detail": detail,
        }
        text = json.dumps(event).encode()
        matched = [target.rule for target in self._targets if target.matches(json.loads(text))]
        self._history.record("event", source, detail_type, f"{len(matched)} rules", 0.0)
        log.info(
            "event_published id=%s source=%s detail_type=%r resources=%s rules=%s",
            *(event["id"], source, detail_type, ",".join(resources), ",".join(rule.name for rule in matched)),
        )
        for rule in matched:
            self._clock.after(self._delay, lambda function=rule.function: self._deliver(function, text))  # type: ignore[misc]  # mypy cannot see the lambda's default
