"""What a tuning job searches: named ranges of numbers or categories, and the way between their values and a unit cube.

A number lies at a coordinate between 0 and 1 along its scale: linear, logarithmic, or reverse logarithmic (the
logarithm of its distance to 1). An integer has the values that round to it, so both ends are as likely as what is
between. A category has a coordinate for each of its values, and is the one with the greatest. AWS says that ``Auto``
chooses the best scale, not how: here it is logarithmic for a positive range that spans a factor of 100, else linear.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from localcloud import emulated
from localcloud.errors import AwsError

MOST_SEARCHED = 30  # of the developer guide's limits of automatic model tuning
_AUTO_LOGARITHMIC = 100.0
Scale = Literal["Linear", "Logarithmic", "ReverseLogarithmic"]


class Dimension(Protocol):
    """One hyperparameter that is searched."""

    @property
    def name(self) -> str:
        """The hyperparameter."""

    @property
    def size(self) -> int:
        """How many coordinates it takes."""

    def value(self, at: Sequence[float]) -> str:
        """Return the value at coordinates from 0 to 1, as the container gets it."""

    def coordinates(self, value: str) -> list[float]:
        """Return where a value lies: `value` gives it back."""


@dataclass(frozen=True)
class Number:
    """A range of numbers, both ends included."""

    name: str
    low: float
    high: float
    scale: Scale
    integer: bool
    size: int = 1

    def value(self, at: Sequence[float]) -> str:
        """Return the number at a coordinate."""
        low, high = self._ends()
        number = min(max(self._unscaled(low + at[0] * (high - low)), self.low), self.high)
        if not self.integer:
            return repr(number)
        return str(min(max(math.floor(number + 0.5), int(self.low)), int(self.high)))

    def coordinates(self, value: str) -> list[float]:
        """Return the coordinate of a number."""
        low, high = self._ends()
        return [(self._scaled(float(value)) - low) / (high - low) if high > low else 0.5]

    def _ends(self) -> tuple[float, float]:
        half = 0.5 if self.integer else 0.0
        return self._scaled(self.low - half), self._scaled(self.high + half)

    def _scaled(self, number: float) -> float:
        if self.scale == "Logarithmic":
            return math.log(number)
        return -math.log1p(-number) if self.scale == "ReverseLogarithmic" else number

    def _unscaled(self, number: float) -> float:
        if self.scale == "Logarithmic":
            return math.exp(number)
        return -math.expm1(-number) if self.scale == "ReverseLogarithmic" else number


@dataclass(frozen=True)
class Category:
    """A choice between values."""

    name: str
    values: tuple[str, ...]

    @property
    def size(self) -> int:
        """One coordinate for each value."""
        return len(self.values)

    def value(self, at: Sequence[float]) -> str:
        """Return the value with the greatest coordinate, the first of equal ones."""
        return self.values[max(range(len(self.values)), key=at.__getitem__)]

    def coordinates(self, value: str) -> list[float]:
        """Return 1 for the value, 0 for the others."""
        return [float(value == other) for other in self.values]


@dataclass(frozen=True)
class Space:
    """All that a tuning job searches."""

    dimensions: tuple[Dimension, ...]

    @property
    def size(self) -> int:
        """How many coordinates a point has."""
        return sum(dimension.size for dimension in self.dimensions)

    def values(self, point: Sequence[float]) -> dict[str, str]:
        """Return the hyperparameters at a point of the unit cube."""
        found, start = {}, 0
        for dimension in self.dimensions:
            found[dimension.name] = dimension.value(point[start : start + dimension.size])
            start += dimension.size
        return found

    def point(self, values: Mapping[str, str]) -> tuple[float, ...]:
        """Return where hyperparameters lie in the unit cube; others than the searched ones are passed over."""
        return tuple(at for each in self.dimensions for at in each.coordinates(values[each.name]))

    @property
    def combinations(self) -> int | None:
        """How many points a grid has; None where there is more than categories."""
        sizes = [each.size for each in self.dimensions if isinstance(each, Category)]
        return math.prod(sizes) if len(sizes) == len(self.dimensions) else None


def read_space(ranges: Mapping[str, Any]) -> Space:
    """Read the ParameterRanges of a request; raises AwsError for what cannot be searched."""
    emulated.only(
        ranges, "IntegerParameterRanges ContinuousParameterRanges CategoricalParameterRanges", "ParameterRanges."
    )
    dimensions: list[Dimension] = [
        *_numbers(ranges.get("IntegerParameterRanges", ()), integer=True),
        *_numbers(ranges.get("ContinuousParameterRanges", ()), integer=False),
        *(_category(part) for part in ranges.get("CategoricalParameterRanges", ())),
    ]
    if not dimensions:
        raise AwsError("ValidationException", "A hyperparameter tuning job needs at least one hyperparameter range")
    if len(dimensions) > MOST_SEARCHED:
        raise AwsError("ValidationException", f"At most {MOST_SEARCHED} hyperparameters can be searched")
    emulated.unique((dimension.name for dimension in dimensions), "Hyperparameter names")
    return Space(tuple(dimensions))


def _numbers(ranges: Iterable[Mapping[str, Any]], *, integer: bool) -> Iterable[Number]:
    for part in ranges:
        low, high = (_number(part, member, integer=integer) for member in ("MinValue", "MaxValue"))
        if low > high:
            raise _invalid(part, f"MinValue {part['MinValue']} is greater than MaxValue {part['MaxValue']}")
        yield Number(part["Name"], low, high, _scale(part, low, high, integer=integer), integer)


def _number(part: Mapping[str, Any], member: str, *, integer: bool) -> float:
    try:
        number = int(part[member]) if integer else float(part[member])
    except ValueError:
        kind = "an integer" if integer else "a number"
        raise _invalid(part, f"{member} {part[member]} is not {kind}") from None
    if not math.isfinite(number):
        raise _invalid(part, f"{member} {part[member]} is not finite")
    return float(number)


def _scale(part: Mapping[str, Any], low: float, high: float, *, integer: bool) -> Scale:
    asked = part.get("ScalingType", "Auto")
    if asked == "Auto":
        return "Logarithmic" if low > 0 and high / low >= _AUTO_LOGARITHMIC else "Linear"
    if asked == "Logarithmic":
        if low <= 0:
            raise _invalid(part, "Logarithmic scaling works only for ranges that have only values greater than 0")
        return "Logarithmic"
    if asked == "ReverseLogarithmic":
        if integer:
            raise _invalid(part, "ReverseLogarithmic scaling is not supported for integer ranges")
        if low < 0 or high >= 1:
            raise _invalid(part, "ReverseLogarithmic scaling works only for ranges within 0<=x<1.0")
        return "ReverseLogarithmic"
    return "Linear"


def _category(part: Mapping[str, Any]) -> Category:
    emulated.unique(part["Values"], f"Values of {part['Name']}")
    return Category(part["Name"], tuple(part["Values"]))


def _invalid(part: Mapping[str, Any], why: str) -> AwsError:
    return AwsError("ValidationException", f"The range of hyperparameter {part['Name']} is invalid: {why}.")
