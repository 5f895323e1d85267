"""Source of the table: SageMaker Developer Guide, "Supported JSONPath Operators"; API Reference, DataProcessing."""

from typing import Any

import pytest

from localcloud.errors import AwsError, DataError
from localcloud.sagemaker.json_path import JsonPath

ROW = ["0", "1", "2", "3", "4", "5", "6"]
RECORD = {"id": 7, "deep": {"a": 1, "b": [10, 20, 30]}, "features": [1, 2], "SageMakerOutput": {"label": 1}}


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        ("$", RECORD, RECORD),
        ("$.id", RECORD, 7),
        ("$.deep.b[1]", RECORD, 20),
        ("$['id']", RECORD, 7),
        ("$['id','SageMakerOutput']", RECORD, {"id": 7, "SageMakerOutput": {"label": 1}}),
        ("$.deep['a', 'b']", RECORD, {"a": 1, "b": [10, 20, 30]}),
        ("$.deep.['a']", RECORD, 1),
        ("$.deep.*", RECORD, [1, [10, 20, 30]]),
        ("$.features[*]", RECORD, [1, 2]),
        ("$[1]", ROW, "1"),
        ("$[-1]", ROW, "6"),
        ("$[1,3,5]", ROW, ["1", "3", "5"]),
        ("$[0,5:]", ROW, ["0", "5", "6"]),
        ("$[0,-1]", ROW, ["0", "6"]),
        ("$[1:4]", ROW, ["1", "2", "3", "4"]),
        ("$[:5]", ROW, ["0", "1", "2", "3", "4", "5"]),
        ("$[5:]", ROW, ["5", "6"]),
        ("$[:-1]", ROW, ROW),
        ("$[:-2]", ROW, ROW[:-1]),
        ("$[4:99]", ROW, ["4", "5", "6"]),
        ("$[*]", ROW, ROW),
    ],
)
def test_what_a_path_finds(path: str, value: Any, found: Any) -> None:
    """Each documented operator finds what the guide says; both ends of a slice are included."""
    assert JsonPath.parse(path, "InputFilter").select(value) == found


@pytest.mark.parametrize(
    "path", ["$.none", "$.id.x", "$[0]", "$['id','none']", "$.features[2]", "$.id[*]", "$.deep.b['x']"]
)
def test_what_is_not_there_is_an_error(path: str) -> None:
    """An index outside the dimension is an error; for names that is ours."""
    with pytest.raises(DataError, match="finds nothing in a record"):
        JsonPath.parse(path, "OutputFilter").select(RECORD)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "id",
        "$..id",
        "$.",
        "$[",
        "$[?(@.a)]",
        "$.deep.['a','b.c'",
        "$[1:2:3]",
        '$["id"]',
        "$[a]",
        "$ ",
        "$.length()",
    ],
)
def test_other_paths_are_refused(path: str) -> None:
    """What is no path, or uses an operator that SageMaker does not support, makes no job."""
    with pytest.raises(AwsError, match="OutputFilter") as refused:
        JsonPath.parse(path, "OutputFilter")
    assert refused.value.code == "ValidationException"
