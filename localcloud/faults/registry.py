"""Which faults are to happen now: asked for on the admin page or by a test, counted, and drawn repeatably.

Rules are asked in the order they were given; the first that is about something counts, and is used up when it has
happened ``times`` times (null: never), after the first ``skip`` that it would have been about. Whether one with a
``probability`` happens is drawn from its own ``seed``, so a run can be repeated. The price: kept in memory, so a
restart begins without faults.
"""

import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.errors import AdminError
from localcloud.faults.kinds import READERS, About, Asked, CallFault, EventFault, OutcomeFault, number

_USES = ("skip", "times", "probability", "seed")
_NO_FAULT = CallFault()


@dataclass
class _Rule:
    """One fault with its uses; changed only under the lock of `Faults`."""

    id: str
    asked: Asked
    kind: str
    about: About
    fault: Any
    skip: int
    times: int | None
    probability: float
    dice: random.Random
    happened: int = 0

    def happens(self) -> bool:
        if self.times is not None and self.happened >= self.times:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.dice.random() >= self.probability:
            return False
        self.happened += 1
        return True


class Faults:
    """The rules of one cloud; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[_Rule] = []
        self._made = 0

    def add(self, asked: Asked) -> str:
        """Take a rule; its id. Raises AdminError, saying what is wrong with it."""
        kinds = [kind for kind in READERS if kind in asked]
        if len(kinds) != 1:
            raise AdminError(f"a fault is about one of {', '.join(READERS)}")
        members, read = READERS[kinds[0]]
        allowed = {kinds[0], *members, *_USES}
        if unknown := set(asked) - allowed:
            raise AdminError(f"unknown members {', '.join(sorted(unknown))}: use {', '.join(sorted(allowed))}")
        about, fault = read(asked)
        skip, seed = int(number(asked, "skip", 0)), int(number(asked, "seed", 0))
        times = None if asked.get("times", 1) is None else int(number(asked, "times", 1))
        probability = number(asked, "probability", 1.0)
        dice = random.Random(seed)  # noqa: S311  repeatable, no secret
        with self._lock:
            self._made += 1
            rule = _Rule(f"fault-{self._made}", asked, kinds[0], about, fault, skip, times, probability, dice)
            self._rules.append(rule)
            return rule.id

    def remove(self, rule_id: str) -> None:
        """Forget a rule, or all of them; raises AdminError if there is none of that id."""
        with self._lock:
            left = [rule for rule in self._rules if rule_id not in (rule.id, "all")]
            if len(left) == len(self._rules) and rule_id != "all":
                raise AdminError(f"there is no fault {rule_id}")
            self._rules = left

    def describe(self) -> list[Mapping[str, Any]]:
        """Return the rules as they were asked for, with their ids and how often each has happened."""
        with self._lock:
            return [{**rule.asked, "id": rule.id, "happened": rule.happened} for rule in self._rules]

    def of_call(self, service: str, operation: str) -> CallFault:
        """Return what happens to a call."""
        rule = self._find("call", {"service": service, "operation": operation})
        return rule.fault if rule else _NO_FAULT

    def of_event(self, event: Mapping[str, Any]) -> list[float]:
        """Return by how many seconds each delivery of an event is late; an empty list loses it."""
        rule = self._find("event", event)
        if rule is None:
            return [0.0]
        fault: EventFault = rule.fault
        with self._lock:
            return [rule.dice.uniform(0.0, fault.delay) for _ in range(fault.copies)]

    def of_job(self, noun: str, name: str) -> OutcomeFault | None:
        """Return how a job of a kind (``training-job``) ends; None: as it does."""
        rule = self._find("job", {"name": f"{noun}/{name}"})
        return rule.fault if rule else None

    def of_endpoint(self, name: str) -> OutcomeFault | None:
        """Return how an endpoint's creation or update ends; None: as it does."""
        rule = self._find("endpoint", {"name": name})
        return rule.fault if rule else None

    def _find(self, kind: str, what: Mapping[str, Any]) -> _Rule | None:
        with self._lock:
            about = (rule for rule in self._rules if rule.kind == kind and rule.about(what))
            return next((rule for rule in about if rule.happens()), None)
