"""What CloudWatch counted of an endpoint's invocations, read only.

Source of the metrics: SageMaker Developer Guide, "Monitor Amazon SageMaker AI with Amazon CloudWatch": Invocations
counts requests, InvocationModelErrors those that the model did not answer with success, in time or at all (4xx and 5xx
are among them); both by endpoint and variant, a sum.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.adapters.calls import translated
from chalicelib.adapters.clients import client
from chalicelib.core.errors import CallError, DeniedError, UnavailableError
from chalicelib.core.facts import Traffic
from chalicelib.core.traffic import Span

_METRICS = {"invocations": "Invocations", "failed": "InvocationModelErrors"}  # by the query's id
_NAMESPACE = "AWS/SageMaker"
_WHOLE, _FORBIDDEN = "Complete", "Forbidden"


@dataclass(frozen=True)
class CloudWatchTraffic:
    """`services.ports.TrafficCounter` over CloudWatch."""

    def count(self, endpoint: str, variant: str, span: Span) -> Traffic | None:
        """Return what was asked of a variant in a span; None if CloudWatch has no figure of it.

        Raises
        ------
        CallError
            If CloudWatch does not tell, or not all of it.
        """
        sums: Counter[str] = Counter()
        states: dict[str, str] = {}  # of each query, as its last page says
        pages = client("cloudwatch").get_paginator("get_metric_data")
        asked = {
            "MetricDataQueries": [_query(name, endpoint, variant, span.period) for name in _METRICS],
            "StartTime": span.start,
            "EndTime": span.end,
        }
        found = False
        with translated("GetMetricData"):
            for page in pages.paginate(**asked):
                for result in page["MetricDataResults"]:
                    states[result["Id"]] = result["StatusCode"]
                    sums[result["Id"]] += round(sum(result["Values"]))
                    found |= result["Id"] == "invocations" and bool(result["Values"])
        for state in states.values():
            if state != _WHOLE:
                raise _incomplete(state)
        return Traffic(sums["invocations"], sums["failed"]) if found else None


def _query(name: str, endpoint: str, variant: str, period: int) -> Mapping[str, Any]:
    dimensions = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": variant}]
    metric = {"Namespace": _NAMESPACE, "MetricName": _METRICS[name], "Dimensions": dimensions}
    return {"Id": name, "MetricStat": {"Metric": metric, "Period": period, "Stat": "Sum"}}


def _incomplete(state: str) -> CallError:
    kind = DeniedError if state == _FORBIDDEN else UnavailableError
    return kind(f"GetMetricData answered {state}")
