"""The functions of metric math, by name. Source: CloudWatch User Guide, "Functions supported for metric math"."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from localcloud.cloudwatch.series import Series, Value, array_of, wrong

Argument = Value | str  # a text, or one of FILL's words
Function = Callable[[Sequence[Argument], "Scope"], Value]


@dataclass(frozen=True)
class Scope:
    """What an expression may refer to: series by Id, ``metrics`` among them, between ``start`` and ``end``."""

    known: Mapping[str, Sequence[Series]]
    metrics: tuple[str, ...]
    start: int
    end: int

    def find(self, name: str) -> Value:
        """Give what an Id stands for; raises AwsError ValidationError if nothing has it."""
        found = self.known.get(name)
        if found is None:
            raise wrong(f"{name} is not the Id of a metric or an expression")
        return found[0] if len(found) == 1 else list(found)


def call(function: str, arguments: Sequence[Argument], scope: Scope) -> Value:
    """Work out a call of one of `expression.FUNCTIONS`; raises AwsError ValidationError."""
    least, most, do = _FUNCTIONS[function]
    if not least <= len(arguments) <= most:
        expected = str(least) if least == most else f"{least} to {most}"
        raise wrong(f"{function} takes {expected} arguments, not {len(arguments)}")
    return do(arguments, scope)


def _value(argument: Argument) -> Value:
    if isinstance(argument, str):
        raise wrong(f"the text {argument!r} stands where there can be none")
    return argument


def _aggregate(of: Callable[[Sequence[float]], float], *, as_zero: bool) -> Function:
    """Of one series a number; of an array a series: over the points that are there, or with 0 for those missing."""

    def do(arguments: Sequence[Argument], _: Scope) -> Value:
        value = _value(arguments[0])
        if isinstance(value, Series):
            return of(list(value.points.values())) if value.points else math.nan
        several = array_of(value)
        points = {}
        for time in sorted({time for series in several for time in series.points}):
            present = [series.points[time] for series in several if time in series.points]
            points[time] = of(present + [0.0] * (len(several) - len(present)) if as_zero else present)
        return Series(points, several[0].period if several else 60)

    return do


def _each_value(of: Callable[[float], float]) -> Function:
    return _each_series(lambda series: series.each(of))


def _each_series(of: Callable[[Series], Series]) -> Function:
    def do(arguments: Sequence[Argument], _: Scope) -> Value:
        value = _value(arguments[0])
        return of(value) if isinstance(value, Series) else [of(series) for series in array_of(value)]

    return do


def _changed(series: Series, *, per_second: bool) -> Series:
    points = {
        time: (value - before) / (time - earlier if per_second else 1)
        for (earlier, before), (time, value) in pairwise(series.points.items())
    }
    return replace(series, points=points, is_metric=False)


def _running_sum(series: Series) -> Series:
    sums = accumulate(series.points.values())
    return replace(series, points=dict(zip(series.points, sums, strict=True)), is_metric=False)


def _period(arguments: Sequence[Argument], _: Scope) -> Value:
    value = _value(arguments[0])
    if not isinstance(value, Series) or not value.is_metric:
        raise wrong("PERIOD takes a metric")
    return float(value.period)


def _metrics(arguments: Sequence[Argument], scope: Scope) -> Value:
    part = ""
    if arguments:
        if not isinstance(arguments[0], str):
            raise wrong("METRICS takes a text in quotes")
        part = arguments[0]
    return [series for name in scope.metrics if part in name for series in scope.known[name]]


def _fill(arguments: Sequence[Argument], scope: Scope) -> Value:
    value, filler = _value(arguments[0]), arguments[1]

    def filled(series: Series) -> Series:
        times = range(scope.start, scope.end, series.period)
        points = {**_filler(filler, series, times), **series.points}
        kept = {time: points[time] for time in times if time in points and not math.isnan(points[time])}
        return replace(series, points=kept, is_metric=False)

    return filled(value) if isinstance(value, Series) else [filled(series) for series in array_of(value)]


def _filler(filler: Argument, series: Series, times: range) -> Mapping[int, float]:
    match filler:
        case "REPEAT":
            return _repeated(series, times)
        case "LINEAR":
            return _interpolated(series, times)
        case Series(points):
            return points
        case float(number):
            return dict.fromkeys(times, number)
    raise wrong("FILL takes a number, a time series, REPEAT or LINEAR")


def _repeated(series: Series, times: range) -> Mapping[int, float]:
    points: dict[int, float] = {}
    last = None
    for time in times:
        last = series.points.get(time, last)
        if last is not None:
            points[time] = last
    return points


def _interpolated(series: Series, times: range) -> Mapping[int, float]:
    points = {}
    for (earlier, before), (later, after) in pairwise(series.points.items()):
        for time in times:
            if earlier < time < later:
                points[time] = before + (after - before) * (time - earlier) / (later - earlier)
    return points


def _if(arguments: Sequence[Argument], _: Scope) -> Value:
    values = [_value(argument) for argument in arguments]
    if any(isinstance(value, list) for value in values):
        raise wrong("IF takes numbers and time series, no array")
    condition, yes, no = values[0], values[1], values[2] if len(values) > 2 else Series()  # noqa: PLR2004  the third
    if isinstance(condition, float):
        if not isinstance(yes, Series) or not isinstance(no, Series):
            raise wrong("IF with a number as condition takes time series to choose from")
        return yes if condition else no
    points = {}
    for time, holds in array_of(condition)[0].points.items():
        found = _at(yes, time, 0.0) if holds else _at(no, time, None)
        if found is not None and not math.isnan(found):
            points[time] = found
    return replace(array_of(condition)[0], points=points, is_metric=False)


def _at(value: Value, time: int, otherwise: float | None) -> float | None:
    return value.points.get(time, otherwise) if isinstance(value, Series) else float(value)  # type: ignore[arg-type]  # no array, see _if


_FUNCTIONS: Mapping[str, tuple[int, int, Function]] = {
    "SUM": (1, 1, _aggregate(math.fsum, as_zero=True)),
    "AVG": (1, 1, _aggregate(lambda values: math.fsum(values) / len(values), as_zero=True)),
    "MIN": (1, 1, _aggregate(min, as_zero=False)),
    "MAX": (1, 1, _aggregate(max, as_zero=False)),
    "ABS": (1, 1, _each_value(abs)),
    "CEIL": (1, 1, _each_value(math.ceil)),
    "FLOOR": (1, 1, _each_value(math.floor)),
    "DIFF": (1, 1, _each_series(lambda series: _changed(series, per_second=False))),
    "RATE": (1, 1, _each_series(lambda series: _changed(series, per_second=True))),
    "RUNNING_SUM": (1, 1, _each_series(_running_sum)),
    "PERIOD": (1, 1, _period),
    "METRICS": (0, 1, _metrics),
    "FILL": (2, 2, _fill),
    "IF": (2, 3, _if),
}
