"""What PutMetricData takes: read from a request, and refused where AWS refuses it.

Values are kept as samples: how many, their sum and their bounds. A single value is a sample whose bounds are equal, so
a statistic set that says as much is as good for percentiles as the values (Source: CloudWatch API Reference,
PutMetricData). Codes and texts are AWS's, as its users report them.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from localcloud.errors import AwsError

_PAST, _FUTURE = timedelta(weeks=2), timedelta(hours=2)
_BOUND = 2.0**360
_MOST_DATA, _MOST_VALUES = 1000, 150
_RESOLUTIONS = (1, 60)


@dataclass(frozen=True)
class Metric:
    """What identifies a metric; ``dimensions`` are names and values in the order of the names."""

    region: str
    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Sample:
    """Some values of a metric: their bounds, their number and their sum."""

    minimum: float
    maximum: float
    count: float
    total: float

    @classmethod
    def of(cls, value: float, count: float = 1.0) -> "Sample":
        """Make the sample of one value that occurred ``count`` times."""
        return cls(value, value, count, value * count)


@dataclass(frozen=True)
class Datum:
    """Samples of a metric at a time, in seconds since 1970; ``resolution`` in seconds, 1 or 60."""

    metric: Metric
    time: float
    samples: tuple[Sample, ...]
    unit: str = "None"
    resolution: int = 60


def metric_of(region: str, part: Mapping[str, Any]) -> Metric:
    """Read Namespace, MetricName and Dimensions of a request's part."""
    return Metric(region, part["Namespace"], part["MetricName"], dimensions_of(part.get("Dimensions", ())))


def dimensions_of(dimensions: Iterable[Mapping[str, str]]) -> tuple[tuple[str, str], ...]:
    """Put a list of Name and Value into the order of the names; their order does not identify a metric."""
    return tuple(sorted((each["Name"], each["Value"]) for each in dimensions))


def is_timely(time: datetime, now: datetime) -> bool:
    """Say whether a datum's time is within two weeks back and two hours ahead."""
    return now - _PAST <= time <= now + _FUTURE


def read_data(request: Mapping[str, Any], region: str, now: datetime) -> list[Datum]:
    """Read PutMetricData's request; raises AwsError with the member that is wrong."""
    data = request.get("MetricData", [])
    if not data:
        raise AwsError("MissingParameter", "The parameter MetricData is required.")
    if len(data) > _MOST_DATA:
        raise _invalid(f"The collection MetricData must not have a size greater than {_MOST_DATA}.")
    return [
        _datum(datum, Metric(region, request["Namespace"], datum["MetricName"], _dimensions(datum, where)), where, now)
        for where, datum in ((f"MetricData.member.{index}.", datum) for index, datum in enumerate(data, 1))
    ]


def _datum(datum: Mapping[str, Any], metric: Metric, where: str, now: datetime) -> Datum:
    time = datum.get("Timestamp", now)
    if time > now + _FUTURE:
        raise _invalid(f"The parameter {where}Timestamp must specify a time no more than two hours in the future.")
    if time < now - _PAST:
        raise _invalid(f"The parameter {where}Timestamp must specify a time within the past two weeks.")
    resolution = datum.get("StorageResolution", 60)
    if resolution not in _RESOLUTIONS:
        raise _invalid(f"The parameter {where}StorageResolution must be 1 or 60.")
    return Datum(metric, time.timestamp(), _samples(datum, where), datum.get("Unit", "None"), resolution)


def _dimensions(datum: Mapping[str, Any], where: str) -> tuple[tuple[str, str], ...]:
    dimensions = dimensions_of(datum.get("Dimensions", ()))
    if len({name for name, _ in dimensions}) < len(dimensions):
        raise _invalid(f"The parameter {where}Dimensions names a dimension twice.")
    return dimensions


def _samples(datum: Mapping[str, Any], where: str) -> tuple[Sample, ...]:
    given = [name for name in ("Value", "Values", "StatisticValues") if name in datum]
    if not given:
        raise AwsError(
            "MissingParameter",
            f"One of the parameters {where}Value, {where}Values, {where}StatisticValues is required.",
        )
    if len(given) > 1:
        raise AwsError(
            "InvalidParameterCombination",
            f"The parameters {where}{given[0]} and {where}{given[1]} are mutually exclusive"
            " and you have specified both.",
        )
    if "Value" in datum:
        return (Sample.of(_number(datum["Value"], f"{where}Value")),)
    if "Values" in datum:
        return _counted(datum["Values"], datum.get("Counts"), where)
    return (_statistic_set(datum["StatisticValues"], f"{where}StatisticValues."),)


def _counted(values: Sequence[float], counts: Sequence[float] | None, where: str) -> tuple[Sample, ...]:
    counts = [1.0] * len(values) if counts is None else counts
    if len(counts) != len(values):
        raise _invalid(f"The parameters {where}Values and {where}Counts must be of the same size.")
    if not 0 < len(values) <= _MOST_VALUES:
        raise _invalid(f"The collection {where}Values must have a size between 1 and {_MOST_VALUES}.")
    for number in chain(values, counts):
        _number(number, f"{where}Values")
    if any(count <= 0 for count in counts):
        raise _invalid(f"The parameter {where}Counts must be greater than 0.")
    return tuple(Sample.of(value, count) for value, count in zip(values, counts, strict=True))


def _statistic_set(given: Mapping[str, float], where: str) -> Sample:
    count, total, minimum, maximum = (
        _number(given[name], where + name) for name in ("SampleCount", "Sum", "Minimum", "Maximum")
    )
    if count <= 0:
        raise _invalid(f"The parameter {where}SampleCount must be greater than 0.")
    if minimum > maximum:
        raise _invalid(f"The parameter {where}Minimum must be less than or equal to {where}Maximum.")
    return Sample(minimum, maximum, count, total)


def _number(value: float, name: str) -> float:
    if not math.isfinite(value) or abs(value) > _BOUND:
        raise _invalid(f"The value {value} for parameter {name} is invalid.")
    return float(value)


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterValue", message)
