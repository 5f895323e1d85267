"""A cloud whose alarms are watched."""

from datetime import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

SPACE = "Tests"
RULE = {
    "AlarmName": "high",
    "Namespace": SPACE,
    "MetricName": "m",
    "Statistic": "Maximum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1,
    "ComparisonOperator": "GreaterThanThreshold",
}
APP = """
import json, os
from chalice import Chalice
app = Chalice(app_name="watcher")

@app.on_cw_event({"source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm State Change"]})
def changed(event):
    with open(os.environ["SEEN"], "a") as seen:
        seen.write(json.dumps(event.to_dict()) + "\\n")
"""


class Watched:
    """A cloud with a virtual clock and what alarms need of it."""

    def __init__(self, cloud: Any) -> None:
        self.cloud = cloud
        self.api = cloud.client("cloudwatch")

    def now(self) -> datetime:
        return datetime.fromisoformat(self.cloud.page("clock")["now"])

    def to_the_minute(self) -> None:
        """Let time pass until a minute has just begun, so that a test cannot straddle two."""
        now = self.now()
        self.cloud.advance(60 - now.second - now.microsecond / 1e6 + 1)

    def put(self, value: float, name: str = "m", **more: Any) -> None:
        self.api.put_metric_data(Namespace=SPACE, MetricData=[{"MetricName": name, "Value": value, **more}])

    def alarm(self, **changed: Any) -> None:
        self.api.put_metric_alarm(**{**RULE, **changed})

    def set_state(self, value: str, name: str = "high") -> None:
        """Set a state that no evaluation changes before the next minute."""
        self.cloud.advance(1)
        self.api.set_alarm_state(AlarmName=name, StateValue=value, StateReason="a test")

    def described(self, name: str = "high") -> dict[str, Any]:
        (found,) = self.api.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return dict(found)

    def state(self, name: str = "high") -> str:
        return str(self.described(name)["StateValue"])

    def states(self, name: str = "high") -> list[str]:
        items = self.api.describe_alarm_history(AlarmName=name, HistoryItemType="StateUpdate")["AlarmHistoryItems"]
        return [item["HistorySummary"].rpartition(" ")[2] for item in reversed(items)]


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])
