import json
from typing import Any

import pytest

from localcloud.errors import AwsError
from tests.localcloud.sagemaker.clouds import Cloud, s3_input


def output(name: str, uri: str, path: str, **more: Any) -> dict[str, Any]:
    return {"OutputName": name, "S3Output": {"S3Uri": uri, "LocalPath": path, "S3UploadMode": "EndOfJob", **more}}


def copied(cloud: Cloud) -> dict[str, Any]:
    return {"ProcessingOutputConfig": {"Outputs": [output("o", cloud.uri("out"), "/opt/ml/processing/output/copy")]}}


def test_a_processing_job_runs_for_real(cloud: Cloud) -> None:
    """Inputs by prefix and by manifest come to their paths, the arguments reach the program, outputs go up."""
    cloud.put("raw/a.csv", b"1")
    cloud.put("raw/deep/b.csv", b"2")
    cloud.put("raw/", b"")
    cloud.put("other/1/c d+%.csv", b"3")
    cloud.put("list.manifest", json.dumps([{"prefix": cloud.uri("other/")}, "1/c d+%.csv"]).encode())
    cloud.process(
        "j",
        "prepare",
        "é",
        ProcessingInputs=[
            s3_input("raw", cloud.uri("raw"), "/opt/ml/processing/input/raw"),
            s3_input("listed", cloud.uri("list.manifest"), "/opt/ml/processing/input/listed", "ManifestFile"),
        ],
        **copied(cloud),
    )
    cloud.wait("j", "Completed")
    told = cloud.call("DescribeProcessingJob", ProcessingJobName="j")
    assert told["CreationTime"] <= told["ProcessingStartTime"] <= told["ProcessingEndTime"] <= told["LastModifiedTime"]
    assert cloud.read("out/raw/a.csv") == b"1"
    assert cloud.read("out/raw/deep/b.csv") == b"2"
    assert cloud.read("out/listed/1/c d+%.csv") == b"3"
    assert json.loads(cloud.read("out/arguments.json")) == ["prepare", "é"]
    assert json.loads(cloud.read("out/config.json"))["ProcessingJobArn"] == told["ProcessingJobArn"]
    assert [detail["ProcessingJobStatus"] for detail in cloud.details("j")] == ["InProgress", "Completed"]


def test_a_page_is_stored_as_one(cloud: Cloud) -> None:
    """A browser shows the HTML that a job wrote; other outputs are bytes, as S3 takes what nobody describes (ours)."""
    cloud.put("raw/report.html", b"<p>")
    cloud.put("raw/a.csv", b"1")
    raw = [s3_input("raw", cloud.uri("raw"), "/opt/ml/processing/input/raw")]
    cloud.process("j", "prepare", ProcessingInputs=raw, **copied(cloud))
    cloud.wait("j", "Completed")
    assert cloud.content_type("out/raw/report.html") == "text/html"
    assert cloud.content_type("out/raw/a.csv") == "binary/octet-stream"


def test_an_entrypoint_replaces_the_images_command(cloud: Cloud) -> None:
    """ContainerEntrypoint runs instead of the image's own command, with the arguments behind it."""
    application = {"ImageUri": "job", "ContainerEntrypoint": ["/bin/sh", "-c"], "ContainerArguments": ["exit 9"]}
    cloud.process("j", AppSpecification=application)
    assert cloud.wait("j", "Failed")["FailureReason"] == "AlgorithmError: , exit code: 9"


def test_the_message_becomes_the_exit_message(cloud: Cloud) -> None:
    """output/message is the ExitMessage, with the container's paths; nothing is uploaded."""
    cloud.process("j", "fail", "no rows in BASE/processing", **copied(cloud))
    detail = cloud.wait("j", "Failed")
    assert detail["ExitMessage"] == "no rows in /opt/ml/processing"
    assert detail["FailureReason"] == "AlgorithmError: , exit code: 1"
    assert cloud.keys("out") == []


def test_the_time_limit_and_a_stop_end_the_job(cloud: Cloud) -> None:
    """Both end as Stopped; only the time limit has a reason."""
    cloud.process("slow", "sleep", "60", StoppingCondition={"MaxRuntimeInSeconds": 1})
    cloud.process("stopped", "sleep", "60")
    assert "MaxRuntimeExceeded" in cloud.wait("slow", "Stopped")["FailureReason"]
    cloud.call("StopProcessingJob", ProcessingJobName="stopped")
    assert "FailureReason" not in cloud.wait("stopped", "Stopped")


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "..", "/../../evil"])
def test_a_manifest_cannot_leave_its_folder(cloud: Cloud, name: str) -> None:
    """A name that would lie outside the input's folder fails the job before anything is written there."""
    cloud.put("list.manifest", json.dumps([{"prefix": cloud.uri("other/")}, name]).encode())
    path = "/opt/ml/processing/input/listed"
    cloud.process("j", "x", ProcessingInputs=[s3_input("l", cloud.uri("list.manifest"), path, "ManifestFile")])
    assert "leads out of the channel's folder" in cloud.wait("j", "Failed")["FailureReason"]


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b'["a"]', b'[{"prefix": "s3://b/"}, 3]', b'[{"prefix": "x"}, "a"]']
)
def test_what_is_no_manifest_fails_the_job(cloud: Cloud, body: bytes) -> None:
    """A manifest of another form fails the job with the form it should have."""
    cloud.put("list.manifest", body)
    path = "/opt/ml/processing/input/listed"
    cloud.process("j", "x", ProcessingInputs=[s3_input("l", cloud.uri("list.manifest"), path, "ManifestFile")])
    assert "is not a manifest file" in cloud.wait("j", "Failed")["FailureReason"]


def test_objects_that_cannot_be_files_fail_the_job(cloud: Cloud) -> None:
    """A key that is a file and a folder at once fails the job, with no path of this machine in the reason."""
    cloud.put("raw/a", b"1")
    cloud.put("raw/a/b", b"2")
    cloud.process("j", "x", ProcessingInputs=[s3_input("raw", cloud.uri("raw/"), "/opt/ml/processing/input/raw")])
    reason = cloud.wait("j", "Failed")["FailureReason"]
    assert "no file can have that name" in reason
    assert str(cloud.state) not in reason


@pytest.mark.parametrize(
    "more",
    [
        {"ProcessingInputs": [{"InputName": "i", "AppManaged": True}]},
        {"ProcessingInputs": [s3_input("i", "s3://b/k", "/opt/ml/processing/i", S3InputMode="Pipe")]},
        {"ProcessingInputs": [{"InputName": "i", "DatasetDefinition": {"LocalPath": "/opt/ml/processing/i"}}]},
        {
            "ProcessingOutputConfig": {
                "Outputs": [{"OutputName": "o", "AppManaged": True, "FeatureStoreOutput": {"FeatureGroupName": "f"}}]
            }
        },
    ],
)
def test_what_is_not_emulated_is_refused(cloud: Cloud, more: dict[str, Any]) -> None:
    """An option we do not have is refused by name rather than ignored."""
    with pytest.raises(AwsError, match="not emulated by the local cloud"):
        cloud.process("j", "x", **more)


def test_local_paths_stay_below_the_root_and_differ(cloud: Cloud) -> None:
    """A LocalPath with .. is refused, and so is one that is used twice."""
    with pytest.raises(AwsError, match=r"must not contain \.\."):
        cloud.process("j", "x", ProcessingInputs=[s3_input("i", "s3://b/k", "/opt/ml/processing/../../../etc")])
    twice = [s3_input(name, "s3://b/k", "/opt/ml/processing/input/a") for name in ("i", "j")]
    with pytest.raises(AwsError, match="must be unique"):
        cloud.process("j", "x", ProcessingInputs=twice)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"ProcessingInputs": [s3_input("i", "s3://b/k", "/opt/ml/input/x")]}, "must begin with /opt/ml/processing/"),
        (
            {"ProcessingInputs": [s3_input("i", "s3://b/k", "/opt/ml/processing/i", S3CompressionType="Gzip")]},
            "can only be used with S3InputMode Pipe",
        ),
        ({"ProcessingInputs": [{"InputName": "i"}]}, "needs an S3 location with its LocalPath"),
    ],
)
def test_what_the_reference_rules_out(cloud: Cloud, more: dict[str, Any], why: str) -> None:
    """SageMaker API Reference, ProcessingS3Input: where LocalPath begins, that it is needed, and when Gzip may be."""
    with pytest.raises(AwsError, match=why) as refused:
        cloud.process("j", "x", **more)
    assert refused.value.code == "ValidationException"


@pytest.mark.parametrize("part", ["ProcessingInputs", "Outputs"])
def test_eleven_are_too_many(cloud: Cloud, part: str) -> None:
    """SageMaker's model: at most ten inputs and ten outputs."""
    paths = [f"/opt/ml/processing/{number}" for number in range(11)]
    inputs = [s3_input(f"i{number}", "s3://b/k", path) for number, path in enumerate(paths)]
    outputs = [output(f"o{number}", "s3://b/k", path) for number, path in enumerate(paths)]
    more = {"ProcessingInputs": inputs} if part != "Outputs" else {"ProcessingOutputConfig": {"Outputs": outputs}}
    with pytest.raises(AwsError, match="less than or equal to 10"):
        cloud.process("j", "x", **more)
