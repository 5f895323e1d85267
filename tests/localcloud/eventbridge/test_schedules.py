import calendar
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localcloud.errors import AwsError
from localcloud.eventbridge.schedules import parse_schedule

START = datetime(2026, 11, 21, 9, 30, 5, tzinfo=UTC)  # a Saturday
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def following(expression: str, count: int = 3, start: datetime = START) -> list[str]:
    found: list[str] = []
    moment: datetime | None = start
    while moment and len(found) < count:
        moment = parse_schedule(expression).next(moment, start)
        if moment:
            found.append(moment.strftime("%a %Y-%m-%d %H:%M:%S"))
    return found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("rate(1 minute)", ["Sat 2026-11-21 09:31:05", "Sat 2026-11-21 09:32:05"]),
        ("rate(6 hours)", ["Sat 2026-11-21 15:30:05", "Sat 2026-11-21 21:30:05"]),
        ("rate(2 days)", ["Mon 2026-11-23 09:30:05", "Wed 2026-11-25 09:30:05"]),
        ("cron(0 10 * * ? *)", ["Sat 2026-11-21 10:00:00", "Sun 2026-11-22 10:00:00"]),
        ("cron(0 18 ? * MON-FRI *)", ["Mon 2026-11-23 18:00:00", "Tue 2026-11-24 18:00:00"]),
        ("cron(0 8 1 * ? *)", ["Tue 2026-12-01 08:00:00", "Fri 2027-01-01 08:00:00"]),
        ("cron(0/15 * * * ? *)", ["Sat 2026-11-21 09:45:00", "Sat 2026-11-21 10:00:00"]),
        ("cron(1/10 9 * * ? *)", ["Sat 2026-11-21 09:31:00", "Sat 2026-11-21 09:41:00"]),
        ("cron(5,35 14 * * ? *)", ["Sat 2026-11-21 14:05:00", "Sat 2026-11-21 14:35:00"]),
        ("cron(0/30 20-2 ? * MON-FRI *)", ["Mon 2026-11-23 00:00:00", "Mon 2026-11-23 00:30:00"]),
        ("cron(15 10 ? * 6L 2026-2027)", ["Fri 2026-11-27 10:15:00", "Fri 2026-12-25 10:15:00"]),
        ("cron(15 10 ? * 6L 2019-2022)", []),
        ("cron(0 9 ? * 3#2 *)", ["Tue 2026-12-08 09:00:00", "Tue 2027-01-12 09:00:00"]),
        ("cron(0 9 ? * 2#5 *)", ["Mon 2026-11-30 09:00:00", "Mon 2027-03-29 09:00:00"]),
        ("cron(0 9 ? * 1 *)", ["Sun 2026-11-22 09:00:00", "Sun 2026-11-29 09:00:00"]),
        ("cron(0 9 ? * L *)", ["Sat 2026-11-28 09:00:00", "Sat 2026-12-05 09:00:00"]),
        ("cron(0 9 L * ? *)", ["Mon 2026-11-30 09:00:00", "Thu 2026-12-31 09:00:00"]),
        ("cron(0 9 22W * ? *)", ["Mon 2026-11-23 09:00:00", "Tue 2026-12-22 09:00:00"]),
        ("cron(0 9 28W * ? *)", ["Fri 2026-11-27 09:00:00", "Mon 2026-12-28 09:00:00"]),
        ("cron(0 9 1W AUG ? *)", ["Mon 2027-08-02 09:00:00", "Tue 2028-08-01 09:00:00"]),
        ("cron(0 9 31W JAN ? *)", ["Fri 2027-01-29 09:00:00", "Mon 2028-01-31 09:00:00"]),
        ("cron(0 0 29 FEB ? *)", ["Tue 2028-02-29 00:00:00", "Sun 2032-02-29 00:00:00"]),
        ("cron(0 0 30 2 ? *)", []),
        ("cron(0 9 ? nov-jan mon#1 *)", ["Mon 2026-12-07 09:00:00", "Mon 2027-01-04 09:00:00"]),
    ],
)
def test_next(expression: str, expected: list[str]) -> None:
    """Fires when the EventBridge User Guide says: its own samples, its wildcards, the ends of months and weeks."""
    assert following(expression, len(expected) or 1) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "rate(1 minutes)",
        "rate(5 hour)",
        "rate(0 minutes)",
        "rate(-1 minutes)",
        "rate(5 seconds)",
        "rate(1.5 hours)",
        "rate(5)",
        "Rate(5 minutes)",
        "every 5 minutes",
        "cron(0 10 * * ?)",
        "cron(0 10 * * * *)",
        "cron(0 10 ? * ? *)",
        "cron(60 10 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 10 0 * ? *)",
        "cron(0 10 * 13 ? *)",
        "cron(0 10 ? * 8 *)",
        "cron(0 10 ? * 0 *)",
        "cron(0 10 ? * MON#6 *)",
        "cron(0 10 ? * 3#1,6#3 *)",
        "cron(0 10 LW * ? *)",
        "cron(0 10 32W * ? *)",
        "cron(0 10 * * ? 2200)",
        "cron(0 10 * * ? 2027-2026)",
        "cron(0/0 10 * * ? *)",
        "cron(? 10 * * ? *)",
        "cron(0 10 * * ? *) ",
        "at(2026-11-21T10:00:00)",
        "",
    ],
)
def test_refused(expression: str) -> None:
    """Whatever is not written as AWS wants it is refused with AWS's text (users: terraform and serverless issues)."""
    with pytest.raises(AwsError) as refused:
        parse_schedule(expression)
    assert (refused.value.code, str(refused.value)) == (
        "ValidationException",
        "Parameter ScheduleExpression is not valid.",
    )


def test_rates_beyond_the_calendar_never_fire() -> None:
    """A rate of more days than there are is no error and has no next time."""
    assert following(f"rate({'9' * 30} days)") == []


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001  UTC is added
    st.integers(1, 5000),
    st.timedeltas(timedelta(0), timedelta(days=900)),
)
def test_rates_fire_at_multiples(since: datetime, value: int, later: timedelta) -> None:
    """A rate fires at whole multiples of its period since the rule began, each the first after the one before."""
    since = since.replace(tzinfo=UTC)
    found = parse_schedule(f"rate({value} minute{'s' if value > 1 else ''})").next(since + later, since)
    assert found is not None
    assert (found - since) % timedelta(minutes=value) == timedelta(0)
    assert timedelta(0) < found - (since + later) <= timedelta(minutes=value)


# the oracle: whether a text allows a value, asked for every value


def allows(field: str, value: int, low: int, high: int, names: list[str]) -> bool:
    def number(text: str) -> int:
        return names.index(text) + low if text in names else int(text)

    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        if span == "*":
            begin, end = low, high
        else:
            begin = number(first)
            end = number(last) if last else (high if step else begin)
        reached = begin
        while True:  # walk from the beginning, one by one, round the end of the field
            if reached == value and ((reached - begin) % (high - low + 1)) % int(step or 1) == 0:
                return True
            if reached == end:
                break
            reached = low if reached == high else reached + 1
    return False


def allows_day(days: str, weekdays: str, day: datetime) -> bool:
    return allows_day_of_month(days, day) if weekdays == "?" else allows_day_of_week(weekdays, day)


def allows_day_of_month(days: str, day: datetime) -> bool:
    length = calendar.monthrange(day.year, day.month)[1]
    if days == "L":
        return day.day == length
    if days.endswith("W"):
        wanted = int(days[:-1])
        working = [d for d in range(1, length + 1) if day.replace(day=d).weekday() < 5]
        return wanted <= length and day.day == min(working, key=lambda d: abs(d - wanted))
    return allows(days, day.day, 1, 31, [])


def allows_day_of_week(weekdays: str, day: datetime) -> bool:
    length = calendar.monthrange(day.year, day.month)[1]
    number = day.isoweekday() % 7 + 1
    if weekdays == "L":
        return number == 7
    if weekdays.endswith("L"):
        return number == int(weekdays[:-1]) and day.day + 7 > length
    if "#" in weekdays:
        which, nth = map(int, weekdays.split("#"))
        return number == which and (day.day - 1) // 7 + 1 == nth
    return allows(weekdays, number, 1, 7, WEEKDAYS)


def parts(low: int, high: int, names: list[str] | None = None, *, wraps: bool = True) -> st.SearchStrategy[str]:
    value = st.integers(low, high).map(str) | st.sampled_from(names or [str(low)])
    pair = st.tuples(st.integers(low, high), st.integers(low, high))
    span = pair.map(lambda both: "-".join(map(str, both if wraps else sorted(both))))
    step = st.tuples(st.just("*") | st.integers(low, high).map(str), st.integers(1, high)).map(
        lambda both: f"{both[0]}/{both[1]}"
    )
    return st.lists(st.just("*") | value | span | step, min_size=1, max_size=3).map(",".join)


DAYS = st.tuples(st.just("L") | st.integers(1, 31).map(lambda day: f"{day}W") | parts(1, 31), st.just("?")) | st.tuples(
    st.just("?"),
    st.just("L")
    | st.integers(1, 7).map(lambda day: f"{day}L")
    | st.tuples(st.integers(1, 7), st.integers(1, 5)).map(lambda both: f"{both[0]}#{both[1]}")
    | parts(1, 7, WEEKDAYS),
)


@settings(max_examples=60)
@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 31)),  # noqa: DTZ001  UTC is added
    st.tuples(parts(0, 59), parts(0, 23)),
    DAYS,
    parts(1, 12, MONTHS),
    st.just("*") | st.integers(2026, 2029).map(str),
)
def test_cron_against_every_minute(
    start: datetime, time: tuple[str, str], days: tuple[str, str], months: str, years: str
) -> None:
    """The next time is allowed by every field, is later than the start, and no minute between is allowed."""
    start = start.replace(tzinfo=UTC)
    found = parse_schedule(f"cron({time[0]} {time[1]} {days[0]} {months} {days[1]} {years})").next(start, start)

    def allowed(moment: datetime) -> bool:
        return allows(time[0], moment.minute, 0, 59, []) and allows(time[1], moment.hour, 0, 23, [])

    def allowed_day(day: datetime) -> bool:
        right_year = years in {"*", str(day.year)}
        return right_year and allows(months, day.month, 1, 12, MONTHS) and allows_day(*days, day)

    day = start.replace(hour=0, minute=0, second=0, microsecond=0)
    while day.year < 2035:  # of four years in a row one is a leap year: what comes at all comes by then, or by its year
        if allowed_day(day):
            inside = (moment for moment in (day + each * MINUTE for each in range(1440)) if moment > start)
            if first := next(filter(allowed, inside), None):
                assert found == first
                return
        day += DAY
    assert found is None or found.year >= 2035
