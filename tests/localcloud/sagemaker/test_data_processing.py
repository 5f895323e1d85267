"""Source: SageMaker Developer Guide, "Associate Prediction Results with Input Records"; API, DataProcessing."""

from typing import Any

import pytest

from localcloud.errors import AwsError, DataError
from localcloud.sagemaker.data_processing import DataProcessing


def asked(
    kind: str, split: str = "Line", accept: str | None = None, assemble: str = "Line", **wish: str
) -> dict[str, Any]:
    return {
        "DataProcessing": wish,
        "TransformInput": {"ContentType": kind, "SplitType": split},
        "TransformOutput": {"Accept": accept or kind, "AssembleWith": assemble},
    }


def processing(kind: str, split: str = "Line", **wish: str) -> DataProcessing:
    found = DataProcessing.parse(asked(kind, split, **wish))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("kind", "wish", "record", "sent"),
    [
        ("text/csv", {"InputFilter": "$[1:]"}, b"9,a,b\n", b"a,b\n"),
        ("text/csv", {"InputFilter": "$[1]"}, b'9,"a,""b"', b'"a,""b"'),
        ("text/csv; charset=utf-8", {"InputFilter": "$[0,2]"}, b"9,a,b\r\n", b"9,b\n"),
        (
            "application/jsonlines",
            {"InputFilter": "$.features"},
            b'{"id": 1, "features": [1.5, "\xc3\xa9"]}\n',
            b'[1.5,"\xc3\xa9"]\n',
        ),
        ("application/json", {"InputFilter": "$['a']"}, b'{"a": {"b": null}}', b'{"b":null}'),
        ("application/json", {"JoinSource": "Input"}, b'{ "as": "it is" }\n', b'{ "as": "it is" }\n'),
    ],
)
def test_the_model_sees_what_the_input_filter_leaves(
    kind: str, wish: dict[str, str], record: bytes, sent: bytes
) -> None:
    """A filter is applied to each record; without one the record's bytes are not touched."""
    assert processing(kind, **wish).sent(record) == sent


@pytest.mark.parametrize(
    ("kind", "wish", "records", "answer", "stored"),
    [
        ("text/csv", {"JoinSource": "Input"}, [b"1,2,3\n"], b"1\n", b"1,2,3,1"),
        ("text/csv", {"JoinSource": "Input"}, [b"1,2\n", b"3,4"], b"x,0.5\ny,0.7", b"1,2,x,0.5\n3,4,y,0.7"),
        ("text/csv", {"JoinSource": "Input", "OutputFilter": "$[0,-1]"}, [b"1,2\n"], b"9", b"1,9"),
        ("text/csv", {"OutputFilter": "$[0]"}, [b"1\n", b"2\n"], b"a,b\nc,d\n", b"a\nc"),
        (
            "application/jsonlines",
            {"JoinSource": "Input"},
            [b'{"key":1}\n'],
            b'{"label":1}',
            b'{"key":1,"SageMakerOutput":{"label":1}}',
        ),
        (
            "application/jsonlines",
            {"JoinSource": "Input", "OutputFilter": "$['id','SageMakerOutput']"},
            [b'{"id":1,"f":2}\n', b'{"id":2,"f":3}\n'],
            b"0.1\n0.2\n",
            b'{"id":1,"SageMakerOutput":0.1}\n{"id":2,"SageMakerOutput":0.2}',
        ),
        (
            "application/json",
            {"JoinSource": "Input"},
            [b"[1,2]"],
            b"[\n 0\n]",
            b'{"SageMakerInput":[1,2],"SageMakerOutput":[0]}',
        ),
        ("application/json", {"JoinSource": "Input"}, [b'{"SageMakerOutput":1}'], b"2", b'{"SageMakerOutput":2}'),
    ],
)
def test_what_is_stored(kind: str, wish: dict[str, str], records: list[bytes], answer: bytes, stored: bytes) -> None:
    """The guide's examples: rows are appended, objects get SageMakerOutput, others become SageMakerInput beside it."""
    assert processing(kind, **wish).stored(records, answer) == stored


@pytest.mark.parametrize(
    ("kind", "records", "answer", "why"),
    [
        (
            "text/csv",
            [b"1\n", b"2\n"],
            b"a\n",
            "Fail to join data: mismatched line count between the input and the output",
        ),
        ("application/json", [b"{}"], b"<html>", "Failed to parse output from the algorithm as JSON"),
        ("text/csv", [b"1\n"], b'"a', "Failed to parse output from the algorithm as CSV"),
        ("application/json", [b"{"], b"{}", "Failed to parse input as JSON"),
    ],
)
def test_what_cannot_be_joined(kind: str, records: list[bytes], answer: bytes, why: str) -> None:
    """Answers that do not fit their records are errors, in the words that users of AWS report."""
    with pytest.raises(DataError, match=why):
        processing(kind, JoinSource="Input").stored(records, answer)


@pytest.mark.parametrize(
    "request_",
    [
        asked("text/plain", JoinSource="Input"),
        asked("text/csv", accept="application/json", JoinSource="Input"),
        asked("text/csv", split="None", JoinSource="Input"),
        asked("text/csv", assemble="None", JoinSource="Input"),
        asked("application/json", split="TFRecord", JoinSource="Input"),
        asked("text/csv", InputFilter="$.id"),
        asked("text/csv", InputFilter="$['a']"),
    ],
)
def test_formats_that_cannot_be_processed_are_refused(request_: dict[str, Any]) -> None:
    """The guide: both sides CSV or JSON, CSV split and assembled by line, and asked only by index."""
    with pytest.raises(AwsError, match="DataProcessing") as refused:
        DataProcessing.parse(request_)
    assert refused.value.code == "ValidationException"


@pytest.mark.parametrize("wish", [{}, {"InputFilter": "$", "OutputFilter": "$", "JoinSource": "None"}])
def test_the_defaults_change_nothing(wish: dict[str, str]) -> None:
    """Without a filter and a join any format goes through as it is."""
    assert DataProcessing.parse(asked("image/png", split="RecordIO", **wish)) is None
