"""AWS's schedule expressions, without memory: ``rate(1 hour)`` and ``cron(0 3 * * ? *)``, in UTC.

Source: EventBridge User Guide, "Setting a schedule pattern for scheduled rules". EventBridge counts a rate from the
moment its rule was made, which nobody remembers here: ours counts from the Unix epoch, so that every process finds the
same slots (seven days begin on a Thursday). A schedule has no end: every slot has one before it and one after it.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from chalicelib.core import cron
from chalicelib.core.cron import Cron
from chalicelib.core.errors import InvalidSpecError

DAYS_PER_MONTH = 30.4375  # on average: 1461 days in 48 months
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_LONGEST_RATE = timedelta(days=366)


@dataclass(frozen=True)
class Rate:
    """A slot every ``period``, counted from the Unix epoch."""

    period: timedelta

    def last(self, now: datetime) -> datetime:
        """Return the latest slot at or before a time (aware), in UTC."""
        return _EPOCH + (now - _EPOCH) // self.period * self.period

    def next(self, after: datetime) -> datetime:
        """Return the first slot after a time (aware), in UTC."""
        return self.last(after) + self.period

    def per_month(self) -> float:
        """Return how many slots 30.4375 days have."""
        return timedelta(days=DAYS_PER_MONTH) / self.period


Schedule = Rate | Cron


def parse(expression: str) -> Schedule:
    """Read a schedule expression.

    Raises
    ------
    InvalidSpecError
        If AWS would not take it, if its year is not ``*``, or if it has no slot at all (February 30).
    """
    found = re.fullmatch(r"(rate|cron)\(([^()]*)\)", expression)
    if found is None:
        raise InvalidSpecError(
            f"schedule {expression!r}: write rate(value unit) or cron(minutes hours day month weekday year)"
        )
    try:
        return _rate(found[2]) if found[1] == "rate" else cron.read(found[2])
    except ValueError as error:
        raise InvalidSpecError(f"schedule {expression!r}: {error}") from None


def _rate(text: str) -> Rate:
    found = re.fullmatch(r"([0-9]{1,7}) +(minute|hour|day)(s?)", text.strip())
    if found is None or int(found[1]) == 0 or (int(found[1]) == 1) is bool(found[3]):
        raise ValueError("a rate is 1 minute, 1 hour, 1 day, or a larger number of minutes, hours, days")
    period = int(found[1]) * _UNITS[found[2]]
    if period > _LONGEST_RATE:
        raise ValueError(f"a rate is at most {_LONGEST_RATE.days} days")
    return Rate(period)
