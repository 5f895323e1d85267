"""One metric alarm: read from PutMetricAlarm's request, and shown as DescribeAlarms shows it; pure.

Rules: CloudWatch API Reference, PutMetricAlarm, and the User Guide, "Alarm evaluation". What is refused has AWS's code,
ValidationError; most of the texts are ours.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from localcloud.cloudwatch.evaluation import COMPARISONS, INSUFFICIENT_DATA, TREATMENTS, Rule
from localcloud.cloudwatch.queries import Queries, read_queries
from localcloud.cloudwatch.reasons import INITIAL
from localcloud.cloudwatch.statistics import Reading
from localcloud.emulated import only, refusal
from localcloud.errors import AwsError
from localcloud.settings import ACCOUNT_ID

_MEMBERS = (
    "AlarmName AlarmDescription ActionsEnabled OKActions AlarmActions InsufficientDataActions MetricName Namespace"
    " Statistic ExtendedStatistic Dimensions Period Unit EvaluationPeriods DatapointsToAlarm Threshold"
    " ComparisonOperator TreatMissingData EvaluateLowSampleCountPercentile Metrics Tags"
)
_OF_ONE_METRIC = ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit")
_SHORT_PERIODS = (10, 20, 30)
_HOUR, _DAY, _WEEK = 3600, 86_400, 604_800
_MOST_METRICS = 10
_IGNORING = "AWS/DynamoDB"  # its alarms ignore missing data, whatever they say
_ACTIONS = {"OK": "OKActions", "ALARM": "AlarmActions", INSUFFICIENT_DATA: "InsufficientDataActions"}


@dataclass(frozen=True)
class State:
    """An alarm's state since ``updated``; its value since ``transitioned``."""

    value: str
    reason: str
    updated: datetime
    transitioned: datetime
    data: str | None = None


@dataclass(frozen=True)
class Alarm:
    """A metric alarm of a region; ``members`` are PutMetricAlarm's, with its defaults."""

    region: str
    members: Mapping[str, Any]
    queries: Queries = field(repr=False)
    watched: str  # the Id of the query that is compared with the threshold
    period: int  # seconds
    rule: Rule
    configured: datetime
    state: State

    @property
    def name(self) -> str:
        """Its name, unique in the region."""
        return str(self.members["AlarmName"])

    @property
    def arn(self) -> str:
        """Its ARN."""
        return arn_of(self.region, self.name)

    @property
    def metric_id(self) -> str:
        """What events call the metric of an alarm on one metric: random on AWS, here made of the ARN."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, self.arn))

    @property
    def key(self) -> tuple[str, str]:
        """Region and name."""
        return self.region, self.name

    @property
    def reading(self) -> Reading | None:
        """What an alarm on one metric reads; None for one on an expression."""
        return None if "Metrics" in self.members else self.queries.readings[0]

    @property
    def step(self) -> int:
        """How often it is evaluated: every so many seconds."""
        return 10 if self.period < 60 else 60  # noqa: PLR2004  a high-resolution alarm

    def actions(self, state: str) -> Iterable[str]:
        """Give the ARNs of what is to be done on entering a state."""
        found: Iterable[str] = self.members[_ACTIONS[state]] if self.members["ActionsEnabled"] else ()
        return found

    def described(self) -> dict[str, Any]:
        """Show it as DescribeAlarms does."""
        state = self.state
        return {
            **self.members,
            "AlarmArn": self.arn,
            "AlarmConfigurationUpdatedTimestamp": self.configured,
            "StateValue": state.value,
            "StateReason": state.reason,
            "StateReasonData": state.data,
            "StateUpdatedTimestamp": state.updated,
            "StateTransitionedTimestamp": state.transitioned,
        }


def arn_of(region: str, name: str) -> str:
    """Give the ARN of an alarm."""
    return f"arn:aws:cloudwatch:{region}:{ACCOUNT_ID}:alarm:{name}"


def read_alarm(request: Mapping[str, Any], region: str, now: datetime, state: State | None = None) -> Alarm:
    """Read an alarm from PutMetricAlarm's request; without a state it is new. Raises AwsError ValidationError."""
    only(request, _MEMBERS)
    members = {
        "ActionsEnabled": True,
        "OKActions": [],
        "AlarmActions": [],
        "InsufficientDataActions": [],
        **({} if "Metrics" in request else {"Dimensions": []}),
        **{name: value for name, value in request.items() if name != "Tags"},
    }
    queries, watched = _queries(members, region)
    period = _period(queries)
    return Alarm(
        region=region,
        members=members,
        queries=queries,
        watched=watched,
        period=period,
        rule=_rule(members, queries, period),
        configured=now,
        state=state or State(INSUFFICIENT_DATA, INITIAL, now, now),
    )


def _queries(members: Mapping[str, Any], region: str) -> tuple[Queries, str]:
    if "Metrics" not in members:
        return read_queries([_one_metric(members)], region), "m"
    if both := [name for name in _OF_ONE_METRIC if name in members]:
        raise _wrong(f"Metrics and {both[0]} cannot be specified together")
    returned = [part["Id"] for part in members["Metrics"] if part.get("ReturnData", True)]
    if len(returned) != 1:
        raise _wrong("Exactly one element of the metrics list should return data")
    return read_queries(members["Metrics"], region), returned[0]


def _one_metric(members: Mapping[str, Any]) -> Mapping[str, Any]:
    for name in ("MetricName", "Namespace", "Period"):
        if name not in members:
            raise _wrong(f"{name} must be specified for an alarm on a metric")
    if ("Statistic" in members) == ("ExtendedStatistic" in members):
        raise _wrong("Exactly one of Statistic and ExtendedStatistic must be specified")
    stat = {
        "Metric": members,
        "Period": members["Period"],
        "Stat": members.get("Statistic") or members["ExtendedStatistic"],
        "Unit": members.get("Unit"),
    }
    return {"Id": "m", "MetricStat": stat}


def _period(queries: Queries) -> int:
    readings = queries.readings
    if not 0 < len(readings) <= _MOST_METRICS:
        raise _wrong(f"An alarm must have 1 to {_MOST_METRICS} metrics")
    periods = {reading.period for reading in readings}
    if len(periods) > 1:
        raise _wrong("All metrics of an alarm must have the same period")
    period = periods.pop()
    if period not in _SHORT_PERIODS and period % 60:
        raise _wrong("Metrics Period must be 10, 20, 30 or a multiple of 60")
    return period


def _rule(members: Mapping[str, Any], queries: Queries, period: int) -> Rule:
    for name in ("EvaluationPeriods", "Threshold", "ComparisonOperator"):
        if name not in members:
            raise _wrong(f"{name} must be specified")
    periods = members["EvaluationPeriods"]
    rule = Rule(
        comparison=members["ComparisonOperator"],
        threshold=float(members["Threshold"]),
        periods=periods,
        datapoints=members.get("DatapointsToAlarm", periods),
        missing=members.get("TreatMissingData", "missing"),
    )
    if rule.comparison not in COMPARISONS:
        raise refusal(f"ComparisonOperator={rule.comparison}", "ValidationError")
    if rule.missing not in TREATMENTS:
        raise _wrong(f"TreatMissingData must be one of {', '.join(TREATMENTS)}")
    if members.get("EvaluateLowSampleCountPercentile", "evaluate") != "evaluate":
        raise refusal("EvaluateLowSampleCountPercentile=ignore", "ValidationError")
    if rule.datapoints > periods:
        raise _wrong("DatapointsToAlarm must be less than or equal to EvaluationPeriods")
    longest = _DAY if period < _HOUR else _WEEK
    if period * periods > longest:
        raise _wrong(f"Metrics cannot be checked across more than {longest} seconds (EvaluationPeriods * Period)")
    always_ignores = any(reading.metric.namespace == _IGNORING for reading in queries.readings)
    return replace(rule, missing="ignore") if always_ignores else rule


def _wrong(why: str) -> AwsError:
    return AwsError("ValidationError", f"{why}.")
