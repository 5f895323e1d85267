import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from localcloud.errors import AwsError
from localcloud.sagemaker.capture_config import (
    CaptureSpec,
    Invocation,
    Payload,
    Request,
    file_name,
    folder,
    line,
    summary,
)

TIME = datetime(2026, 3, 1, 7, 8, 9, 12_345, tzinfo=UTC)


def config(**members: Any) -> dict[str, Any]:
    capture = {
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://bucket/captured/",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
        **members,
    }
    return {"DataCaptureConfig": capture}


def spec(**members: Any) -> CaptureSpec:
    parsed = CaptureSpec.parse(config(**members))
    assert parsed is not None
    return parsed


def written(of: CaptureSpec, sent: Payload, inference_id: str | None = None) -> Any:
    answered = Payload("application/json", b'{"a": 1}')
    text = line(of, Invocation("id-1", Request(TIME, inference_id, sent), answered))
    assert text.endswith(b"\n")
    assert text.count(b"\n") == 1
    return json.loads(text)


def test_a_line_is_what_model_monitor_reads() -> None:
    """SageMaker Developer Guide, Data Capture: the members of a captured line, and their values."""
    assert written(spec(), Payload("text/csv", b"1,2\n"), "mine") == {
        "captureData": {
            "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": "1,2\n", "encoding": "CSV"},
            "endpointOutput": {
                "observedContentType": "application/json",
                "mode": "OUTPUT",
                "data": '{"a": 1}',
                "encoding": "JSON",
            },
        },
        "eventMetadata": {"eventId": "id-1", "inferenceId": "mine", "inferenceTime": "2026-03-01T07:08:09Z"},
        "eventVersion": "0",
    }
    assert "inferenceId" not in written(spec(), Payload("text/csv", b""))["eventMetadata"]


@pytest.mark.parametrize(
    ("content_type", "body", "encoding"),
    [
        ("text/csv", b"1", "CSV"),
        ("Text/CSV", b"1", "CSV"),
        ("application/json", b"{}", "JSON"),
        ("text/csv; charset=utf-8", b"1", "CSV"),
        ("application/json;charset=UTF-8", b"{}", "JSON"),
        ("text/html; charset=utf-8", b"1", "BASE64"),
        ("text/plain", b"1", "BASE64"),
        ("application/octet-stream", b"\xff\x00", "BASE64"),
        ("text/csv", b"\xff", "BASE64"),
    ],
)
def test_what_is_not_listed_is_base64(content_type: str, body: bytes, encoding: str) -> None:
    """API_CaptureContentTypeHeader: only listed types are text; users' captured lines: parameters do not count."""
    side = written(spec(), Payload(content_type, body))["captureData"]["endpointInput"]
    assert (side["encoding"], side["observedContentType"]) == (encoding, content_type)
    data = base64.b64decode(side["data"]) if encoding == "BASE64" else side["data"].encode()
    assert data == body


def test_without_lists_all_is_base64() -> None:
    """API_DataCaptureConfig, CaptureContentTypeHeader: if none is specified, data are base64 encoded."""
    sides = written(spec(CaptureContentTypeHeader={}), Payload("text/csv", b"1"))["captureData"].values()
    assert {side["encoding"] for side in sides} == {"BASE64"}


@pytest.mark.parametrize(
    ("modes", "sides"),
    [
        (["Input"], {"endpointInput"}),
        (["Output"], {"endpointOutput"}),
        (["Input", "Output"], {"endpointInput", "endpointOutput"}),
        (["InputAndOutput"], {"endpointInput", "endpointOutput"}),
    ],
)
def test_the_sides_that_are_captured(modes: list[str], sides: set[str]) -> None:
    """API_CaptureOption: the input, the output or both."""
    options = [{"CaptureMode": mode} for mode in modes]
    assert written(spec(CaptureOptions=options), Payload("text/csv", b"1"))["captureData"].keys() == sides


def test_the_share_that_is_captured() -> None:
    """API_DataCaptureConfig, InitialSamplingPercentage: so many of a hundred, none at 0, all at 100."""
    draws = [number / 1000 for number in range(1000)]
    for percentage in (0, 1, 37, 100):
        of = spec(InitialSamplingPercentage=percentage)
        assert sum(of.wants(draw) for draw in draws) == percentage * 10


def test_where_it_goes() -> None:
    """SageMaker Developer Guide, Data Capture: endpoint/variant/yyyy/mm/dd/hh/file.jsonl below the destination."""
    location = spec().destination.below(f"{folder('e', 'v', TIME)}/{file_name(TIME, 'id')}")
    assert str(location) == "s3://bucket/captured/e/v/2026/03/01/07/08-09-012-id.jsonl"


@pytest.mark.parametrize(("members", "enabled"), [({}, True), ({"EnableCapture": False}, False)])
def test_what_describe_tells(members: dict[str, bool], *, enabled: bool) -> None:
    """API_DataCaptureConfigSummary: all members are there; enabled is the default."""
    assert summary(config(**members)) == {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if enabled else "Stopped",
        "CurrentSamplingPercentage": 100,
        "DestinationS3Uri": "s3://bucket/captured/",
        "KmsKeyId": "",
    }
    assert (CaptureSpec.parse(config(**members)) is not None) is enabled


def test_a_config_without_capture() -> None:
    """API_CreateEndpointConfig: DataCaptureConfig may be left out."""
    assert CaptureSpec.parse({}) is None
    assert summary({}) is None


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"DestinationS3Uri": "https://bucket/x"}, "not a valid S3 URI"),
        ({"CaptureContentTypeHeader": {"CsvContentTypes": ["a/b"], "JsonContentTypes": ["A/B"]}}, "a/b as CSV and as"),
    ],
)
def test_what_cannot_be_captured(members: dict[str, Any], message: str) -> None:
    """API_DataCaptureConfig; ours: the destination is S3's, a type is either CSV or JSON."""
    with pytest.raises(AwsError, match=message):
        CaptureSpec.parse(config(**members))
