import fnmatch
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.errors import ConfigError
from localcloud.patterns import compile_pattern

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
SCALAR = st.one_of(TEXT, st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False, allow_infinity=False))
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
        ({"anything-but": ["a", 1]}, 1, False),
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
        ({}, "the pattern must be an object"),
        ([], "the pattern must be an object"),
        ({"source": "aws.s3"}, "the pattern.source must be an object or a list"),
        ({"source": []}, "at least one alternative"),
        ({"detail": {}}, "the pattern.detail must be an object with"),
        ({"a": [{"regex": "x"}]}, "the pattern.a: regex is no comparison known"),
        ({"a": [{"prefix": "x", "suffix": "y"}]}, "one comparison, not 2"),
        ({"a": [{"prefix": 1}]}, "prefix needs a text"),
        ({"a": [{"exists": "yes"}]}, "exists needs true or false"),
        ({"a": [{"numeric": [">"]}]}, "numeric needs"),
        ({"a": [{"numeric": ["~", 1]}]}, "is no comparison with a number"),
        ({"a": [{"wildcard": "a**"}]}, "two asterisks"),
        ({"a": [{"wildcard": "a\\b"}]}, "a backslash stands"),
        ({"a": [{"anything-but": {"numeric": [">", 1]}}]}, "cannot hold numeric"),
        ({"a": [["nested"]]}, "is no text, number"),
        ({"$or": {}}, "$or must be a list"),
    ],
)
def test_refused(pattern: object, part: str) -> None:
    """A pattern that EventBridge would refuse, or that is not known here, is refused when the rule is read."""
    with pytest.raises(ConfigError, match=part.replace("$", r"\$")):
        compile_pattern(pattern)


@given(EVENT)
def test_an_event_matches_its_own_values(event: Any) -> None:
    """The pattern of an event's own values matches the event, also after a way through JSON."""
    assert compile_pattern(exact(event))(json.loads(json.dumps(event)))


@given(EVENT, TEXT, SCALAR)
def test_more_fields_change_nothing(event: Any, name: str, value: object) -> None:
    """A pattern says nothing about fields it does not name."""
    assert compile_pattern(exact(event))({name: value, **event})


@given(SCALAR, SCALAR)
def test_anything_but_is_the_opposite_of_exact(wanted: object, value: object) -> None:
    """For one value, anything-but matches just when the value itself does not."""
    assert matches({"anything-but": [wanted]}, value) is not matches(wanted, value)


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
