"""The cron expressions of EventBridge: minutes, hours, day of month, month, day of week and year; UTC, by the minute.

Source: EventBridge User Guide, "Setting a schedule pattern for scheduled rules". Days of the week are 1 or SUN to 7 or
SAT; exactly one of the two days is ``?``. Ours: the year must be ``*``, since a schedule that ends would leave a model
unwatched; a range may go round the end of its field (``22-2``); ``31W`` is no day of a shorter month; ``LW`` and
``L-3`` are refused.

None of the small libraries reads this dialect (cronsim has Debian's: no ``W``, other weekdays), so it is written out.
The price: these lines.
"""

import calendar
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

_CYCLE = range(2001, 2029)  # 28 years, which hold every month on every weekday, and on average 30.4375 days a month
_FARTHEST = 12 * 41  # months: over the year 2100, 40 years lie between two February 29 that are a Monday
_MINUTES_A_DAY = 1440
_WEEK, _LONGEST_MONTH = 7, 31
_SATURDAY = 7  # as AWS counts
_WEEKDAY_NAMES = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MONTH_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")

DaysOf = Callable[[int, int], Sequence[int]]  # of a year and a month: its days with slots, in order


@dataclass(frozen=True)
class Cron:
    """A slot at every one of ``minutes`` (of a day, in order) of the days that ``days`` gives of each of ``months``."""

    minutes: Sequence[int]
    months: Sequence[int]
    days: DaysOf = field(repr=False)

    def last(self, now: datetime) -> datetime:
        """Return the latest slot at or before a time (aware), in UTC."""
        now = now.astimezone(UTC)
        for year, month in _backward(now.year, now.month):
            for day in reversed(self._days(year, month)):
                limit = _minute(now) if (year, month, day) == (now.year, now.month, now.day) else _MINUTES_A_DAY
                found = bisect_right(self.minutes, limit)
                if found and datetime(year, month, day, tzinfo=UTC) <= now:
                    return _moment(year, month, day, self.minutes[found - 1])
        raise AssertionError(f"no slot before {now}")  # `read` refuses a schedule without slots

    def next(self, after: datetime) -> datetime:
        """Return the first slot after a time (aware), in UTC."""
        after = after.astimezone(UTC)
        today = (after.year, after.month, after.day)
        for year, month in _forward(after.year, after.month):
            for day in self._days(year, month):
                least = _minute(after) + 1 if (year, month, day) == today else 0
                found = bisect_left(self.minutes, least)
                if found < len(self.minutes) and (year, month, day) >= today:
                    return _moment(year, month, day, self.minutes[found])
        raise AssertionError(f"no slot after {after}")

    def per_month(self) -> float:
        """Return how many slots 30.4375 days have, in the mean of 28 years."""
        return len(self.minutes) * sum(map(len, self.cycle())) / (len(_CYCLE) * 12)

    def cycle(self) -> Iterator[Sequence[int]]:
        """Give the days with slots of each month, through years that show every kind of month."""
        return (self._days(year, month) for year in _CYCLE for month in range(1, 13))

    def _days(self, year: int, month: int) -> Sequence[int]:
        return self.days(year, month) if month in self.months else ()


@dataclass(frozen=True)
class _Field:
    """One field of a cron expression: its name, its lowest and highest value, and names of values."""

    name: str
    low: int
    high: int
    names: Mapping[str, int] = field(default_factory=dict)

    def values(self, text: str) -> list[int]:
        """Read values, ranges and steps with commas between them; in order."""
        return sorted({value for part in text.split(",") for value in self._part(part.upper())})

    def value(self, text: str) -> int:
        """Read one value, by number or name."""
        value = self.names.get(text.upper(), int(text) if re.fullmatch(r"[0-9]{1,2}", text) else -1)
        if not self.low <= value <= self.high:
            named = f" or {', '.join(self.names)}" if self.names else ""
            raise ValueError(f"{self.name} are {self.low} to {self.high}{named}, got {text!r}")
        return value

    def _part(self, part: str) -> Iterable[int]:
        found = re.fullmatch(r"(?:\*|([A-Z0-9]+)(?:-([A-Z0-9]+))?)(?:/([0-9]{1,4}))?", part)
        if found is None or (found[3] is not None and int(found[3]) == 0):
            raise ValueError(f"{self.name} are values, a-b, * or a/step with commas between, got {part!r}")
        first = self.value(found[1]) if found[1] else self.low
        last = self.value(found[2]) if found[2] else first if found[1] and not found[3] else self.high
        size = self.high - self.low + 1
        around = range(first, last + 1 + (size if last < first else 0), int(found[3] or 1))
        return (self.low + (value - self.low) % size for value in around)


_MINUTES, _HOURS = _Field("minutes", 0, 59), _Field("hours", 0, 23)
_DAYS = _Field("days of the month", 1, _LONGEST_MONTH)
_MONTHS = _Field("months", 1, 12, {name: n for n, name in enumerate(_MONTH_NAMES, 1)})
_WEEKDAYS = _Field("days of the week", 1, _WEEK, {name: n for n, name in enumerate(_WEEKDAY_NAMES, 1)})


def read(text: str) -> Cron:
    """Read what stands between the parentheses of ``cron(...)``.

    Raises
    ------
    ValueError
        If it is no such expression; the message says what to write instead.
    """
    fields = text.split()
    names = ("minutes", "hours", "day of the month", "month", "day of the week", "year")
    if len(fields) != len(names):
        raise ValueError(f"cron has six fields, {', '.join(names)}; got {len(fields)}")
    minutes, hours, day, month, weekday, year = fields
    if (day == "?") is (weekday == "?"):
        raise ValueError("exactly one of day of the month and day of the week must be ?")
    if year != "*":
        raise ValueError(f"write * for the year: a schedule here has no end; got {year!r}")
    cron = Cron(
        minutes=[60 * hour + minute for hour in _HOURS.values(hours) for minute in _MINUTES.values(minutes)],
        months=_MONTHS.values(month),
        days=_by_weekday(weekday) if day == "?" else _by_date(day),
    )
    if not any(cron.cycle()):
        raise ValueError("no month ever has such a day")
    return cron


def _by_date(text: str) -> DaysOf:
    if text == "L":
        return lambda year, month: [_length(year, month)]
    if text.endswith("W"):
        wanted = _DAYS.value(text.removesuffix("W"))
        return lambda year, month: _nearest_working_day(year, month, wanted)
    values = _DAYS.values(text)
    return lambda year, month: [day for day in values if day <= _length(year, month)]


def _by_weekday(text: str) -> DaysOf:
    if text == "L":
        return lambda year, month: _on(year, month, [_SATURDAY])
    if found := re.fullmatch(r"([A-Za-z0-9]+?)(?:[Ll]|#([1-5]))", text):
        weekday = _WEEKDAYS.value(found[1])
        which = slice(int(found[2]) - 1, int(found[2])) if found[2] else slice(-1, None)
        return lambda year, month: _on(year, month, [weekday])[which]
    values = _WEEKDAYS.values(text)
    return lambda year, month: _on(year, month, values)


def _on(year: int, month: int, weekdays: Sequence[int]) -> list[int]:
    """Return the days of a month that fall on weekdays."""
    return [day for day in range(1, _length(year, month) + 1) if _weekday(year, month, day) in weekdays]


def _nearest_working_day(year: int, month: int, wanted: int) -> list[int]:
    """Return the working day (Monday to Friday) nearest to a day, in the same month; none if there is no such day."""
    length = _length(year, month)
    if wanted > length:
        return []
    match _weekday(year, month, wanted):
        case 7:  # Saturday
            return [wanted - 1 if wanted > 1 else wanted + 2]
        case 1:  # Sunday
            return [wanted + 1 if wanted < length else wanted - 2]
        case _:
            return [wanted]


def _weekday(year: int, month: int, day: int) -> int:
    """Return a day's weekday as AWS counts: 1 is Sunday."""
    return (calendar.weekday(year, month, day) + 1) % _WEEK + 1


def _length(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def _minute(moment: datetime) -> int:
    return 60 * moment.hour + moment.minute


def _moment(year: int, month: int, day: int, minute: int) -> datetime:
    return datetime(year, month, day, minute // 60, minute % 60, tzinfo=UTC)


def _forward(year: int, month: int) -> Iterator[tuple[int, int]]:
    """Give a month and those after it, for as long as a day may be away: February 29 on one weekday, over 2100."""
    start = 12 * year + month - 1
    return (_year_and_month(index) for index in range(start, start + _FARTHEST))


def _backward(year: int, month: int) -> Iterator[tuple[int, int]]:
    start = 12 * year + month - 1
    return (_year_and_month(index) for index in range(start, start - _FARTHEST, -1))


def _year_and_month(index: int) -> tuple[int, int]:
    """Return the year and month of a month's number since the year 0."""
    return index // 12, index % 12 + 1
