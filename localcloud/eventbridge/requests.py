"""What the requests to EventBridge have in common: the bus they name, the rule they name, pages."""

from collections.abc import Mapping, Sequence
from typing import Any

from localcloud import paging
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
    found, token = paging.page(
        *(entries, lambda entry: (entry[0],), request.get("Limit", _PAGE), request.get("NextToken")),
        wrong=AwsError("ValidationException", "Parameter NextToken is not valid."),
    )
    return {member: [entry for _, entry in found], "NextToken": token}
