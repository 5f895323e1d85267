import json
from typing import Any

import pytest

from localcloud.errors import AwsError
from tests.localcloud.sagemaker.conftest import Cloud

MB = 1 << 20


def transform_output(cloud: Cloud, **more: str) -> dict[str, Any]:
    return {"TransformOutput": {"S3OutputPath": cloud.uri("out/"), **more}}


def transform_input(cloud: Cloud, **more: str) -> dict[str, Any]:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": cloud.uri("in/")}}
    return {"TransformInput": {"DataSource": source, "ContentType": "text/plain", **more}}


def test_every_object_goes_through_the_model(cloud: Cloud) -> None:
    """Each object's answer lies under its name below the prefix with .out, and the times are the server's life."""
    cloud.model("m", Environment={"VERSION": "one"})
    cloud.put("in/a.txt", b"x\ny\n")
    cloud.put("in/deep/b.txt", b"z")
    cloud.transform("j", "m", Environment={"VERSION": "two"})
    detail = cloud.wait("j", "Completed")
    assert cloud.read("out/a.txt.out") == b"two|x\ny\n\n"
    assert cloud.read("out/deep/b.txt.out") == b"two|z\n"
    assert detail["CreationTime"].endswith("Z")
    told = cloud.call("DescribeTransformJob", TransformJobName="j")
    assert told["CreationTime"] <= told["TransformStartTime"] < told["TransformEndTime"]
    assert [each["TransformJobStatus"] for each in cloud.details("j")] == ["InProgress", "Completed"]


def test_requests_are_cut_at_whole_lines_below_the_limit(cloud: Cloud) -> None:
    """MultiRecord fills each request with as many lines as fit, byte for byte, in the order of the object."""
    cloud.model("m", Environment={"LENGTHS": "1"})
    line = b"x" * (MB // 2 - 1) + b"\n"
    cloud.put("in/exact", line * 4)
    cloud.put("in/above", line * 2 + b"y\n")
    cloud.put("in/last", line + b"no newline")
    cloud.transform("j", "m", MaxPayloadInMB=1, BatchStrategy="MultiRecord", MaxConcurrentTransforms=3)
    cloud.wait("j", "Completed")
    assert cloud.read("out/exact.out") == b"1048576:2\n" * 2
    assert cloud.read("out/above.out") == b"1048576:2\n2:1\n"
    assert cloud.read("out/last.out") == b"%d:1\n" % (MB // 2 + 10)


def test_single_records_and_whole_objects(cloud: Cloud) -> None:
    """SingleRecord sends line by line; SplitType None the object as it is; an empty object sends nothing."""
    cloud.model("m", Environment={"LENGTHS": "1"})
    cloud.put("in/a", b"one\ntwo\n")
    cloud.put("in/empty", b"")
    cloud.transform("lines", "m", BatchStrategy="SingleRecord")
    cloud.wait("lines", "Completed")
    assert cloud.read("out/a.out") == b"4:1\n4:1\n"
    assert cloud.read("out/empty.out") == b""
    cloud.transform("whole", "m", **transform_input(cloud), **transform_output(cloud))
    cloud.wait("whole", "Completed")
    assert cloud.read("out/a.out") == b"8:2"
    assert cloud.read("out/empty.out") == b""


def test_the_container_may_say_how_it_wants_requests(cloud: Cloud) -> None:
    """/execution-parameters decide where the request is silent; the request wins."""
    wanted = json.dumps({"MaxConcurrentTransforms": 4, "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 1})
    cloud.model("m", Environment={"LENGTHS": "1", "PARAMETERS": wanted})
    cloud.put("in/a", b"one\ntwo\n")
    cloud.transform("container", "m")
    cloud.wait("container", "Completed")
    assert cloud.read("out/a.out") == b"4:1\n4:1\n"
    cloud.transform("request", "m", BatchStrategy="MultiRecord")
    cloud.wait("request", "Completed")
    assert cloud.read("out/a.out") == b"8:2\n"


def test_the_container_knows_that_it_serves_a_batch(cloud: Cloud) -> None:
    """Content type, accept and SAGEMAKER_BATCH reach the container."""
    cloud.model("m")
    cloud.put("in/a", b"describe")
    cloud.transform("j", "m")
    cloud.wait("j", "Completed")
    told = json.loads(cloud.read("out/a.out"))
    assert told["batch"] == "true"
    assert (told["headers"]["Content-Type"], told["headers"]["Accept"]) == ("text/plain", "text/plain")


@pytest.mark.parametrize(("status", "side"), [(400, "ClientError"), (500, "AlgorithmError")])
def test_an_error_answer_fails_the_job(cloud: Cloud, status: int, side: str) -> None:
    """An answer other than success fails the job with what was said, and that object has no output."""
    cloud.model("m")
    cloud.put("in/a", b"fine")
    cloud.put("in/b", b"status %d" % status)
    cloud.transform("j", "m")
    reason = cloud.wait("j", "Failed")["FailureReason"]
    assert reason == f"{side}: in/b: the container answered {status}: because"
    assert cloud.keys("out") == ["out/a.out"]
    assert "TransformEndTime" in cloud.call("DescribeTransformJob", TransformJobName="j")


@pytest.mark.parametrize("environment", [{"DIE": "1"}, {"SICK": "1"}])
def test_a_server_that_never_gets_healthy_fails_the_job(make_cloud: Any, environment: dict[str, str]) -> None:
    """Whether it dies or stays sick, the job fails with a reason."""
    cloud = make_cloud(ping_deadline=1.0)
    cloud.model("m", Environment=environment)
    cloud.put("in/a", b"x")
    cloud.transform("j", "m")
    assert "healthy" in (reason := cloud.wait("j", "Failed")["FailureReason"]) or "ping health check" in reason


def test_a_record_above_the_limit_fails_the_job(cloud: Cloud) -> None:
    """A line that cannot fit into any request is an error, not a request that is too large."""
    cloud.model("m")
    cloud.put("in/a", b"x" * (MB + 1))
    cloud.transform("j", "m", MaxPayloadInMB=1)
    assert "above MaxPayloadInMB" in cloud.wait("j", "Failed")["FailureReason"]


def test_a_stop_ends_a_request_in_flight(cloud: Cloud) -> None:
    """A stopped transform does not wait for the model's answer and leaves no output."""
    cloud.model("m")
    cloud.put("in/a", b"sleep 60")
    cloud.transform("j", "m")
    cloud.wait("j", "InProgress")
    cloud.call("StopTransformJob", TransformJobName="j")
    cloud.wait("j", "Stopped")
    assert cloud.keys("out") == []


@pytest.mark.parametrize(
    "more",
    [
        {"DataProcessing": {"InputFilter": "$"}},
        {"MaxPayloadInMB": 0},
        {"TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 2}},
    ],
)
def test_what_is_not_emulated_is_refused(cloud: Cloud, more: dict[str, Any]) -> None:
    """An option we do not have is refused by name rather than ignored."""
    cloud.model("m")
    with pytest.raises(AwsError, match="not emulated by the local cloud yet"):
        cloud.transform("j", "m", **more)


@pytest.mark.parametrize("part", [{"SplitType": "RecordIO"}, {"SplitType": "TFRecord"}, {"CompressionType": "Gzip"}])
def test_formats_that_are_not_emulated_are_refused(cloud: Cloud, part: dict[str, str]) -> None:
    """Record formats and compression are refused by name rather than sent as they are."""
    cloud.model("m")
    with pytest.raises(AwsError, match="not emulated by the local cloud yet"):
        cloud.transform("j", "m", **transform_input(cloud, **part))


def test_a_transform_needs_its_model_and_a_sane_flight(cloud: Cloud) -> None:
    """An unknown model is refused at once, and so are more than 100 MB in flight."""
    with pytest.raises(AwsError, match="Could not find model"):
        cloud.transform("j", "nobody")
    cloud.model("m")
    with pytest.raises(AwsError, match="100 MB"):
        cloud.transform("j", "m", MaxPayloadInMB=51, MaxConcurrentTransforms=2)
