"""CloudWatch's alarms, read only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.adapters.calls import translated
from chalicelib.adapters.clients import client
from chalicelib.core.facts import Alarm

_MOST_NAMES = 100  # of one DescribeAlarms


@dataclass(frozen=True)
class CloudWatchAlarms:
    """`services.ports.Alarms` over CloudWatch."""

    def states(self, names: Sequence[str]) -> Mapping[str, Alarm]:
        """Return the metric alarms of these names; one that does not exist is left out.

        Raises
        ------
        CallError
            If CloudWatch does not tell.
        """
        pages = client("cloudwatch").get_paginator("describe_alarms")
        found: dict[str, Alarm] = {}
        # Without a name CloudWatch would describe all alarms of the account: no names are no call.
        for start in range(0, len(names), _MOST_NAMES):
            asked = list(names[start : start + _MOST_NAMES])
            with translated("DescribeAlarms"):
                for page in pages.paginate(AlarmNames=asked, AlarmTypes=["MetricAlarm"]):
                    found |= {item["AlarmName"]: _alarm(item) for item in page.get("MetricAlarms", ())}
        return found


def _alarm(item: Mapping[str, Any]) -> Alarm:
    # An update may give another reason for the same state: what counts is when the state became what it is.
    changed = item.get("StateTransitionedTimestamp") or item["StateUpdatedTimestamp"]
    return Alarm(item["AlarmName"], item["StateValue"], changed, item.get("StateReason", ""))
