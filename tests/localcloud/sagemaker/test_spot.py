"""Source: SageMaker Developer Guide, "Managed Spot Training"; API Reference, StoppingCondition; texts by users."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from localcloud.errors import AdminError, AwsError
from localcloud.sagemaker.spot import WAITED, time_left
from tests.localcloud.sagemaker.clouds import REGION, Cloud
from tests.localcloud.sagemaker.test_training import files_of
from tests.localcloud.sagemaker.test_training_hosts import living
from tests.localcloud.sagemaker.training_programs import train_program

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SPOT = {"EnableManagedSpotTraining": True, "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60}}
COUNTER = """
    saved = base / "checkpoints" / host
    before = saved.read_text() if saved.exists() else ""
    def stop(*_):
        saved.write_text(before + "saved ")
        sys.exit(0)
    signal.signal(signal.SIGTERM, stop)
    print("ready", flush=True)
    if before.count("saved") < 2:
        time.sleep(600)
    (base / "model" / host).write_text(before)
"""


def log_of(cloud: Cloud, host: str = "") -> str:
    file = cloud.state / "logs" / "sagemaker" / "training-jobs" / REGION / f"j{host}.log"
    return file.read_text() if file.exists() else ""


def test_an_interrupted_job_goes_on_from_its_checkpoints(cloud: Cloud, wait_for: Callable[..., Any]) -> None:
    """Interrupted, then Starting, Downloading and Training again with what was saved; the end is that of any job."""
    train_program(cloud, COUNTER, 2, CheckpointConfig={"S3Uri": cloud.uri("ckpt")}, **SPOT)
    for times in (1, 2):
        wait_for(lambda times=times: all(log_of(cloud, f".algo-{n}").count("ready") == times for n in (1, 2)))
        cloud.sagemaker.interrupt(REGION, "j")
    detail = cloud.wait("j", "Completed")
    attempt = ["Starting", "Downloading", "Training"]
    states = [*attempt, "Interrupted", *attempt, "Interrupted", *attempt, "Uploading", "Completed"]
    assert [entry["Status"] for entry in detail["SecondaryStatusTransitions"]] == states
    assert {each["TrainingJobStatus"] for each in cloud.details("j")[:-1]} == {"InProgress"}
    model = files_of(cloud.read("models/j/output/model.tar.gz"))
    assert model == {"algo-1": b"saved saved ", "algo-2": b"saved saved "}
    told = cloud.call("DescribeTrainingJob", TrainingJobName="j")
    assert 1 <= told["BillableTimeInSeconds"] <= told["TrainingTimeInSeconds"]
    assert WAITED not in told


def test_hosts_that_end_one_after_the_other_leave_the_next_attempt_alone(
    cloud: Cloud, wait_for: Callable[..., Any]
) -> None:
    """The warning ends most programs with an exit code, each host in its own time: that is the end of one attempt."""
    program = """
    marker = pathlib.Path(__file__).with_name(f"{host}-ran")
    if not marker.exists():
        marker.write_text("")
        print("ready", flush=True)
        time.sleep(600)
    time.sleep(0.3)
    """
    train_program(cloud, program, 3, **SPOT)
    wait_for(lambda: all("ready" in log_of(cloud, f".algo-{n}") for n in (1, 2, 3)))
    cloud.sagemaker.interrupt(REGION, "j")
    assert cloud.wait("j", "Completed", "Failed")["TrainingJobStatus"] == "Completed"


def test_a_deaf_program_is_killed(make_cloud: Callable[..., Cloud], wait_for: Callable[..., Any]) -> None:
    """The instances go after the warning, whether the program heard it or not."""
    cloud = make_cloud(job_stop=0.2)
    program = 'signal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint("ready", flush=True)\ntime.sleep(600)\n'
    train_program(cloud, program, 1, **SPOT)
    wait_for(lambda: "ready" in log_of(cloud))
    cloud.sagemaker.interrupt(REGION, "j")
    cloud.wait("j", "Interrupted")
    wait_for(lambda: log_of(cloud).count("ready") == 2)
    cloud.call("StopTrainingJob", TrainingJobName="j")
    cloud.wait("j", "Stopped")
    assert living() == []


def test_a_job_that_waits_too_long_is_stopped(make_cloud: Callable[..., Cloud]) -> None:
    """Instances that never came: Stopped with MaxWaitTimeExceeded, and nothing ran. The queue is the wait (ours)."""
    cloud = make_cloud(parallel_jobs=1)
    cloud.train("first", {"sleep": "1.2"})
    train_program(cloud, "", 1, **{**SPOT, "StoppingCondition": {"MaxRuntimeInSeconds": 1, "MaxWaitTimeInSeconds": 1}})
    detail = cloud.wait("j", "Stopped")
    assert detail["SecondaryStatus"] == "MaxWaitTimeExceeded"
    assert "TrainingStartTime" not in detail


def test_only_a_running_spot_job_is_interrupted(cloud: Cloud) -> None:
    """Ours: a job on demand keeps its instances, and so does one that is not training."""
    cloud.train("j", {"sleep": "60"})
    cloud.wait("j", "Training")
    for name in ("j", "nobody"):
        with pytest.raises(AdminError, match="no managed spot training job"):
            cloud.sagemaker.interrupt(REGION, name)
    cloud.call("StopTrainingJob", TrainingJobName="j")
    cloud.wait("j", "Stopped")


@pytest.mark.parametrize(
    ("spot", "condition", "message"),
    [
        (True, {"MaxRuntimeInSeconds": 60}, "It must be present and be greater than or equal to MaxRuntimeInSeconds"),
        (True, {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 59}, "It must be present and be greater than"),
        (False, {"MaxWaitTimeInSeconds": 60}, "It is only supported when EnableManagedSpotTraining is set to true"),
    ],
)
def test_the_wait_time_belongs_to_spot_jobs(cloud: Cloud, spot: bool, condition: Any, message: str) -> None:  # noqa: FBT001
    """MaxWaitTimeInSeconds: needed and not below MaxRuntimeInSeconds for spot training, refused without."""
    with pytest.raises(AwsError, match=f"Invalid MaxWaitTimeInSeconds. {message}") as refused:
        cloud.train("j", EnableManagedSpotTraining=spot, StoppingCondition=condition)
    assert refused.value.code == "ValidationException"


@pytest.mark.parametrize(
    ("started", "waited", "wait", "left"),
    [
        (None, 0.0, None, (100.0, "MaxRuntimeExceeded")),
        (-40.0, 0.0, None, (60.0, "MaxRuntimeExceeded")),
        (-40.0, 30.0, None, (90.0, "MaxRuntimeExceeded")),
        (-40.0, 30.0, 140, (80.0, "MaxWaitTimeExceeded")),
        (None, 0.0, 50, (-10.0, "MaxWaitTimeExceeded")),
        (-40.0, 0.0, 600, (60.0, "MaxRuntimeExceeded")),
    ],
)
def test_the_time_that_is_left(started: float | None, waited: float, wait: int | None, left: tuple[float, str]) -> None:
    """The run time leaves the waiting out, the wait time counts from the creation; the nearer limit is told."""
    data: dict[str, Any] = {"StoppingCondition": {"MaxRuntimeInSeconds": 100}, WAITED: waited}
    data["CreationTime"] = NOON - timedelta(seconds=60)
    if started is not None:
        data["TrainingStartTime"] = NOON + timedelta(seconds=started)
    if wait is not None:
        data["StoppingCondition"]["MaxWaitTimeInSeconds"] = wait
    assert time_left(data, NOON, 0.0) == left
