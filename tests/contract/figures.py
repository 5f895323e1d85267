"""What metric queries and alarms ask CloudWatch for."""

from typing import Any


def stat(space: str, name: str, statistic: str = "Sum") -> dict[str, Any]:
    metric = {"Metric": {"Namespace": space, "MetricName": name}, "Period": 60, "Stat": statistic}
    return {"Id": name, "MetricStat": metric, "ReturnData": False}
