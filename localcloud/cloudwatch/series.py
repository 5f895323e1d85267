"""Time series and what operators do to them; pure.

Source: CloudWatch User Guide, "Using math expressions with CloudWatch metrics": between two series a point that only
one of them has counts as 0 in the other, a division by zero gives no point, a scalar stands for every point. What is no
finite real number gives no point either (ours).
"""

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from localcloud.errors import AwsError


@dataclass(frozen=True)
class Series:
    """Values by the time their period begins, in order; seconds since 1970.

    ``period`` in seconds; ``is_metric`` says that it comes from a metric and not from an expression.
    """

    points: Mapping[int, float] = field(default_factory=dict)
    period: int = 60
    label: str = ""
    is_metric: bool = False

    def each(self, of: Callable[[float], float]) -> "Series":
        """Do something to each value; a point without a finite result is dropped."""
        points = {time: result for time, value in self.points.items() if (result := _tried(of, value)) is not None}
        return replace(self, points=points, is_metric=False)


Value = float | Series | list[Series]


def combine(of: Callable[[float, float], float], left: Value, right: Value) -> Value:
    """Put an operator between two values, point by point."""
    match left, right:
        case [list(), list()]:
            raise wrong("an operator cannot stand between two arrays of time series")
        case [list() as several, _]:
            return [series for each in several for series in array_of(combine(of, each, right))]
        case [_, list() as several]:
            return [series for each in several for series in array_of(combine(of, left, each))]
        case [Series() as one, Series() as other]:
            return _joined(of, one, other)
        case [Series() as one, float(number)]:
            return one.each(lambda value: of(value, number))
        case [float(number), Series() as other]:
            return other.each(lambda value: of(number, value))
        case [float(number), float(second)]:
            result = _tried(partial(of, number), second)
            return math.nan if result is None else result
    raise TypeError(left, right)


def array_of(value: Value) -> list[Series]:
    """Give the series of a value; raises AwsError ValidationError for a number."""
    if isinstance(value, Series):
        return [value]
    if isinstance(value, list):
        return value
    raise wrong("a number stands where a time series is needed")


def wrong(why: str) -> AwsError:
    """Return the refusal of an expression."""
    return AwsError("ValidationError", f"Error in expression: {why}.")


def _joined(of: Callable[[float, float], float], one: Series, other: Series) -> Series:
    points = {}
    for time in sorted(one.points.keys() | other.points.keys()):
        result = _tried(partial(of, one.points.get(time, 0.0)), other.points.get(time, 0.0))
        if result is not None:
            points[time] = result
    return Series(points, one.period, one.label)


def on_each(of: Callable[[float], float], value: Value) -> Value:
    """Do something to a number, or to each value of series."""
    if isinstance(value, Series):
        return value.each(of)
    return [series.each(of) for series in value] if isinstance(value, list) else of(value)


def _tried(of: Callable[[float], float | complex], value: float) -> float | None:
    try:
        result = of(value)
    except (ZeroDivisionError, OverflowError):
        return None
    return float(result) if isinstance(result, int | float) and math.isfinite(result) else None


def _compared(of: Callable[[float, float], bool]) -> Callable[[float, float], float]:
    def compare(left: float, right: float) -> float:
        return math.nan if math.isnan(left) or math.isnan(right) else float(of(left, right))

    return compare


OPERATORS: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
    "<": _compared(operator.lt),
    ">": _compared(operator.gt),
    "<=": _compared(operator.le),
    ">=": _compared(operator.ge),
    "==": _compared(operator.eq),
    "!=": _compared(operator.ne),
    "AND": _compared(lambda left, right: bool(left and right)),
    "OR": _compared(lambda left, right: bool(left or right)),
}
