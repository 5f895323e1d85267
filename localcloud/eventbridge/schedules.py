"""EventBridge's schedule expressions: ``rate(5 minutes)`` and ``cron(0 10 ? * MON-FRI *)``, in UTC, by the minute.

Six fields: minutes, hours, day of month, month, day of week (1 is Sunday), year; exactly one of the two days is
``?``. Source: EventBridge User Guide, "Setting a schedule pattern for scheduled rules". Ours, where it says nothing:
a range may go round the end of its field (``20-2``, as in one of AWS's examples; years may not), ``31W`` is no day
of a month that has none, and ``LW``, ``L-3`` and ``/5`` are refused. None of the libraries that know cron knows
exactly this dialect, so it is written out.
"""

import calendar
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from localcloud.errors import AwsError

_MONTHS = {
    "JAN": 1,
    "FEB": 2,
    "MAR": 3,
    "APR": 4,
    "MAY": 5,
    "JUN": 6,
    "JUL": 7,
    "AUG": 8,
    "SEP": 9,
    "OCT": 10,
    "NOV": 11,
    "DEC": 12,
}
_WEEKDAYS = {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7}
_UNITS = {"minute": 1, "hour": 60, "day": 1440}
_FIELDS = 6
_WEEK, _LONGEST = 7, 31  # days of a week, of a month
_SATURDAY, _SUNDAY = 5, 6  # as Python counts

DaysOf = Callable[[int, int], Sequence[int]]  # of a year and a month: the days, in order


@dataclass(frozen=True)
class Rate:
    """Every so many minutes, counted from the rule's creation."""

    minutes: int

    def next(self, after: datetime, since: datetime) -> datetime | None:
        """Return the first time strictly after ``after`` (not before ``since``); None beyond Python's calendar."""
        try:
            period = timedelta(minutes=self.minutes)
            return since + ((after - since) // period + 1) * period
        except OverflowError:
            return None


@dataclass(frozen=True)
class Cron:
    """Every minute that all fields allow."""

    minutes: Sequence[int]
    hours: Sequence[int]
    months: Sequence[int]
    years: Sequence[int]
    days: DaysOf

    def next(self, after: datetime, since: datetime) -> datetime | None:
        """Return the first time strictly after ``after``; None if there is none; ``since`` does not matter."""
        del since
        for day in self._dates(after.date()):
            for hour in self.hours:
                for minute in self.minutes:
                    moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
                    if moment > after:
                        return moment
        return None

    def _dates(self, first: date) -> Iterator[date]:
        for year in self.years:
            for month in self.months:
                if (year, month) >= (first.year, first.month):
                    days = (date(year, month, day) for day in self.days(year, month))
                    yield from (day for day in days if day >= first)


Schedule = Rate | Cron


def parse_schedule(expression: str) -> Schedule:
    """Read an expression; raises AwsError ValidationException with AWS's text, which does not say what is wrong."""
    found = re.fullmatch(r"(rate|cron)\(([^()]*)\)", expression)
    schedule = None if found is None else _rate(found[2]) if found[1] == "rate" else _cron(found[2].split())
    if schedule is None:
        raise AwsError("ValidationException", "Parameter ScheduleExpression is not valid.")
    return schedule


def _rate(text: str) -> Rate | None:
    found = re.fullmatch(r"(\d+)\s+(minute|hour|day)(s?)", text, re.ASCII)
    if found is None or int(found[1]) == 0 or (int(found[1]) == 1) is bool(found[3]):
        return None
    return Rate(int(found[1]) * _UNITS[found[2]])


def _cron(fields: Sequence[str]) -> Cron | None:
    if len(fields) != _FIELDS or (fields[2] == "?") is (fields[4] == "?"):
        return None
    minutes, hours = _values(fields[0], 0, 59), _values(fields[1], 0, 23)
    months, years = _values(fields[3], 1, 12, _MONTHS), _values(fields[5], 1970, 2199, wraps=False)
    days = _days_of_week(fields[4]) if fields[2] == "?" else _days_of_month(fields[2])
    if not (minutes and hours and months and years and days):
        return None
    return Cron(minutes, hours, months, years, days)


def _values(
    field: str, low: int, high: int, names: Mapping[str, int] | None = None, *, wraps: bool = True
) -> list[int] | None:
    """Return the values that a field of commas, ranges, steps and names allows, in order; None if it is not one."""
    chosen: set[int] = set()
    for part in field.split(","):
        values = _part(part.upper(), low, high, names or {}, wraps=wraps)
        if values is None:
            return None
        chosen.update(values)
    return sorted(chosen)


def _part(part: str, low: int, high: int, names: Mapping[str, int], *, wraps: bool) -> Sequence[int] | None:
    found = re.fullmatch(r"(?:\*|(\w+)(?:-(\w+))?)(?:/(\d+))?", part, re.ASCII)
    if found is None:
        return None
    first = low if found[1] is None else _value(found[1], low, high, names)
    alone = found[1] is not None and found[2] is None and found[3] is None
    last = first if alone else high if found[2] is None else _value(found[2], low, high, names)
    step = int(found[3] or 1)
    if first is None or last is None or step == 0 or (last < first and not wraps):
        return None
    size = high - low + 1
    return [low + (value - low) % size for value in range(first, last + (size if last < first else 0) + 1, step)]


def _value(text: str, low: int, high: int, names: Mapping[str, int]) -> int | None:
    value = names.get(text, int(text) if text.isdigit() else -1)
    return value if low <= value <= high else None


def _days_of_month(field: str) -> DaysOf | None:
    if field == "L":
        return lambda year, month: [_length(year, month)]
    if nearest := re.fullmatch(r"(\d{1,2})W", field, re.ASCII):
        wanted = int(nearest[1])
        return (lambda year, month: _nearest_weekday(year, month, wanted)) if 1 <= wanted <= _LONGEST else None
    values = _values(field, 1, _LONGEST)
    if values is None:
        return None
    return lambda year, month: [day for day in values if day <= _length(year, month)]


def _days_of_week(field: str) -> DaysOf | None:
    if field == "L":
        return lambda year, month: _on_weekdays(year, month, [_WEEK])
    if one := re.fullmatch(r"(\w+)(?:L|#([1-5]))", field.upper(), re.ASCII):
        weekday = _value(one[1], 1, _WEEK, _WEEKDAYS)
        if weekday is None:
            return None
        which = slice(int(one[2]) - 1, int(one[2])) if one[2] else slice(-1, None)
        return lambda year, month: _on_weekdays(year, month, [weekday])[which]
    values = _values(field, 1, _WEEK, _WEEKDAYS)
    if values is None:
        return None
    return lambda year, month: _on_weekdays(year, month, values)


def _length(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def _on_weekdays(year: int, month: int, weekdays: Sequence[int]) -> list[int]:
    first, length = calendar.monthrange(year, month)  # Monday is 0
    return [day for day in range(1, length + 1) if (first + day) % _WEEK + 1 in weekdays]


def _nearest_weekday(year: int, month: int, wanted: int) -> list[int]:
    """Return the working day nearest to a day, in the same month."""
    first, length = calendar.monthrange(year, month)
    if wanted > length:
        return []
    weekday = (first + wanted - 1) % _WEEK
    if weekday == _SATURDAY:
        return [wanted - 1 if wanted > 1 else wanted + 2]
    if weekday == _SUNDAY:
        return [wanted + 1 if wanted < length else wanted - 2]
    return [wanted]
