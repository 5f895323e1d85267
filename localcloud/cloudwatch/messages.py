"""The three shapes in which an alarm tells of itself: to EventBridge, to a Lambda function, to an SNS topic; pure.

Sources: CloudWatch User Guide, "Alarm events and EventBridge" and "Invoke a Lambda function from an alarm"; the shape
for SNS, which AWS does not document, is that of messages that users show.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from botocore.loaders import create_loader

from localcloud.cloudwatch.alarm import Alarm, State
from localcloud.cloudwatch.reasons import stamp
from localcloud.settings import ACCOUNT_ID

Json = Mapping[str, Any]
_LOUD = {"SampleCount": "SAMPLE_COUNT", "Average": "AVERAGE", "Sum": "SUM", "Minimum": "MINIMUM", "Maximum": "MAXIMUM"}


def state_change(alarm: Alarm, before: State) -> Json:
    """Make the detail of "CloudWatch Alarm State Change"."""
    return {
        "alarmName": alarm.name,
        "state": _state(alarm.state),
        "previousState": _state(before),
        "configuration": {**_described(alarm), "metrics": _metrics(alarm)},
    }


def configuration_change(operation: str, alarm: Alarm, before: Alarm | None = None) -> Json:
    """Make the detail of "CloudWatch Alarm Configuration Change"; ``operation`` is create, update or delete."""
    previous = {"previousConfiguration": _configuration(before)} if before else {}
    return {
        "alarmName": alarm.name,
        "operation": operation,
        "state": _state(alarm.state),
        "configuration": _configuration(alarm),
        **previous,
    }


def for_lambda(alarm: Alarm, before: State) -> Json:
    """Make the event of a Lambda function that is an alarm's action."""
    return {
        "source": "aws.cloudwatch",
        "alarmArn": alarm.arn,
        "accountId": ACCOUNT_ID,
        "time": stamp(alarm.state.updated),
        "region": alarm.region,
        "alarmData": state_change(alarm, before),
    }


def for_sns(alarm: Alarm, before: State) -> Json:
    """Make the message to a topic that is an alarm's action."""
    members = alarm.members
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": members.get("AlarmDescription"),
        "AWSAccountId": ACCOUNT_ID,
        "AlarmConfigurationUpdatedTimestamp": stamp(alarm.configured),
        "NewStateValue": alarm.state.value,
        "NewStateReason": alarm.state.reason,
        "StateChangeTime": stamp(alarm.state.updated),
        "Region": region_name(alarm.region),
        "AlarmArn": alarm.arn,
        "OldStateValue": before.value,
        "OKActions": members["OKActions"],
        "AlarmActions": members["AlarmActions"],
        "InsufficientDataActions": members["InsufficientDataActions"],
        "Trigger": {**_trigger(alarm), **_rule(alarm)},
    }


@cache
def region_name(region: str) -> str:
    """Give the long name of a region, such as Europe (Frankfurt); the code where there is none."""
    partitions = create_loader().load_data("partitions")["partitions"]
    names = {code: each["description"] for part in partitions for code, each in part["regions"].items()}
    return str(names.get(region, region))


def _trigger(alarm: Alarm) -> Json:
    members = alarm.members
    if "Metrics" in members:
        return {"Period": alarm.period, "Metrics": [_loud_query(part) for part in members["Metrics"]]}
    kind = "Statistic" if "Statistic" in members else "ExtendedStatistic"
    return {
        "MetricName": members["MetricName"],
        "Namespace": members["Namespace"],
        "StatisticType": kind,
        kind: _LOUD.get(members[kind], members[kind]),
        "Unit": members.get("Unit"),
        "Dimensions": _pairs(members["Dimensions"]),
        "Period": alarm.period,
    }


def _rule(alarm: Alarm) -> Json:
    return {
        "EvaluationPeriods": alarm.rule.periods,
        "DatapointsToAlarm": alarm.rule.datapoints,
        "ComparisonOperator": alarm.rule.comparison,
        "Threshold": alarm.rule.threshold,
        "TreatMissingData": alarm.rule.missing,
        "EvaluateLowSampleCountPercentile": alarm.members.get("EvaluateLowSampleCountPercentile", ""),
    }


def _loud_query(part: Mapping[str, Any]) -> Json:
    if "MetricStat" not in part:
        return part
    stat = part["MetricStat"]
    metric = {**stat["Metric"], "Dimensions": _pairs(stat["Metric"].get("Dimensions", ()))}
    return {**part, "MetricStat": {**stat, "Metric": metric}}


def _pairs(dimensions: Iterable[Mapping[str, str]]) -> Sequence[Json]:
    return [{"value": each["Value"], "name": each["Name"]} for each in dimensions]


def _state(state: State) -> Json:
    data = {"reasonData": state.data} if state.data else {}
    return {"value": state.value, "reason": state.reason, **data, "timestamp": stamp(state.updated)}


def _described(alarm: Alarm) -> Json:
    description = alarm.members.get("AlarmDescription")
    return {"description": description} if description else {}


def _configuration(alarm: Alarm) -> Json:
    members = alarm.members
    given = {"datapointsToAlarm": "DatapointsToAlarm", "treatMissingData": "TreatMissingData"}
    return {
        "alarmName": alarm.name,
        **_described(alarm),
        "actionsEnabled": members["ActionsEnabled"],
        "okActions": members["OKActions"],
        "alarmActions": members["AlarmActions"],
        "insufficientDataActions": members["InsufficientDataActions"],
        "comparisonOperator": alarm.rule.comparison,
        "evaluationPeriods": alarm.rule.periods,
        "threshold": alarm.rule.threshold,
        **{quiet: members[name] for quiet, name in given.items() if name in members},
        "metrics": _metrics(alarm),
        "timestamp": stamp(alarm.configured),
    }


def _metrics(alarm: Alarm) -> Sequence[Json]:
    reading = alarm.reading
    if reading is None:
        return [_quiet_query(part) for part in alarm.members["Metrics"]]
    return [
        {
            "id": alarm.metric_id,
            "metricStat": _metric_stat(alarm.members, reading.period, reading.stat.name, reading.unit),
            "returnData": True,
        }
    ]


def _quiet_query(part: Mapping[str, Any]) -> Json:
    label = {"label": part["Label"]} if "Label" in part else {}
    returned = {"returnData": part.get("ReturnData", True)}
    if "Expression" in part:
        return {"expression": part["Expression"], "id": part["Id"], **label, **returned}
    stat = part["MetricStat"]
    quiet = _metric_stat(stat["Metric"], stat["Period"], stat["Stat"], stat.get("Unit"))
    return {"id": part["Id"], **label, "metricStat": quiet, **returned}


def _metric_stat(metric: Mapping[str, Any], period: int, stat: str, unit: str | None) -> Json:
    return {
        "metric": {
            "namespace": metric["Namespace"],
            "name": metric["MetricName"],
            "dimensions": {each["Name"]: each["Value"] for each in metric.get("Dimensions", ())},
        },
        "period": period,
        "stat": stat,
        **({"unit": unit} if unit else {}),
    }


def encoded(message: Json) -> bytes:
    """Write a message as JSON."""
    return json.dumps(message).encode()
