"""Filter policies: which messages a subscription gets, by their attributes or their body.

The comparisons are those of event patterns (`localcloud.eventbridge.patterns`). A message attribute of type Binary, and
a body that is no JSON object, match nothing.
Source: SNS Developer Guide, "Amazon SNS subscription filter policies".
"""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from math import prod
from typing import Any

from localcloud.errors import AwsError
from localcloud.eventbridge.patterns import Matches, compile_pattern
from localcloud.sns.refusals import invalid
from localcloud.targets import Attributes

SCOPES = ("MessageAttributes", "MessageBody")
_MOST_KEYS = 5
_MOST_COMBINATIONS = 150


def check(policy: str, scope: str) -> None:
    """Refuse a policy that cannot be used; raises AwsError."""
    if scope not in SCOPES:
        raise invalid(f"FilterPolicyScope: Invalid value [{scope}]. Please use either {' or '.join(SCOPES)}")
    try:
        read = json.loads(policy)
    except ValueError as error:
        raise invalid(f"FilterPolicy: failed to parse JSON. {error}") from error
    if not isinstance(read, dict):
        raise invalid("FilterPolicy: failed to parse JSON. It is no object")
    if scope == "MessageAttributes" and any(isinstance(part, dict) for part in read.values()):
        raise invalid("FilterPolicy: Filter policy scope MessageAttributes does not support nested filter policy")
    leaves = list(_leaves(read, 1))
    if len(leaves) > _MOST_KEYS:
        raise invalid(f"FilterPolicy: Filter policy can not have more than {_MOST_KEYS} keys")
    if prod(values * depth for values, depth in leaves) > _MOST_COMBINATIONS:
        raise invalid(f"FilterPolicy: Filter policy is too complex, more than {_MOST_COMBINATIONS} combinations")
    try:
        _compiled(policy)
    except AwsError as error:
        raise invalid(f"FilterPolicy: {error.message}") from error


def accepts(policy: str, scope: str, attributes: Attributes, text: str) -> bool:
    """Say whether a policy that was checked lets a message through."""
    if policy.strip() in {"", "{}"}:
        return True
    if scope == "MessageAttributes":
        return _compiled(policy)(
            {name: value for name, value in map(_compared, attributes.items()) if value is not None}
        )
    try:
        body = json.loads(text)
    except ValueError:
        return False
    return isinstance(body, dict) and _compiled(policy)(body)


@lru_cache(maxsize=256)
def _compiled(policy: str) -> Matches:
    read = json.loads(policy)
    return compile_pattern(read) if read else lambda _: True


def _leaves(part: object, depth: int) -> Iterator[tuple[int, int]]:
    """Yield for each key the number of its alternatives and how deep it lies."""
    if isinstance(part, dict):
        for name, value in part.items():
            nested = value if name == "$or" and isinstance(value, list) else [value]
            for each in nested:
                yield from _leaves(each, depth + (1 if isinstance(each, dict) and name != "$or" else 0))
    elif isinstance(part, list):
        yield len(part), depth


def _compared(attribute: tuple[str, Mapping[str, Any]]) -> tuple[str, object]:
    """Give what the comparisons see of an attribute; None for a binary one."""
    name, given = attribute
    kind, text = given["DataType"], given.get("StringValue")
    if text is None or kind.startswith("Binary"):
        return name, None
    return name, json.loads(text) if kind == "String.Array" or kind.startswith("Number") else text
