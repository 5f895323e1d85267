"""What a column can hold."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.values import MAX_NUMBER, to_number


@given(st.floats(-MAX_NUMBER, MAX_NUMBER, allow_nan=False))
def test_every_way_in_gives_one_number(number: float) -> None:
    """A number in a file's text, in JSON and as it is read is the same float."""
    assert to_number(str(number)) == to_number(json.loads(json.dumps(number))) == to_number(f" {number!r} ") == number


@pytest.mark.parametrize(
    ("value", "number"),
    [("7", 7.0), (7, 7.0), ("+.5", 0.5), ("5.", 5.0), ("1e3", 1000.0), ("-2E-2", -0.02), ("0" * 300 + "1", 1.0)],
)
def test_numbers(value: object, number: float) -> None:
    """Whole numbers, decimals and powers of ten are numbers."""
    assert to_number(value) == number


def test_zero_has_one_sign() -> None:
    """Minus zero is zero: equal rows must have equal digests."""
    assert str(to_number("-0.0")) == str(to_number(-0.0)) == "0.0"


@pytest.mark.parametrize(
    "value",
    [
        *(
            "",
            " ",
            "abc",
            "1,5",
            "1_000",
            "0x10",
            "nan",
            "inf",
            "-Infinity",
            "1e39",
            "-1e99999",
            "\u0661",
            "9" * 401,
            "1 2",
        ),
        *(None, True, float("nan"), float("inf"), 1e39, 10**400, [], {}, b"1"),
    ],
)
def test_no_numbers(value: object) -> None:
    """What no model could compute with is no number, whatever Python would make of it."""
    assert to_number(value) is None
