"""How many requests of a window must have been captured."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from chalicelib.core.facts import Traffic
from chalicelib.core.traffic import Span, countable, least_captured

NOON = datetime(2026, 11, 14, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - given there


@pytest.mark.parametrize(
    ("traffic", "percent", "least"),
    [
        (None, 100, None),
        (Traffic(100), None, None),
        (Traffic(100), 0, None),
        (Traffic(0), 100, 0),
        (Traffic(100), 100, 100),
        (Traffic(100, 30), 100, 70),
        (Traffic(10, 11), 100, 0),
        (Traffic(10_000), 50, 4_850),
        (Traffic(10_100, 100), 50, 4_850),
        (Traffic(10_000), 10, 910),
        (Traffic(9), 50, 0),
        (Traffic(10), 50, 0),
        (Traffic(20), 50, 3),
        (Traffic(1), 99, 0),
    ],
)
def test_least_captured(traffic: Traffic | None, percent: int | None, least: int | None) -> None:
    """All that was answered at 100 percent; of a sample three standard deviations less than its mean, never below 0."""
    assert least_captured(traffic, percent) == least


@given(st.integers(0, 1_000_000), st.integers(1, 99))
def test_chance_misses_no_file(answered: int, percent: int) -> None:
    """A sample of which every file came has fewer requests than are expected once in fifty times at most."""
    least = least_captured(Traffic(answered), percent)
    assert least is not None
    assert 0 <= least <= answered
    assert stats.binom.cdf(least - 1, answered, percent / 100) <= 0.02


@given(st.integers(0, 100_000), st.integers(0, 100_000), st.integers(1, 100))
def test_more_traffic_more_captured(answered: int, more: int, percent: int) -> None:
    """Whoever is asked more often has no less captured."""
    fewer, all_of_it = (least_captured(Traffic(times), percent) for times in (answered, answered + more))
    assert fewer is not None
    assert all_of_it is not None
    assert fewer <= all_of_it


@pytest.mark.parametrize(
    ("start", "end", "span"),
    [
        (NOON - DAY, NOON, Span(NOON - DAY, NOON, 60)),
        (NOON - DAY + SECOND, NOON - SECOND, Span(NOON - DAY + MINUTE, NOON - MINUTE, 60)),
        (NOON - MINUTE, NOON, Span(NOON - MINUTE, NOON, 60)),
        (NOON - MINUTE + SECOND, NOON + SECOND, None),
        (NOON - 90 * SECOND, NOON - 30 * SECOND, None),
        (NOON, NOON, None),
        (NOON - 14 * DAY + MINUTE, NOON, Span(NOON - 14 * DAY + MINUTE, NOON, 60)),
        (NOON - 14 * DAY - MINUTE, NOON - MINUTE, Span(NOON - 14 * DAY, NOON - 5 * MINUTE, 300)),
        (NOON - 62 * DAY - MINUTE, NOON - MINUTE, Span(NOON - 62 * DAY, NOON - HOUR, 3600)),
        (NOON - 70 * DAY, NOON - 70 * DAY + 59 * MINUTE, None),
    ],
)
def test_countable(start: datetime, end: datetime, span: Span | None) -> None:
    """A window is counted in minutes, weeks ago in five minutes, months ago in hours, all of them whole."""
    assert countable(start, end, NOON) == span


@given(MOMENTS, st.timedeltas(timedelta(), 100 * DAY), st.timedeltas(timedelta(), 400 * DAY))
def test_whole_periods(start: datetime, length: timedelta, since: timedelta) -> None:
    """Counted is nothing but what is inside the window, and all of it but less than a period at each end.

    CloudWatch still keeps periods so short.
    """
    end = start + length
    span = countable(start, end, end + since)
    kept = {60: 15 * DAY, 300: 63 * DAY}
    if span is None:
        assert length < 2 * HOUR
        return
    period = timedelta(seconds=span.period)
    assert start <= span.start < start + period
    assert end - period < span.end <= end
    assert span.start < span.end
    assert {bound.timestamp() % span.period for bound in (span.start, span.end)} == {0}
    assert end + since - start < kept.get(span.period, timedelta.max)
