"""CloudWatch: alarms. A real account bills them by the hour."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tests.contract.account import Account, refused
from tests.contract.clouds import LocalCloud
from tests.contract.figures import stat
from tests.contract.queues import make_queue

pytestmark = pytest.mark.costs_money


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
