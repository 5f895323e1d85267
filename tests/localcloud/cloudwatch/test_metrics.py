from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from localcloud.cloudwatch.data import Datum, Metric, Sample
from localcloud.cloudwatch.metrics import Metrics
from localcloud.cloudwatch.statistics import Reading, read_stat
from localcloud.database import Database

METRIC = Metric("eu-central-1", "n", "m")
DAY = timedelta(days=1)


class Stored:
    """Metrics on a database, with a time that a test sets."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = self.begun = datetime(2026, 11, 21, tzinfo=UTC)
        self.metrics = Metrics(database, lambda: self.now)

    def record(self, value: float, after: timedelta, resolution: int = 60) -> None:
        self.now = self.begun + after
        datum = Datum(METRIC, self.now.timestamp(), (Sample.of(value),), resolution=resolution)
        self.metrics.record([datum])

    def read(self, stat: str, start: timedelta, length: int, period: int) -> list[float]:
        begin = int((self.begun + start).timestamp())
        reading = Reading(METRIC, read_stat(stat), period)
        return list(self.metrics.values(reading, begin, begin + length).values())

    def rows(self) -> int:
        (row,) = self.database.rows("SELECT count(*) FROM cloudwatch_samples")
        return int(row[0])


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Stored]:
    database = Database(tmp_path / "state.db")
    yield Stored(database)
    database.close()


def test_equal_values_are_one_row(stored: Stored) -> None:
    """A metric that says the same all the time costs one row a minute."""
    for second in range(50):
        stored.record(1.0, timedelta(seconds=second))
    assert stored.rows() == 1
    assert stored.read("SampleCount", timedelta(), 60, 60) == [50.0]


@pytest.mark.parametrize(("age", "period"), [(DAY / 8, 60), (15 * DAY, 300), (63 * DAY, 3600)])
def test_what_has_aged_is_kept_more_coarsely(stored: Stored, age: timedelta, period: int) -> None:
    """Seconds become minutes, minutes five of them, and those hours; no sum is lost (Source: GetMetricData)."""
    for second in range(0, period, period // 10):
        stored.record(float(second), timedelta(seconds=second), resolution=1)
    expected = [stored.read(stat, timedelta(), period, period) for stat in ("Sum", "p50", "SampleCount")]
    stored.record(0.0, max(age, DAY) + timedelta(seconds=period))
    assert [stored.read(stat, timedelta(), period, period) for stat in ("Sum", "p50", "SampleCount")] == expected
    assert stored.read("Sum", timedelta(), period, 1) == expected[0]


def test_fifteen_months(stored: Stored) -> None:
    """After 455 days a datum is gone (Source: GetMetricData)."""
    stored.record(1.0, timedelta())
    stored.record(1.0, timedelta(days=456, minutes=1))
    assert stored.rows() == 1


def test_what_is_not_read(stored: Stored) -> None:
    """A range that begins after the newest datum is empty, also for a store that was opened later."""
    stored.record(1.0, timedelta(minutes=5))
    for metrics in (stored.metrics, Metrics(stored.database, lambda: stored.now)):
        reading = Reading(METRIC, read_stat("Sum"), 60)
        begin = int(stored.begun.timestamp())
        assert list(metrics.values(reading, begin + 300, begin + 600).values()) == [1.0]
        assert metrics.values(reading, begin + 360, begin + 600) == {}


def test_all_or_nothing(stored: Stored) -> None:
    """Of data that cannot all be recorded none is."""
    datum = Datum(METRIC, stored.begun.timestamp(), (Sample.of(1.0),))
    with pytest.raises(AttributeError):
        stored.metrics.record([datum, None])  # type: ignore[list-item]  # what fails here is of no matter
    assert stored.rows() == 0
    assert stored.read("Sum", timedelta(), 60, 60) == []
