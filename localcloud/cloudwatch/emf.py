"""Reads metrics from log lines in CloudWatch's Embedded Metric Format; pure.

A line that is not of this format, or breaks its schema, gives nothing: on AWS it is a log line like any other.
Source: CloudWatch User Guide, "Specification: Embedded metric format".
"""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from localcloud.cloudwatch.data import Datum, Metric, Sample

_MARK = '"CloudWatchMetrics"'
_MOST_VALUES, _MOST_DIMENSIONS = 100, 30
_RESOLUTIONS = (1, 60)


def read_line(line: str, region: str) -> list[Datum]:
    """Read the data of one log line: one for each metric and each set of dimensions."""
    if _MARK not in line:
        return []
    try:
        root = json.loads(line)
    except ValueError:
        return []
    try:
        return list(_data(root, region))
    except (KeyError, TypeError, ValueError, AttributeError):  # whatever is not as the schema says it
        return []


def _data(root: Mapping[str, Any], region: str) -> Iterator[Datum]:
    time = float(root["_aws"]["Timestamp"]) / 1000
    for directive in root["_aws"]["CloudWatchMetrics"]:
        sets = [_dimensions(root, names) for names in directive.get("Dimensions", [])] or [()]
        for definition in directive["Metrics"]:
            resolution = definition.get("StorageResolution", 60)
            if resolution not in _RESOLUTIONS:
                raise ValueError(resolution)
            name, unit = definition["Name"], definition.get("Unit", "None")
            if name not in root:
                continue
            samples = _samples(root[name])
            for dimensions in sets:
                yield Datum(Metric(region, directive["Namespace"], name, dimensions), time, samples, unit, resolution)


def _dimensions(root: Mapping[str, Any], names: list[str]) -> tuple[tuple[str, str], ...]:
    if len(names) > _MOST_DIMENSIONS:
        raise ValueError(names)
    return tuple(sorted((name, str(root[name])) for name in names))


def _samples(given: float | list[float]) -> tuple[Sample, ...]:
    values = given if isinstance(given, list) else [given]
    if not 0 < len(values) <= _MOST_VALUES:
        raise ValueError(values)
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(value)
    return tuple(Sample.of(float(value)) for value in values)
