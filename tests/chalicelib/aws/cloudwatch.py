"""CloudWatch's figures, which are kept in order, and alarms, which go into the state that a test says.

Figures are read by one page a query, with nothing for a metric that has none.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.chalicelib.aws.refusals import refused

Request = dict[str, Any]
_PAGE = 2  # alarms a page, so that tests meet a second one


@dataclass
class Watch:
    """Everything of CloudWatch's in one account; ``tell`` takes the name that an event would bear."""

    time: Callable[[], datetime] = field(repr=False)
    tell: Callable[[str], None] = field(repr=False)
    figures: list[Request] = field(default_factory=list)  # what was put, each with its namespace
    alarms: dict[str, Request] = field(default_factory=dict)

    def set_alarm(self, name: str, state: str, reason: str = "Threshold Crossed") -> None:
        """Let an alarm go into a state; one that was not there is made."""
        now = self.time()
        before = self.alarms.get(name, {})
        same = before.get("StateValue") == state
        self.alarms[name] = {
            "AlarmName": name,
            "StateValue": state,
            "StateReason": reason,
            "StateUpdatedTimestamp": now,
            "StateTransitionedTimestamp": before["StateTransitionedTimestamp"] if same else now,
        }
        if not same:
            self.tell(name)

    def values(self, metric: str, pipeline: str) -> list[float]:
        """Return the values that were put of a pipeline's metric, in order."""
        ours = {"Name": "Pipeline", "Value": pipeline}
        return [one["Value"] for one in self.figures if one["MetricName"] == metric and ours in one["Dimensions"]]

    def invoke(self, endpoint: str, variant: str, times: int, failed: int = 0) -> None:
        """Count invocations of a variant as SageMaker does, now."""
        dimensions = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": variant}]
        for name, value in (("Invocations", times), ("InvocationModelErrors", failed)):
            datum = {"MetricName": name, "Dimensions": dimensions, "Timestamp": self.time(), "Value": float(value)}
            self.put_metric_data("AWS/SageMaker", [datum])

    def put_metric_alarm(self, AlarmName: str, **configuration: Any) -> Request:
        if AlarmName not in self.alarms:
            self.set_alarm(AlarmName, "INSUFFICIENT_DATA", "Unchecked: Initial alarm creation")
        return {}

    def set_alarm_state(self, AlarmName: str, StateValue: str, StateReason: str) -> Request:
        if AlarmName not in self.alarms:
            raise refused("ResourceNotFound", 404)
        self.set_alarm(AlarmName, StateValue, StateReason)
        return {}

    def put_metric_data(self, Namespace: str, MetricData: list[Request]) -> Request:
        if not 0 < len(MetricData) <= 1000 or not all(math.isfinite(datum["Value"]) for datum in MetricData):
            raise refused("InvalidParameterValue", message="The parameter MetricData is invalid.")
        self.figures += ({**datum, "Namespace": Namespace} for datum in MetricData)
        return {}

    def get_metric_data_pages(
        self, MetricDataQueries: list[Request], StartTime: datetime, EndTime: datetime
    ) -> list[Request]:
        if StartTime >= EndTime:
            raise refused("ValidationError", message="The parameter StartTime must be less than the parameter EndTime.")
        return [
            {"MetricDataResults": [{"Id": one["Id"], "StatusCode": "Complete", "Values": values}]}
            for one in MetricDataQueries
            for values in [self._sums(**one["MetricStat"], start=StartTime, end=EndTime)]
        ]

    def _sums(self, Metric: Request, Period: int, Stat: str, *, start: datetime, end: datetime) -> list[float]:
        assert Stat == "Sum"
        wanted = {**Metric, "Dimensions": _named(Metric)}
        sums: dict[int, float] = {}
        for one in self.figures:
            metric = {"Namespace": one["Namespace"], "MetricName": one["MetricName"], "Dimensions": _named(one)}
            if metric == wanted and start <= one["Timestamp"] < end:
                period = int(one["Timestamp"].timestamp() // Period)
                sums[period] = sums.get(period, 0.0) + one["Value"]
        return list(sums.values())

    def describe_alarms_pages(self, AlarmNames: list[str], AlarmTypes: list[str]) -> list[Request]:
        if len(AlarmNames) > 100:
            raise refused("ValidationError", message="AlarmNames must have length less than or equal to 100")
        found = [self.alarms[name] for name in AlarmNames or self.alarms if name in self.alarms]
        pages = [found[start : start + _PAGE] for start in range(0, len(found) or 1, _PAGE)]
        return [{"MetricAlarms": page, "CompositeAlarms": []} for page in pages]


def _named(metric: Request) -> dict[str, str]:
    return {one["Name"]: one["Value"] for one in metric.get("Dimensions", ())}
