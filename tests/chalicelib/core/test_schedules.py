"""Schedule expressions."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import InvalidSpecError
from chalicelib.core.schedules import parse
from localcloud.eventbridge.schedules import parse_schedule  # another reading of the same page of AWS's guide

MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
WEEKDAY_NAMES = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
MONTH_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def fields(low: int, high: int, names: tuple[str, ...] = ()) -> st.SearchStrategy[str]:
    """Give fields of values, ranges, steps and lists."""
    value = st.integers(low, high).map(str) | (st.sampled_from(names) if names else st.nothing())
    part = st.one_of(
        value,
        st.just("*"),
        st.builds("{}-{}".format, value, value),
        st.builds("{}/{}".format, st.just("*") | value, st.integers(1, high)),
        st.builds("{}-{}/{}".format, value, value, st.integers(1, high)),
    )
    return st.lists(part, min_size=1, max_size=3).map(",".join)


BY_DATE = st.just("L") | st.integers(1, 31).map("{}W".format) | fields(1, 31)
WEEKDAY = st.integers(1, 7).map(str) | st.sampled_from(WEEKDAY_NAMES)
BY_WEEKDAY = (
    st.just("L")
    | st.builds("{}L".format, WEEKDAY)
    | st.builds("{}#{}".format, WEEKDAY, st.integers(1, 5))
    | fields(1, 7, WEEKDAY_NAMES)
)
DAYS = st.builds("{} {{}} ?".format, BY_DATE) | st.builds("? {{}} {}".format, BY_WEEKDAY)
CRON = st.builds(
    lambda minutes, hours, days, months: f"cron({minutes} {hours} {days.format(months)} *)",
    fields(0, 59),
    fields(0, 23),
    DAYS,
    fields(1, 12, MONTH_NAMES),
)
RATE = st.sampled_from(
    ["rate(1 minute)", "rate(5 minutes)", "rate(1 hour)", "rate(7 hours)", "rate(1 day)", "rate(7 days)"]
)


@st.composite
def expressions(draw: st.DrawFn) -> str:
    """Give expressions that have slots: no February 30."""
    expression = draw(RATE | CRON)
    try:
        parse(expression)
    except InvalidSpecError:
        return "cron(0 3 * * ? *)"
    return expression


@given(expressions(), MOMENTS)
def test_last_and_next(expression: str, now: datetime) -> None:
    """A moment lies at or after the last slot and before the one that follows it."""
    schedule = parse(expression)
    last = schedule.last(now)
    assert last <= now < schedule.next(last)
    assert schedule.last(last) == last


@given(expressions(), MOMENTS)
def test_nothing_between(expression: str, now: datetime) -> None:
    """No slot lies between a moment and the next slot."""
    schedule = parse(expression)
    after = schedule.next(now)
    assert after > now
    assert schedule.last(after - timedelta(minutes=1)) <= now


@given(CRON, MOMENTS)
def test_as_another_reader(expression: str, now: datetime) -> None:
    """A cron expression has the slots that the local cloud's own reader finds, and none where it finds none."""
    theirs = parse_schedule(expression).next(now, now)
    try:
        schedule = parse(expression)
    except InvalidSpecError:
        assert theirs is None
    else:
        assert theirs is None or schedule.next(now) == theirs


@pytest.mark.parametrize(
    ("expression", "now", "last", "after"),
    [
        ("rate(1 hour)", "2026-11-12T10:17", "2026-11-12T10:00", "2026-11-12T11:00"),
        ("rate(7 days)", "2026-11-12T00:00", "2026-11-12T00:00", "2026-11-19T00:00"),  # Thursdays, as 1970 began
        ("cron(0 3 * * ? *)", "2026-11-12T02:59", "2026-11-11T03:00", "2026-11-12T03:00"),
        ("cron(0 3 * * ? *)", "2026-11-12T03:00", "2026-11-12T03:00", "2026-11-13T03:00"),
        ("cron(0 3 ? * MON-FRI *)", "2026-11-15T12:00", "2026-11-13T03:00", "2026-11-16T03:00"),  # a Sunday
        ("cron(0/20 8-9 * * ? *)", "2026-11-12T09:39", "2026-11-12T09:20", "2026-11-12T09:40"),
        ("cron(0 0 L * ? *)", "2024-02-29T12:00", "2024-02-29T00:00", "2024-03-31T00:00"),
        ("cron(0 0 29 2 ? *)", "2099-06-01T00:00", "2096-02-29T00:00", "2104-02-29T00:00"),  # 2100 has none
        ("cron(0 0 ? FEB MON#5 *)", "2073-01-01T00:00", "2072-02-29T00:00", "2112-02-29T00:00"),
        ("cron(0 0 1W * ? *)", "2026-08-02T00:00", "2026-07-01T00:00", "2026-08-03T00:00"),  # the 1st is a Saturday
        ("cron(0 0 31W * ? *)", "2027-02-01T00:00", "2027-01-29T00:00", "2027-03-31T00:00"),  # 31 January: a Sunday
        ("cron(0 0 ? * 6L *)", "2026-11-26T23:59", "2026-10-30T00:00", "2026-11-27T00:00"),
        ("cron(30 22-2/2 * * ? *)", "2026-11-12T01:00", "2026-11-12T00:30", "2026-11-12T02:30"),
    ],
)
def test_slots(expression: str, now: str, last: str, after: str) -> None:
    """Slots are those of AWS's documentation, over leap days, month ends and weekends."""
    schedule, moment = parse(expression), datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert schedule.last(moment) == datetime.fromisoformat(last).replace(tzinfo=UTC)
    assert schedule.next(moment) == datetime.fromisoformat(after).replace(tzinfo=UTC)


@pytest.mark.parametrize("expression", ["rate(1 day)", "cron(0 0 * * ? *)"])
def test_other_zone(expression: str) -> None:
    """A moment of another zone is understood, and the slot is told in UTC."""
    moment = datetime(2026, 11, 12, 1, 0, tzinfo=timezone(timedelta(hours=2)))  # 23:00 the day before, in UTC
    assert parse(expression).last(moment).isoformat() == "2026-11-11T00:00:00+00:00"


@pytest.mark.parametrize(
    ("expression", "slots"),
    [
        ("rate(1 day)", 30.4375),
        ("rate(7 days)", 30.4375 / 7),
        ("rate(12 hours)", 60.875),
        ("cron(0 3,15 * * ? *)", 60.875),
        ("cron(0 3 ? * MON-FRI *)", 30.4375 * 5 / 7),
        ("cron(0 0 1 * ? *)", 1),
        ("cron(0 0 29 2 ? *)", 1 / 48),
        ("cron(* * * * ? *)", 30.4375 * 1440),
    ],
)
def test_per_month(expression: str, slots: float) -> None:
    """A month is a twelfth of a year with its share of a leap day."""
    assert parse(expression).per_month() == pytest.approx(slots)


def test_rate_is_even() -> None:
    """The slots of a rate are all the same time apart, whoever asks and whenever."""
    schedule, moment = parse("rate(7 hours)"), datetime(2024, 2, 28, tzinfo=UTC)
    slots = [moment := schedule.next(moment) for _ in range(30)]
    assert {later - sooner for sooner, later in pairwise(slots)} == {timedelta(hours=7)}


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("", "write rate"),
        ("0 3 * * ? *", "write rate"),
        ("rate(1 hours)", "a rate is 1 minute, 1 hour, 1 day, or a larger number"),
        ("rate(0 minutes)", "a rate is"),
        ("rate(2 weeks)", "a rate is"),
        ("rate(1.5 hours)", "a rate is"),
        ("rate(9999999 days)", "at most 366 days"),
        ("cron(0 3 * * *)", "six fields, .*; got 5"),
        ("cron(0 3 * * * *)", "exactly one of day of the month and day of the week must be [?]"),
        ("cron(0 3 ? * ? *)", "exactly one of"),
        ("cron(60 3 * * ? *)", "minutes are 0 to 59, got '60'"),
        ("cron(0 24 * * ? *)", "hours are 0 to 23"),
        ("cron(0 3 0 * ? *)", "days of the month are 1 to 31"),
        ("cron(0 3 32W * ? *)", "days of the month are 1 to 31"),
        ("cron(0 3 LW * ? *)", "days of the month are"),
        ("cron(0 3 L-3 * ? *)", "days of the month are"),
        ("cron(0 3 * FEV ? *)", "months are 1 to 12 or JAN, .*, got 'FEV'"),
        ("cron(0 3 ? * 0 *)", "days of the week are 1 to 7 or SUN"),
        ("cron(0 3 ? * MON#6 *)", "days of the week are"),
        ("cron(*/0 3 * * ? *)", "minutes are values"),
        ("cron(1,,2 3 * * ? *)", "minutes are values"),
        ("cron(0 3 * * ? 2027)", "write [*] for the year"),
        ("cron(0 0 30 2 ? *)", "no month ever has such a day"),
        ("cron(0 0 31W 4,6 ? *)", "no month ever has such a day"),
    ],
)
def test_refused(expression: str, said: str) -> None:
    """What AWS would not take, what ends and what never comes is refused, and the message says what to write."""
    with pytest.raises(InvalidSpecError, match=said):
        parse(expression)


@given(st.text() | st.builds("cron({})".format, st.text("0123456789*?/-,#LWMONJA ", max_size=24)))
def test_never_another_error(text: str) -> None:
    """No text makes the reader fail in any way but its own."""
    with suppress(InvalidSpecError):
        parse(text)
