from datetime import UTC, datetime
from typing import Any

import pytest

from localcloud.cloudwatch.alarm import read_alarm
from localcloud.errors import AwsError

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
RULE = {
    "AlarmName": "high",
    "Namespace": "n",
    "MetricName": "m",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
}
STAT = {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}
MATH = {name: RULE[name] for name in ("AlarmName", "EvaluationPeriods", "Threshold", "ComparisonOperator")}
HIDDEN = {"Id": "m", "MetricStat": STAT, "ReturnData": False}


@pytest.mark.parametrize(
    ("request_", "part"),
    [
        ({**RULE, "Period": 45}, "Period"),
        ({**RULE, "Period": 5}, "Period"),
        ({**RULE, "EvaluationPeriods": 2, "DatapointsToAlarm": 3}, "DatapointsToAlarm"),
        ({**RULE, "Period": 300, "EvaluationPeriods": 289}, "86400"),
        ({**RULE, "Period": 3600, "EvaluationPeriods": 169}, "604800"),
        ({**RULE, "TreatMissingData": "good"}, "TreatMissingData"),
        ({**RULE, "ExtendedStatistic": "p99"}, "Exactly one of"),
        ({**{k: v for k, v in RULE.items() if k != "Statistic"}, "ExtendedStatistic": "p999"}, "p999"),
        ({k: v for k, v in RULE.items() if k != "Threshold"}, "Threshold"),
        ({k: v for k, v in RULE.items() if k != "Period"}, "Period"),
        ({**RULE, "Metrics": [{"Id": "m", "MetricStat": STAT}]}, "together"),
        ({**MATH, "Metrics": [HIDDEN]}, "Exactly one element"),
        ({**MATH, "Metrics": [{"Id": "e", "Expression": "1"}]}, "1 to 10 metrics"),
        (
            {
                **MATH,
                "Metrics": [
                    {"Id": "e", "Expression": "m + o"},
                    HIDDEN,
                    {**HIDDEN, "Id": "o", "MetricStat": {**STAT, "Period": 300}},
                ],
            },
            "same period",
        ),
        ({**RULE, "ComparisonOperator": "GreaterThanUpperThreshold"}, "not emulated"),
        ({**RULE, "EvaluateLowSampleCountPercentile": "ignore"}, "not emulated"),
        ({**RULE, "EvaluationWindow": {"SlidingWindow": {}}}, "EvaluationWindow is not emulated"),
    ],
)
def test_refused(request_: dict[str, Any], part: str) -> None:
    """PutMetricAlarm refuses what AWS refuses, and names what is not emulated (Source: PutMetricAlarm)."""
    with pytest.raises(AwsError, match=part) as refused:
        read_alarm(request_, "eu-central-1", NOW)
    assert refused.value.code in {"ValidationError", "ValidationException"}


def test_dynamodb_ignores_missing_data() -> None:
    """Alarms on AWS/DynamoDB ignore missing data, whatever they say (Source: PutMetricAlarm, TreatMissingData)."""
    request = {**RULE, "Namespace": "AWS/DynamoDB", "TreatMissingData": "breaching"}
    assert read_alarm(request, "eu-central-1", NOW).rule.missing == "ignore"


@pytest.mark.parametrize(("period", "periods"), [(10, 8640), (300, 288), (3600, 168)])
def test_the_longest_ranges(period: int, periods: int) -> None:
    """A day, or a week for periods of an hour and more, is just taken (Source: PutMetricAlarm, Period)."""
    alarm = read_alarm({**RULE, "Period": period, "EvaluationPeriods": periods}, "eu-central-1", NOW)
    assert (alarm.period, alarm.rule.periods, alarm.rule.datapoints) == (period, periods, periods)
