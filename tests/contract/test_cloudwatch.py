"""CloudWatch: metrics, queries and metric math. A real account bills metrics by the hour."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.contract.account import Account, refused
from tests.contract.figures import stat

pytestmark = pytest.mark.costs_money
MINUTE = timedelta(minutes=1)


@pytest.fixture
def space(aws: Account) -> str:
    return aws.name("space")


def at() -> datetime:
    """Return the begin of a minute a few minutes ago."""
    return datetime.now(UTC).replace(second=0, microsecond=0) - 5 * MINUTE


def put(aws: Account, space: str, *values: float, name: str = "m", start: datetime | None = None) -> datetime:
    """Put one value for each minute from ``start``."""
    first = start or at()
    data = [
        {"MetricName": name, "Value": value, "Timestamp": first + number * MINUTE}
        for number, value in enumerate(values)
    ]
    aws.client("cloudwatch").put_metric_data(Namespace=space, MetricData=data)
    return first


def query(aws: Account, start: datetime, *queries: dict[str, Any]) -> list[float]:
    """Return the values of the query that returns data, the oldest first."""
    (result,) = aws.client("cloudwatch").get_metric_data(
        MetricDataQueries=list(queries), StartTime=start, EndTime=start + 5 * MINUTE, ScanBy="TimestampAscending"
    )["MetricDataResults"]
    return [float(value) for value in result["Values"]]


def test_values_become_statistics(aws: Account, space: str) -> None:
    """The values of a minute are one data point with sum, average, bounds and count.

    Source: API Reference, GetMetricStatistics.
    """
    start = at()
    metrics = aws.client("cloudwatch")
    put(aws, space, 1.0, start=start)
    put(aws, space, 5.0, start=start)
    (point,) = metrics.get_metric_statistics(
        Namespace=space,
        MetricName="m",
        StartTime=start,
        EndTime=start + MINUTE,
        Period=60,
        Statistics=["Sum", "Average", "Minimum", "Maximum", "SampleCount"],
    )["Datapoints"]
    assert [point[name] for name in ("Sum", "Average", "Minimum", "Maximum", "SampleCount")] == [
        6.0,
        3.0,
        1.0,
        5.0,
        2.0,
    ]
    assert (point["Timestamp"], point["Unit"]) == (start, "None")


def test_values_count_as_often_as_said(aws: Account, space: str) -> None:
    """Values with Counts are that many samples, and give percentiles.

    Source: API Reference, MetricDatum and GetMetricStatistics, ExtendedStatistics.
    """
    metrics, start = aws.client("cloudwatch"), at()
    datum = {"MetricName": "m", "Values": [1.0, 10.0], "Counts": [99.0, 1.0], "Timestamp": start}
    metrics.put_metric_data(Namespace=space, MetricData=[datum])
    asked = {"Namespace": space, "MetricName": "m", "StartTime": start, "EndTime": start + MINUTE, "Period": 60}
    (point,) = metrics.get_metric_statistics(**asked, Statistics=["SampleCount"])["Datapoints"]
    (percentiles,) = metrics.get_metric_statistics(**asked, ExtendedStatistics=["p99", "p100"])["Datapoints"]
    assert point["SampleCount"] == 100.0
    assert percentiles["ExtendedStatistics"] == {"p99": 1.0, "p100": 10.0}


def test_dimensions_make_another_metric(aws: Account, space: str) -> None:
    """A metric is its namespace, name and dimensions; ListMetrics tells each.

    Source: CloudWatch User Guide, "Metrics concepts".
    """
    metrics = aws.client("cloudwatch")
    for dimensions in ([], [{"Name": "a", "Value": "1"}]):
        datum = {"MetricName": "m", "Value": 1.0, "Dimensions": dimensions}
        metrics.put_metric_data(Namespace=space, MetricData=[datum])
    found = metrics.list_metrics(Namespace=space)["Metrics"]
    assert sorted(len(metric["Dimensions"]) for metric in found) == [0, 1]


@pytest.mark.parametrize(
    "datum",
    [
        {"Value": 1.0, "Values": [1.0]},
        {"Values": [1.0] * 151},
        {"Value": float("nan")},
        {"Value": 1.0, "Timestamp": datetime(2020, 1, 1, tzinfo=UTC)},
        {"Value": 1.0, "Dimensions": [{"Name": str(number), "Value": "v"} for number in range(31)]},
    ],
)
def test_what_a_metric_cannot_be(aws: Account, space: str, datum: dict[str, Any]) -> None:
    """One kind of value, 150 values, 30 dimensions, two weeks back, no NaN.

    Source: API Reference, PutMetricData and MetricDatum; users: the codes.
    """
    put_data = aws.client("cloudwatch").put_metric_data
    code, _ = refused(put_data, Namespace=space, MetricData=[{"MetricName": "m", **datum}])
    assert code in {"InvalidParameterValue", "InvalidParameterCombination", "ValidationError"}


def test_metric_math_divides(aws: Account, space: str) -> None:
    """A ratio of two metrics is an expression, point by point, and IF chooses.

    Source: CloudWatch User Guide, "Using math expressions with CloudWatch metrics".
    """
    start = put(aws, space, 1.0, 0.0, 5.0, name="errors")
    put(aws, space, 10.0, 2.0, 10.0, name="calls", start=start)
    ratio = {"Id": "ratio", "Expression": "IF(calls > 5, errors / calls, 0)"}
    assert query(aws, start, ratio, stat(space, "errors"), stat(space, "calls")) == [0.1, 0.0, 0.5]


def test_metric_math_sums(aws: Account, space: str) -> None:
    """SUM of an array adds the series, and a missing point counts as 0.

    Source: CloudWatch User Guide, "Using math expressions with CloudWatch metrics", Functions.
    """
    start = put(aws, space, 1.0, 2.0, name="a")
    put(aws, space, 10.0, name="b", start=start)
    total = {"Id": "total", "Expression": "SUM([a, b])"}
    assert query(aws, start, total, stat(space, "a"), stat(space, "b")) == [11.0, 2.0]


def test_a_division_by_zero_gives_no_point(aws: Account, space: str) -> None:
    """Where an expression divides by zero there is no data point.

    Source: CloudWatch User Guide, "Using math expressions with CloudWatch metrics".
    """
    start = put(aws, space, 1.0, 1.0, name="a")
    put(aws, space, 0.0, 2.0, name="b", start=start)
    ratio = {"Id": "ratio", "Expression": "a / b"}
    assert query(aws, start, ratio, stat(space, "a"), stat(space, "b")) == [0.5]


def test_log_lines_become_metrics(aws: Account, space: str, function: Callable[[str], str]) -> None:
    """A function's line in the Embedded Metric Format is a metric with its dimensions.

    Source: CloudWatch User Guide, "Specification: Embedded metric format".
    """
    event = json.dumps({"namespace": space}).encode()
    aws.client("lambda").invoke(FunctionName=function("measures"), Payload=event)
    now = datetime.now(UTC)

    def points() -> Any:
        return aws.client("cloudwatch").get_metric_statistics(
            Namespace=space,
            MetricName="Rows",
            Dimensions=[{"Name": "kind", "Value": "csv"}],
            StartTime=now - 5 * MINUTE,
            EndTime=now + 5 * MINUTE,
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]

    (point,) = aws.wait_for(points)
    assert (point["Sum"], point["Unit"]) == (3.0, "Count")
