"""Pages of queues by name: at most 1,000, or as many as the caller asks for. Pure.

Source: SQS API Reference, ListQueues: only who sets MaxResults gets a NextToken.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

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
    after = _read(request["NextToken"]) if "NextToken" in request else ""
    rest = [queue for queue in queues if queue.name > after]
    page = rest[: most or _MOST]
    more = most is not None and len(rest) > len(page)
    return page, base64.urlsafe_b64encode(page[-1].name.encode()).decode() if more else None


def _read(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise refused("InvalidParameterValue", "NextToken is not one that ListQueues gave.") from error
