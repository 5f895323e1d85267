"""EventBridge's event patterns: which events a rule is for.

A pattern has the event's own structure: objects must match field by field, and the list at each leaf holds
alternatives: values, or objects naming one comparison. `compile_pattern` refuses at once what EventBridge would
refuse or what is not known here, so that a rule that could never match is not found out by waiting. As on AWS,
numbers are equal only when they are written alike (300 is not 300.0), a list in the event matches by any of its
elements, and ``exists`` sees leaves only.

Sources: EventBridge User Guide, "Comparison operators for use in event patterns"; the texts of refusals are Event
Ruler's, AWS's own matcher. Ours: the place that follows them, where AWS tells line and column; a wildcard is never
"too complex"; 300.0 and 3.0e2 are one number, as JSON's reader leaves no difference.
"""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from localcloud.errors import AwsError, PatternError
from localcloud.eventbridge.comparisons import Holds, comparison, equal, is_number

Matches = Callable[[object], bool]
_OfLeaves = Callable[[list[object]], bool]

_COMBINATIONS = 1000  # that $or may make
_DEPTH = 100  # ours: beyond, matching could exceed the stack, for every event there is
_RESERVED = frozenset({
    *("exactly", "equals-ignore-case", "prefix", "suffix", "anything-but", "exists", "wildcard", "numeric", "cidr"),
    *("=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case"),
    *("date-after", "date-on-or-after", "date-before", "date-on-or-before", "in-date-range"),
    *("ip-address-in-range", "ip-address-not-in-range"),
})  # fmt: skip


def read_pattern(text: str) -> object:
    """Read a pattern's JSON; of two fields with one name the last counts. Raises AwsError as `compile_pattern`."""
    try:
        pattern = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _refusal(str(error)) from error
    if _depth(pattern) > _DEPTH:
        raise _refusal(f"more than {_DEPTH} levels")
    return pattern


def compile_pattern(pattern: object) -> Matches:
    """Make the test that a pattern is; raises AwsError InvalidEventPatternException, which says what is wrong where."""
    try:
        return _whole(pattern)
    except PatternError as error:
        raise _refusal(str(error)) from error


def _whole(pattern: object) -> Matches:
    if not isinstance(pattern, Mapping):
        raise PatternError("Filter is not an object")
    test = _object(pattern, "", in_or=False)
    if _combinations(pattern) > _COMBINATIONS:
        raise PatternError(f"$or makes more than {_COMBINATIONS} rule combinations")
    return test


def _refusal(reason: str) -> AwsError:
    return AwsError("InvalidEventPatternException", f"Event pattern is not valid. Reason: {reason}")


def _depth(pattern: object) -> int:
    parts = pattern.values() if isinstance(pattern, Mapping) else pattern if isinstance(pattern, list) else ()
    return 1 + max(map(_depth, parts), default=0)


def _combinations(pattern: object) -> int:
    if not isinstance(pattern, Mapping):
        return 1
    return math.prod(
        sum(map(_combinations, part)) if name == "$or" else _combinations(part) for name, part in pattern.items()
    )


def _object(pattern: Mapping[str, Any], path: str, *, in_or: bool) -> Matches:
    if not pattern:
        raise PatternError(f"Empty objects are not allowed{_at(path)}")
    for name in pattern if in_or else ():
        if name in _RESERVED:
            raise PatternError(f"{name} is Ruler reserved fieldName which cannot be used inside $or.{_at(path)}")
    fields = [(name, _field(name, part, path, in_or=in_or)) for name, part in pattern.items() if name != "$or"]
    either = _either(pattern["$or"], path) if "$or" in pattern else None

    def matches(found: object) -> bool:
        if isinstance(found, list) and found:
            return any(matches(element) for element in found)
        present = found if isinstance(found, Mapping) else {}
        return all(test(present.get(name, _ABSENT)) for name, test in fields) and (either is None or either(present))

    return matches


def _either(patterns: object, path: str) -> Matches:
    if not isinstance(patterns, list):
        raise PatternError(f"It must be an Array followed with $or.{_at(path)}")
    tests = []
    for pattern in patterns:
        if not isinstance(pattern, Mapping):
            raise PatternError(f"Only JSON object is allowed in array of $or relationship.{_at(path)}")
        tests.append(_object(pattern, path, in_or=True))
    if len(tests) < 2:  # noqa: PLR2004  one alternative is none
        raise PatternError(f"There must have at least 2 Objects in $or relationship.{_at(path)}")
    return lambda found: any(test(found) for test in tests)


def _field(name: str, pattern: object, path: str, *, in_or: bool) -> Matches:
    inner = f"{path}.{name}" if path else name
    if isinstance(pattern, Mapping):
        return _object(pattern, inner, in_or=in_or)
    if not isinstance(pattern, list):
        raise PatternError(f'"{name}" must be an object or an array{_at(inner)}')
    if not pattern:
        raise PatternError(f"Empty arrays are not allowed{_at(inner)}")
    try:
        tests = [_alternative(alternative) for alternative in pattern]
    except PatternError as error:
        raise PatternError(f"{error}{_at(inner)}") from error
    return lambda found: any(test(_leaves(found)) for test in tests)


def _at(path: str) -> str:
    return f" at {path}" if path else ""


_ABSENT = object()


def _leaves(found: object) -> list[object]:
    """Give the values at a path: an object is none, a list is all of its own."""
    if isinstance(found, list):
        return [leaf for element in found for leaf in _leaves(element)]
    return [] if found is _ABSENT or isinstance(found, Mapping) else [found]


def _alternative(alternative: object) -> _OfLeaves:
    if not isinstance(alternative, Mapping):
        if alternative is not None and not isinstance(alternative, str | bool) and not is_number(alternative):
            raise PatternError("Match value must be String, number, true, false, or null")
        return _some(equal(alternative))
    if not alternative:
        raise PatternError("Match expression name not found")
    (name, operand), *others = alternative.items()
    if others:
        raise PatternError("Only one key allowed in match expression")
    if name == "exists":
        if not isinstance(operand, bool):
            raise PatternError("exists match pattern must be either true or false.")
        return lambda leaves: bool(leaves) is operand
    return _some(comparison(name, operand))


def _some(holds: Holds) -> _OfLeaves:
    return lambda leaves: any(holds(leaf) for leaf in leaves)
