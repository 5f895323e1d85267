import fnmatch
import ipaddress
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.errors import AwsError
from localcloud.eventbridge.patterns import compile_pattern, read_pattern

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
SCALAR = st.one_of(TEXT, st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False, allow_infinity=False))
NUMBER = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
EVENT = st.recursive(
    st.dictionaries(TEXT.filter(lambda name: name != "$or"), SCALAR, min_size=1, max_size=3),
    lambda inner: st.dictionaries(TEXT.filter(lambda name: name != "$or"), inner, min_size=1, max_size=3),
    max_leaves=6,
)


def matches(alternative: object, value: object) -> bool:
    return compile_pattern({"field": [alternative]})({"field": value})


def exact(event: Any) -> Any:
    return {name: exact(value) if isinstance(value, dict) else [value] for name, value in event.items()}


@pytest.mark.parametrize(
    ("alternative", "value", "expected"),
    [
        ("a", "a", True),
        ("a", "A", False),
        (1, 1, True),
        (1, 1.0, False),
        (1, True, False),
        (0, False, False),
        ("1", 1, False),
        (None, None, True),
        (None, "", False),
        ({"prefix": "up/"}, "up/x", True),
        ({"prefix": "up/"}, "x/up/", False),
        ({"prefix": {"equals-ignore-case": "UP"}}, "upper", True),
        ({"suffix": ".csv"}, "a.csv", True),
        ({"suffix": ".csv"}, "a.csv.gz", False),
        ({"suffix": "."}, "ab", False),
        ({"suffix": {"equals-ignore-case": ".CSV"}}, "a.csv", True),
        ({"equals-ignore-case": "Alice"}, "aLICE", True),
        ({"anything-but": "a"}, "b", True),
        ({"anything-but": ["a", "b"]}, "b", False),
        ({"anything-but": ["a", "b"]}, 1, True),
        ({"anything-but": [100, 200]}, 100.0, False),
        ({"anything-but": 1}, True, True),
        ({"anything-but": "a"}, None, True),
        ({"anything-but": "a"}, ["a", "b"], True),
        ({"anything-but": "a"}, ["a", "a"], False),
        ({"anything-but": {"equals-ignore-case": ["A", "B"]}}, "b", False),
        ({"anything-but": {"prefix": ["init", "err"]}}, "error", False),
        ({"anything-but": {"wildcard": ["*.jar", "*/lib/*"]}}, "x/lib/y", False),
        ({"cidr": "10.0.0.0/24"}, "10.0.0.255", True),
        ({"cidr": "10.0.0.77/24"}, "10.0.0.1", True),
        ({"cidr": "10.0.0.0/24"}, "10.0.1.0", False),
        ({"cidr": "10.0.0.0/24"}, "no address", False),
        ({"cidr": "2001:db8::/32"}, "2001:0db8:0:0::1", True),
        ({"cidr": "0.0.0.0/0"}, "::1", False),
        ("", "", True),
        ({"anything-but": {"prefix": "a"}}, "abc", False),
        ({"anything-but": {"suffix": ["x", "y"]}}, "abz", True),
        ({"anything-but": {"wildcard": "*/tmp/*"}}, "a/tmp/b", False),
        ({"exists": True}, "", True),
        ({"exists": True}, {"inner": 1}, False),
        ({"exists": False}, "x", False),
        ({"exists": False}, {"inner": 1}, True),
        ({"exists": True}, [], False),
        ({"numeric": ["=", 3]}, 3.0, True),
        ({"numeric": [">", 0, "<=", 5]}, 5, True),
        ({"numeric": [">", 0, "<=", 5]}, 0, False),
        ({"numeric": [">", 0]}, "1", False),
        ({"numeric": [">", 0]}, True, False),
        ({"wildcard": "up/*/raw/*.csv"}, "up/a/b/raw/x.csv", True),
        ({"wildcard": "up/*"}, "down/", False),
        ({"wildcard": r"a\*b"}, "a*b", True),
        ({"wildcard": r"a\*b"}, "axb", False),
        ({"wildcard": r"a\\*"}, "a\\x", True),
        ({"prefix": "a"}, ["b", "ab"], True),
        ("x", [["y", "x"]], True),
        ({"prefix": "a\n"}, "a\nb", True),
    ],
)
def test_alternative(alternative: object, value: object, expected: bool) -> None:  # noqa: FBT001  a table's column
    """Every comparison decides as EventBridge documents it."""
    assert matches(alternative, value) is expected


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"detail": {"items": [{"a": 1, "b": 2}]}}, True),
        ({"detail": {"items": [{"a": 1}, {"b": 2}]}}, False),
        ({"detail": {}}, False),
        ({"detail": "text"}, False),
        ({}, False),
    ],
)
def test_objects_in_lists(event: object, expected: bool) -> None:  # noqa: FBT001  a table's column
    """Fields of an object in a list have to match in one and the same element."""
    assert compile_pattern({"detail": {"items": {"a": [1], "b": [2]}}})(event) is expected


def test_absent_field_is_not_anything_but() -> None:
    """A field that is not there is nothing, also not anything but something."""
    assert not compile_pattern({"field": [{"anything-but": "a"}]})({"other": "b"})


def test_or() -> None:
    """One of the patterns of $or must match, and every field beside it."""
    test = compile_pattern({"source": ["s"], "$or": [{"a": [1]}, {"b": [{"exists": False}]}]})
    assert test({"source": "s", "a": 1, "b": 2})
    assert test({"source": "s"})
    assert not test({"source": "s", "b": 2})
    assert not test({"source": "t", "a": 1})


@pytest.mark.parametrize(
    ("pattern", "part"),
    [
        ({}, "Empty objects are not allowed"),
        ([], "Filter is not an object"),
        ({"source": "aws.s3"}, '"source" must be an object or an array at source'),
        ({"source": []}, "Empty arrays are not allowed at source"),
        ({"detail": {}}, "Empty objects are not allowed at detail"),
        ({"detail": {"a": [{"regex": "x"}]}}, "Unrecognized match type regex at detail.a"),
        ({"a": [{}]}, "Match expression name not found at a"),
        ({"a": [{"prefix": "x", "suffix": "y"}]}, "Only one key allowed in match expression at a"),
        ({"a": [{"prefix": 1}]}, "prefix match pattern must be a string at a"),
        ({"a": [{"prefix": {"wildcard": "x"}}]}, "Unsupported prefix pattern: wildcard at a"),
        ({"a": [{"exists": "yes"}]}, "exists match pattern must be either true or false. at a"),
        ({"a": [{"numeric": 1}]}, "Value of numeric must be an array. at a"),
        ({"a": [{"numeric": []}]}, "Bad value in numeric range at a"),
        ({"a": [{"numeric": [">"]}]}, "Bad value in numeric range at a"),
        ({"a": [{"numeric": ["~", 1]}]}, "Unrecognized numeric range operator: ~ at a"),
        ({"a": [{"numeric": ["=", "1"]}]}, "Value of equals must be numeric at a"),
        ({"a": [{"numeric": ["<", 1, ">", 0]}]}, "Bad numeric range operator: > at a"),
        ({"a": [{"numeric": [">", 5, "<", 5]}]}, "Bottom must be less than top at a"),
        ({"a": [{"numeric": [">", 5, "<", 6, "<", 7]}]}, "Too many elements in numeric expression at a"),
        ({"a": [{"wildcard": "ab**"}]}, "Consecutive wildcard characters at pos 3 at a"),
        ({"a": [{"wildcard": "a\\b"}]}, "Invalid escape character at pos 2 at a"),
        ({"a": [{"anything-but": {"numeric": [">", 1]}}]}, "Unsupported anything-but pattern: numeric at a"),
        ({"a": [{"anything-but": ["a", 1]}]}, "Inside anything but list, either all values are number or string"),
        ({"a": [{"anything-but": []}]}, "Inside anything but list, either all values are number or string"),
        ({"a": [{"anything-but": [None]}]}, "Inside anything but list, start|null|boolean is not supported. at a"),
        ({"a": [{"anything-but": None}]}, "Value of anything-but must be an array or single string/number value."),
        ({"a": [{"anything-but": {"suffix": ["x", ""]}}]}, "Null prefix/suffix not allowed at a"),
        ({"a": [{"cidr": "10.0.0.0"}]}, "Malformed CIDR, one '/' required at a"),
        ({"a": [{"cidr": "10.0.0.0/255.0.0.0"}]}, "Malformed CIDR, mask bits must be an integer at a"),
        ({"a": [{"cidr": "10.0.0.0/32"}]}, "IPv4 mask bits must be < 32 at a"),
        ({"a": [{"cidr": "10.0.0/8"}]}, "Nonstandard IP address: 10.0.0 at a"),
        ({"a": [["nested"]]}, "Match value must be String, number, true, false, or null at a"),
        ({"$or": {"a": [1]}}, "It must be an Array followed with $or."),
        ({"$or": [{"a": [1]}]}, "There must have at least 2 Objects in $or relationship."),
        ({"$or": [{"a": [1]}, 5]}, "Only JSON object is allowed in array of $or relationship."),
        (
            {"$or": [{"numeric": [1]}, {"b": [1]}]},
            "numeric is Ruler reserved fieldName which cannot be used inside $or.",
        ),
        (
            {name: {"$or": [{str(each): [1]} for each in range(32)]} for name in ("a", "b")},
            "$or makes more than 1000 rule combinations",
        ),
    ],
)
def test_refused(pattern: object, part: str) -> None:
    """A pattern that EventBridge would refuse is refused with its matcher's reason (Event Ruler's JsonRuleCompiler)."""
    with pytest.raises(AwsError) as refused:
        compile_pattern(pattern)
    assert refused.value.code == "InvalidEventPatternException"
    assert str(refused.value).startswith(f"Event pattern is not valid. Reason: {part}")


def test_text_that_is_no_json() -> None:
    """What is no JSON, or too deep (ours), is refused; of two fields with one name the last counts (User Guide)."""
    for text in ('{"a": [1', "[" * 4000, '{"a":' * 200 + "[1]" + "}" * 200):
        with pytest.raises(AwsError, match=r"^Event pattern is not valid\. Reason: "):
            read_pattern(text)
    assert read_pattern('{"a": [1], "a": [2]}') == {"a": [2]}


def test_as_many_combinations_as_allowed() -> None:
    """The alternatives of each $or multiply; a thousand are allowed (User Guide, $or matching)."""
    sizes = {"a": 10, "b": 100}
    test = compile_pattern({name: {"$or": [{"x": [n]} for n in range(size)]} for name, size in sizes.items()})
    assert test({"a": {"x": 9}, "b": {"x": 99}})
    assert not test({"a": {"x": 10}, "b": {"x": 99}})


def test_absence_in_an_empty_list() -> None:
    """A field of an empty list's objects is not there (User Guide, exists matching: leaf nodes only)."""
    assert compile_pattern({"detail": {"items": {"a": [{"exists": False}]}}})({"detail": {"items": []}})


@given(EVENT)
def test_an_event_matches_its_own_values(event: Any) -> None:
    """The pattern of an event's own values matches the event, also after a way through JSON."""
    assert compile_pattern(exact(event))(json.loads(json.dumps(event)))


@given(EVENT, TEXT, SCALAR)
def test_more_fields_change_nothing(event: Any, name: str, value: object) -> None:
    """A pattern says nothing about fields it does not name."""
    assert compile_pattern(exact(event))({name: value, **event})


@given(TEXT, SCALAR)
def test_anything_but_is_the_opposite_of_exact(wanted: str, value: object) -> None:
    """For one value, anything-but a text matches just when the text itself does not."""
    assert matches({"anything-but": [wanted]}, value) is not matches(wanted, value)


@given(NUMBER, SCALAR)
def test_anything_but_a_number_is_the_opposite_of_equal(wanted: float, value: object) -> None:
    """For one value, anything-but a number matches just when the number, however it is written, does not."""
    assert matches({"anything-but": wanted}, value) is not matches({"numeric": ["=", wanted]}, value)


@given(st.lists(TEXT.filter(bool), min_size=1, max_size=3), SCALAR)
def test_anything_but_a_comparison_is_its_opposite(texts: list[str], value: object) -> None:
    """Anything-but with a list of texts matches just when none of the comparisons does."""
    for name in ("prefix", "suffix", "equals-ignore-case"):
        some = any(matches({name: text}, value) for text in texts)
        assert matches({"anything-but": {name: texts}}, value) is not some


@given(NUMBER, NUMBER, NUMBER)
def test_a_range_is_both_bounds(low: float, high: float, value: float) -> None:
    """A numeric range matches what both of its comparisons match."""
    if low < high:
        both = matches({"numeric": [">=", low]}, value) and matches({"numeric": ["<", high]}, value)
        assert matches({"numeric": [">=", low, "<", high]}, value) is both


@given(st.ip_addresses(), st.ip_addresses(), st.integers(0, 31))
def test_cidr(first: Any, value: Any, bits: int) -> None:
    """An address is in a block when their first bits are the same."""
    shift = first.max_prefixlen - bits
    same = first.version == value.version and int(first) >> shift == int(value) >> shift
    assert matches({"cidr": f"{first}/{bits}"}, str(value)) is same
    assert matches({"cidr": f"{first}/{bits}"}, str(ipaddress.ip_address(str(first))))


@given(TEXT, TEXT)
def test_prefix_and_suffix(part: str, value: str) -> None:
    """Prefix and suffix are what Python calls so."""
    assert matches({"prefix": part}, value) is value.startswith(part)
    assert matches({"suffix": part}, value) is value.endswith(part)


@given(st.text("ab*", max_size=6).filter(lambda text: "**" not in text), st.text("ab", max_size=6))
def test_wildcard(pattern: str, value: str) -> None:
    """An asterisk stands for any text, as in a shell."""
    assert matches({"wildcard": pattern}, value) is fnmatch.fnmatchcase(value, pattern)


@given(SCALAR, SCALAR, SCALAR)
def test_a_list_is_or(first: object, second: object, value: object) -> None:
    """Alternatives of a list match when one of them does."""
    both = compile_pattern({"field": [first, second]})({"field": value})
    assert both is (matches(first, value) or matches(second, value))
