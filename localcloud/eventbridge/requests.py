"""What the requests to EventBridge have in common: the bus they name, the rule they name, what is not emulated, pages.

A token names the last entry of its page, so entries that come or go between two pages neither repeat nor hide others.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from localcloud.errors import AwsError
from localcloud.eventbridge.rules import Rule, Rules
from localcloud.settings import ACCOUNT_ID

Data = Mapping[str, Any]

DEFAULT_BUS = "default"
_PAGE = 100  # AWS's default, and its most


def bus_arn(region: str) -> str:
    """Return the ARN of a region's default bus."""
    return f"arn:aws:events:{region}:{ACCOUNT_ID}:event-bus/{DEFAULT_BUS}"


def check_bus(request: Data, region: str, member: str = "EventBusName") -> None:
    """Raise AwsError unless a request is about the default bus, by its name or ARN; there is no other."""
    bus = request.get(member, DEFAULT_BUS)
    if bus not in {DEFAULT_BUS, bus_arn(region)}:
        raise AwsError("ResourceNotFoundException", f"Event bus {bus} does not exist.")


def rule_of(rules: Rules, request: Data, region: str, member: str = "Name") -> Rule:
    """Return the rule that a request names; raises AwsError ResourceNotFoundException."""
    check_bus(request, region)
    rule = rules.get(region, request[member])
    if rule is None:
        raise no_rule(request[member])
    return rule


def no_rule(name: str) -> AwsError:
    """Return the answer to the name of no rule (users: it is in many an issue)."""
    return AwsError("ResourceNotFoundException", f"Rule {name} does not exist on EventBus {DEFAULT_BUS}.")


def page(request: Data, member: str, entries: Sequence[tuple[str, Any]]) -> Data:
    """Return one page of entries, each with the name it is ordered by; raises AwsError for a token that is none."""
    entries = sorted(entries, key=lambda entry: entry[0])
    if "NextToken" in request:
        last = _read_token(request["NextToken"])
        entries = [entry for entry in entries if entry[0] > last]
    size = request.get("Limit", _PAGE)
    answer: dict[str, Any] = {member: [entry for _, entry in entries[:size]]}
    if len(entries) > size:
        answer["NextToken"] = base64.urlsafe_b64encode(entries[size - 1][0].encode()).decode()
    return answer


def _read_token(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except ValueError:  # no ASCII, no base64 or no UTF-8
        raise AwsError("ValidationException", "Parameter NextToken is not valid.") from None
