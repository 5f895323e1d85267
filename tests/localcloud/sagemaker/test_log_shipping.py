"""What containers print, in CloudWatch Logs. Source: SageMaker Developer Guide, "Log groups and streams"."""

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from localcloud.clock import Clock
from localcloud.database import Database
from localcloud.errors import StoppedError
from localcloud.logs import Logs
from localcloud.sagemaker.log_shipping import LogShipping
from tests.localcloud.sagemaker.clouds import Cloud
from tests.localcloud.sagemaker.endpoint_steps import in_service

TIME = datetime(2028, 2, 29, 12, tzinfo=UTC)
TALKATIVE = {"PYTHONPROFILEIMPORTTIME": "1"}  # makes Python print a line on standard error for every import
PRINTED = "import time:"


@pytest.fixture
def logs(database: Database) -> Logs:
    return Logs(database, Clock(), "r")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "training-jobs" / "r").mkdir(parents=True)
    return tmp_path


def write(folder: Path, text: str, name: str = "training-jobs/r/j.log") -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("a") as file:
        file.write(text)


def shipped(database: Database) -> list[tuple[Any, ...]]:
    return list(
        database.rows(
            "SELECT g.name, s.name, e.message FROM logs_events e"
            " JOIN logs_streams s ON s.id = e.stream JOIN logs_groups g ON g.id = e.log_group ORDER BY e.id"
        )
    )


def start(shipping: LogShipping) -> None:
    """Let it ship what an earlier cloud left, and end before its next look."""

    def sleep(_: float) -> None:
        raise StoppedError("enough")

    with suppress(StoppedError):
        shipping.run(sleep, 0.0)


def messages(database: Database) -> list[str]:
    return [message for _, _, message in shipped(database)]


def test_whole_lines_while_it_runs_and_the_rest_at_the_end(database: Database, logs: Logs, folder: Path) -> None:
    """A line is shipped when it has its end, and each once; what has none when the container has ended."""
    shipping = LogShipping(database, logs.append, lambda: TIME, folder)
    with shipping.job("training-job", "r", "j"):
        write(folder, "one\ntw")
        shipping.follow("endpoints", "r", "e", "all-0")  # another container that has printed nothing
        shipping.look()
        assert messages(database) == ["one"]
        write(folder, "o\n\nthree")
        shipping.look()
        assert messages(database) == ["one", "two"]
    assert messages(database) == ["one", "two", "three"]


def test_names(database: Database, logs: Logs, folder: Path) -> None:
    """Groups and streams are called as SageMaker calls them: by host and second for jobs, by variant for servers."""
    shipping = LogShipping(database, logs.append, lambda: TIME, folder)
    files = (
        "training-jobs/r/one.log",
        "training-jobs/r/two.algo-2.log",
        "processing-jobs/r/p.log",
        "transform-jobs/r/t.log",
        "endpoints/r/e/all-traffic-1.log",
        "others/r/o.log",
    )
    for file in files:
        write(folder, "x\n", file)
    start(shipping)
    epoch, sagemaker = int(TIME.timestamp()), "/aws/sagemaker"
    assert sorted((group, stream) for group, stream, _ in shipped(database)) == [
        (f"{sagemaker}/Endpoints/e", "all-traffic/1"),
        (f"{sagemaker}/ProcessingJobs", f"p/algo-1-{epoch}"),
        (f"{sagemaker}/TrainingJobs", f"one/algo-1-{epoch}"),
        (f"{sagemaker}/TrainingJobs", f"two/algo-2-{epoch}"),
        (f"{sagemaker}/TransformJobs", f"t/algo-1-{epoch}"),
    ]


def test_a_restart_ships_the_rest_and_nothing_twice(database: Database, logs: Logs, folder: Path) -> None:
    """A new cloud ships what the one before could not any more, to the same stream, and no line again."""
    first = LogShipping(database, logs.append, lambda: TIME, folder)
    with first.job("training-job", "r", "j"):
        write(folder, "one\n")
    write(folder, "two\nthree without an end")
    later = TIME.replace(hour=13)
    for _ in range(2):
        start(LogShipping(database, logs.append, lambda: later, folder))
    assert messages(database) == ["one", "two", "three without an end"]
    assert len({stream for _, stream, _ in shipped(database)}) == 1


def test_lines_and_offset_are_one_step(database: Database, logs: Logs, folder: Path) -> None:
    """If the lines cannot be kept, they count as not shipped, and come the next time."""
    refusals = [OSError("disk full")]

    def append(*arguments: Any, **more: Any) -> None:
        logs.append(*arguments, **more)
        if refusals:
            raise refusals.pop()

    write(folder, "one\n")
    with pytest.raises(OSError, match="disk full"):
        start(LogShipping(database, append, lambda: TIME, folder))
    assert messages(database) == []
    start(LogShipping(database, append, lambda: TIME, folder))
    assert messages(database) == ["one"]


def test_a_file_that_was_begun_anew(database: Database, logs: Logs, folder: Path) -> None:
    """A log that somebody removed to save space is read from its new start."""
    shipping = LogShipping(database, logs.append, lambda: TIME, folder)
    write(folder, "a long first line\n")
    start(shipping)
    (folder / "training-jobs/r/j.log").unlink()
    write(folder, "new\n")
    start(shipping)
    assert messages(database) == ["a long first line", "new"]


def test_many_lines(database: Database, logs: Logs, folder: Path) -> None:
    """More lines than one transaction takes, and one longer than is read at once, all arrive in their order."""
    text = "".join(f"{number}\n" for number in range(2500)) + "x" * 1_500_000 + "\n"
    write(folder, text)
    start(LogShipping(database, logs.append, lambda: TIME, folder))
    found = messages(database)
    assert found[:2500] == [str(number) for number in range(2500)]
    assert "".join(found[2500:]) == "x" * 1_500_000


def test_training(make_cloud: Callable[..., Cloud], wait_for: Callable[..., Any]) -> None:
    """A training job's lines appear while it runs, a stream for each host, and the last before its last state."""
    cloud = make_cloud({"job_watch": 0.02})
    lines = "import pathlib,sys,time\nprint('begun', flush=True)\np=pathlib.Path(sys.argv[1])\n"
    lines += "while not p.exists(): time.sleep(0.01)\nprint('done')"
    program, go = cloud.state / "program.py", cloud.state / "go"
    program.write_text(lines)
    algorithm = {
        "TrainingImage": "job",
        "TrainingInputMode": "File",
        "ContainerEntrypoint": [sys.executable, str(program)],
        "ContainerArguments": [str(go)],
    }
    instances = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1}
    cloud.train("j", AlgorithmSpecification=algorithm, ResourceConfig=instances)
    begun = wait_for(lambda: found if len(found := cloud.logged("/aws/sagemaker/TrainingJobs")) == 2 else None)
    assert list(begun.values()) == [["begun"], ["begun"]]
    go.touch()
    cloud.wait("j", "Completed", "Failed")
    ended = cloud.logged("/aws/sagemaker/TrainingJobs")
    assert list(ended.values()) == [["begun", "done"], ["begun", "done"]]
    assert [stream.rpartition("-")[0] for stream in sorted(ended)] == ["j/algo-1", "j/algo-2"]


def test_processing_that_fails(cloud: Cloud) -> None:
    """What a job prints before it fails is there to be read."""
    cloud.process("p", "fail", "because", Environment=TALKATIVE)
    cloud.wait("p", "Failed")
    ((stream, lines),) = cloud.logged("/aws/sagemaker/ProcessingJobs").items()
    assert stream.startswith("p/algo-1-")
    assert any(line.startswith(PRINTED) for line in lines)


def test_transform_whose_server_ends(cloud: Cloud) -> None:
    """What a model server prints before it ends too early is there, under the transform job's name."""
    cloud.model("m", Environment={**TALKATIVE, "DIE": "1"})
    cloud.put("in/a.txt", b"x\n")
    cloud.transform("t", "m")
    cloud.wait("t", "Failed")
    ((stream, lines),) = cloud.logged("/aws/sagemaker/TransformJobs").items()
    assert stream.startswith("t/algo-1-")
    assert any(line.startswith(PRINTED) for line in lines)


def test_endpoints(make_cloud: Callable[..., Cloud], wait_for: Callable[..., Any]) -> None:
    """A server's lines appear while it serves, in the group of its endpoint."""
    cloud = make_cloud({"job_watch": 0.02})
    in_service(cloud, Environment=TALKATIVE)
    found = wait_for(lambda: cloud.logged("/aws/sagemaker/Endpoints/e"))
    assert list(found) == ["all/0"]
    groups = json.loads(cloud.logs.api.answer("DescribeLogGroups", b"{}", "eu-west-1"))["logGroups"]
    assert [group["logGroupName"] for group in groups] == ["/aws/sagemaker/Endpoints/e"]


def test_an_endpoint_that_does_not_start(cloud: Cloud) -> None:
    """What a server prints before it fails to start is there when the endpoint is Failed."""
    cloud.version("v", Environment={**TALKATIVE, "DIE": "1"})
    cloud.call("CreateEndpoint", EndpointName="e", EndpointConfigName="v")
    cloud.wait("e", "FAILED")
    assert any(line.startswith(PRINTED) for line in cloud.logged("/aws/sagemaker/Endpoints/e")["all/0"])
