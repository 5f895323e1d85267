"""Processing jobs."""

import json
from typing import Any

import pytest

from tests.contract.jobs import Jobs

pytestmark = pytest.mark.costs_money

INPUT, OUTPUT = "/opt/ml/processing/input", "/opt/ml/processing/output"


def s3_input(name: str, uri: str, path: str, **more: str) -> dict[str, Any]:
    source = {"S3Uri": uri, "LocalPath": path, "S3DataType": "S3Prefix", "S3InputMode": "File", **more}
    return {"InputName": name, "S3Input": source}


def to(uri: str, path: str = OUTPUT) -> dict[str, Any]:
    output = {"S3Uri": uri, "LocalPath": path, "S3UploadMode": "EndOfJob"}
    return {"ProcessingOutputConfig": {"Outputs": [{"OutputName": "o", "S3Output": output}]}}


PROCESSED = """
import json
files = lambda folder: {p.name: p.read_text() for p in sorted((base / folder).rglob("*")) if p.is_file()}
told = [files("processing/input"), json.loads(files("config")["processingjobconfig.json"]), hosts]
(base / "processing/output").mkdir(parents=True, exist_ok=True)
(base / "processing/output/told.json").write_text(json.dumps(told))
(base / "output/message").write_text("three rows")
"""


@pytest.fixture(scope="module")
def processed(jobs: Jobs) -> Any:
    """Process a prefix and a manifest; Describe's answer, and what the program told."""
    uri = jobs.put("raw/a.csv", b"1")
    for key in ("listed", "left-out"):
        jobs.put(f"other/{key}", b"2")
    manifest = jobs.put("processing.manifest", json.dumps([{"prefix": jobs.aws.uri("other/")}, "listed"]).encode())
    name = jobs.process(
        PROCESSED,
        ProcessingInputs=[
            s3_input("prefix", uri.removesuffix("a.csv"), f"{INPUT}/prefix"),
            s3_input("manifest", manifest, f"{INPUT}/manifest", S3DataType="ManifestFile"),
        ],
        **to(jobs.aws.uri("processed")),
    )
    return jobs.completed(name), json.loads(jobs.read(jobs.aws.uri("processed/told.json")))


def test_inputs_are_at_their_paths(processed: Any) -> None:
    """The objects of a prefix, and those that a manifest lists, are files at the input's LocalPath.

    Source: API Reference, ProcessingS3Input.
    """
    assert processed[1][0] == {"a.csv": "1", "listed": "2"}


def test_the_configuration_is_a_file(processed: Any) -> None:
    """/opt/ml/config/processingjobconfig.json tells the job, which no variable does.

    Source: Developer Guide, "How Amazon SageMaker Processing Configures Input and Output".
    """
    assert processed[1][1]["ProcessingJobArn"] == processed[0]["ProcessingJobArn"]


def test_the_message_is_the_exit_message(processed: Any) -> None:
    """What the program wrote to /opt/ml/output/message is ExitMessage.

    Source: API Reference, DescribeProcessingJob, ExitMessage; Developer Guide, "Build Your Own Processing Container".
    """
    assert processed[0]["ExitMessage"] == "three rows"


def test_an_entry_point_replaces_the_command(jobs: Jobs) -> None:
    """ContainerEntrypoint runs in place of the image's own command, and its exit code is the job's success.

    Source: API Reference, AppSpecification.
    """
    application = {"ContainerEntrypoint": ["/bin/sh", "-c"], "ContainerArguments": ["exit 9"]}
    assert jobs.failed(jobs.process(application=application)).endswith("exit code: 9")


def test_the_time_limit_stops_it(jobs: Jobs) -> None:
    """After MaxRuntimeInSeconds a processing job is Stopped.

    Source: API Reference, ProcessingStoppingCondition; the FailureReason is ours.
    """
    told = jobs.ended(jobs.process("import time\ntime.sleep(60)", StoppingCondition={"MaxRuntimeInSeconds": 1}))
    assert told["ProcessingJobStatus"] == "Stopped"
    assert "MaxRuntimeExceeded" in told["FailureReason"]


def test_every_instance_runs_it(jobs: Jobs) -> None:
    """On two instances the program runs twice, each knows the other, and all outputs go up.

    Source: Developer Guide, "Build Your Own Processing Container", resourceconfig.json.
    """
    program = """
    out = base / "processing/output"
    out.mkdir(parents=True, exist_ok=True)
    (out / host).write_text(" ".join(hosts))
    """
    jobs.completed(jobs.process(program, hosts=2, **to(jobs.aws.uri("from-two"))))
    assert jobs.keys(jobs.aws.uri("from-two")) == ["algo-1", "algo-2"]
    assert jobs.read(jobs.aws.uri("from-two/algo-1")) == b"algo-1 algo-2"


def test_eleven_inputs_are_too_many(jobs: Jobs) -> None:
    """A processing job has at most ten inputs.

    Source: botocore's model, ProcessingInputs.
    """
    inputs = [s3_input(f"i{number}", "s3://b/k", f"{INPUT}/{number}") for number in range(11)]
    with pytest.raises(jobs.api.exceptions.ClientError, match="less than or equal to 10"):
        jobs.process(ProcessingInputs=inputs)


def test_paths_are_below_processing(jobs: Jobs) -> None:
    """A LocalPath begins with /opt/ml/processing/.

    Source: API Reference, ProcessingS3Input, LocalPath.
    """
    with pytest.raises(jobs.api.exceptions.ClientError, match="/opt/ml/processing/"):
        jobs.process(ProcessingInputs=[s3_input("i", "s3://b/k", "/opt/ml/input/x")])


def test_gzip_belongs_to_pipe_mode(jobs: Jobs) -> None:
    """S3CompressionType Gzip is refused for an input in File mode.

    Source: API Reference, ProcessingS3Input, S3CompressionType.
    """
    with pytest.raises(jobs.api.exceptions.ClientError, match="can only be used with S3InputMode Pipe"):
        jobs.process(ProcessingInputs=[s3_input("i", "s3://b/k", f"{INPUT}/x", S3CompressionType="Gzip")])


def test_an_unknown_job(jobs: Jobs) -> None:
    """Describing a processing job that does not exist is a ValidationException.

    Source: users: "Could not find requested job with name".
    """
    with pytest.raises(jobs.api.exceptions.ClientError, match="Could not find requested job with name: nobody"):
        jobs.api.describe_processing_job(ProcessingJobName="nobody")
