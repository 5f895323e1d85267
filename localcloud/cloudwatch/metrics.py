"""The metrics in the database: one row for each different value of a metric in a second or a minute.

Equal values of a period share a row and are counted in it, so a metric that says the same all the time costs one row a
minute, and percentiles stay exact. As on AWS, what has aged is kept more coarsely: seconds for three hours, minutes for
15 days, five minutes for 63 days, hours for 455 days (Source: CloudWatch API Reference, GetMetricData). The price of
doing so but once a day: the finer rows live up to a day longer.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from localcloud.cloudwatch.data import Datum, Metric, Sample
from localcloud.cloudwatch.statistics import SIMPLE, Reading, percentile_of
from localcloud.database import Database

_DAY = 86_400
_AGES = ((_DAY // 8, 60), (15 * _DAY, 300), (63 * _DAY, 3600))  # seconds of age, seconds of a row
_OLDEST = 455 * _DAY

_TABLES = (
    """CREATE TABLE IF NOT EXISTS cloudwatch_metrics (
        id INTEGER PRIMARY KEY, region TEXT, namespace TEXT, name TEXT, dimensions TEXT, newest INTEGER, published REAL,
        UNIQUE (region, namespace, name, dimensions))""",
    """CREATE TABLE IF NOT EXISTS cloudwatch_samples (
        metric INTEGER, time INTEGER, unit TEXT, minimum REAL, maximum REAL, count REAL, total REAL,
        PRIMARY KEY (metric, time, unit, minimum, maximum)) WITHOUT ROWID""",
    "CREATE TABLE IF NOT EXISTS cloudwatch_ageing (id INTEGER PRIMARY KEY CHECK (id = 0), due REAL)",
)
_ADD = (
    "INSERT INTO cloudwatch_samples VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
    " SET count = count + excluded.count, total = total + excluded.total"
)
_COARSEN = (
    "INSERT INTO cloudwatch_samples SELECT metric, time - time % ?1, unit, minimum, maximum, sum(count), sum(total)"
    " FROM cloudwatch_samples WHERE time < ?2 AND time % ?1 GROUP BY 1, 2, 3, 4, 5"
    " ON CONFLICT DO UPDATE SET count = count + excluded.count, total = total + excluded.total"
)
_SERIES = (
    "SELECT (s.time - ?1) / ?2 AS step, {columns}"
    " FROM cloudwatch_samples s JOIN cloudwatch_metrics m ON s.metric = m.id"
    " WHERE m.region = ?3 AND m.namespace = ?4 AND m.name = ?5 AND m.dimensions = ?6 AND s.time >= ?1 AND s.time < ?7"
    " AND (?8 IS NULL OR s.unit = ?8) {group}"
)
_ALL = "min(s.minimum), max(s.maximum), sum(s.count), sum(s.total)"
_EACH = "s.minimum, s.maximum, s.count, s.total"


class Metrics:
    """All metrics of one local cloud; safe to use from several threads."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        database.define(*_TABLES)
        database.execute("INSERT OR IGNORE INTO cloudwatch_ageing VALUES (0, 0.0)")
        # whoever asks for what is newer than this need not read; too new a time costs a read and nothing else
        self._newest = {metric: newest for metric, newest, _ in self._rows()}

    def record(self, data: Iterable[Datum]) -> None:
        """Add data, all or none; on the disk on return, or with the transaction around."""
        now = self._now().timestamp()
        with self._database.transaction():
            for datum in data:
                time = int(datum.time // datum.resolution) * datum.resolution
                metric = self._number_of(datum.metric, time, now)
                self._newest[datum.metric] = max(time, self._newest.get(datum.metric, time))
                for sample in datum.samples:
                    values = (sample.minimum, sample.maximum, sample.count, sample.total)
                    self._database.execute(_ADD, metric, time, datum.unit, *values)
            self._age(now)

    def known(self, region: str) -> Sequence[tuple[Metric, float]]:
        """List the metrics of a region, with the time at which a datum was last published."""
        return [(metric, published) for metric, _, published in self._rows() if metric.region == region]

    def units(self, metric: Metric, start: int, end: int) -> Sequence[str]:
        """List the units in which a metric was reported between two times."""
        sql = _SERIES.format(columns="s.unit", group="GROUP BY s.unit ORDER BY s.unit")
        return [row[1] for row in self._database.rows(sql, *_place(metric, start, end, end - start or 1, None))]

    def summaries(
        self, metric: Metric, start: int, end: int, period: int, unit: str | None = None
    ) -> Mapping[int, Sample]:
        """Sum a metric up for each period that has data, by the time the period begins."""
        if self._newest.get(metric, start - 1) < start:
            return {}
        sql = _SERIES.format(columns=_ALL, group="GROUP BY step ORDER BY step")
        rows = self._database.rows(sql, *_place(metric, start, end, period, unit))
        return {start + row[0] * period: Sample(*row[1:]) for row in rows}

    def values(self, reading: Reading, start: int, end: int) -> Mapping[int, float]:
        """Give the statistic for each period that has it, by the time the period begins, in order.

        The first period begins at ``start``; seconds since 1970.
        """
        metric, period, percentile = reading.metric, reading.period, reading.stat.percentile
        if percentile is None:
            of = SIMPLE[reading.stat.name]
            found = self.summaries(metric, start, end, period, reading.unit)
            return {time: of(sample) for time, sample in found.items()}
        if self._newest.get(metric, start - 1) < start:
            return {}
        sql = _SERIES.format(columns=_EACH, group="ORDER BY step")
        rows = self._database.rows(sql, *_place(metric, start, end, period, reading.unit))
        by_step = groupby(rows, key=lambda row: int(row[0]))
        values = {
            start + step * period: percentile_of([Sample(*row[1:]) for row in group], percentile)
            for step, group in by_step
        }
        return {time: value for time, value in values.items() if value is not None}

    def _rows(self) -> Iterator[tuple[Metric, int, float]]:
        sql = (
            "SELECT region, namespace, name, dimensions, newest, published FROM cloudwatch_metrics"
            " ORDER BY region, namespace, name, dimensions"
        )
        for region, namespace, name, dimensions, newest, published in self._database.rows(sql):
            pairs = tuple((key, value) for key, value in json.loads(dimensions))
            yield Metric(region, namespace, name, pairs), newest, published

    def _number_of(self, metric: Metric, time: int, now: float) -> int:
        key = (metric.region, metric.namespace, metric.name, json.dumps(metric.dimensions))
        self._database.execute(
            "INSERT INTO cloudwatch_metrics (region, namespace, name, dimensions, newest, published)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
            " SET newest = max(newest, excluded.newest), published = excluded.published",
            *key,
            time,
            now,
        )
        row = self._database.row(
            "SELECT id FROM cloudwatch_metrics WHERE (region, namespace, name, dimensions) = (?, ?, ?, ?)", *key
        )
        return int(row[0]) if row else 0

    def _age(self, now: float) -> None:
        if not self._database.execute("UPDATE cloudwatch_ageing SET due = ? WHERE due <= ?", now + _DAY, now):
            return
        for age, period in _AGES:
            self._database.execute(_COARSEN, period, int(now - age))
            self._database.execute(
                "DELETE FROM cloudwatch_samples WHERE time < ?2 AND time % ?1", period, int(now - age)
            )
        self._database.execute("DELETE FROM cloudwatch_samples WHERE time < ?", int(now - _OLDEST))


def _place(metric: Metric, start: int, end: int, period: int, unit: str | None) -> tuple[object, ...]:
    dimensions = json.dumps(metric.dimensions)
    return (start, period, metric.region, metric.namespace, metric.name, dimensions, end, unit)
