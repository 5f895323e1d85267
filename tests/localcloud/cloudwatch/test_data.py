import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from localcloud.cloudwatch.data import Sample, read_data
from localcloud.errors import AwsError
from localcloud.protocol import parse

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)


def read(datum: dict[str, Any]) -> Any:
    request = {"Namespace": "n", "MetricData": [{"MetricName": "m", **datum}]}
    body = json.dumps(request, default=datetime.timestamp).encode()
    (found,) = read_data(parse("cloudwatch", "PutMetricData", body), "eu-central-1", NOW)
    return found


@pytest.mark.parametrize(
    ("datum", "code"),
    [
        ({"Value": "NaN"}, "InvalidParameterValue"),  # as botocore writes it
        ({"Value": math.nan}, "InvalidParameterValue"),
        ({"Value": "Infinity"}, "InvalidParameterValue"),
        ({"Values": [1.0, "-Infinity"]}, "InvalidParameterValue"),
        ({"Value": 2.0**361}, "InvalidParameterValue"),
        ({"Value": 1.0, "Timestamp": NOW - timedelta(days=14, seconds=1)}, "InvalidParameterValue"),
        ({"Value": 1.0, "Timestamp": NOW + timedelta(hours=2, seconds=1)}, "InvalidParameterValue"),
        ({"Value": 1.0, "StorageResolution": 5}, "InvalidParameterValue"),
        ({"Values": [1.0], "Counts": [1.0, 2.0]}, "InvalidParameterValue"),
        ({"Values": [1.0], "Counts": [0.0]}, "InvalidParameterValue"),
        ({"Values": [1.0] * 151}, "InvalidParameterValue"),
        ({"Value": 1.0, "Dimensions": [{"Name": "a", "Value": "v"}] * 2}, "InvalidParameterValue"),
        (
            {"StatisticValues": {"SampleCount": 1.0, "Sum": 1.0, "Minimum": 2.0, "Maximum": 1.0}},
            "InvalidParameterValue",
        ),
        ({"Value": 1.0, "Values": [1.0]}, "InvalidParameterCombination"),
        ({}, "MissingParameter"),
        ({"Value": "many"}, "ValidationException"),
        ({"Value": 1.0, "Dimensions": [{"Name": str(n), "Value": "v"} for n in range(31)]}, "ValidationException"),
    ],
)
def test_refused(datum: dict[str, Any], code: str) -> None:
    """Data that AWS refuses are refused with its code (Source: PutMetricData, MetricDatum)."""
    with pytest.raises(AwsError) as refused:
        read(datum)
    assert refused.value.code == code


@pytest.mark.parametrize("time", [NOW - timedelta(days=14), NOW + timedelta(hours=2)])
def test_the_bounds_of_time(time: datetime) -> None:
    """Two weeks back and two hours ahead are just taken (Source: PutMetricData)."""
    assert read({"Value": 1.0, "Timestamp": time}).time == time.timestamp()


def test_counted_values() -> None:
    """A value that occurred several times is one sample."""
    assert read({"Values": [2.0], "Counts": [3.0]}).samples == (Sample(2.0, 2.0, 3.0, 6.0),)
