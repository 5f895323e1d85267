"""SIGKILL of one process alone: what it did fails, or is done again, and nothing else is touched."""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from cli import sample
from tests.e2e.conftest import Local, freshet
from tests.e2e.processes import PROC, command_of, descendants, gone, kill, using

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found in Linux's /proc"),
]

CLIENTS = 4
PATIENCE_S = 60.0
INSTANCES = {"instances": [{"text": "A wonderful, moving film."}]}


def wait_for(found: Callable[[], Any]) -> Any:
    """Wait until something is there, and give it."""
    deadline = time.monotonic() + PATIENCE_S
    while not (there := found()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)
    return there


def server(local: Local) -> int:
    """Give the process of the only model server."""
    found = [pid for pid in descendants(local.address["pid"]) if " serve " in f"{command_of(pid)} "]
    assert len(found) == 1
    return found[0]


def host_of(local: Local, job: str) -> int | None:
    """Give the process of a training job."""

    def environment(pid: int) -> bytes:
        try:
            return (PROC / str(pid) / "environ").read_bytes()
        except OSError:
            return b""

    named = f"TRAINING_JOB_NAME={job}\0".encode()
    return next((pid for pid in descendants(local.address["pid"]) if named in environment(pid)), None)


def write(folder: Path, seed: int) -> Path:
    """Write a small file."""
    path = folder / f"{seed}.csv"
    sample.write(path, 400, seed)
    return path


@pytest.fixture(scope="module")
def live(local: Local, tmp_path_factory: pytest.TempPathFactory) -> Local:
    """Start a local cloud with a model that answers."""
    assert local.learn("reviews", write(tmp_path_factory.mktemp("first"), 1))["state"] == "live"
    return local


def test_a_killed_job_process_fails_its_job(live: Local, tmp_path: Path) -> None:
    """The job is Failed with the exit code that a container engine tells, its event ends the run, and the next works.

    Source: SageMaker Developer Guide, "How SageMaker signals algorithm success and failure"; the code is 128 + SIGKILL.
    """
    sagemaker = live.client("sagemaker")
    before = {each["TrainingJobName"] for each in sagemaker.list_training_jobs()["TrainingJobSummaries"]}

    def kill_the_next() -> str:
        def started() -> list[str]:
            found = sagemaker.list_training_jobs()["TrainingJobSummaries"]
            return [each["TrainingJobName"] for each in found if each["TrainingJobName"] not in before]

        (job,) = wait_for(started)
        kill([wait_for(lambda: host_of(live, job))])
        return str(job)

    with ThreadPoolExecutor(1) as pool:
        killing = pool.submit(kill_the_next)
        run = live.freshet("upload", "reviews", write(tmp_path, 2), "--wait").last
        job = killing.result()
    told = sagemaker.describe_training_job(TrainingJobName=job)
    assert told["TrainingJobStatus"] == "Failed"
    assert told["FailureReason"].endswith("exit code: 137")
    assert (run["state"], run["jobs"]["train"]["reason"]) == ("failed", told["FailureReason"])
    assert live.learn("reviews", write(tmp_path, 3))["state"] == "live"


def test_a_killed_model_server_is_restarted(live: Local) -> None:
    """Of the requests under load only those in flight fail; those that come while the server restarts are answered."""
    endpoint = live.client("sagemaker").list_endpoints()["Endpoints"][0]["EndpointName"]
    killed, over = threading.Event(), threading.Event()

    def ask() -> tuple[list[str], int]:
        runtime = boto3.client(
            "sagemaker-runtime",
            endpoint_url=live.address["endpoint_url"],
            region_name=live.address["region"],
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 - the local cloud has no secrets
            config=Config(retries={"total_max_attempts": 1}),
        )
        failures, answered_since = [], 0
        while not over.is_set() or not answered_since:
            since = killed.is_set()
            try:
                answer = runtime.invoke_endpoint(
                    EndpointName=endpoint, ContentType="application/json", Body=json.dumps(INSTANCES).encode()
                )
                json.load(answer["Body"])
                answered_since += since
            except ClientError as error:
                failures.append(error.response["Error"]["Code"])
        return failures, answered_since

    victim = server(live)
    with ThreadPoolExecutor(CLIENTS) as pool:
        asking = [pool.submit(ask) for _ in range(CLIENTS)]
        time.sleep(0.5)  # load, not a condition
        kill([victim])
        killed.set()
        wait_for(lambda: not command_of(victim))
        time.sleep(2.0)  # more load
        over.set()
        for each in asking:
            failures, answered = each.result()
            assert failures in ([], ["ModelError"]), "one request of each client can have been in flight"
            assert answered
    assert server(live) != victim
    assert live.client("sagemaker").describe_endpoint(EndpointName=endpoint)["EndpointStatus"] == "InService"


def test_reaper_and_front_door_leave_no_orphan(tmp_path: Path) -> None:
    """What outlives a local cloud whose reaper was killed with it ends at the next start, which serves as before."""
    state = tmp_path / "state"

    def up() -> Local:
        started = freshet(state, "up", "--detach", "--port", "0")
        assert started.code == 0, started.stderr
        return Local(state, started.last)

    first = up()
    try:
        assert first.learn("reviews", write(tmp_path, 1))["state"] == "live"
        before = {first.address["pid"], *descendants(first.address["pid"])}
        kill([pid for pid in before if "reaper.py" in command_of(pid) or pid == first.address["pid"]])
        second = up()
        assert gone(before), "an orphan outlived the next start"
        assert second.freshet("predict", "A wonderful, moving film.").last["model_version"] == "1"
        assert using(state) <= {second.address["pid"], *descendants(second.address["pid"])}
    finally:
        freshet(state, "down")
