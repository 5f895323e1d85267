"""Decides an alarm's state from its data points: M out of N, and what missing ones count as; pure.

Source: CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data": more points are looked at than
are needed (the evaluation range), the real ones among them come first, and only what is then lacking is filled in. How
far the range reaches beyond N, AWS does not say; its examples have two more, and so have we.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

RANGE_BEYOND = 2
OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"

COMPARISONS: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
TREATMENTS = ("missing", "notBreaching", "breaching", "ignore")


@dataclass(frozen=True)
class Rule:
    """When an alarm is raised: ``datapoints`` out of ``periods`` breach the threshold."""

    comparison: str  # of COMPARISONS
    threshold: float
    periods: int  # N
    datapoints: int  # M
    missing: str = "missing"  # of TREATMENTS

    @property
    def range(self) -> int:
        """How many data points are looked at."""
        return self.periods + RANGE_BEYOND

    def breaches(self, value: float) -> bool:
        """Say whether a value is beyond the threshold."""
        return COMPARISONS[self.comparison][0](value, self.threshold)


@dataclass(frozen=True)
class Verdict:
    """A state and what it rests on: points as (time, value), the newest last, and how many were filled in."""

    state: str
    points: tuple[tuple[int, float], ...] = ()
    filled: int = 0


def decide(points: Sequence[tuple[int, float | None]], rule: Rule) -> Verdict | None:
    """Decide by the points of the evaluation range, the newest last; None lets the state be as it is."""
    real = [(time, value) for time, value in points if value is not None]
    used = tuple(real[-rule.periods :])
    lacking = rule.periods - len(used)
    breaching = sum(rule.breaches(value) for _, value in used)
    if rule.missing == "breaching":
        breaching += lacking
    if breaching >= rule.datapoints:
        return Verdict(ALARM, used, lacking)
    if not lacking or rule.missing in {"breaching", "notBreaching"} or any(not rule.breaches(v) for _, v in used):
        return Verdict(OK, used, lacking)
    if rule.missing == "ignore":
        return None
    if used and _oldest(points) >= rule.datapoints:  # nothing but breaching points, for long enough
        return Verdict(ALARM, used, lacking)
    return Verdict(INSUFFICIENT_DATA, used, lacking)


def _oldest(points: Sequence[tuple[int, float | None]]) -> int:
    """Count the periods since the oldest real point, its own included."""
    return next(len(points) - index for index, (_, value) in enumerate(points) if value is not None)
