"""EventBridge's event patterns: which events a rule is for.

A pattern has the event's own structure: objects must match field by field, and the list at each leaf holds
alternatives: values, or objects naming one comparison. `compile_pattern` refuses at once what EventBridge would
refuse or what is not known here, so that a rule that could never match is not found out by waiting. As on AWS,
numbers are equal only when they are written alike (300 is not 300.0), a list in the event matches by any of its
elements, and ``exists`` sees leaves only.
"""

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from localcloud.errors import ConfigError

Matches = Callable[[object], bool]
_OfLeaves = Callable[[list[object]], bool]

_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ONE_BOUND, _TWO_BOUNDS = 2, 4


def compile_pattern(pattern: object) -> Matches:
    """Make the test that a pattern is; raises ConfigError naming the field and what is wrong with it."""
    return _object(pattern, "the pattern")


def _object(pattern: object, path: str) -> Matches:
    if not isinstance(pattern, Mapping) or not pattern:
        raise ConfigError(f"{path} must be an object with at least one field")
    fields = [(name, _field(part, f"{path}.{name}")) for name, part in pattern.items() if name != "$or"]
    either = _either(pattern["$or"], f"{path}.$or") if "$or" in pattern else None

    def matches(found: object) -> bool:
        if isinstance(found, list):
            return any(matches(element) for element in found)
        present = found if isinstance(found, Mapping) else {}
        return all(test(present.get(name, _ABSENT)) for name, test in fields) and (either is None or either(present))

    return matches


def _either(patterns: object, path: str) -> Matches:
    if not isinstance(patterns, list) or not patterns:
        raise ConfigError(f"{path} must be a list of objects")
    tests = [_object(pattern, f"{path}[{index}]") for index, pattern in enumerate(patterns)]
    return lambda found: any(test(found) for test in tests)


def _field(pattern: object, path: str) -> Matches:
    if isinstance(pattern, Mapping):
        return _object(pattern, path)
    if not isinstance(pattern, list) or not pattern:
        raise ConfigError(f"{path} must be an object or a list with at least one alternative")
    tests = [_alternative(alternative, path) for alternative in pattern]
    return lambda found: any(test(_leaves(found)) for test in tests)


_ABSENT = object()


def _leaves(found: object) -> list[object]:
    """Give the values at a path: an object is none, a list is all of its own."""
    if isinstance(found, list):
        return [leaf for element in found for leaf in _leaves(element)]
    return [] if found is _ABSENT or isinstance(found, Mapping) else [found]


def _alternative(alternative: object, path: str) -> _OfLeaves:
    if not isinstance(alternative, Mapping):
        return _some(_equal([alternative], path))
    name, operand = _only(alternative, path)
    if name == "exists":
        if not isinstance(operand, bool):
            raise ConfigError(f"{path}: exists needs true or false")
        return lambda leaves: bool(leaves) is operand
    return _some(_comparison(name, operand, path))


def _some(test: Matches) -> _OfLeaves:
    return lambda leaves: any(test(leaf) for leaf in leaves)


def _only(alternative: Mapping[str, object], path: str) -> tuple[str, object]:
    if len(alternative) != 1:
        raise ConfigError(f"{path}: an alternative names one comparison, not {len(alternative)}")
    return next(iter(alternative.items()))


def _comparison(name: str, operand: object, path: str) -> Matches:
    where = f"{path}: {name}"
    if name == "anything-but":
        return _anything_but(operand, where)
    if name == "numeric":
        return _numeric(operand, where)
    if name in {"prefix", "suffix", "wildcard", "equals-ignore-case"}:
        return _text(name, operand, where)
    raise ConfigError(f"{where} is no comparison known here")


def _anything_but(operand: object, path: str) -> Matches:
    if isinstance(operand, Mapping):
        name, inner = _only(operand, path)
        if name not in {"prefix", "suffix", "wildcard", "equals-ignore-case"}:
            raise ConfigError(f"{path} cannot hold {name}")
        tests = [_text(name, text, f"{path} {name}") for text in (inner if isinstance(inner, list) else [inner])]
        return lambda leaf: not any(test(leaf) for test in tests)
    same = _equal(operand if isinstance(operand, list) else [operand], path)
    return lambda leaf: not same(leaf)


def _equal(values: Iterable[object], path: str) -> Matches:
    wanted = []
    for value in values:
        if value is not None and not isinstance(value, str | int | float):
            raise ConfigError(f"{path}: {value!r} is no text, number, true, false or null")
        wanted.append((type(value), value))
    return lambda leaf: (type(leaf), leaf) in wanted


def _numeric(operand: object, path: str) -> Matches:
    if not isinstance(operand, list) or len(operand) not in {_ONE_BOUND, _TWO_BOUNDS}:
        raise ConfigError(f"{path} needs one or two pairs of a comparison and a number")
    bounds = []
    for sign, number in zip(operand[::2], operand[1::2], strict=True):
        if sign not in _COMPARISONS or not _is_number(number):
            raise ConfigError(f"{path}: {sign!r}, {number!r} is no comparison with a number")
        bounds.append((_COMPARISONS[sign], number))
    return lambda leaf: _is_number(leaf) and all(holds(leaf, number) for holds, number in bounds)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(name: str, operand: object, path: str) -> Matches:
    fold = False
    if name in {"prefix", "suffix"} and isinstance(operand, Mapping):
        inner, operand = _only(operand, path)
        if inner != "equals-ignore-case":
            raise ConfigError(f"{path} cannot hold {inner}")
        fold = True
    if not isinstance(operand, str):
        raise ConfigError(f"{path} needs a text")
    flags = re.DOTALL | (re.IGNORECASE if fold or name == "equals-ignore-case" else 0)
    expression = _wildcard(operand, path) if name == "wildcard" else re.escape(operand)
    before, after = {"prefix": ("", ".*"), "suffix": (".*", "")}.get(name, ("", ""))
    compiled = re.compile(before + expression + after, flags)
    return lambda leaf: isinstance(leaf, str) and compiled.fullmatch(leaf) is not None


def _wildcard(operand: str, path: str) -> str:
    if "**" in operand.replace("\\*", ""):
        raise ConfigError(f"{path}: two asterisks in a row are not allowed")
    parts = re.findall(r"\\[*\\]|[^\\]|\\", operand, re.DOTALL)
    if "\\" in parts:
        raise ConfigError(f"{path}: a backslash stands before an asterisk or a backslash only")
    return "".join(".*" if part == "*" else re.escape(part[-1]) for part in parts)
