"""Schedules that fire: one timer for each rule, and each slot's event in one transaction with the slot after it.

So a crash neither loses nor doubles a slot. At a start a slot whose minute has not passed is still fired, as AWS
fires within the minute; those that passed while the cloud was off are not made up.
"""

import logging
from datetime import timedelta

from localcloud.clock import Clock, Timer
from localcloud.database import Database
from localcloud.eventbridge.bus import Bus
from localcloud.eventbridge.rules import Rule, Rules

log = logging.getLogger(__name__)

_WITHIN = timedelta(minutes=1)
_AGAIN = 30.0  # seconds after a slot that could not be written


class Firing:
    """The timers of all schedules; safe to use from several threads."""

    def __init__(self, database: Database, *, rules: Rules, bus: Bus, clock: Clock) -> None:
        self._database = database
        self._rules = rules
        self._bus = bus
        self._clock = clock
        self._timers: dict[tuple[str, str], Timer] = {}
        self._started = False

    def start(self) -> None:
        """Begin to fire."""
        with self._database.transaction():
            self._started = True
            now = self._clock.now()
            for rule in self._rules.all():
                if rule.slot is not None and rule.slot + _WITHIN <= now:
                    log.info("slots_passed rule=%s first=%s", rule.name, rule.slot.isoformat())
                    self._rules.put(rule.with_slot_after(now))
                self.changed(rule.region, rule.name)

    def changed(self, region: str, name: str) -> None:
        """Take note, in a transaction, that a rule was made, changed or deleted."""
        self._database.after_commit(lambda: self._arm(region, name))

    def _arm(self, region: str, name: str) -> None:
        """Set the timer of a rule's next slot in place of the one before; runs inside the database's lock."""
        if timer := self._timers.pop((region, name), None):
            self._clock.cancel(timer)
        rule = self._rules.get(region, name)
        if self._started and rule is not None and rule.slot is not None:
            self._timers[region, name] = self._clock.at(rule.slot, lambda: self._fire(rule))

    def _fire(self, rule: Rule) -> None:
        try:
            self._fire_now(rule)
        except BaseException:  # raised on: whatever it is (a full disk), the schedule must not end with it
            self._timers[rule.region, rule.name] = self._clock.after(_AGAIN, lambda: self._fire(rule))
            raise

    def _fire_now(self, rule: Rule) -> None:
        with self._database.transaction():
            found = self._rules.get(rule.region, rule.name)
            if found is None or found.slot is None or found.slot != rule.slot:
                return  # changed when the timer had just run out
            self._bus.fire(found, found.slot)
            self._rules.put(found.with_slot_after(found.slot))
            self.changed(rule.region, rule.name)
