"""Pages of queues by name: at most 1,000, or as many as the caller asks for. Pure.

Source: SQS API Reference, ListQueues: only who sets MaxResults gets a NextToken.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from localcloud.paging import page
from localcloud.sqs.queues import Queue
from localcloud.sqs.refusals import refused

_MOST = 1000


def cut(queues: Sequence[Queue], request: Mapping[str, Any]) -> tuple[Sequence[Queue], str | None]:
    """Give the page that a request asks for, and the token of the next; raises AwsError."""
    most = request.get("MaxResults")
    if most is not None and not 1 <= most <= _MOST:
        raise refused("InvalidParameterValue", f"MaxResults must be an integer between 1 and {_MOST}.")
    if "NextToken" in request and most is None:
        raise refused("InvalidParameterValue", "NextToken is only valid with MaxResults.")
    found, token = page(
        *(queues, lambda queue: (queue.name,), most or _MOST, request.get("NextToken")),
        wrong=refused("InvalidParameterValue", "NextToken is not one that ListQueues gave."),
    )
    return found, token if most is not None else None
