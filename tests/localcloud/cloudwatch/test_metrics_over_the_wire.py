import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

NOW = datetime.now(UTC).replace(second=0, microsecond=0)
BEFORE, AFTER = NOW - timedelta(minutes=30), NOW + timedelta(minutes=30)
SPACE = "Tests"


@pytest.fixture
def metrics(cloud: Any) -> Any:
    return cloud.client("cloudwatch")


def put(metrics: Any, *data: dict[str, Any], name: str = "m") -> None:
    metrics.put_metric_data(Namespace=SPACE, MetricData=[{"MetricName": name, **datum} for datum in data])


def statistics(metrics: Any, name: str = "m", **changed: Any) -> list[dict[str, Any]]:
    asked = {"Statistics": ["Average", "Sum", "Minimum", "Maximum", "SampleCount"], "Period": 60, **changed}
    if "ExtendedStatistics" in asked:
        del asked["Statistics"]
    found = metrics.get_metric_statistics(
        **{"Namespace": SPACE, "MetricName": name, "StartTime": BEFORE, "EndTime": AFTER, **asked}
    )
    assert found["Label"] == name
    return sorted(found["Datapoints"], key=lambda point: point["Timestamp"])


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_single_values(metrics: Any) -> None:
    """Values of one minute become one data point with the five statistics (Source: GetMetricStatistics)."""
    put(metrics, {"Value": 1.5, "Timestamp": NOW}, {"Value": 4.5, "Timestamp": NOW + timedelta(seconds=59)})
    put(metrics, {"Value": 7.0, "Timestamp": NOW + timedelta(seconds=60)})
    first, second = statistics(metrics)
    assert first == {
        "Timestamp": NOW,
        "Average": 3.0,
        "Sum": 6.0,
        "Minimum": 1.5,
        "Maximum": 4.5,
        "SampleCount": 2.0,
        "Unit": "None",
    }
    assert (second["Timestamp"], second["Sum"]) == (NOW + timedelta(minutes=1), 7.0)


def test_values_and_counts(metrics: Any) -> None:
    """Values count as often as Counts says, once without it (Source: PutMetricData)."""
    put(metrics, {"Values": [1.0, 10.0], "Counts": [99.0, 1.0], "Timestamp": NOW})
    put(metrics, {"Values": [5.0], "Timestamp": NOW})
    (point,) = statistics(metrics)
    assert (point["SampleCount"], point["Sum"]) == (101.0, 114.0)


def test_percentiles(metrics: Any) -> None:
    """Percentiles come from values (Source: GetMetricStatistics)."""
    put(metrics, *({"Value": float(value), "Timestamp": NOW} for value in range(1, 101)))
    (point,) = statistics(metrics, ExtendedStatistics=["p50", "p99", "p99.9", "p100"])
    assert point["ExtendedStatistics"] == {"p50": 50.0, "p99": 99.0, "p99.9": 100.0, "p100": 100.0}


def test_statistic_sets(metrics: Any) -> None:
    """A statistic set gives percentiles only if its bounds are equal, and none is negative (Source: PutMetricData)."""
    sets: dict[str, dict[str, float]] = {
        "same": {"SampleCount": 4.0, "Sum": 8.0, "Minimum": 2.0, "Maximum": 2.0},
        "different": {"SampleCount": 4.0, "Sum": 8.0, "Minimum": 1.0, "Maximum": 3.0},
        "negative": {"SampleCount": 1.0, "Sum": -2.0, "Minimum": -2.0, "Maximum": -2.0},
    }
    for name, given in sets.items():
        put(metrics, {"StatisticValues": given, "Timestamp": NOW}, name=name)
        (point,) = statistics(metrics, name)
        assert {key: point[key] for key in given} == given
    found = {name: statistics(metrics, name, ExtendedStatistics=["p90"]) for name in sets}
    assert found.pop("same")[0]["ExtendedStatistics"] == {"p90": 2.0}
    assert found == {"different": [], "negative": []}


def test_high_resolution(metrics: Any) -> None:
    """StorageResolution 1 keeps seconds, 60 keeps minutes (Source: MetricDatum)."""
    times = [NOW + timedelta(seconds=second) for second in (1, 2, 11)]
    put(metrics, *({"Value": 1.0, "Timestamp": time, "StorageResolution": 1} for time in times), name="fine")
    put(metrics, *({"Value": 1.0, "Timestamp": time} for time in times), name="coarse")
    fine = {point["Timestamp"]: point["Sum"] for point in statistics(metrics, "fine", Period=10, EndTime=AFTER)}
    coarse = {point["Timestamp"]: point["Sum"] for point in statistics(metrics, "coarse", Period=10)}
    assert fine == {NOW: 2.0, NOW + timedelta(seconds=10): 1.0}
    assert coarse == {NOW: 3.0}


def test_an_end_within_a_second(metrics: Any) -> None:
    """EndTime is exclusive (Source: GetMetricData): what lies in the second that it cuts is before it."""
    put(metrics, {"Value": 1.0, "Timestamp": NOW, "StorageResolution": 1})
    assert len(statistics(metrics, EndTime=NOW + timedelta(milliseconds=500), Period=1, StartTime=NOW)) == 1
    assert statistics(metrics, EndTime=NOW, Period=1, StartTime=NOW - timedelta(seconds=9)) == []


def test_units(metrics: Any) -> None:
    """Each unit has data points of its own, and one that was not reported has none (Source: GetMetricStatistics)."""
    put(metrics, {"Value": 1.0, "Unit": "Count", "Timestamp": NOW}, {"Value": 2.0, "Unit": "Bytes", "Timestamp": NOW})
    assert {(point["Unit"], point["Sum"]) for point in statistics(metrics)} == {("Count", 1.0), ("Bytes", 2.0)}
    assert [point["Sum"] for point in statistics(metrics, Unit="Bytes")] == [2.0]
    assert statistics(metrics, Unit="Seconds") == []


def test_dimensions_identify_a_metric(metrics: Any) -> None:
    """Data with other dimensions are another metric; their order is the same one (Source: CloudWatch concepts)."""
    one, two = {"Name": "a", "Value": "1"}, {"Name": "b", "Value": "2"}
    put(metrics, {"Value": 1.0, "Dimensions": [one, two], "Timestamp": NOW})
    put(metrics, {"Value": 2.0, "Dimensions": [two, one], "Timestamp": NOW})
    put(metrics, {"Value": 4.0, "Dimensions": [one], "Timestamp": NOW})
    assert statistics(metrics) == []
    assert [point["Sum"] for point in statistics(metrics, Dimensions=[two, one])] == [3.0]


def test_large_requests_are_compressed(metrics: Any) -> None:
    """A request that botocore compresses is read (Source: the model's requestcompression)."""
    put(metrics, *({"Values": [float(n) for n in range(150)], "Timestamp": NOW} for _ in range(50)))
    (point,) = statistics(metrics)
    assert point["SampleCount"] == 7500.0


def test_nothing_of_a_refused_request_is_kept(metrics: Any) -> None:
    """One wrong datum refuses a request with AWS's code, and none of its data is there (Source: PutMetricData)."""
    with pytest.raises(ClientError) as refused:
        put(metrics, {"Value": 1.0}, {"Value": 1.0, "Unit": "Furlongs"})
    assert code_of(refused) == "ValidationError"
    with pytest.raises(ClientError) as refused:
        put(metrics, {"Value": 1.0}, {"Value": 1.0, "Values": [1.0]})
    assert code_of(refused) == "InvalidParameterCombination"
    assert metrics.list_metrics()["Metrics"] == []


def test_refusals_have_botocores_classes(metrics: Any) -> None:
    """boto3 knows the errors by the classes of its model."""
    with pytest.raises(metrics.exceptions.InvalidParameterValueException):
        put(metrics, {"Value": math.nan})


def test_times_within_bounds(metrics: Any) -> None:
    """Nearly two weeks back and two hours ahead are taken (Source: PutMetricData)."""
    for time in (NOW - timedelta(days=13, hours=23), NOW + timedelta(minutes=119)):
        put(metrics, {"Value": 1.0, "Timestamp": time})
        start = time - timedelta(minutes=1)
        assert len(statistics(metrics, StartTime=start, EndTime=time + timedelta(minutes=1))) == 1


def test_refused_statistics(metrics: Any) -> None:
    """GetMetricStatistics refuses periods, ranges and statistics as AWS does (Source: GetMetricStatistics)."""
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"Period": 45}, "InvalidParameterValue"),
        ({"StartTime": AFTER, "EndTime": BEFORE}, "InvalidParameterCombination"),
        ({"StartTime": NOW - timedelta(days=2)}, "InvalidParameterCombination"),
        ({"ExtendedStatistics": ["p101"]}, "InvalidParameterValue"),
    ]
    for changed, code in wrong:
        with pytest.raises(ClientError) as refused:
            statistics(metrics, **changed)
        assert code_of(refused) == code


def test_list_metrics(metrics: Any) -> None:
    """ListMetrics filters by namespace, name and dimensions, with or without a value (Source: ListMetrics)."""
    one, two = [{"Name": "side", "Value": "left"}], [{"Name": "side", "Value": "right"}, {"Name": "n", "Value": "1"}]
    put(metrics, {"Value": 1.0, "Dimensions": one}, {"Value": 1.0, "Dimensions": two}, {"Value": 1.0})
    put(metrics, {"Value": 1.0}, name="other")

    def listed(**asked: Any) -> list[tuple[str, int]]:
        found = metrics.list_metrics(**asked)["Metrics"]
        return sorted((metric["MetricName"], len(metric["Dimensions"])) for metric in found)

    assert listed() == [("m", 0), ("m", 1), ("m", 2), ("other", 0)]
    assert listed(Namespace="elsewhere") == []
    assert listed(Namespace=SPACE, MetricName="other", RecentlyActive="PT3H") == [("other", 0)]
    assert listed(Dimensions=[{"Name": "side"}]) == [("m", 1), ("m", 2)]
    assert listed(Dimensions=[{"Name": "side", "Value": "right"}]) == [("m", 2)]


def test_list_metrics_in_pages(metrics: Any) -> None:
    """500 metrics are one page (Source: ListMetrics), and a token that was not given is refused."""
    for first in (0, 300):
        names = range(first, first + 300)
        metrics.put_metric_data(Namespace=SPACE, MetricData=[{"MetricName": f"m{n}", "Value": 1.0} for n in names])
    pages = list(metrics.get_paginator("list_metrics").paginate())
    assert [len(page["Metrics"]) for page in pages] == [500, 100]
    with pytest.raises(ClientError) as refused:
        metrics.list_metrics(NextToken="7")
    assert code_of(refused) == "InvalidNextToken"


def test_regions_are_apart(cloud: Any, metrics: Any) -> None:
    """What is put in one region is not in another."""
    put(metrics, {"Value": 1.0})
    assert cloud.client("cloudwatch", "us-west-2").list_metrics()["Metrics"] == []


def test_metrics_survive_a_restart(start_cloud: Any) -> None:
    """What was put is there after a restart."""
    first = start_cloud()
    put(first.client("cloudwatch"), {"Value": 2.0, "Timestamp": NOW})
    first.cloud.stop()
    assert [point["Sum"] for point in statistics(start_cloud().client("cloudwatch"))] == [2.0]


def query(name: str, stat: str = "Sum", **more: Any) -> dict[str, Any]:
    metric = {"Namespace": SPACE, "MetricName": name}
    return {"Id": name, "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat}, **more}


def get(metrics: Any, *queries: dict[str, Any], **more: Any) -> dict[str, Any]:
    found = metrics.get_metric_data(MetricDataQueries=queries, StartTime=BEFORE, EndTime=AFTER, **more)
    assert all(result["StatusCode"] == "Complete" for result in found["MetricDataResults"])
    return dict(found)


def test_get_metric_data(metrics: Any) -> None:
    """Metrics and expressions over them come back, the newest first, hidden ones not (Source: GetMetricData)."""
    later = NOW + timedelta(minutes=1)
    put(metrics, {"Value": 1.0, "Timestamp": NOW}, {"Value": 3.0, "Timestamp": later}, name="errors")
    put(metrics, {"Value": 10.0, "Timestamp": NOW}, {"Value": 30.0, "Timestamp": later}, name="calls")
    rate = {"Id": "rate", "Expression": "100 * errors / calls", "Label": "error rate"}
    found = get(metrics, rate, query("errors"), query("calls", ReturnData=False))["MetricDataResults"]
    assert [(each["Id"], each["Label"]) for each in found] == [("rate", "error rate"), ("errors", "errors")]
    assert found[0]["Timestamps"] == [later, NOW]
    assert found[0]["Values"] == [10.0, 10.0]
    (ascending,) = get(metrics, query("errors"), ScanBy="TimestampAscending")["MetricDataResults"]
    assert ascending["Values"] == [1.0, 3.0]


def test_an_array_gives_several_results(metrics: Any) -> None:
    """An expression that gives several series gives as many results with its Id (Source: metric math)."""
    put(metrics, {"Value": 1.0, "Timestamp": NOW}, name="a")
    put(metrics, {"Value": 2.0, "Timestamp": NOW}, name="b")
    doubled = {"Id": "e", "Expression": "METRICS() * 2", "Label": "twice"}
    found = get(metrics, query("a", ReturnData=False), query("b", ReturnData=False), doubled)["MetricDataResults"]
    assert [(each["Id"], each["Label"], each["Values"]) for each in found] == [
        ("e", "twice a", [2.0]),
        ("e", "twice b", [4.0]),
    ]


def test_get_metric_data_in_pages(metrics: Any) -> None:
    """MaxDatapoints makes pages (Source: GetMetricData); that a page holds whole series is ours."""
    for name in ("a", "b", "c"):
        put(metrics, *({"Value": 1.0, "Timestamp": NOW + timedelta(minutes=n)} for n in range(4)), name=name)
    asked = [query(name) for name in ("a", "b", "c")]
    first = get(metrics, *asked, MaxDatapoints=8)
    second = get(metrics, *asked, MaxDatapoints=8, NextToken=first["NextToken"])
    assert [each["Id"] for each in first["MetricDataResults"]] == ["a", "b"]
    assert [each["Id"] for each in second["MetricDataResults"]] == ["c"]
    assert "NextToken" not in second


def test_a_refused_query(metrics: Any) -> None:
    """Queries that cannot be answered are a ValidationError that says why (Source: MetricDataQuery)."""
    with pytest.raises(ClientError, match="nobody") as refused:
        get(metrics, {"Id": "e", "Expression": "nobody + 1"})
    assert code_of(refused) == "ValidationError"


def test_not_emulated(metrics: Any) -> None:
    """An operation that is not emulated is a 501 that names it."""
    with pytest.raises(ClientError) as refused:
        metrics.put_composite_alarm(AlarmName="c", AlarmRule="TRUE")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert "PutCompositeAlarm" in str(refused.value)
