import json
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from localcloud.errors import AwsError
from tests.localcloud.sagemaker.clouds import Cloud
from tests.localcloud.sagemaker.endpoint_steps import status_of, wait_until

NEVER = {"data_capture": 3600.0}


def config(cloud: Cloud, name: str, variants: tuple[str, ...] = ("all",), **members: Any) -> None:
    cloud.model(name, Environment={"VERSION": name})
    variant = {"ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    capture = {
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": cloud.uri("captured"),
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
        **members,
    }
    cloud.call(
        "CreateEndpointConfig",
        EndpointConfigName=name,
        ProductionVariants=[{**variant, "VariantName": each} for each in variants],
        DataCaptureConfig=capture,
    )


def captured_endpoint(cloud: Cloud, variants: tuple[str, ...] = ("all",), **members: Any) -> None:
    config(cloud, "v1", variants, **members)
    cloud.call("CreateEndpoint", EndpointName="e", EndpointConfigName="v1")
    cloud.wait("e", "IN_SERVICE")


def ask(cloud: Cloud, body: bytes, **headers: str) -> bytes:
    return cloud.invoke(body, Content_Type="text/csv", **headers).body


def lines(cloud: Cloud) -> list[dict[str, Any]]:
    text = b"".join(cloud.read(key) for key in cloud.keys("captured/"))
    return [json.loads(line) for line in text.splitlines()]


def inputs(cloud: Cloud) -> list[str]:
    return sorted(line["captureData"]["endpointInput"]["data"] for line in lines(cloud))


def test_invocations_are_captured_as_aws_lays_them_out(cloud: Cloud) -> None:
    """SageMaker Developer Guide, Data Capture: where the files lie, one line of JSON each invocation, both sides."""
    captured_endpoint(cloud, ("one", "two"))
    before = datetime.now(UTC)
    for variant in ("one", "two", "two"):
        ask(cloud, b"x", X_Amzn_SageMaker_Target_Variant=variant, X_Amzn_SageMaker_Inference_Id=f"of-{variant}")
    wait_until(lambda: len(lines(cloud)) == 3)
    after = datetime.now(UTC)
    hours = "|".join(f"{time:%Y/%m/%d/%H}" for time in (before, after))
    for key in cloud.keys("captured/"):
        assert re.fullmatch(rf"captured/e/(one|two)/({hours})/\d\d-\d\d-\d\d\d-[0-9a-f-]{{36}}\.jsonl", key)
    found = lines(cloud)
    assert sorted(line["eventMetadata"]["inferenceId"] for line in found) == ["of-one", "of-two", "of-two"]
    assert len({line["eventMetadata"]["eventId"] for line in found}) == 3
    for line in found:
        assert f"{before:%Y-%m-%dT%H:%M:%SZ}" <= line["eventMetadata"]["inferenceTime"] <= f"{after:%Y-%m-%dT%H:%M:%SZ}"
        assert line["eventVersion"] == "0"
        assert line["captureData"] == {
            "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": "x", "encoding": "CSV"},
            "endpointOutput": {
                "observedContentType": "application/json",
                "mode": "OUTPUT",
                "data": "djF8eA==",
                "encoding": "BASE64",
            },
        }


def test_the_time_is_that_of_the_question(cloud: Cloud) -> None:
    """SageMaker Developer Guide, Data Capture: the hour is that of the invocation, however long its answer took."""
    captured_endpoint(cloud)
    ask(cloud, b"sleep 2")
    answered = datetime.now(UTC)
    wait_until(lambda: len(lines(cloud)) == 1)
    assert lines(cloud)[0]["eventMetadata"]["inferenceTime"] <= f"{answered - timedelta(seconds=2):%Y-%m-%dT%H:%M:%SZ}"


def test_only_what_was_answered_and_asked_for_is_captured(cloud: Cloud) -> None:
    """API_DataCaptureConfig, EnableCapture and InitialSamplingPercentage; ours: no error of the model."""
    captured_endpoint(cloud)
    with pytest.raises(AwsError):
        ask(cloud, b"status 500")
    ask(cloud, b"first")
    without: list[dict[str, Any]] = [{"EnableCapture": False}, {"InitialSamplingPercentage": 0}]
    for number, members in enumerate(without, start=2):
        config(cloud, f"v{number}", **members)
        cloud.call("UpdateEndpoint", EndpointName="e", EndpointConfigName=f"v{number}")
        wait_until(lambda: status_of(cloud) == "InService")
        ask(cloud, b"not this")
    config(cloud, "v4")
    cloud.call("UpdateEndpoint", EndpointName="e", EndpointConfigName="v4")
    wait_until(lambda: status_of(cloud) == "InService")
    ask(cloud, b"last")
    wait_until(lambda: len(lines(cloud)) == 2)
    assert inputs(cloud) == ["first", "last"]


def test_describe_tells_of_the_capture(cloud: Cloud) -> None:
    """API_DescribeEndpoint and API_DescribeEndpointConfig: a summary of what runs, and what was configured."""
    captured_endpoint(cloud, InitialSamplingPercentage=25)
    expected = {
        "EnableCapture": True,
        "CaptureStatus": "Started",
        "CurrentSamplingPercentage": 25,
        "DestinationS3Uri": cloud.uri("captured"),
        "KmsKeyId": "",
    }
    assert cloud.call("DescribeEndpoint", EndpointName="e")["DataCaptureConfig"] == expected
    configured = cloud.call("DescribeEndpointConfig", EndpointConfigName="v1")["DataCaptureConfig"]
    assert configured["CaptureContentTypeHeader"] == {"CsvContentTypes": ["text/csv"]}
    cloud.version("plain")
    cloud.call("UpdateEndpoint", EndpointName="e", EndpointConfigName="plain")
    wait_until(lambda: status_of(cloud) == "InService")
    assert "DataCaptureConfig" not in cloud.call("DescribeEndpoint", EndpointName="e")


def test_a_changed_capacity_is_captured_as_before(cloud: Cloud) -> None:
    """API_UpdateEndpointWeightsAndCapacities changes weights and counts, and nothing of the capture."""
    captured_endpoint(cloud)
    wish = {"VariantName": "all", "DesiredWeight": 2.0}
    cloud.call("UpdateEndpointWeightsAndCapacities", EndpointName="e", DesiredWeightsAndCapacities=[wish])
    wait_until(lambda: status_of(cloud) == "InService")
    ask(cloud, b"x")
    wait_until(lambda: inputs(cloud) == ["x"])


@pytest.mark.parametrize("end", ["deletion", "stop"])
def test_nothing_is_lost_at_an_orderly_end(make_cloud: Callable[..., Cloud], end: str) -> None:
    """SageMaker Developer Guide, Data Capture: what was captured gets to S3; ours: by the time that all has ended."""
    cloud = make_cloud(NEVER)
    captured_endpoint(cloud)
    for number in range(20):
        ask(cloud, b"%02d" % number)
    assert lines(cloud) == []
    if end == "deletion":
        cloud.call("DeleteEndpoint", EndpointName="e")
        wait_until(lambda: cloud.call("ListEndpoints")["Endpoints"] == [])
    else:
        cloud.sagemaker.stop()
    assert inputs(cloud) == [f"{number:02d}" for number in range(20)]
    assert list((cloud.state / "sagemaker").rglob("*.jsonl")) == []


def test_a_capture_that_cannot_be_stored_is_tried_again(cloud: Cloud, caplog: pytest.LogCaptureFixture) -> None:
    """Ours: a bucket that is not there costs no invocation, and what waits is stored once it is."""
    bucket = f"later-{uuid.uuid4().hex}"
    captured_endpoint(cloud, DestinationS3Uri=f"s3://{bucket}")
    assert ask(cloud, b"x") == b"v1|x"
    wait_until(lambda: "capture_not_stored" in caplog.text)
    cloud.s3.create_bucket(Bucket=bucket)
    assert ask(cloud, b"y") == b"v1|y"

    def stored() -> list[str]:
        keys = [item["Key"] for item in cloud.s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
        text = b"".join(cloud.s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys)
        return sorted(json.loads(line)["captureData"]["endpointInput"]["data"] for line in text.splitlines())

    wait_until(lambda: stored() == ["x", "y"])


def test_too_much_to_capture_fails_no_invocation(make_cloud: Callable[..., Cloud]) -> None:
    """SageMaker Developer Guide, Data Capture: under pressure it captures no more, and invocations go on."""
    cloud = make_cloud(NEVER, capture_waiting=10)
    captured_endpoint(cloud)
    assert [ask(cloud, body) for body in (b"abc", b"abc", b"d")] == [b"v1|abc", b"v1|abc", b"v1|d"]
    cloud.sagemaker.stop()
    assert inputs(cloud) == ["abc"]
