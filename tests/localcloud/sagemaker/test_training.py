import json
import os
import signal
import tarfile
import threading
from collections.abc import Callable
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from localcloud.errors import AwsError
from tests.localcloud.sagemaker.clouds import Cloud, channel


def files_of(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=BytesIO(archive), mode="r:gz") as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


def test_a_training_job_runs_for_real(cloud: Cloud) -> None:
    """Channels come down under the contract's names, the program runs, model and output go up, Describe says where."""
    cloud.put("data/a.csv", b"1")
    cloud.put("data/deep/b.csv", b"2")
    cloud.train(
        "Job-1",
        {"answer": "42"},
        InputDataConfig=[{**channel("train", cloud.uri("data/")), "ContentType": "text/csv"}],
        Environment={"COLOUR": "blue"},
    )
    cloud.wait("Job-1", "Completed")
    told = cloud.call("DescribeTrainingJob", TrainingJobName="Job-1")
    assert told["TrainingJobStatus"] == told["SecondaryStatus"] == "Completed"
    assert told["ModelArtifacts"]["S3ModelArtifacts"] == cloud.uri("models/Job-1/output/model.tar.gz")
    assert told["TrainingJobArn"] == "arn:aws:sagemaker:eu-west-1:123456789012:training-job/job-1"
    assert told["CreationTime"] <= told["TrainingStartTime"] <= told["TrainingEndTime"] <= told["LastModifiedTime"]
    assert files_of(cloud.read("models/Job-1/output/model.tar.gz")) == {"model.json": b'{"answer": "42"}'}
    seen = json.loads(files_of(cloud.read("models/Job-1/output/output.tar.gz"))["seen.json"])
    assert (seen["input/data/train/a.csv"], seen["input/data/train/deep/b.csv"]) == ("1", "2")
    assert json.loads(seen["input/config/hyperparameters.json"]) == {"answer": "42"}
    assert json.loads(seen["input/config/inputdataconfig.json"])["train"]["ContentType"] == "text/csv"
    assert json.loads(seen["input/config/resourceconfig.json"])["hosts"] == ["algo-1"]
    assert (seen["env"]["TRAINING_JOB_NAME"], seen["env"]["COLOUR"], seen["env"]["IMAGE"]) == ("Job-1", "blue", "job")
    assert seen["env"]["TRAINING_JOB_ARN"] == told["TrainingJobArn"]


def test_nothing_of_our_environment_leaks_in(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container sees a minimal environment, not that of the local cloud."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", "secret")
    cloud.train("j")
    cloud.wait("j", "Completed")
    seen = json.loads(files_of(cloud.read("models/j/output/output.tar.gz"))["seen.json"])
    assert "AWS_SESSION_TOKEN" not in seen["env"]
    assert "PATH" in seen["env"]


def test_the_states_come_in_order_as_events(cloud: Cloud) -> None:
    """Each secondary state is one event in AWS's shape, in order, times as milliseconds in strings."""
    cloud.train("j", {"k": "v"}, Tags=[{"Key": "team", "Value": "blue"}])
    cloud.wait("j", "Completed")
    details = cloud.details("j")
    assert [detail["SecondaryStatus"] for detail in details] == [
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]
    last = details[-1]
    assert last["Tags"] == {"team": "blue"}
    assert last["HyperParameters"] == {"k": "v"}
    assert last["TrainingEndTime"].isdigit()
    assert [entry["Status"] for entry in last["SecondaryStatusTransitions"]] == [d["SecondaryStatus"] for d in details]
    assert "ModelArtifacts" not in last
    event = cloud.events[-1]
    assert (event["source"], event["detail_type"], event["region"]) == (
        "aws.sagemaker",
        "SageMaker Training Job State Change",
        "eu-west-1",
    )
    assert event["resources"] == [last["TrainingJobArn"]]
    told = cloud.call("DescribeTrainingJob", TrainingJobName="j")["SecondaryStatusTransitions"]
    assert all(entry["EndTime"] == after["StartTime"] for entry, after in pairwise(told))
    assert told[-1]["EndTime"] == told[-1]["StartTime"]


def test_a_name_is_used_once_for_ever(cloud: Cloud) -> None:
    """A second job of the same name is refused in AWS's words, also after the first ended."""
    cloud.train("j")
    cloud.wait("j", "Completed")
    with pytest.raises(AwsError) as refused:
        cloud.train("j")
    assert refused.value.code == "ResourceInUse"
    assert "must be unique within an AWS account and region" in refused.value.message
    assert len(cloud.details("j")) == 5


def test_an_unknown_job_is_a_validation_exception(cloud: Cloud) -> None:
    """AWS answers ValidationException for a job that is not there."""
    with pytest.raises(AwsError, match="Requested resource not found") as refused:
        cloud.call("DescribeTrainingJob", TrainingJobName="nobody")
    assert refused.value.code == "ValidationException"


def test_the_failure_file_becomes_the_reason(cloud: Cloud) -> None:
    """The first 1024 characters of output/failure are the reason, with the container's paths, and no model goes up."""
    cloud.train("j", {"failure": "bad row in BASE/input", "code": "7"})
    detail = cloud.wait("j", "Failed")
    assert detail["FailureReason"] == "AlgorithmError: bad row in /opt/ml/input, exit code: 7"
    assert cloud.keys("models/") == []
    cloud.train("long", {"failure": "x" * 2000, "code": "1"})
    reason = cloud.wait("long", "Failed")["FailureReason"]
    assert (len(reason), reason[-14:]) == (1024, ", exit code: 1")


def test_no_model_means_no_artifact(cloud: Cloud) -> None:
    """A job that leaves the model folder empty completes without an artifact."""
    cloud.train("j", {"nothing": "1"})
    cloud.wait("j", "Completed")
    assert "ModelArtifacts" not in cloud.call("DescribeTrainingJob", TrainingJobName="j")
    assert cloud.keys("models/") == []


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"AlgorithmSpecification": {"TrainingImage": "unknown", "TrainingInputMode": "File"}}, "CannotPullContainer"),
        ({"InputDataConfig": [channel("train", "s3://no-such-bucket-at-all/x")]}, "Data download failed"),
    ],
)
def test_what_cannot_start_fails_with_a_reason(cloud: Cloud, more: dict[str, Any], reason: str) -> None:
    """An image nobody mapped and data that are not there fail the job; the container never runs."""
    cloud.train("j", **more)
    detail = cloud.wait("j", "Failed")
    assert reason in detail["FailureReason"]
    assert "TrainingStartTime" not in detail


def test_an_empty_prefix_is_refused(cloud: Cloud) -> None:
    """No object under a channel's prefix is refused at once, in AWS's words, and the name stays free."""
    with pytest.raises(AwsError, match="No S3 objects found under S3 URL") as refused:
        cloud.train("j", InputDataConfig=[channel("train", cloud.uri("empty/"))])
    assert refused.value.code == "ValidationException"
    cloud.train("j")


def test_the_time_limit_stops_the_job(cloud: Cloud) -> None:
    """After MaxRuntimeInSeconds the job is Stopped with MaxRuntimeExceeded, and keeps what the model folder held."""
    cloud.train("j", {"sleep": "60"}, StoppingCondition={"MaxRuntimeInSeconds": 1})
    detail = cloud.wait("j", "Stopped")
    assert (detail["TrainingJobStatus"], detail["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert files_of(cloud.read("models/j/output/model.tar.gz")) == {"partial": b"so far"}


def test_a_stop_ends_a_running_job(make_cloud: Callable[..., Cloud]) -> None:
    """StopTrainingJob: Stopping, then Stopped, also for a program that does not listen to SIGTERM."""
    cloud = make_cloud(job_stop=0.5)
    cloud.train("j", {"sleep": "60", "deaf": "1"})
    cloud.wait("j", "Training")
    cloud.call("StopTrainingJob", TrainingJobName="j")
    cloud.wait("j", "Stopped")
    statuses = [detail["TrainingJobStatus"] for detail in cloud.details("j")]
    assert statuses[-1] == "Stopped"
    assert "Stopping" in statuses
    secondary = [entry["Status"] for entry in cloud.details("j")[-1]["SecondaryStatusTransitions"]]
    assert secondary[2:] == ["Training", "Stopping", "Uploading", "Stopped"]
    with pytest.raises(AwsError, match="is in status Stopped"):
        cloud.call("StopTrainingJob", TrainingJobName="j")


def test_a_stop_takes_a_waiting_job_out_of_the_queue(make_cloud: Callable[..., Cloud]) -> None:
    """A job that waits behind another is Stopped at once and never runs; the next in line does."""
    cloud = make_cloud(parallel_jobs=1)
    cloud.train("first", {"sleep": "60"})
    cloud.wait("first", "Training")
    cloud.train("second")
    cloud.train("third")
    cloud.call("StopTrainingJob", TrainingJobName="second")
    assert "TrainingStartTime" not in cloud.wait("second", "Stopped")
    cloud.call("StopTrainingJob", TrainingJobName="first")
    cloud.wait("third", "Completed")


@pytest.mark.parametrize(
    "more",
    [
        {"CheckpointConfig": {"S3Uri": "s3://b/c", "LocalPath": "/elsewhere"}},
        {"RetryStrategy": {"MaximumRetryAttempts": 1}},
        {"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 0, "VolumeSizeInGB": 1}},
        {"AlgorithmSpecification": {"TrainingImage": "job", "TrainingInputMode": "Pipe"}},
        {"InputDataConfig": [{**channel("a", "s3://b/c"), "CompressionType": "Gzip"}]},
        {"InputDataConfig": [{**channel("a", "s3://b/c"), "InputMode": "Pipe"}]},
        {
            "ResourceConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 1,
                "KeepAlivePeriodInSeconds": 60,
            }
        },
    ],
)
def test_what_is_not_emulated_is_refused(cloud: Cloud, more: dict[str, Any]) -> None:
    """An option we do not have is refused by name rather than ignored, and no job exists afterwards."""
    with pytest.raises(AwsError, match="not emulated by the local cloud") as refused:
        cloud.train("j", **more)
    assert refused.value.code == "ValidationException"
    assert cloud.call("ListTrainingJobs") == {"TrainingJobSummaries": []}


def test_an_uncompressed_model_lies_as_it_is(cloud: Cloud) -> None:
    """SageMaker API Reference, OutputDataConfig: CompressionType NONE; the names of the folders are ours."""
    cloud.train("j", {"answer": "1"}, OutputDataConfig={"S3OutputPath": cloud.uri("models"), "CompressionType": "NONE"})
    cloud.wait("j", "Completed")
    told = cloud.call("DescribeTrainingJob", TrainingJobName="j")
    assert told["ModelArtifacts"]["S3ModelArtifacts"] == cloud.uri("models/j/output/model/")
    assert cloud.keys("models/") == ["models/j/output/data/seen.json", "models/j/output/model/model.json"]
    assert cloud.read("models/j/output/model/model.json") == b'{"answer": "1"}'


def test_a_fast_file_channel_is_there_from_the_start(cloud: Cloud) -> None:
    """SageMaker Developer Guide, "Access Training Data": FastFile shows the objects as files; here they are copied."""
    cloud.put("data/a.csv", b"1")
    fast = {**channel("fast", cloud.uri("data/")), "InputMode": "FastFile"}
    cloud.train("j", InputDataConfig=[fast, channel("plain", cloud.uri("data/"))])
    cloud.wait("j", "Completed")
    seen = json.loads(files_of(cloud.read("models/j/output/output.tar.gz"))["seen.json"])
    assert (seen["input/data/fast/a.csv"], seen["input/data/plain/a.csv"]) == ("1", "1")
    told = json.loads(seen["input/config/inputdataconfig.json"])
    assert [told[name]["TrainingInputMode"] for name in ("fast", "plain")] == ["FastFile", "File"]


def test_closing_ends_running_jobs(cloud: Cloud) -> None:
    """A stop of the whole service ends a running job in bounded time and leaves no folder of it."""
    cloud.train("j", {"sleep": "600"})
    cloud.wait("j", "Training")
    cloud.sagemaker.stop()
    assert list((cloud.state / "sagemaker").rglob("model")) == []


def test_closing_cuts_a_stop_short(make_cloud: Callable[..., Cloud]) -> None:
    """A deaf job that was asked to stop, and has two minutes left for it, does not hold up the end of the cloud."""
    cloud = make_cloud(job_stop=120.0)
    cloud.train("j", {"sleep": "60", "deaf": "yes"})
    cloud.wait("j", "Training")
    cloud.call("StopTrainingJob", TrainingJobName="j")
    cloud.sagemaker.stop()
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("sagemaker-jobs")] == []


def test_what_a_killed_cloud_left_is_removed(make_cloud: Callable[..., Cloud]) -> None:
    """Folders of jobs and servers that a cloud could not remove any more are gone after the next start."""
    left = make_cloud().state / "sagemaker" / "training-jobs" / "r" / "j" / "left"
    left.mkdir(parents=True)
    make_cloud()
    assert not left.exists()


def test_a_killed_job_fails(cloud: Cloud, wait_for: Callable[..., Any]) -> None:
    """A job whose process is killed from outside fails with the exit code that a container engine tells."""
    cloud.train("j", {"sleep": "60"})
    cloud.wait("j", "Training")
    found = wait_for(lambda: [int(pid.name) for pid in Path("/proc").glob("[0-9]*") if of_job(pid, "j")])
    os.kill(found[0], signal.SIGKILL)
    assert cloud.wait("j", "Failed")["FailureReason"].endswith("exit code: 137")


def of_job(process: Path, name: str) -> bool:
    try:
        return f"TRAINING_JOB_NAME={name}\0".encode() in (process / "environ").read_bytes()
    except OSError:
        return False
