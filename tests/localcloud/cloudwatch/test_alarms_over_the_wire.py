import json
from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localcloud.cloudwatch.watched import APP, RULE, SPACE, Watched, code_of


@pytest.fixture
def watched(start_cloud: Any) -> Watched:
    found = Watched(start_cloud(virtual_clock=True))
    found.to_the_minute()
    return found


def test_a_new_alarm(watched: Watched) -> None:
    """A new alarm has INSUFFICIENT_DATA and shows what was put, with AWS's defaults (Source: PutMetricAlarm)."""
    watched.alarm(AlarmDescription="too high")
    found = watched.described()
    assert {name: found[name] for name in RULE} == RULE
    assert (found["StateValue"], found["StateReason"]) == ("INSUFFICIENT_DATA", "Unchecked: Initial alarm creation")
    assert (found["ActionsEnabled"], found["AlarmActions"], found["Dimensions"]) == (True, [], [])
    assert found["AlarmArn"] == "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:high"
    assert abs(found["AlarmConfigurationUpdatedTimestamp"] - watched.now()) < timedelta(seconds=10)


def test_an_alarm_and_back(watched: Watched) -> None:
    """A breaching minute raises the alarm, a good one ends it, with AWS's reasons (Source: alarm evaluation)."""
    watched.alarm()
    watched.put(5.0)
    minute = watched.now().astimezone(UTC).replace(second=0, microsecond=0)
    watched.cloud.advance(60)
    found = watched.described()
    assert found["StateValue"] == "ALARM"
    assert found["StateReason"] == (
        f"Threshold Crossed: 1 out of the last 1 datapoints [5.0 ({minute:%d/%m/%y %H:%M:%S})] was greater than the"
        " threshold (1.0) (minimum 1 datapoint for OK -> ALARM transition)."
    )
    data = json.loads(found["StateReasonData"])
    assert (data["recentDatapoints"], data["threshold"], data["period"]) == ([5.0], 1.0, 60)
    assert (data["statistic"], data["startDate"]) == ("Maximum", f"{minute:%Y-%m-%dT%H:%M}:00.000+0000")
    watched.put(0.5)
    watched.cloud.advance(60)
    assert watched.states() == ["ALARM", "OK"]


def test_an_alarm_is_evaluated_soon(watched: Watched) -> None:
    """An alarm on data that are there is evaluated at once, not at the next minute (Source: PutMetricAlarm)."""
    watched.put(5.0, Timestamp=watched.now() - timedelta(seconds=60))
    watched.alarm()
    watched.cloud.advance(1)
    assert watched.state() == "ALARM"


def test_when_data_stop(watched: Watched) -> None:
    """The last point counts while it is in the evaluation range; then the treatment of missing data does."""
    watched.put(5.0)
    for missing in ("missing", "notBreaching", "breaching", "ignore"):
        watched.alarm(AlarmName=missing, TreatMissingData=missing)
    watched.cloud.advance(180)
    assert {name: watched.state(name) for name in ("missing", "notBreaching")} == dict.fromkeys(
        ("missing", "notBreaching"), "ALARM"
    )
    watched.cloud.advance(60)
    assert watched.state("missing") == "INSUFFICIENT_DATA"
    assert watched.state("notBreaching") == "OK"
    assert watched.state("breaching") == "ALARM"
    assert watched.state("ignore") == "ALARM"
    assert watched.states("breaching")[-1] == "ALARM"


def test_high_resolution(watched: Watched) -> None:
    """An alarm with a period of 10 seconds is evaluated every 10 seconds (Source: high-resolution alarms)."""
    watched.alarm(Period=10)
    watched.put(5.0, StorageResolution=1)
    watched.cloud.advance(10)
    assert watched.state() == "ALARM"


def test_percentiles(watched: Watched) -> None:
    """An alarm can watch a percentile (Source: PutMetricAlarm, ExtendedStatistic)."""
    more = {name: value for name, value in RULE.items() if name != "Statistic"}
    watched.api.put_metric_alarm(**{**more, "ExtendedStatistic": "p99"})
    watched.api.put_metric_data(
        Namespace=SPACE, MetricData=[{"MetricName": "m", "Values": [0.0, 9.0], "Counts": [90.0, 10.0]}]
    )
    watched.cloud.advance(60)
    assert watched.state() == "ALARM"
    assert json.loads(watched.described()["StateReasonData"])["statistic"] == "p99"


def metric(name: str, **more: Any) -> dict[str, Any]:
    stat = {"Metric": {"Namespace": SPACE, "MetricName": name}, "Period": 60, "Stat": "Sum"}
    return {"Id": name, "MetricStat": stat, "ReturnData": False, **more}


MATH = {
    "AlarmName": "rate",
    "EvaluationPeriods": 1,
    "Threshold": 0.1,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "Metrics": [
        {"Id": "rate", "Expression": "IF(calls > 5, errors / calls, 0)", "Label": "error rate"},
        metric("errors"),
        metric("calls"),
    ],
}


def test_metric_math(watched: Watched) -> None:
    """An alarm can watch an expression over metrics (Source: alarms on math expressions)."""
    watched.api.put_metric_alarm(**MATH)
    watched.put(1.0, "errors")
    watched.put(2.0, "calls")
    watched.cloud.advance(60)
    assert watched.state("rate") == "OK"
    watched.put(1.0, "errors")
    watched.put(10.0, "calls")
    watched.cloud.advance(60)
    assert watched.state("rate") == "ALARM"
    assert watched.described("rate")["Metrics"] == MATH["Metrics"]
    assert "statistic" not in json.loads(watched.described("rate")["StateReasonData"])


def test_m_out_of_n(watched: Watched) -> None:
    """Two breaching minutes of three raise a 2 out of 3 alarm, one does not (Source: alarm evaluation)."""
    watched.alarm(EvaluationPeriods=3, DatapointsToAlarm=2)
    found = []
    for value in (5.0, 0.0, 0.0, 5.0, 0.0, 5.0, 0.0, 0.0):
        watched.put(value)
        watched.cloud.advance(60)
        found.append(watched.state())
    assert found == ["INSUFFICIENT_DATA", "OK", "OK", "OK", "OK", "ALARM", "OK", "OK"]


def test_set_alarm_state(watched: Watched) -> None:
    """SetAlarmState lasts until the next evaluation (Source: SetAlarmState)."""
    watched.alarm(TreatMissingData="notBreaching")
    watched.cloud.advance(1)
    watched.api.set_alarm_state(AlarmName="high", StateValue="ALARM", StateReason="a test", StateReasonData="{}")
    found = watched.described()
    assert (found["StateValue"], found["StateReason"], found["StateReasonData"]) == ("ALARM", "a test", "{}")
    watched.cloud.advance(60)
    assert watched.states() == ["OK", "ALARM", "OK"]
    with pytest.raises(ClientError) as refused:
        watched.api.set_alarm_state(AlarmName="nobody", StateValue="OK", StateReason="")
    assert code_of(refused) == "ResourceNotFound"
    with pytest.raises(watched.api.exceptions.InvalidFormatFault):
        watched.api.set_alarm_state(AlarmName="high", StateValue="OK", StateReason="", StateReasonData="no JSON")


def test_an_update_keeps_the_state(watched: Watched) -> None:
    """PutMetricAlarm again replaces the configuration and leaves state and tags alone (Source: PutMetricAlarm)."""
    watched.alarm(AlarmDescription="old", Tags=[{"Key": "k", "Value": "v"}])
    watched.put(5.0)
    watched.cloud.advance(60)
    watched.alarm(Threshold=2.0, Tags=[{"Key": "k", "Value": "other"}])
    found = watched.described()
    assert (found["StateValue"], found["Threshold"]) == ("ALARM", 2.0)
    assert "AlarmDescription" not in found
    assert watched.api.list_tags_for_resource(ResourceARN=found["AlarmArn"])["Tags"] == [{"Key": "k", "Value": "v"}]


def test_tags(watched: Watched) -> None:
    """Tags of an alarm can be set, listed and removed (Source: TagResource, UntagResource)."""
    watched.alarm()
    arn = watched.described()["AlarmArn"]
    watched.api.tag_resource(ResourceARN=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    watched.api.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert watched.api.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    with pytest.raises(watched.api.exceptions.ResourceNotFoundException):
        watched.api.list_tags_for_resource(ResourceARN=arn + "s")


def test_delete_alarms(watched: Watched) -> None:
    """A name that does not exist is ResourceNotFound, and the others are deleted (Source: DeleteAlarms)."""
    watched.alarm()
    watched.alarm(AlarmName="other")
    with pytest.raises(watched.api.exceptions.ResourceNotFound, match="nobody"):
        watched.api.delete_alarms(AlarmNames=["nobody", "high"])
    assert [alarm["AlarmName"] for alarm in watched.api.describe_alarms()["MetricAlarms"]] == ["other"]
    history = watched.api.describe_alarm_history(AlarmName="high")["AlarmHistoryItems"]
    assert [item["HistorySummary"] for item in history] == ['Alarm "high" deleted', 'Alarm "high" created']


def test_describe_alarms(watched: Watched) -> None:
    """Alarms are found by prefix, state and action, and come in pages, by name (Source: DescribeAlarms)."""
    topic = "arn:aws:sns:eu-central-1:123456789012:t"
    for name in ("b1", "a2", "a1"):
        watched.alarm(AlarmName=name, OKActions=[topic] if name == "a2" else [])
    watched.set_state("OK", "b1")

    def names(**asked: Any) -> list[str]:
        pages = watched.api.get_paginator("describe_alarms").paginate(**asked)
        return [alarm["AlarmName"] for page in pages for alarm in page["MetricAlarms"]]

    assert names(MaxRecords=2) == ["a1", "a2", "b1"]
    assert names(AlarmNamePrefix="a") == ["a1", "a2"]
    assert names(StateValue="OK") == ["b1"]
    assert names(ActionPrefix="arn:aws:sns") == ["a2"]
    assert names(AlarmTypes=["CompositeAlarm"]) == []
    for_metric = watched.api.describe_alarms_for_metric(Namespace=SPACE, MetricName="m", Statistic="Maximum")
    assert [alarm["AlarmName"] for alarm in for_metric["MetricAlarms"]] == ["a1", "a2", "b1"]
    assert watched.api.describe_alarms_for_metric(Namespace=SPACE, MetricName="n")["MetricAlarms"] == []


def test_actions_enabled(watched: Watched) -> None:
    """Disabled actions are not done; enabled again they are (Source: DisableAlarmActions)."""
    nowhere = "arn:aws:nowhere:eu-central-1:123456789012:n"
    watched.alarm(AlarmActions=[nowhere])
    watched.api.disable_alarm_actions(AlarmNames=["high", "nobody"])
    assert watched.described()["ActionsEnabled"] is False

    def actions() -> list[str]:
        found = watched.api.describe_alarm_history(AlarmName="high", HistoryItemType="Action")
        return [item["HistorySummary"] for item in found["AlarmHistoryItems"]]

    watched.set_state("ALARM")
    assert actions() == []
    watched.set_state("OK")
    watched.api.enable_alarm_actions(AlarmNames=["high"])
    watched.set_state("ALARM")
    (failed,) = actions()
    assert failed.startswith(f"Failed to execute action {nowhere}")


def test_after_a_restart(start_cloud: Any) -> None:
    """Alarms, their states and their evaluation come back."""
    first = Watched(start_cloud(virtual_clock=True))
    first.to_the_minute()
    first.alarm()
    first.put(5.0)
    first.cloud.advance(60)
    first.cloud.cloud.stop()
    second = Watched(start_cloud(virtual_clock=True))
    assert second.state() == "ALARM"
    second.cloud.advance(240)
    assert second.states() == ["ALARM", "INSUFFICIENT_DATA"]


def test_every_minute(watched: Watched) -> None:
    """Every minute of two virtual hours is evaluated: an alarm on a metric that alternates changes each time."""
    watched.alarm()
    now = watched.now()
    watched.api.put_metric_data(
        Namespace=SPACE,
        MetricData=[
            {"MetricName": "m", "Value": minute % 2 * 9.0, "Timestamp": now + timedelta(minutes=minute)}
            for minute in range(110)
        ],
    )
    watched.cloud.advance(110 * 60)
    pages = watched.api.get_paginator("describe_alarm_history").paginate(HistoryItemType="StateUpdate")
    changes = [item for page in pages for item in page["AlarmHistoryItems"]]
    assert len(changes) == 110
    events = [event for event in watched.cloud.history("event") if event["operation"].endswith("State Change")]
    assert len(events) == 110


def test_the_application_hears_of_it(start_cloud: Any, tmp_path: Any, wait_for: Callable[..., Any]) -> None:
    """A rule of the application gets the event, in EventBridge's envelope (Source: alarm events and EventBridge)."""
    seen = tmp_path / "seen"
    watched = Watched(start_cloud(APP, virtual_clock=True, environment={"SEEN": str(seen)}))
    watched.to_the_minute()
    watched.alarm()
    watched.set_state("ALARM")
    event = json.loads(wait_for(lambda: seen.exists() and seen.read_text()))
    assert (event["source"], event["detail-type"]) == ("aws.cloudwatch", "CloudWatch Alarm State Change")
    assert event["resources"] == [watched.described()["AlarmArn"]]
    assert event["detail"]["state"]["value"] == "ALARM"
    assert event["detail"]["previousState"]["value"] == "INSUFFICIENT_DATA"
