import json
import socket
from collections.abc import Callable
from typing import Any

import pytest

from localcloud.errors import AwsError
from localcloud.sagemaker.namespaces import can_mount
from tests.localcloud.sagemaker.clouds import Cloud, s3_input
from tests.localcloud.sagemaker.processing_programs import process_program
from tests.localcloud.sagemaker.test_processing import output


def out(cloud: Cloud, **more: str) -> Any:
    return {"Outputs": [output("o", cloud.uri("out"), "/opt/ml/processing/out", **more)]}


def test_each_host_has_its_share_and_its_outputs(cloud: Cloud) -> None:
    """SageMaker API Reference, ProcessingS3Input: sharded inputs are dealt, others copied; every host's outputs go up.

    resourceconfig.json tells a host who it is (Developer Guide, "Build Your Own Processing Container"). Ours: the
    order of the shares; of files of one name the first host's is kept.
    """
    for number in range(3):
        cloud.put(f"in/{number}.csv")
    process_program(
        cloud,
        """
        told = {name: sorted(os.listdir(base / "processing" / name)) for name in ("sharded", "copied")}
        (base / "processing/out" / f"{host}.json").write_text(json.dumps({**told, "resources": resources}))
        (base / "processing/out/same").write_text(host)
        """,
        2,
        ProcessingInputs=[
            s3_input("s", cloud.uri("in"), "/opt/ml/processing/sharded", S3DataDistributionType="ShardedByS3Key"),
            s3_input("c", cloud.uri("in"), "/opt/ml/processing/copied"),
        ],
        ProcessingOutputConfig=out(cloud),
    )
    cloud.wait("j", "Completed")
    assert cloud.keys("out") == ["out/algo-1.json", "out/algo-2.json", "out/same"]
    assert cloud.read("out/same") == b"algo-1"
    every = ["0.csv", "1.csv", "2.csv"]
    for name, share in (("algo-1", ["0.csv", "2.csv"]), ("algo-2", ["1.csv"])):
        resources = {"current_host": name, "hosts": ["algo-1", "algo-2"]}
        told = json.loads(cloud.read(f"out/{name}.json"))
        assert told == {"sharded": share, "copied": every, "resources": resources}


@pytest.mark.skipif(not can_mount(), reason="this machine refuses user namespaces: no names for hosts")
def test_hosts_find_each_other_by_name(cloud: Cloud) -> None:
    """SageMaker Developer Guide, "Build Your Own Processing Container": the hosts are names to resolve."""
    process_program(
        cloud,
        """
        found = [socket.gethostbyname(name) for name in resources["hosts"]]
        (base / "output/message").write_text(json.dumps(found))
        """,
        2,
    )
    found = json.loads(cloud.wait("j", "Completed")["ExitMessage"])
    assert len({socket.inet_aton(address) for address in found}) == 2


def test_one_host_that_fails_fails_the_job(cloud: Cloud) -> None:
    """Ours: message and exit code are those of the host that failed; the others are stopped, nothing goes up."""
    process_program(
        cloud,
        """
        (base / "processing/out/made").write_text(host)
        (base / "output/message").write_text("this is " + host)
        if host == "algo-2":
            sys.exit(4)
        time.sleep(600)
        """,
        3,
        ProcessingOutputConfig=out(cloud),
    )
    detail = cloud.wait("j", "Failed")
    assert (detail["ExitMessage"], detail["FailureReason"]) == ("this is algo-2", "AlgorithmError: , exit code: 4")
    assert cloud.keys("out") == []


def test_continuous_outputs_go_up_while_the_job_runs(
    make_cloud: Callable[..., Cloud], wait_for: Callable[..., Any]
) -> None:
    """SageMaker API Reference, ProcessingS3Output: Continuous uploads meanwhile; the last change, at any end, too."""
    cloud = make_cloud(delays={"job_watch": 0.02})
    process_program(
        cloud,
        """
        made = base / "processing/out/made"
        def stop(*_):
            made.write_text("at the end")
            sys.exit(0)
        signal.signal(signal.SIGTERM, stop)
        made.write_text("first")
        time.sleep(600)
        """,
        ProcessingOutputConfig=out(cloud, S3UploadMode="Continuous"),
    )
    wait_for(lambda: cloud.keys("out"))
    assert cloud.call("DescribeProcessingJob", ProcessingJobName="j")["ProcessingJobStatus"] == "InProgress"
    cloud.call("StopProcessingJob", ProcessingJobName="j")
    cloud.wait("j", "Stopped")
    assert cloud.read("out/made") == b"at the end"


def test_the_exit_message_is_one_kilobyte(cloud: Cloud) -> None:
    """SageMaker API Reference, DescribeProcessingJob: ExitMessage is up to one KB; a character is not cut in two."""
    process_program(cloud, '(base / "output/message").write_text("x" + "é" * 2000)')
    assert cloud.wait("j", "Completed")["ExitMessage"] == "x" + "é" * 511


def test_too_many_hosts_are_refused(cloud: Cloud) -> None:
    """SageMaker API Reference, CreateProcessingJob: ResourceLimitExceeded for more instances than may be used."""
    with pytest.raises(AwsError, match="for processing job usage") as refused:
        process_program(cloud, "", 21)
    assert refused.value.code == "ResourceLimitExceeded"
