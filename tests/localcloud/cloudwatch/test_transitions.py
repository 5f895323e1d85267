import json
from datetime import UTC, datetime
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes import CloudWatchAlarmEvent

from localcloud.cloudwatch.alarm import Alarm, read_alarm
from localcloud.cloudwatch.alarm_store import AlarmStore
from localcloud.cloudwatch.transitions import Transitions
from localcloud.database import Database
from localcloud.errors import AwsError
from localcloud.targets import NO_ATTRIBUTES, Attributes, Targets

REGION = "eu-central-1"
NOW = datetime(2026, 11, 21, 10, 0, 0, 500_000, tzinfo=UTC)
TOPIC, FUNCTION = f"arn:aws:sns:{REGION}:123456789012:topic", f"arn:aws:lambda:{REGION}:123456789012:function:f"
ARN = f"arn:aws:cloudwatch:{REGION}:123456789012:alarm:high"
REQUEST = {
    "AlarmName": "high",
    "AlarmDescription": "too high",
    "Namespace": "AWS/SageMaker",
    "MetricName": "ModelLatency",
    "Dimensions": [{"Name": "EndpointName", "Value": "e"}],
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
    "AlarmActions": [TOPIC, FUNCTION],
    "OKActions": [f"arn:aws:sns:{REGION}:123456789012:gone"],
}


class Parts:
    """Transitions on a database, with a bus and targets that note what they get."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.store = AlarmStore(database)
        self.events: list[dict[str, Any]] = []
        self.sent: list[tuple[str, Any]] = []
        targets = Targets()
        targets.add("sns", self._take)
        targets.add("lambda", self._take)
        self.transitions = Transitions(self.store, database, publish=self._publish, targets=targets, now=lambda: NOW)
        self.bus_fails = False

    def _publish(self, **event: Any) -> None:
        if self.bus_fails:
            raise RuntimeError("the bus is gone")
        self.events.append(event)

    def _take(self, arn: str, message: bytes, _: Attributes = NO_ATTRIBUTES) -> None:
        if arn.endswith("gone"):
            raise AwsError("NotFound", "Topic does not exist", 404)
        self.sent.append((arn, json.loads(message)))

    def configure(self, **changed: Any) -> None:
        before = self.store.find(REGION, "high")
        state = before.state if before else None
        self.transitions.configure(read_alarm({**REQUEST, **changed}, REGION, NOW, state), before)

    def alarm(self) -> Alarm:
        found = self.store.find(REGION, "high")
        assert found is not None
        return found

    def history(self) -> list[tuple[str, str]]:
        return [(item.kind, item.summary) for item in self.store.history(REGION, None, None, 0, 1e12)]


@pytest.fixture
def parts(database: Database) -> Parts:
    return Parts(database)


def test_the_event_of_a_change(parts: Parts) -> None:
    """The event has the shape of the User Guide's sample ("Alarm events and EventBridge", single-metric alarm)."""
    parts.configure()
    parts.transitions.change(parts.alarm(), "ALARM", "because", '{"version":"1.0"}')
    event = parts.events[-1]
    assert (event["source"], event["detail_type"]) == ("aws.cloudwatch", "CloudWatch Alarm State Change")
    assert (event["resources"], event["region"]) == ([ARN], REGION)
    (metric,) = event["detail"]["configuration"].pop("metrics")
    assert event["detail"] == {
        "alarmName": "high",
        "state": {
            "value": "ALARM",
            "reason": "because",
            "reasonData": '{"version":"1.0"}',
            "timestamp": "2026-11-21T10:00:00.500+0000",
        },
        "previousState": {
            "value": "INSUFFICIENT_DATA",
            "reason": "Unchecked: Initial alarm creation",
            "timestamp": "2026-11-21T10:00:00.500+0000",
        },
        "configuration": {"description": "too high"},
    }
    assert metric.pop("id")
    assert metric == {
        "metricStat": {
            "metric": {
                "namespace": "AWS/SageMaker",
                "name": "ModelLatency",
                "dimensions": {"EndpointName": "e"},
            },
            "period": 60,
            "stat": "Average",
        },
        "returnData": True,
    }


def test_the_event_of_an_expression(parts: Parts) -> None:
    """An alarm on an expression tells of all its queries, as the User Guide's sample of a metric math alarm."""
    stat = {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}
    request = {name: REQUEST[name] for name in ("AlarmName", "EvaluationPeriods", "Threshold", "ComparisonOperator")}
    request["Metrics"] = [
        {"Id": "e1", "Expression": "SUM(METRICS())", "Label": "Total", "ReturnData": True},
        {"Id": "m1", "MetricStat": stat, "ReturnData": False},
    ]
    parts.transitions.configure(read_alarm(request, REGION, NOW))
    parts.transitions.change(parts.alarm(), "OK", "because", None)
    quiet = {"metric": {"namespace": "n", "name": "m", "dimensions": {}}, "period": 60, "stat": "Sum"}
    assert parts.events[-1]["detail"]["configuration"] == {
        "metrics": [
            {"id": "e1", "expression": "SUM(METRICS())", "label": "Total", "returnData": True},
            {"id": "m1", "metricStat": quiet, "returnData": False},
        ]
    }


def test_events_of_the_configuration(parts: Parts) -> None:
    """Create, update and delete are events of their own, an update with both configurations."""
    parts.configure()
    parts.configure(Threshold=2.0)
    parts.transitions.delete(parts.alarm())
    details = [event["detail"] for event in parts.events]
    assert {event["detail_type"] for event in parts.events} == {"CloudWatch Alarm Configuration Change"}
    assert [detail["operation"] for detail in details] == ["create", "update", "delete"]
    assert [detail["configuration"]["threshold"] for detail in details] == [1.0, 2.0, 2.0]
    assert details[1]["previousConfiguration"]["threshold"] == 1.0
    assert "previousConfiguration" not in details[0]
    assert details[0]["configuration"]["alarmActions"] == [TOPIC, FUNCTION]


def test_the_message_to_a_topic(parts: Parts) -> None:
    """A topic gets the message of the shape that users show: upper-case statistic, long name of the region."""
    parts.configure()
    parts.transitions.change(parts.alarm(), "ALARM", "because", None)
    message = dict(parts.sent)[TOPIC]
    assert message == {
        "AlarmName": "high",
        "AlarmDescription": "too high",
        "AWSAccountId": "123456789012",
        "AlarmConfigurationUpdatedTimestamp": "2026-11-21T10:00:00.500+0000",
        "NewStateValue": "ALARM",
        "NewStateReason": "because",
        "StateChangeTime": "2026-11-21T10:00:00.500+0000",
        "Region": "Europe (Frankfurt)",
        "AlarmArn": ARN,
        "OldStateValue": "INSUFFICIENT_DATA",
        "OKActions": REQUEST["OKActions"],
        "AlarmActions": [TOPIC, FUNCTION],
        "InsufficientDataActions": [],
        "Trigger": {
            "MetricName": "ModelLatency",
            "Namespace": "AWS/SageMaker",
            "StatisticType": "Statistic",
            "Statistic": "AVERAGE",
            "Unit": None,
            "Dimensions": [{"value": "e", "name": "EndpointName"}],
            "Period": 60,
            "EvaluationPeriods": 1,
            "DatapointsToAlarm": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 1.0,
            "TreatMissingData": "missing",
            "EvaluateLowSampleCountPercentile": "",
        },
    }


def test_the_event_to_a_function(parts: Parts) -> None:
    """A function gets the event that Powertools' CloudWatchAlarmEvent reads."""
    parts.configure()
    parts.transitions.change(parts.alarm(), "ALARM", "because", '{"threshold":1.0}')
    event = CloudWatchAlarmEvent(dict(parts.sent)[FUNCTION])
    assert (event.source, event.alarm_arn, event.region) == ("aws.cloudwatch", ARN, REGION)
    assert event.alarm_data.state.value == "ALARM"
    assert event.alarm_data.state.reason_data_decoded == {"threshold": 1.0}
    assert event.alarm_data.previous_state.value == "INSUFFICIENT_DATA"
    assert event.alarm_data.configuration.metrics[0].metric_stat.metric["name"] == "ModelLatency"


def test_history(parts: Parts) -> None:
    """Configuration, states and actions are in the history; an action that fails is, and stops nothing."""
    parts.configure()
    parts.transitions.change(parts.alarm(), "ALARM", "because", None)
    parts.transitions.change(parts.alarm(), "OK", "again", None)
    failed = f'Failed to execute action {REQUEST["OKActions"][0]}. Received error: "Topic does not exist"'  # type: ignore[index]  # a list
    assert parts.history() == [
        ("Action", failed),
        ("StateUpdate", "Alarm updated from ALARM to OK"),
        ("Action", f"Successfully executed action {FUNCTION}"),
        ("Action", f"Successfully executed action {TOPIC}"),
        ("StateUpdate", "Alarm updated from INSUFFICIENT_DATA to ALARM"),
        ("ConfigurationUpdate", 'Alarm "high" created'),
    ]
    assert parts.alarm().state.value == "OK"


def test_one_transaction(parts: Parts) -> None:
    """If the event cannot be put, the state, its history and its actions have not happened either."""
    parts.configure()
    before = parts.history()
    parts.bus_fails = True
    with pytest.raises(RuntimeError):
        parts.transitions.change(parts.alarm(), "ALARM", "because", None)
    assert parts.alarm().state.value == "INSUFFICIENT_DATA"
    assert AlarmStore(parts.database).of_region(REGION)[0].state.value == "INSUFFICIENT_DATA"
    assert parts.history() == before


def test_a_change_of_what_has_changed(parts: Parts) -> None:
    """A verdict on an alarm that was put again meanwhile is dropped: the next evaluation makes another."""
    parts.configure()
    old = parts.alarm()
    parts.configure(Threshold=2.0)
    parts.transitions.change(old, "ALARM", "because", None)
    assert parts.alarm().state.value == "INSUFFICIENT_DATA"


def test_what_was_stored_comes_back(parts: Parts) -> None:
    """A store opened on the same database has the same alarms."""
    parts.configure()
    parts.transitions.change(parts.alarm(), "ALARM", "because", "{}")
    assert AlarmStore(parts.database).find(REGION, "high") == parts.alarm()
