"""CloudWatch: metrics, queries, metric math and alarms. A real account bills metrics and alarms by the hour."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.contract.account import Account, refused
from tests.contract.clouds import LocalCloud
from tests.contract.queues import make_queue

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


def stat(space: str, name: str, statistic: str = "Sum") -> dict[str, Any]:
    metric = {"Metric": {"Namespace": space, "MetricName": name}, "Period": 60, "Stat": statistic}
    return {"Id": name, "MetricStat": metric, "ReturnData": False}


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


class Alarms:
    """Alarms on a virtual clock, each on a metric of its own."""

    def __init__(self, aws: Account, cloud: LocalCloud) -> None:
        self.aws, self.cloud, self.api = aws, cloud, aws.client("cloudwatch")
        self.space = aws.name("space")
        now = self.now()
        cloud.advance(61 - now.second)  # a minute has just begun: no test straddles two

    def now(self) -> datetime:
        return datetime.fromisoformat(self.cloud.page("clock")["now"])

    def put(self, **changed: Any) -> str:
        rule = {
            "AlarmName": self.aws.name("alarm"),
            "Namespace": self.space,
            "MetricName": "m",
            "Statistic": "Maximum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            **changed,
        }
        self.api.put_metric_alarm(**rule)
        return str(rule["AlarmName"])

    def minute(self, value: float | None = None) -> None:
        """Let a minute pass in which one value was measured, or none."""
        if value is not None:
            self.api.put_metric_data(Namespace=self.space, MetricData=[{"MetricName": "m", "Value": value}])
        self.cloud.advance(60)

    def state(self, name: str) -> str:
        (found,) = self.api.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return str(found["StateValue"])


@pytest.fixture
def alarms(later: Account, virtual: LocalCloud) -> Alarms:
    return Alarms(later, virtual)


@pytest.mark.local_only
def test_an_alarm_goes_and_comes(alarms: Alarms) -> None:
    """A new alarm is INSUFFICIENT_DATA, a breaching period raises it, and a good one ends it.

    Source: CloudWatch User Guide, "Using Amazon CloudWatch alarms", Alarm states.
    """
    name = alarms.put()
    states = [alarms.state(name)]
    for value in (5.0, 0.0):
        alarms.minute(value)
        states.append(alarms.state(name))
    assert states == ["INSUFFICIENT_DATA", "ALARM", "OK"]


@pytest.mark.local_only
def test_m_of_n(alarms: Alarms) -> None:
    """With 2 of 3 data points one breaching period raises no alarm, and two of three do.

    Source: CloudWatch User Guide, "Evaluating an alarm".
    """
    name, states = alarms.put(EvaluationPeriods=3, DatapointsToAlarm=2), []
    for value in (0.0, 5.0, 0.0, 5.0, 0.0, 0.0):
        alarms.minute(value)
        states.append(alarms.state(name))
    assert states[1:] == ["OK", "OK", "ALARM", "OK", "OK"]


@pytest.mark.local_only
@pytest.mark.parametrize(
    ("treatment", "state"),
    [("missing", "INSUFFICIENT_DATA"), ("notBreaching", "OK"), ("breaching", "ALARM"), ("ignore", "ALARM")],
)
def test_missing_data(alarms: Alarms, treatment: str, state: str) -> None:
    """When data stop, TreatMissingData decides the state of an alarm that was raised.

    Source: CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data".
    """
    name = alarms.put(TreatMissingData=treatment)
    alarms.minute(5.0)
    assert alarms.state(name) == "ALARM"
    for _ in range(4):
        alarms.minute()
    assert alarms.state(name) == state


@pytest.mark.local_only
def test_an_alarm_on_an_expression(alarms: Alarms) -> None:
    """An alarm can watch metric math.

    Source: CloudWatch User Guide, "Create a CloudWatch alarm based on a metric math expression".
    """
    name = alarms.aws.name("alarm")
    expression = {"Id": "double", "Expression": "m * 2", "Label": "twice", "ReturnData": True}
    alarms.api.put_metric_alarm(
        AlarmName=name,
        EvaluationPeriods=1,
        Threshold=5,
        ComparisonOperator="GreaterThanThreshold",
        Metrics=[expression, stat(alarms.space, "m", "Maximum")],
    )
    alarms.minute(2.0)
    assert alarms.state(name) == "OK"
    alarms.minute(3.0)
    assert alarms.state(name) == "ALARM"


@pytest.mark.local_only
def test_a_set_state_lasts_until_the_next_evaluation(alarms: Alarms) -> None:
    """SetAlarmState is undone by the next evaluation.

    Source: API Reference, SetAlarmState.
    """
    name = alarms.put(TreatMissingData="notBreaching")
    alarms.minute()
    alarms.api.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
    assert alarms.state(name) == "ALARM"
    alarms.minute()
    assert alarms.state(name) == "OK"


@pytest.mark.local_only
def test_the_history_tells_each_change(alarms: Alarms) -> None:
    """DescribeAlarmHistory lists the changes of state.

    Source: API Reference, DescribeAlarmHistory.
    """
    name = alarms.put()
    alarms.minute(5.0)
    items = alarms.api.describe_alarm_history(AlarmName=name, HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    assert [item["HistorySummary"] for item in items] == ["Alarm updated from INSUFFICIENT_DATA to ALARM"]


@pytest.mark.local_only
def test_an_update_keeps_the_state(alarms: Alarms) -> None:
    """PutMetricAlarm of a name that is there changes the configuration and keeps the state.

    Source: API Reference, PutMetricAlarm.
    """
    name = alarms.put()
    alarms.minute(5.0)
    alarms.put(AlarmName=name, Threshold=2)
    items = alarms.api.describe_alarm_history(AlarmName=name, HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    assert (alarms.state(name), len(items)) == ("ALARM", 1)


def raised(aws: Account, action: str) -> str:
    """Raise an alarm with an action; its name."""
    name = aws.name("alarm")
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace=name,
        MetricName="m",
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[action],
    )
    aws.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
    return name


def test_an_alarm_tells_a_topic(aws: Account) -> None:
    """An alarm's topic gets AlarmName, NewStateValue, OldStateValue, NewStateReason and Trigger as JSON.

    Source: users of AWS: the message; CloudWatch User Guide, "Alarm actions".
    """
    queue = make_queue(aws)
    topic = aws.client("sns").create_topic(Name=aws.name("topic"))["TopicArn"]
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)
    name = raised(aws, topic)
    (document,) = queue.documents()
    told = json.loads(document["Message"])
    assert (told["AlarmName"], told["NewStateValue"], told["NewStateReason"]) == (name, "ALARM", "a test")
    assert told["Trigger"]["MetricName"] == "m"


@pytest.mark.local_only
def test_an_alarm_calls_a_function(aws: Account, function: Callable[[str], str]) -> None:
    """An alarm's function gets Lambda's own shape, with alarmData.

    Source: CloudWatch User Guide, "Invoke a Lambda function from an alarm"; local only: AWS wants a permission first.
    """
    done = make_queue(aws)
    aws.client("lambda").put_function_event_invoke_config(
        FunctionName=function("echo"), DestinationConfig={"OnSuccess": {"Destination": done.arn}}
    )
    name = raised(aws, aws.arn("lambda", f"function:{function('echo')}"))
    (record,) = done.documents()
    event = record["requestPayload"]
    assert (event["source"], event["alarmData"]["alarmName"]) == ("aws.cloudwatch", name)
    assert event["alarmData"]["state"]["value"] == "ALARM"


def test_an_unknown_alarm(aws: Account) -> None:
    """Setting the state of an alarm that does not exist is ResourceNotFound.

    Source: API Reference, SetAlarmState, Errors.
    """
    told = refused(aws.client("cloudwatch").set_alarm_state, AlarmName="nobody", StateValue="OK", StateReason="r")
    assert told[0] == "ResourceNotFound"
