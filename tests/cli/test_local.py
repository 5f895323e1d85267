"""Starting and stopping a local cloud, for real."""

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli import local, running
from cli.address import ROOT
from cli.clock import Clock
from cli.errors import AlreadyRunningError, StartError
from cli.running import LocalCloud

LOCAL_CLOUD = ROOT / "localcloud" / "__main__.py"
needs_local_cloud = pytest.mark.skipif(not LOCAL_CLOUD.is_file(), reason="there is no local cloud to start")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """Give a state directory, and stop what was left running on it."""
    folder = tmp_path.resolve() / "state"
    yield folder
    left = running.find(folder)
    if left:
        local.stop(left, Clock())


def freshet(*arguments: str, state: Path) -> subprocess.CompletedProcess[str]:
    """Run the command as a person does."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "FRESHET_"))}
    command = [sys.executable, "-m", "cli", *arguments, "--state", str(state)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200, check=False)


def documents(ran: subprocess.CompletedProcess[str]) -> Any:
    """Read the one document on standard output."""
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def living_on(state: Path) -> list[int]:
    """List the processes that have the state directory on their command line (where /proc says so)."""
    found = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
    return [pid for pid in found if str(state) in running.command_of(pid)]


@needs_local_cloud
def test_up_status_down(state: Path) -> None:
    """`up --detach` leaves a cloud that `status` finds, a second `up` refuses, and `down` leaves nothing running."""
    up = documents(freshet("up", "--detach", "--port", "0", "--json", state=state))
    status = documents(freshet("status", "--json", state=state))
    assert status["endpoint_url"] == up["endpoint_url"]
    assert status["pid"] == up["pid"]
    assert status["pipelines"][0]["status"] == "none"
    assert (state / "token").read_text().strip() == up["token"]
    (token,) = documents(freshet("token", "list", "--json", state=state))["tokens"]
    assert token["name"] == "local"

    again = freshet("up", "--detach", "--port", "0", state=state)
    assert again.returncode == 1
    assert "already running" in again.stderr

    down = documents(freshet("down", "--json", state=state))
    assert down == {"stopped": True, "pid": up["pid"], "killed": False, "state": str(state)}
    assert running.command_of(up["pid"]) == ""
    assert living_on(state) == []
    assert documents(freshet("down", "--json", state=state))["stopped"] is False


@needs_local_cloud
def test_models_of_earlier_starts_keep_their_image(state: Path) -> None:
    """The next start knows the images of earlier ones, so that models made with them are served again."""
    state.mkdir()
    (state / "images.json").write_text('{"of-yesterday": {"command": ["gone"]}}')
    documents(freshet("up", "--detach", "--port", "0", "--json", state=state))
    images = json.loads((state / "images.json").read_text())
    assert len(images) == 2
    assert images["of-yesterday"] in [images[uri] for uri in images if uri != "of-yesterday"]


@needs_local_cloud
def test_foreground(state: Path) -> None:
    """`up` in the foreground stops its cloud when it is told to end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", "up", "--port", "0", "--state", str(state)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout
        shown = ""
        while "Ctrl-C" not in shown:  # bounded by the test's own time limit and by the end of the output
            line = process.stdout.readline()
            assert line, shown
            shown += line
        cloud = running.require(state)
        process.terminate()
        assert process.wait(60) == 0
    assert running.command_of(cloud.pid) == ""
    assert living_on(state) == []


def test_start_fails(state: Path, tmp_path: Path) -> None:
    """A local cloud that ends before it is ready is reported with its last words, and nothing is left."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "localcloud.py").write_text("raise SystemExit('the port is taken')")
    with pytest.raises(StartError, match=r"(?s)exit code 1 before it was ready.*the port is taken"):
        local.start(local.Launch(state, 0, root), Clock())


def test_never_ready(state: Path, tmp_path: Path) -> None:
    """A local cloud that does not become ready in time is ended, and its last words are shown."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "localcloud.py").write_text("import os, time; print('I am', os.getpid(), flush=True); time.sleep(60)")
    log, hours = state / "logs" / "up.log", [0.0]

    def sleep(_seconds: float) -> None:
        hours[0] += 1 if "I am" in log.read_text() else 0
        time.sleep(0.01)

    with pytest.raises(StartError, match="not ready within 120 s"):
        local.start(local.Launch(state, 0, root), Clock(monotonic=lambda: hours[0] * 3600, sleep=sleep))
    assert running.command_of(int(log.read_text().split()[-1])) == ""


def test_two_at_once(state: Path) -> None:
    """While one local cloud is being started, a second one on the same state directory is refused."""
    state.mkdir()
    with (state / "up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(AlreadyRunningError, match="is starting"):
            local.start(local.Launch(state, 0), Clock())


def test_state_unusable(tmp_path: Path) -> None:
    """A state directory that cannot be made is an error that names it."""
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match="file/state cannot be used as a state directory"):
        local.start(local.Launch(tmp_path / "file" / "state", 0), Clock())


def test_stop_by_force(tmp_path: Path) -> None:
    """A local cloud that ignores SIGTERM is killed, and its description removed."""
    script = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script, "localcloud"], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        (tmp_path / running.CLOUD_FILE).touch()
        waited = [0.0]

        def sleep(_seconds: float) -> None:
            waited[0] += 10
            time.sleep(0.01)

        cloud = LocalCloud(tmp_path, process.pid, 1, "http://127.0.0.1:1", "http://127.0.0.1:1/dev/")
        assert local.stop(cloud, Clock(monotonic=lambda: waited[0], sleep=sleep)) is False
        assert process.wait(10) != 0
    assert list(tmp_path.iterdir()) == []
