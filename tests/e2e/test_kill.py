"""SIGKILL at any moment of a run: nothing that was acknowledged is lost, and the run ends as if nothing had happened.

One moment for each target in every test run; `make soak` takes twenty.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli import sample
from tests.e2e.conftest import Local, freshet
from tests.e2e.processes import command_of, descendants, gone, kill, using

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(900),  # three whole runs, each cross-validated and compared, on a machine that may be busy
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found in Linux's /proc"),
]

ROWS = 400
PATIENCE_S = 240


@dataclass
class Survivor:
    """A local cloud that is killed again and again, on one state; ``length`` is a run's, undisturbed, in seconds.

    Each run learns from one file more, and makes one version more.
    """

    state: Path
    files: Path
    length: float = 0.0
    runs: int = 0

    def up(self) -> None:
        started = freshet(self.state, "up", "--detach", "--port", "0")
        assert started.code == 0, started.stderr

    @property
    def status(self) -> Any:
        return freshet(self.state, "status").last

    def upload(self) -> str:
        """Upload a file that no run has seen; its key once the upload is acknowledged."""
        self.runs += 1
        path = self.files / f"{self.runs}.csv"
        sample.write(path, ROWS, self.runs)
        ran = freshet(self.state, "upload", "reviews", path)
        assert ran.code == 0, ran.stderr
        return str(ran.last["uploads"][0]["key"])

    def wait(self) -> Mapping[str, Any]:
        """Wait until the newest file's run is live, approved by a person where the gate cannot be sure; give it."""
        deadline, approved = time.monotonic() + PATIENCE_S, False
        while time.monotonic() < deadline:
            runs = freshet(self.state, "runs", "reviews", "--limit", "1").last["runs"]
            if runs and runs[0]["version"] == self.runs:
                if runs[0]["state"] == "live":
                    return dict(runs[0])
                if runs[0]["state"] in {"held", "rejected"} and not approved:
                    approved = freshet(self.state, "approve", "reviews", str(self.runs)).code == 0
            time.sleep(0.1)
        pytest.fail(f"run {self.runs} is not live: {freshet(self.state, 'runs').last} {self.status}")


@pytest.fixture(scope="module")
def survivor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Survivor]:
    survivor = Survivor(tmp_path_factory.mktemp("state"), tmp_path_factory.mktemp("files"))
    survivor.up()
    try:
        for _ in range(2):  # the second is timed: the first also makes the endpoint
            begun = time.monotonic()
            survivor.upload()
            survivor.wait()
            survivor.length = time.monotonic() - begun
        yield survivor
    finally:
        freshet(survivor.state, "down")


def front_door(pid: int) -> list[int]:
    return [pid]


def worker(pid: int) -> list[int]:
    workers = [child for child in descendants(pid) if "functions/runtime" in command_of(child)]
    return workers[:1]


def whole_tree(pid: int) -> list[int]:
    return [pid, *descendants(pid)]


@pytest.mark.parametrize("target", [front_door, worker, whole_tree])
def test_a_run_survives(survivor: Survivor, target: Callable[[int], list[int]], kill_moment: float) -> None:
    """After a SIGKILL and a restart the run ends live, with each job made once, no event lost and no process left."""
    survivor.upload()
    time.sleep(kill_moment * survivor.length)
    pid = survivor.status["pid"]
    before = {pid, *descendants(pid)}
    kill(target(pid))
    if target is not worker:
        assert gone(before), "an orphan outlived its local cloud"
        survivor.up()
    run = survivor.wait()
    status = survivor.status
    assert status["dead_letters"] == 0
    assert {pipeline["pipeline"]: pipeline["status"] for pipeline in status["pipelines"]}["reviews"] == "InService"
    assert {job["status"] for job in run["jobs"].values()} == {"Completed"}
    local = Local(survivor.state, status)
    summaries = local.client("sagemaker").list_training_jobs(MaxResults=100)["TrainingJobSummaries"]
    assert len(summaries) == survivor.runs
    said = local.freshet("predict", "A wonderful, moving film.").last
    assert said["model_version"] == str(survivor.runs)
    assert using(survivor.state) == {status["pid"], *descendants(status["pid"])} & using(survivor.state)
