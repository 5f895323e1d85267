"""The CloudWatch alarms that watch the pipelines, as CloudFormation: of each, one on drift and one on quality.

Both look at a figure that the application puts after each check: 1 where a window drifted (or the model got worse), 0
where it did not, and nothing where there was too little to tell. Missing points are ignored, which among CloudWatch's
four ways is the one that invents nothing (User Guide, "Configuring how CloudWatch alarms treat missing data"):
``breaching`` would alarm for want of data; ``notBreaching`` would end an alarm for want of data; ``missing`` goes to
INSUFFICIENT_DATA after a true alarm, and raises one of 3 of 3 by a single point. With ``ignore``, an alarm begins only
with M points that say so, and ends only with a point that says the opposite. No action is attached: a change of state
is an event on the account's bus, where the application hears it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, get_args

from chalicelib.core.names import APP, METRICS_NAMESPACE, WATCHED, AlarmKind
from chalicelib.core.schedules import Schedule, parse
from chalicelib.core.spec import PipelineSpec
from infra.errors import TemplateError

KIND = "AWS::CloudWatch::Alarm"
# CloudWatch API Reference, PutMetricAlarm: Period times EvaluationPeriods.
LONGEST_S, LONGEST_OF_SHORT_PERIODS_S = 604_800, 86_400
_HOUR_S = 3600
_DAILY = 86_400, 1, 1
_SLOTS = 100  # looked at to find out how close they lie
_SAID: Mapping[AlarmKind, str] = {
    "drift": "The requests of the pipeline {name} are no longer like the rows that its model was tested on.",
    "quality": "The model of the pipeline {name} answers worse than when it was promoted, by labels that came later.",
}


def alarms(specs: Mapping[str, PipelineSpec]) -> dict[str, Any]:
    """Return the alarms of all pipelines, by logical name.

    Raises
    ------
    TemplateError
        If CloudWatch does not look back as far as an alarm would have to.
    """
    return {
        # A pipeline's name has small letters only, so a capital X says where its hyphens were.
        f"{kind.capitalize()}AlarmOf{name.replace('-', 'X')}": {"Type": KIND, "Properties": _alarm(spec, kind)}
        for name, spec in specs.items()
        for kind in get_args(AlarmKind)
    }


def drift_alarm(spec: PipelineSpec) -> tuple[int, int, int]:
    """Return how long a check's point counts (seconds), and how many of how many checks must say so."""
    drift = getattr(spec, "drift", None)
    return _DAILY if drift is None else (period_of(parse(drift.schedule)), 1, 1)


def period_of(schedule: Schedule) -> int:
    """Return the seconds between a schedule's closest slots: no two checks fall into one period. 7 days at most.

    It suits schedules that are even: where slots lie unevenly, some periods between them are empty.
    """
    slots = [schedule.next(datetime(2001, 1, 1, tzinfo=UTC) - timedelta(minutes=1))]
    while len(slots) < _SLOTS:
        slots.append(schedule.next(slots[-1]))
    return min(LONGEST_S, *(int((later - sooner).total_seconds()) for sooner, later in pairwise(slots)))


def _alarm(spec: PipelineSpec, kind: AlarmKind) -> dict[str, Any]:
    period_s, needed, looked_at = drift_alarm(spec) if kind == "drift" else _DAILY
    longest = LONGEST_OF_SHORT_PERIODS_S if period_s < _HOUR_S else LONGEST_S
    if period_s * looked_at > longest:
        raise TemplateError(
            f"pipeline {spec.name!r}: CloudWatch looks back {longest} s at most, and {looked_at} checks are "
            f"{period_s * looked_at} s: check more often, or let fewer checks decide"
        )
    return {
        "AlarmName": {"Fn::Sub": f"{APP}-${{Stage}}-{spec.name}-{kind}"},
        "AlarmDescription": _SAID[kind].format(name=spec.name),
        "Namespace": METRICS_NAMESPACE,
        "MetricName": WATCHED[kind],
        "Dimensions": [{"Name": "Stage", "Value": {"Ref": "Stage"}}, {"Name": "Pipeline", "Value": spec.name}],
        "Statistic": "Maximum",
        "Period": period_s,
        "EvaluationPeriods": looked_at,
        "DatapointsToAlarm": needed,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "ignore",
    }
