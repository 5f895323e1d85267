"""The comparisons that an event pattern can name: each a test of one value in the event.

Texts of refusals are Event Ruler's, AWS's own matcher; what is refused is what it refuses.
"""

import ipaddress
import operator
import re
from collections.abc import Callable, Mapping
from itertools import zip_longest
from typing import Any

from localcloud.errors import PatternError

Holds = Callable[[object], bool]

_SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TEXTS = ("prefix", "suffix", "equals-ignore-case", "wildcard")
_BOUNDS = (2, 4)  # a sign and a number, once or twice


def comparison(name: str, operand: object) -> Holds:
    """Make the test that a comparison is; raises PatternError."""
    if name == "anything-but":
        return _anything_but(operand)
    if name == "numeric":
        return _numeric(operand)
    if name == "cidr":
        return _cidr(operand)
    if name in {"prefix", "suffix"} and isinstance(operand, Mapping):
        return _any_case(name, operand)
    if name in _TEXTS:
        return _text(name, operand)
    raise PatternError(f"Unrecognized match type {name}")


def equal(wanted: object) -> Holds:
    """Make the test for a value itself: of the same type, so that 1, 1.0 and true are three."""
    return lambda leaf: (type(leaf), leaf) == (type(wanted), wanted)


def is_number(value: object) -> bool:
    """Say whether a JSON value is a number, which true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _anything_but(operand: object) -> Holds:
    if isinstance(operand, Mapping):
        return _nothing_like(operand)
    wanted = operand if isinstance(operand, list) else [operand]
    if not isinstance(operand, list) and not isinstance(operand, str) and not is_number(operand):
        raise PatternError("Value of anything-but must be an array or single string/number value.")
    if not all(isinstance(value, str) or is_number(value) for value in wanted):
        raise PatternError("Inside anything but list, start|null|boolean is not supported.")
    if len({is_number(value) for value in wanted}) != 1:
        raise PatternError(
            "Inside anything but list, either all values are number or string, mixed type is not supported"
        )
    return lambda leaf: isinstance(leaf, bool) or leaf not in wanted


def _nothing_like(operand: Mapping[str, object]) -> Holds:
    if not operand:
        raise PatternError("Anything-But expression name not found")
    name, *others = operand
    if name not in _TEXTS:
        raise PatternError(f"Unsupported anything-but pattern: {name}")
    if others:
        raise PatternError("Only one key allowed in match expression")
    texts = operand[name]
    wanted = texts if isinstance(texts, list) else [texts]
    if name in {"prefix", "suffix"} and "" in wanted:
        raise PatternError("Null prefix/suffix not allowed")
    tests = [_text(name, text) for text in wanted]
    return lambda leaf: not any(test(leaf) for test in tests)


def _numeric(operand: object) -> Holds:
    if not isinstance(operand, list):
        raise PatternError("Value of numeric must be an array.")
    bounds = [*zip(operand[::2], operand[1::2], strict=False)]
    for sign, number in bounds:
        if not isinstance(sign, str) or sign not in _SIGNS:
            raise PatternError(f"Unrecognized numeric range operator: {sign}")
        if not is_number(number):
            raise PatternError(f"Value of {'equals' if sign == '=' else sign} must be numeric")
    if len(operand) not in _BOUNDS:
        many = len(operand) > max(_BOUNDS)
        raise PatternError("Too many elements in numeric expression" if many else "Bad value in numeric range")
    (first, low), (last, high) = bounds[0], bounds[-1]
    if len(bounds) > 1 and not (first.startswith(">") and last.startswith("<")):
        raise PatternError(f"Bad numeric range operator: {last}")
    if len(bounds) > 1 and low >= high:
        raise PatternError("Bottom must be less than top")
    return lambda leaf: is_number(leaf) and all(_SIGNS[sign](leaf, number) for sign, number in bounds)


def _cidr(operand: object) -> Holds:
    if not isinstance(operand, str):
        raise PatternError("prefix match pattern must be a string")
    address, slash, bits = operand.partition("/")
    if not slash or "/" in bits:
        raise PatternError("Malformed CIDR, one '/' required")
    if not (bits.isascii() and bits.isdigit()):
        raise PatternError("Malformed CIDR, mask bits must be an integer")
    try:
        first = ipaddress.ip_address(address)
    except ValueError:
        raise PatternError(f"Nonstandard IP address: {address}") from None
    if int(bits) >= first.max_prefixlen:
        raise PatternError(f"IPv{first.version} mask bits must be < {first.max_prefixlen}")
    network = ipaddress.ip_network(operand, strict=False)

    def holds(leaf: object) -> bool:
        try:
            return isinstance(leaf, str) and ipaddress.ip_address(leaf) in network
        except ValueError:
            return False

    return holds


def _any_case(name: str, operand: Mapping[str, object]) -> Holds:
    if list(operand) != ["equals-ignore-case"]:
        raise PatternError(f"Unsupported {name} pattern: {next(iter(operand), '')}")
    return _text(name, operand["equals-ignore-case"], flags=re.IGNORECASE)


def _text(name: str, operand: object, *, flags: int = 0) -> Holds:
    if not isinstance(operand, str):
        raise PatternError(f"{name} match pattern must be a string")
    flags |= re.DOTALL | (re.IGNORECASE if name == "equals-ignore-case" else 0)
    expression = _wildcard(operand) if name == "wildcard" else re.escape(operand)
    before, after = {"prefix": ("", ".*"), "suffix": (".*", "")}.get(name, ("", ""))
    compiled = re.compile(before + expression + after, flags)
    return lambda leaf: isinstance(leaf, str) and compiled.fullmatch(leaf) is not None


def _wildcard(operand: str) -> str:
    parts = re.findall(r"\\[*\\]|[^\\]|\\", operand, re.DOTALL)
    position = 1  # Ruler counts the quote before the text
    for part, following in zip_longest(parts, parts[1:]):
        if part == "\\":
            raise PatternError(f"Invalid escape character at pos {position}")
        if part == following == "*":
            raise PatternError(f"Consecutive wildcard characters at pos {position}")
        position += len(part.encode())
    return "".join(".*" if part == "*" else re.escape(part[-1]) for part in parts)
