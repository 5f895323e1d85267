"""EventBridge put together: the bus, its API, the schedules, and the rules that the application declares."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from localcloud.clock import Clock
from localcloud.database import Database
from localcloud.errors import AwsError, ConfigError
from localcloud.eventbridge.bus import Bus, Lateness
from localcloud.eventbridge.deliveries import Deliveries
from localcloud.eventbridge.firing import Firing
from localcloud.eventbridge.put_events import PutEvents
from localcloud.eventbridge.rule_api import RuleApi
from localcloud.eventbridge.rules import Rule, Rules, compiled
from localcloud.eventbridge.schedules import parse_schedule
from localcloud.eventbridge.target_api import TargetApi
from localcloud.history import History
from localcloud.json_api import JsonApi
from localcloud.settings import Settings
from localcloud.targets import Targets
from localcloud.wiring import Wiring, function_arn

_TARGET_ID = "1"  # as Chalice deploys it


class EventBridge:
    """One account's default buses; ``lateness`` says how late, lost or repeated an event is by somebody's wish."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        *,
        clock: Clock,
        targets: Targets,
        lateness: Lateness,
        history: History,
        new_id: Callable[[], str],
    ) -> None:
        delays = settings.delays
        self._region = settings.region
        self._database = database
        self._clock = clock
        self._rules = Rules(database)
        self._deliveries = Deliveries(
            database, clock=clock, targets=targets, history=history, first_pause=delays.event_retry
        )
        self._bus = Bus(
            database,
            rules=self._rules,
            deliveries=self._deliveries,
            clock=clock,
            delay=delays.event_delivery,
            lateness=lateness,
            history=history,
            new_id=new_id,
        )
        self._firing = Firing(database, rules=self._rules, bus=self._bus, clock=clock)
        self.publish = self._bus.publish
        self.api = JsonApi(
            "events",
            {
                **PutEvents(database, self._bus, settings.limits).operations,
                **RuleApi(database, self._rules, self._firing, clock).operations,
                **TargetApi(database, self._rules).operations,
            },
        )

    def use(self, wiring: Wiring) -> None:
        """Make the rules that the application declares, in its region; those it no longer declares go.

        A rule that a person has disabled stays disabled. Raises ConfigError for a pattern or an expression that
        EventBridge would refuse.
        """
        now = self._clock.now()
        declared = [
            _declared(rule.name, rule.function, self._region, now, pattern=rule.pattern) for rule in wiring.rules
        ]
        for schedule in wiring.schedules:
            expression = schedule.expression
            declared.append(_declared(schedule.name, schedule.function, self._region, now, schedule=expression))
        with self._database.transaction():
            for old in self._rules.all():
                if old.wired and (old.region, old.name) not in {(rule.region, rule.name) for rule, _ in declared}:
                    self._rules.delete(old)
            for rule, function in declared:
                self._wire(rule, now)
                arn = function_arn(self._region, wiring.functions[function].full_name)
                self._rules.put_target(rule, {"Id": _TARGET_ID, "Arn": arn})

    def start(self) -> None:
        """Deliver and fire from now on: call it when every target is ready."""
        self._deliveries.start()
        self._firing.start()

    def page(self) -> object:
        """Return all rules, for people."""
        return [_shown(rule, [target["Arn"] for target in self._rules.targets(rule)]) for rule in self._rules.all()]

    def _wire(self, rule: Rule, now: datetime) -> None:
        old = self._rules.get(rule.region, rule.name)
        if old is None:
            self._rules.put(rule.counted_from(now))
            return
        new = replace(old, pattern=rule.pattern, schedule=rule.schedule, wired=True)
        self._rules.put(new if old.schedule == rule.schedule else new.counted_from(now))


def _declared(
    name: str,
    function: str,
    region: str,
    now: datetime,
    *,
    pattern: Mapping[str, Any] | None = None,
    schedule: str | None = None,
) -> tuple[Rule, str]:
    text = None if pattern is None else json.dumps(pattern)
    try:
        if text is not None:
            compiled(text)
        if schedule is not None:
            parse_schedule(schedule)
    except AwsError as error:
        raise ConfigError(f"function {function}: {schedule or text}: {error.message}") from error
    return Rule(region, name, now, pattern=text, schedule=schedule, wired=True), function


def _shown(rule: Rule, targets: list[str]) -> Mapping[str, Any]:
    return {
        "name": rule.name,
        "region": rule.region,
        "state": rule.state,
        "pattern": None if rule.pattern is None else json.loads(rule.pattern),
        "schedule": rule.schedule,
        "next": None if rule.slot is None else rule.slot.isoformat(),
        "targets": targets,
    }
