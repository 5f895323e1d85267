"""What CloudWatch counted of the live model's requests, and what a check made of it."""

import json
from datetime import datetime, timedelta
from typing import Any

from tests.e2e.conftest import Local


def answered(local: Local, start: datetime, end: datetime) -> float:
    """Count the invocations in the whole minutes of a day at most, less those that failed."""
    minute = timedelta(minutes=1)
    first, last = (time.replace(second=0, microsecond=0) for time in (start, end))
    named = {"EndpointName": "freshet-dev-reviews", "VariantName": "AllTraffic"}
    sums = [
        sum(point["Sum"] for point in found["Datapoints"])
        for name in ("Invocations", "InvocationModelErrors")
        for found in [
            local.client("cloudwatch").get_metric_statistics(
                Namespace="AWS/SageMaker",
                MetricName=name,
                Dimensions=[{"Name": key, "Value": value} for key, value in named.items()],
                StartTime=first + minute * (start > first),
                EndTime=last,
                Period=60,
                Statistics=["Sum"],
            )
        ]
    ]
    return float(sums[0] - sums[1])


def read(local: Local, key: str) -> Any:
    """Read a document in the bucket."""
    return json.load(local.client("s3").get_object(Bucket=local.address["bucket"], Key=key)["Body"])
