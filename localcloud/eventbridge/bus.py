"""The event bus: puts an event into EventBridge's envelope, and makes a delivery for each target of its rules.

An event put on the bus inside a transaction is a part of it (outbox): the deliveries are there just when the change
that caused the event is. The envelope is made once and kept as text, so nothing its maker does later changes it.
"""

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from localcloud.clock import Clock
from localcloud.database import Database
from localcloud.eventbridge.deliveries import Deliveries
from localcloud.eventbridge.rules import Rule, Rules
from localcloud.history import History
from localcloud.settings import ACCOUNT_ID

log = logging.getLogger(__name__)

Lateness = Callable[[Mapping[str, Any]], Sequence[float]]  # of an event: how late each of its deliveries is, in seconds


class Bus:
    """The default bus of every region; safe to use from several threads."""

    def __init__(
        self,
        database: Database,
        *,
        rules: Rules,
        deliveries: Deliveries,
        clock: Clock,
        delay: float,
        lateness: Lateness,
        history: History,
        new_id: Callable[[], str],
    ) -> None:
        self._database = database
        self._rules = rules
        self._deliveries = deliveries
        self._clock = clock
        self._delay = delay
        self._lateness = lateness
        self._history = history
        self._new_id = new_id

    def publish(
        self,
        *,
        source: str,
        detail_type: str,
        resources: Sequence[str],
        detail: Mapping[str, Any],
        region: str,
        delay: float = 0.0,
        time: datetime | None = None,
    ) -> None:
        """Put an event on the bus, in the transaction around; as `put`."""
        about = {"detail-type": detail_type, "source": source, "resources": list(resources), "detail": detail}
        self.put(about, region, delay=delay, time=time)

    def put(self, about: Mapping[str, Any], region: str, *, delay: float = 0.0, time: datetime | None = None) -> str:
        """Put an event on the bus, given the members that are not the envelope's; its id.

        ``delay``: seconds more than any delivery takes; ``time``: when it happened, if that is not now.
        """
        with self._database.transaction():
            event = self._envelope(about, region, time)
            found = json.loads(text := json.dumps(event))
            matched = [rule for rule in self._rules.all(region) if rule.matches(found)]
            self._deliver(event, text, matched, delay)
        return str(event["id"])

    def fire(self, rule: Rule, time: datetime) -> None:
        """Make the event of a schedule's slot, for the targets of its rule alone."""
        about = {"detail-type": "Scheduled Event", "source": "aws.events", "resources": [rule.arn], "detail": {}}
        event = self._envelope(about, rule.region, time)
        self._deliver(event, json.dumps(event), [rule], 0.0)

    def _envelope(self, about: Mapping[str, Any], region: str, time: datetime | None) -> Mapping[str, Any]:
        return {
            "version": "0",
            "id": self._new_id(),
            "detail-type": about["detail-type"],
            "source": about["source"],
            "account": ACCOUNT_ID,
            "time": (time or self._clock.now()).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": region,
            "resources": about["resources"],
            "detail": about["detail"],
        }

    def _deliver(self, event: Mapping[str, Any], text: str, rules: Iterable[Rule], delay: float) -> None:
        """Make the deliveries of an event to all targets of some rules, and note it once it is there."""
        lateness = self._lateness(event)
        names, made = [], 0
        for rule in rules:
            names.append(rule.name)
            for target in self._rules.targets(rule):
                made += len(lateness)
                for late in lateness:
                    self._deliveries.add(rule.arn, target, text, self._delay + delay + late)
        self._database.after_commit(lambda: self._note(event, names, made))

    def _note(self, event: Mapping[str, Any], rules: Sequence[str], deliveries: int) -> None:
        self._history.record(
            "event",
            event["source"],
            event["detail-type"],
            f"{len(rules)} rules",
            0.0,
            event_id=event["id"],
            resources=event["resources"],
            deliveries=deliveries,
        )
        log.info(
            "event_published id=%s source=%s detail_type=%r resources=%s rules=%s",
            *(event["id"], event["source"], event["detail-type"], ",".join(event["resources"]), ",".join(rules)),
        )
