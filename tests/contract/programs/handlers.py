"""Lambda functions as AWS calls them: for a real account they are zipped as they are, here Chalice declares them."""

import json
import os
import time
from typing import Any

_CALLS: list[str] = []


def echo(event: Any, context: Any) -> Any:
    _CALLS.append(context.aws_request_id)
    own = {name: value for name, value in os.environ.items() if name.startswith("OWN")}
    return {"event": event, "id": context.aws_request_id, "environment": own, "calls": len(_CALLS)}


def fails(event: Any, context: Any) -> Any:
    del event, context
    raise ValueError("never")


def sleeps(event: Any, context: Any) -> Any:
    del context
    time.sleep(event["seconds"])
    return "awake"


def measures(event: Any, context: Any) -> Any:
    """Print a metric as Powertools does, in the Embedded Metric Format."""
    del context
    metric = {"Namespace": event["namespace"], "Dimensions": [["kind"]], "Metrics": [{"Name": "Rows", "Unit": "Count"}]}
    now = int(time.time() * 1000)
    print(json.dumps({"_aws": {"Timestamp": now, "CloudWatchMetrics": [metric]}, "kind": "csv", "Rows": 3}))  # noqa: T201
