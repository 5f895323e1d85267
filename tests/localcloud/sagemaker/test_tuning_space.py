from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.errors import AwsError
from localcloud.sagemaker.tuning_space import Space, read_space

COORDINATE = st.floats(0, 1)


def number(low: str, high: str, scale: str = "Linear", *, integer: bool = False) -> Space:
    kind = "Integer" if integer else "Continuous"
    part = {"Name": "x", "MinValue": low, "MaxValue": high, "ScalingType": scale}
    return read_space({f"{kind}ParameterRanges": [part]})


def value(space: Space, at: float) -> float:
    return float(space.values([at])["x"])


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6), COORDINATE)
def test_a_linear_range_is_kept(low: float, width: float, at: float) -> None:
    """A continuous value lies within its range, both ends included (API Reference, ContinuousParameterRange)."""
    space = number(repr(low), repr(low + width))
    assert low <= value(space, at) <= low + width
    assert (value(space, 0.0), value(space, 1.0)) == pytest.approx((low, low + width))


@given(st.floats(1e-9, 1e3), st.floats(1, 1e6), COORDINATE, COORDINATE)
def test_a_logarithmic_range_is_even_in_ratios(low: float, factor: float, one: float, other: float) -> None:
    """Equal steps of the coordinate are equal ratios of the value (developer guide, hyperparameter scaling)."""
    space = number(repr(low), repr(low * factor), "Logarithmic")
    ratio = value(space, one) / value(space, other)
    assert ratio == pytest.approx(factor ** (one - other), rel=1e-6)


@given(st.floats(0, 0.9), st.floats(0, 0.0999), COORDINATE)
def test_a_reverse_logarithmic_range_is_even_in_distances_to_one(low: float, width: float, at: float) -> None:
    """Equal steps of the coordinate are equal ratios of the distance to 1 (developer guide, hyperparameter scaling)."""
    high = low + width
    space = number(repr(low), repr(high), "ReverseLogarithmic")
    assert low <= value(space, at) <= high
    assert 1 - value(space, at) == pytest.approx((1 - low) * ((1 - high) / (1 - low)) ** at, rel=1e-6)


@given(st.integers(-50, 50), st.integers(0, 20), COORDINATE)
def test_integers_are_whole_and_within(low: int, width: int, at: float) -> None:
    """An integer hyperparameter is a whole number of its range, written without a point."""
    text = number(str(low), str(low + width), integer=True).values([at])["x"]
    assert low <= int(text) <= low + width


def test_every_integer_has_its_share() -> None:
    """The ends of a range of integers come as often as what is between."""
    space = number("1", "4", integer=True)
    found = Counter(space.values([step / 1000])["x"] for step in range(1000))
    assert found == pytest.approx({"1": 250, "2": 250, "3": 250, "4": 250}, abs=2)


@given(st.data())
def test_a_point_and_its_values_belong_together(data: st.DataObject) -> None:
    """Values lead to coordinates that lead to the same values: a training job's rows tell where it was."""
    space = read_space(
        {
            "IntegerParameterRanges": [{"Name": "i", "MinValue": "1", "MaxValue": "512", "ScalingType": "Logarithmic"}],
            "ContinuousParameterRanges": [
                {"Name": "a", "MinValue": "-1", "MaxValue": "3"},
                {"Name": "b", "MinValue": "0.5", "MaxValue": "0.999", "ScalingType": "ReverseLogarithmic"},
            ],
            "CategoricalParameterRanges": [{"Name": "c", "Values": ["x", "y", "z"]}],
        }
    )
    values = space.values(data.draw(st.lists(COORDINATE, min_size=space.size, max_size=space.size)))
    again = space.values(space.point(values))
    assert (again["i"], again["c"]) == (values["i"], values["c"])
    assert [float(again[name]) for name in "ab"] == pytest.approx([float(values[name]) for name in "ab"])


@pytest.mark.parametrize(
    ("low", "high", "middle"),
    [("0.0001", "1", 0.01), ("1", "100", 10.0), ("1", "99", 50.0), ("0", "1000", 500.0), ("-10", "10", 0.0)],
)
def test_auto_is_logarithmic_over_orders_of_magnitude(low: str, high: str, middle: float) -> None:
    """Auto takes the logarithm of a positive range that spans a factor of 100 (ours: AWS says "the best scale")."""
    assert value(number(low, high, "Auto"), 0.5) == pytest.approx(middle)


def part(low: str, high: str, **more: str) -> list[Any]:
    return [{"Name": "x", "MinValue": low, "MaxValue": high, **more}]


@pytest.mark.parametrize(
    ("ranges", "why"),
    [
        ({}, "at least one"),
        ({"AutoParameters": [{"Name": "x", "ValueHint": "1"}]}, "AutoParameters is not emulated"),
        ({"IntegerParameterRanges": part("2", "1")}, "greater than MaxValue"),
        ({"IntegerParameterRanges": part("1.5", "2")}, "is not an integer"),
        ({"ContinuousParameterRanges": part("one", "2")}, "is not a number"),
        ({"ContinuousParameterRanges": part("0", "inf")}, "is not finite"),
        ({"ContinuousParameterRanges": part("0", "2", ScalingType="Logarithmic")}, "greater than 0"),
        ({"ContinuousParameterRanges": part("0", "1", ScalingType="ReverseLogarithmic")}, "0<=x<1.0"),
        ({"IntegerParameterRanges": part("0", "0", ScalingType="ReverseLogarithmic")}, "not supported for integer"),
        ({"IntegerParameterRanges": part("0", "1"), "ContinuousParameterRanges": part("0", "1")}, "must be unique"),
        ({"CategoricalParameterRanges": [{"Name": "x", "Values": ["a", "a"]}]}, "must be unique"),
        ({"CategoricalParameterRanges": [{"Name": f"x{i}", "Values": ["a"]} for i in range(30)],
            "IntegerParameterRanges": part("0", "1")}, "At most 30"),
    ],
)  # fmt: skip
def test_what_cannot_be_searched_is_refused(ranges: dict[str, Any], why: str) -> None:
    """A range that AWS excludes, or that means nothing, is a ValidationException (developer guide, define ranges)."""
    with pytest.raises(AwsError, match=why) as refused:
        read_space(ranges)
    assert refused.value.code == "ValidationException"
