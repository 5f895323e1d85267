import gzip
import json
from typing import Any

import pytest

from localcloud.errors import AwsError
from tests.localcloud.sagemaker.clouds import Cloud
from tests.localcloud.sagemaker.record_formats import recordio, tfrecord

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
    detail = f"in/b: the container answered {status}: because"
    assert reason == f"{side}: See job logs for more information ({detail})"
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
        {"DataCaptureConfig": {"DestinationS3Uri": "s3://b/k"}},
        {"TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "TransformAmiVersion": "al2"}},
    ],
)
def test_what_is_not_emulated_is_refused(cloud: Cloud, more: dict[str, Any]) -> None:
    """An option we do not have is refused by name rather than ignored."""
    cloud.model("m")
    with pytest.raises(AwsError, match="not emulated by the local cloud"):
        cloud.transform("j", "m", **more)


def test_a_transform_needs_its_model_and_a_sane_flight(cloud: Cloud) -> None:
    """An unknown model is refused at once, and so are more than 100 MB in flight."""
    with pytest.raises(AwsError, match="Could not find model"):
        cloud.transform("j", "nobody")
    cloud.model("m")
    with pytest.raises(AwsError, match="100 MB"):
        cloud.transform("j", "m", MaxPayloadInMB=51, MaxConcurrentTransforms=2)
    with pytest.raises(AwsError, match="100 MB"):
        cloud.transform("j", "m", MaxPayloadInMB=101)


def test_every_object_is_tried(cloud: Cloud) -> None:
    """SageMaker Developer Guide, "Batch Transform Errors": other objects go on; the outputs of those that succeed stay.

    The reason of the first object that failed is the job's (ours).
    """
    cloud.model("m", Environment={"VERSION": "v"})
    for name, body in (("a", b"status 400"), ("b", b"fine"), ("c", b"status 500")):
        cloud.put(f"in/{name}", body)
    cloud.transform("j", "m")
    assert "in/a: the container answered 400" in cloud.wait("j", "Failed")["FailureReason"]
    assert cloud.keys("out") == ["out/b.out"]


def test_a_cut_knows_no_quotes_and_no_header(cloud: Cloud) -> None:
    """SageMaker Developer Guide, "Use Batch Transform": Line cuts at newlines, also at one within quotes.

    Only the first request of a CSV file holds its header.
    """
    cloud.model("m", Environment={"VERSION": ""})
    cloud.put("in/a.csv", b'h\n"x\ny"\n')
    cloud.transform("j", "m", BatchStrategy="SingleRecord", **transform_output(cloud, AssembleWith="None"))
    cloud.wait("j", "Completed")
    assert cloud.read("out/a.csv.out") == b'|h\n|"x\n|y"\n'


@pytest.mark.parametrize(
    ("split", "frames", "alone"),
    [
        ("RecordIO", [recordio(b"one"), recordio(b"three")], [b"one", b"three"]),
        ("TFRecord", [tfrecord(b"one"), tfrecord(b"three")], [b"one", b"three"]),
    ],
)
def test_record_formats_are_split(cloud: Cloud, split: str, frames: list[bytes], alone: list[bytes]) -> None:
    """SageMaker API Reference, TransformInput: a single record loses its padding, several keep theirs."""
    cloud.model("m", Environment={"VERSION": ""})
    cloud.put("in/a", b"".join(frames))
    for strategy, sent in (("SingleRecord", alone), ("MultiRecord", [b"".join(frames)])):
        asked = {**transform_input(cloud, SplitType=split), **transform_output(cloud)}
        cloud.transform(strategy, "m", BatchStrategy=strategy, **asked)
        cloud.wait(strategy, "Completed")
        assert cloud.read("out/a.out") == b"".join(b"|" + body for body in sent)


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ({"SplitType": "RecordIO"}, "in/a: the object is not in RecordIO format"),
        ({"SplitType": "TFRecord"}, "in/a: the object is not in TFRecord format"),
        ({"CompressionType": "Gzip"}, "in/a: the object is not in Gzip format"),
    ],
)
def test_what_is_not_in_its_format_fails_the_job(cloud: Cloud, part: dict[str, str], reason: str) -> None:
    """Ours: an object of another format than the request says is a client's error that names it."""
    cloud.model("m")
    cloud.put("in/a", b"plain text of no format")
    cloud.transform("j", "m", **transform_input(cloud, **part))
    assert cloud.wait("j", "Failed")["FailureReason"] == f"ClientError: See job logs for more information ({reason})"


def test_compressed_objects_are_split_as_what_they_hold(cloud: Cloud) -> None:
    """SageMaker API Reference, TransformInput: CompressionType Gzip decompresses every object of the job."""
    cloud.model("m", Environment={"LENGTHS": "1"})
    cloud.put("in/a.gz", gzip.compress(b"one\ntwo\n"))
    asked = transform_input(cloud, SplitType="Line", CompressionType="Gzip")
    cloud.transform("j", "m", BatchStrategy="SingleRecord", **asked)
    cloud.wait("j", "Completed")
    assert cloud.read("out/a.gz.out") == b"4:1\n4:1\n"


def test_a_payload_of_any_size_is_sent_in_chunks(cloud: Cloud) -> None:
    """SageMaker API Reference, CreateTransformJob: MaxPayloadInMB=0 for payloads of any size, by chunked encoding."""
    cloud.model("m", Environment={"LENGTHS": "1"})
    cloud.put("in/a", b"x" * (7 * MB))
    cloud.transform("j", "m", MaxPayloadInMB=0, **transform_input(cloud), **transform_output(cloud))
    cloud.wait("j", "Completed")
    assert cloud.read("out/a.out") == b"%d:0:chunked" % (7 * MB)


def test_objects_of_a_manifest_are_dealt_to_the_instances(cloud: Cloud) -> None:
    """SageMaker Developer Guide, "Use Batch Transform": the objects are distributed; each instance has a server.

    A manifest names the objects (API Reference, TransformS3DataSource); their names in it are those of the outputs.
    """
    cloud.model("m")
    for name in ("a", "b", "deep/c"):
        cloud.put(f"data/{name}", b"describe")
    cloud.put("data/left-out", b"status 500")
    cloud.put("m.json", json.dumps([{"prefix": cloud.uri("data/")}, "deep/c", "a", "b"]).encode())
    source = {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": cloud.uri("m.json")}}
    cloud.transform(
        "j",
        "m",
        TransformInput={"DataSource": source},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 2},
    )
    cloud.wait("j", "Completed")
    assert cloud.keys("out") == ["out/a.out", "out/b.out", "out/deep/c.out"]
    servers = [json.loads(cloud.read(f"out/{name}.out"))["base"] for name in ("a", "b", "deep/c")]
    assert servers[0] == servers[2] != servers[1]


def test_too_many_instances_are_refused(cloud: Cloud) -> None:
    """SageMaker API Reference, CreateTransformJob: ResourceLimitExceeded for more instances than may be used."""
    cloud.model("m")
    with pytest.raises(AwsError, match="for transform job usage") as refused:
        cloud.transform("j", "m", TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 21})
    assert refused.value.code == "ResourceLimitExceeded"


def test_predictions_are_joined_with_their_rows(cloud: Cloud) -> None:
    """SageMaker Developer Guide, "Associate Prediction Results with Input Records": its example of an id column."""
    cloud.model("m", Environment={"ECHO": "1"})
    cloud.put("in/a.csv", b'7,1.5,"a,b"\n8,2.5,c\n')
    processing = {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,3:]"}
    csv = {"ContentType": "text/csv", "SplitType": "Line"}
    cloud.transform(
        "j",
        "m",
        DataProcessing=processing,
        **transform_input(cloud, **csv),
        **transform_output(cloud, Accept="text/csv", AssembleWith="Line"),
    )
    cloud.wait("j", "Completed")
    assert cloud.read("out/a.csv.out") == b'7,1.5,"a,b"\n8,2.5,c\n'
    assert cloud.call("DescribeTransformJob", TransformJobName="j")["DataProcessing"] == processing


def test_an_answer_that_does_not_fit_fails_the_job(cloud: Cloud) -> None:
    """Users of AWS: rows that the model left out cannot be joined, in the words of its data-log."""
    cloud.model("m", Environment={"LENGTHS": "1"})
    cloud.put("in/a.csv", b"1\n2\n")
    cloud.transform(
        "j",
        "m",
        DataProcessing={"JoinSource": "Input"},
        **transform_input(cloud, ContentType="text/csv", SplitType="Line"),
        **transform_output(cloud, Accept="text/csv", AssembleWith="Line"),
    )
    assert "mismatched line count between the input and the output" in cloud.wait("j", "Failed")["FailureReason"]
