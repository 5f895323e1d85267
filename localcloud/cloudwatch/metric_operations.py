"""The operations on metrics: PutMetricData, ListMetrics, GetMetricStatistics, GetMetricData.

Rules: CloudWatch API Reference. What is put can be read at once; AWS lets one wait.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from localcloud.cloudwatch.data import Metric, metric_of, read_data
from localcloud.cloudwatch.metrics import Metrics
from localcloud.cloudwatch.paging import page
from localcloud.cloudwatch.queries import read_queries
from localcloud.cloudwatch.series import Series
from localcloud.cloudwatch.statistics import SIMPLE, Reading, Stat, read_stat
from localcloud.emulated import only
from localcloud.errors import AwsError
from localcloud.json_api import Data, Operation

_LISTED = 500  # metrics of one page
_MOST_STATISTICS, _MOST_DATAPOINTS, _MOST_QUERIES = 1440, 100_800, 500
_SILENT, _RECENT = timedelta(weeks=2), timedelta(hours=3)
_SHORT_PERIODS = (1, 5, 10, 20, 30)
_MINUTE = 60


class MetricOperations:
    """PutMetricData and the others, on one store."""

    def __init__(self, metrics: Metrics, now: Callable[[], datetime]) -> None:
        self._metrics = metrics
        self._now = now

    def table(self) -> Mapping[str, Operation]:
        """Give the operations by their names."""
        return {
            "PutMetricData": self.put,
            "ListMetrics": self.list,
            "GetMetricStatistics": self.statistics,
            "GetMetricData": self.data,
        }

    def put(self, request: Data, region: str) -> None:
        """PutMetricData: all of it or nothing."""
        only(request, "Namespace MetricData")
        self._metrics.record(read_data(request, region, self._now()))

    def list(self, request: Data, region: str) -> Data:
        """ListMetrics: those that had data in the last two weeks."""
        only(request, "Namespace MetricName Dimensions NextToken RecentlyActive")
        active = self._now() - (_RECENT if "RecentlyActive" in request else _SILENT)
        found = [
            _shown(metric)
            for metric, published in self._metrics.known(region)
            if published >= active.timestamp()
            and request.get("Namespace", metric.namespace) == metric.namespace
            and request.get("MetricName", metric.name) == metric.name
            and _has(metric, request.get("Dimensions", ()))
        ]
        metrics, token = page(found, request.get("NextToken"), _LISTED)
        return {"Metrics": metrics, "NextToken": token}

    def statistics(self, request: Data, region: str) -> Data:
        """GetMetricStatistics: for each period and unit that has data."""
        metric, stats = metric_of(region, request), _stats(request)
        start, end, period = _steps(request)
        units = [request["Unit"]] if "Unit" in request else self._metrics.units(metric, start, end)
        points: list[Mapping[str, Any]] = []
        for unit in units:
            by_name = {
                stat.name: self._metrics.values(Reading(metric, stat, period, unit), start, end) for stat in stats
            }
            for time in sorted({time for values in by_name.values() for time in values}):
                found = {name: values[time] for name, values in by_name.items() if time in values}
                simple = {name: value for name, value in found.items() if name in SIMPLE}
                points.append({"Timestamp": time, "Unit": unit, **(simple or {"ExtendedStatistics": found})})
        return {"Label": request["MetricName"], "Datapoints": points}

    def data(self, request: Data, region: str) -> Data:
        """GetMetricData: pages hold whole series, the newest points first unless asked otherwise."""
        only(request, "MetricDataQueries StartTime EndTime NextToken ScanBy MaxDatapoints")
        start, end = _range(request, "ValidationError")
        parts = request["MetricDataQueries"]
        if not 0 < len(parts) <= _MOST_QUERIES:
            raise AwsError("ValidationError", f"There must be 1 to {_MOST_QUERIES} MetricDataQueries.")
        queries = read_queries(parts, region)
        start -= start % min([_MINUTE, *(reading.period for reading in queries.readings)])
        found = queries.evaluate(self._metrics, start, end)
        descending = request.get("ScanBy", "TimestampDescending") == "TimestampDescending"
        wanted = [part["Id"] for part in parts if part.get("ReturnData", True)]
        results = [_result(name, series, descending=descending) for name in wanted for series in found[name]]
        return _paged(results, request.get("NextToken"), request.get("MaxDatapoints", _MOST_DATAPOINTS))


def _stats(request: Data) -> list[Stat]:
    simple, extended = request.get("Statistics", ()), request.get("ExtendedStatistics", ())
    if bool(simple) == bool(extended):
        raise AwsError(
            "InvalidParameterCombination", "Either Statistics or ExtendedStatistics must be specified, not both."
        )
    if wrong := [name for name in extended if name in SIMPLE]:
        raise AwsError("InvalidParameterValue", f"The statistic {wrong[0]} is not an extended one.")
    return [read_stat(name, code="InvalidParameterValue") for name in (*simple, *extended)]


def _steps(request: Data) -> tuple[int, int, int]:
    """Read the range and the period; the start is rounded down as AWS does for what is younger than 15 days."""
    start, end = _range(request, "InvalidParameterCombination")
    period = request["Period"]
    if period not in _SHORT_PERIODS and period % _MINUTE:
        raise AwsError("InvalidParameterValue", "The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.")
    start -= start % min(period, _MINUTE)
    asked = -(-(end - start) // period)
    if asked > _MOST_STATISTICS:
        raise AwsError(
            "InvalidParameterCombination",
            f"You have requested up to {asked:,} datapoints, which exceeds the limit of 1,440. You may reduce the"
            " datapoints requested by increasing Period, or decreasing the time range.",
        )
    return start, end, period


def _paged(results: Sequence[Mapping[str, Any]], token: str | None, most: int) -> Data:
    """Give as many results as have ``most`` points together, but at least one."""
    rest, _ = page(results, token, len(results))
    size = points = 0
    for result in rest:
        points += len(result["Values"])
        if size and points > most:
            break
        size += 1
    shown, following = page(results, token, max(size, 1))
    return {"MetricDataResults": shown, "NextToken": following, "Messages": []}


def _result(name: str, series: Series, *, descending: bool) -> Mapping[str, Any]:
    times = sorted(series.points, reverse=descending)
    return {
        "Id": name,
        "Label": series.label,
        "Timestamps": times,
        "Values": [series.points[time] for time in times],
        "StatusCode": "Complete",
    }


def _range(request: Data, code: str) -> tuple[int, int]:
    start, end = request["StartTime"].timestamp(), request["EndTime"].timestamp()
    if start >= end:
        raise AwsError(code, "The parameter StartTime must be less than the parameter EndTime.")
    return math.floor(start), math.ceil(end)  # the end is exclusive: a second that it cuts is still before it


def _has(metric: Metric, filters: Iterable[Mapping[str, str]]) -> bool:
    has = dict(metric.dimensions)
    return all(each["Name"] in has and each.get("Value", has[each["Name"]]) == has[each["Name"]] for each in filters)


def _shown(metric: Metric) -> Mapping[str, Any]:
    return {
        "Namespace": metric.namespace,
        "MetricName": metric.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions],
    }
