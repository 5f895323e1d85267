"""CloudWatch's figures, which are kept in order, and alarms, which go into the state that a test says."""

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

    def describe_alarms_pages(self, AlarmNames: list[str], AlarmTypes: list[str]) -> list[Request]:
        if len(AlarmNames) > 100:
            raise refused("ValidationError", message="AlarmNames must have length less than or equal to 100")
        found = [self.alarms[name] for name in AlarmNames or self.alarms if name in self.alarms]
        pages = [found[start : start + _PAGE] for start in range(0, len(found) or 1, _PAGE)]
        return [{"MetricAlarms": page, "CompositeAlarms": []} for page in pages]
