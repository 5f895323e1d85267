import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localcloud.errors import AwsError
from localcloud.sagemaker.namespaces import can_mount
from tests.localcloud.sagemaker.clouds import Cloud, channel
from tests.localcloud.sagemaker.test_training import files_of, of_job
from tests.localcloud.sagemaker.training_programs import train_program


def model_of(cloud: Cloud) -> dict[str, bytes]:
    return files_of(cloud.read("models/j/output/model.tar.gz"))


def living() -> list[str]:
    return [pid.name for pid in Path("/proc").glob("[0-9]*") if of_job(pid, "j")]


def test_each_host_has_its_folder_and_its_share(cloud: Cloud) -> None:
    """SageMaker Developer Guide, "Distributed training configuration" and S3DataDistributionType; the merge is ours.

    Each host has its resourceconfig.json and log; a sharded channel gives it its part of the objects, a replicated one
    all; the model is of all hosts' files, the first host's where two have one name.
    """
    for number in range(5):
        cloud.put(f"data/{number}.csv")
    sharded, copied = channel("sharded", cloud.uri("data/")), channel("copied", cloud.uri("data/"))
    sharded["DataSource"]["S3DataSource"]["S3DataDistributionType"] = "ShardedByS3Key"
    train_program(
        cloud,
        """
        told = {"resources": resources}
        for name in ("sharded", "copied"):
            told[name] = sorted(path.name for path in (base / "input/data" / name).iterdir())
        (base / "model" / f"{host}.json").write_text(json.dumps(told))
        (base / "model" / "same").write_text(host)
        (base / "output/data" / host).write_text(host)
        """,
        3,
        InputDataConfig=[sharded, copied],
    )
    cloud.wait("j", "Completed")
    model = model_of(cloud)
    assert sorted(model) == ["algo-1.json", "algo-2.json", "algo-3.json", "same"]
    assert model["same"] == b"algo-1"
    assert sorted(files_of(cloud.read("models/j/output/output.tar.gz"))) == ["algo-1", "algo-2", "algo-3"]
    shares = (["0.csv", "3.csv"], ["1.csv", "4.csv"], ["2.csv"])
    names = ["algo-1", "algo-2", "algo-3"]
    for name, share in zip(names, shares, strict=True):
        told = json.loads(model[f"{name}.json"])
        assert told["sharded"] == share
        assert told["copied"] == [f"{number}.csv" for number in range(5)]
        assert told["resources"] == {
            "current_host": name,
            "current_instance_type": "ml.m5.large",
            "current_group_name": "homogeneousCluster",
            "hosts": names,
            "instance_groups": [
                {"instance_group_name": "homogeneousCluster", "instance_type": "ml.m5.large", "hosts": names}
            ],
            "network_interface_name": "lo",
        }
        log = cloud.state / "logs" / "sagemaker" / "training-jobs" / "eu-west-1" / f"j.{name}.log"
        assert log.read_text() == f"this is {name}\n"


def test_one_host_that_fails_fails_the_job(cloud: Cloud) -> None:
    """SageMaker Developer Guide, "How SageMaker signals algorithm success and failure": its host's reason is the job's.

    Ours: the others are stopped.
    """
    train_program(
        cloud,
        """
        if host == "algo-2":
            (base / "output/failure").write_text("bad share")
            sys.exit(3)
        time.sleep(600)
        """,
        3,
    )
    assert cloud.wait("j", "Failed")["FailureReason"] == "AlgorithmError: bad share, exit code: 3"
    assert living() == []


def test_one_host_that_is_killed_fails_the_job(cloud: Cloud, wait_for: Callable[..., Any]) -> None:
    """A host that the system kills is one that failed, with the exit code that a container engine tells."""
    train_program(cloud, "time.sleep(600)", 3)
    cloud.wait("j", "Training")
    hosts = wait_for(lambda: found if len(found := living()) == 3 else None)
    os.kill(int(hosts[1]), signal.SIGKILL)
    assert cloud.wait("j", "Failed")["FailureReason"].endswith("exit code: 137")
    assert living() == []


def test_the_job_waits_for_its_last_host(cloud: Cloud) -> None:
    """A host that exits with 0 leaves the others at work; metrics come from the logs of all."""
    train_program(
        cloud,
        """
        if host == "algo-2":
            time.sleep(0.5)
            print("loss=0.5")
            (base / "model/late").write_text("yes")
        """,
        2,
        algorithm={"MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9.]+)"}]},
    )
    cloud.wait("j", "Completed")
    assert model_of(cloud) == {"late": b"yes"}
    told = cloud.call("DescribeTrainingJob", TrainingJobName="j")["FinalMetricDataList"]
    assert [(metric["MetricName"], metric["Value"]) for metric in told] == [("loss", 0.5)]


def test_a_stop_reaches_every_host(cloud: Cloud, wait_for: Callable[..., Any]) -> None:
    """SageMaker API Reference, StopTrainingJob: SIGTERM, and what the model folders hold is kept; here on all hosts."""
    train_program(
        cloud,
        """
        def stop(*_):
            (base / "model" / host).write_text("stopped")
            sys.exit(0)
        signal.signal(signal.SIGTERM, stop)
        print("ready", flush=True)
        time.sleep(600)
        """,
        2,
    )
    cloud.wait("j", "Training")
    logs = cloud.state / "logs" / "sagemaker" / "training-jobs" / "eu-west-1"
    wait_for(lambda: all("ready" in log.read_text() for log in logs.glob("j.*")) and len([*logs.glob("j.*")]) == 2)
    cloud.call("StopTrainingJob", TrainingJobName="j")
    cloud.wait("j", "Stopped")
    assert model_of(cloud) == {"algo-1": b"stopped", "algo-2": b"stopped"}
    assert living() == []


@pytest.mark.skipif(not can_mount(), reason="this machine refuses user namespaces: no names for hosts")
def test_hosts_find_each_other_by_name(cloud: Cloud) -> None:
    """SageMaker Developer Guide, "Distributed training configuration": hosts are names on the container network."""
    train_program(
        cloud,
        """
        found = [socket.gethostbyname(name) for name in resources["hosts"]]
        (base / "model" / host).write_text(json.dumps(found))
        """,
        2,
    )
    cloud.wait("j", "Completed")
    found = [json.loads(text) for text in model_of(cloud).values()]
    assert found[0] == found[1]
    assert len({address for address in found[0] if address.startswith("127.")}) == 2


@pytest.mark.parametrize("settings", [{"namespaces": False}], indirect=True)
def test_without_namespaces_the_hosts_have_no_names(cloud: Cloud) -> None:
    """Ours: where there are no user namespaces, programs that do not talk to each other still run."""
    train_program(cloud, '(base / "model" / host).write_text("done")', 2)
    cloud.wait("j", "Completed")
    assert model_of(cloud) == {"algo-1": b"done", "algo-2": b"done"}


def test_too_many_hosts_are_refused(cloud: Cloud) -> None:
    """SageMaker API Reference, CreateTrainingJob: ResourceLimitExceeded for more instances than the account may use."""
    with pytest.raises(AwsError, match="a request delta of 21 Instances") as refused:
        train_program(cloud, "", 21)
    assert refused.value.code == "ResourceLimitExceeded"
    assert cloud.call("ListTrainingJobs") == {"TrainingJobSummaries": []}
