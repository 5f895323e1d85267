"""The CloudWatch alarms that watch the pipelines, as CloudFormation: of each, one on drift and one on quality.

Both look at a figure that the application puts after each check: 1 where drift is confirmed (or the model got worse), 0
where it is not, and nothing where there was too little to tell. How many of how many checks confirm a drift is counted
there, by checks: an alarm could only count periods, and a check that comes late or by hand is in no period of its own.
Missing points are ignored, which among CloudWatch's four ways is the one that invents nothing (User Guide, "Configuring
how CloudWatch alarms treat missing data"): an alarm begins with a point that says so, and ends with one that says the
opposite. No action is attached: a change of state is an event on the account's bus, where the application hears it.
"""

from collections.abc import Mapping
from typing import Any, get_args

from chalicelib.core.names import APP, METRICS_NAMESPACE, WATCHED, AlarmKind
from chalicelib.core.spec import PipelineSpec

KIND = "AWS::CloudWatch::Alarm"
PERIOD_S = 60
_SAID: Mapping[AlarmKind, str] = {
    "drift": "The requests of the pipeline {name} are no longer like the rows that its model was tested on.",
    "quality": "The model of the pipeline {name} answers worse than when it was promoted, by labels that came later.",
}


def alarms(specs: Mapping[str, PipelineSpec]) -> dict[str, Any]:
    """Return the alarms of all pipelines, by logical name."""
    return {
        # A pipeline's name has small letters only, so a capital X says where its hyphens were.
        f"{kind.capitalize()}AlarmOf{name.replace('-', 'X')}": {"Type": KIND, "Properties": _alarm(spec, kind)}
        for name, spec in specs.items()
        for kind in get_args(AlarmKind)
    }


def _alarm(spec: PipelineSpec, kind: AlarmKind) -> dict[str, Any]:
    return {
        "AlarmName": {"Fn::Sub": f"{APP}-${{Stage}}-{spec.name}-{kind}"},
        "AlarmDescription": _SAID[kind].format(name=spec.name),
        "Namespace": METRICS_NAMESPACE,
        "MetricName": WATCHED[kind],
        "Dimensions": [{"Name": "Stage", "Value": {"Ref": "Stage"}}, {"Name": "Pipeline", "Value": spec.name}],
        "Statistic": "Maximum",
        "Period": PERIOD_S,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "ignore",
    }
