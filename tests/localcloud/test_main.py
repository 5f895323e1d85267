import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
APP = """
import os
from chalice import Chalice
app = Chalice(app_name="started")

@app.route("/")
def index():
    return {"pid": os.getpid(), "stage": app.current_request.context["stage"], "own": os.environ["OWN"]}
"""


class Started:
    """A local cloud in a process of its own."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        (folder / "app.py").write_text(APP)
        (folder / "environment.json").write_text('{"OWN": "value"}')
        self.state = folder / "state"
        command = [sys.executable, "-m", "localcloud", "--app", "app:app", "--app-dir", str(folder), "--port", "0"]
        command += ["--state", str(self.state), "--environment", str(folder / "environment.json"), *arguments]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def ready(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        ready: dict[str, Any] = json.loads(line)
        return ready

    def end(self, number: int) -> tuple[int, bytes, bytes]:
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=20)
        return self.process.returncode, out, err


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Started]]:
    started: list[Started] = []

    def run(*arguments: str) -> Started:
        started.append(Started(tmp_path, *arguments))
        return started[-1]

    yield run
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.communicate()


def fetch(address: str) -> Any:
    with urllib.request.urlopen(address, timeout=20) as response:  # noqa: S310  our own loopback port
        return json.loads(response.read())


def alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_start_and_stop(start: Callable[..., Started], number: int, wait_for: Callable[..., Any]) -> None:
    """The ready line says where everything is, and a signal ends it all cleanly, saying nothing more."""
    cloud = start("--stage", "prod")
    ready = cloud.ready()
    assert ready == json.loads((cloud.state / "cloud.json").read_text())
    assert ready["pid"] == cloud.process.pid
    assert ready["endpoint_url"] == f"http://127.0.0.1:{ready['port']}"
    assert ready["api_url"] == f"http://127.0.0.1:{ready['port']}/prod/"
    told = fetch(ready["api_url"])
    assert (told["stage"], told["own"]) == ("prod", "value")
    assert cloud.end(number) == (0, b"", b"")
    assert not (cloud.state / "cloud.json").exists()
    wait_for(lambda: not alive(told["pid"]))


def test_kill_9_leaves_no_orphan(start: Callable[..., Started], wait_for: Callable[..., Any]) -> None:
    """After kill -9 the workers end by themselves, and the state can be used again."""
    cloud = start()
    ready = cloud.ready()
    worker = fetch(ready["api_url"])["pid"]
    cloud.end(signal.SIGKILL)
    wait_for(lambda: not alive(worker))
    assert fetch(start().ready()["api_url"])["own"] == "value"


def test_second_cloud_on_one_state(start: Callable[..., Started]) -> None:
    """A state in use is refused, and the one who uses it is not disturbed."""
    first = start()
    ready = first.ready()
    second = start()
    out, err = second.process.communicate(timeout=20)
    assert (second.process.returncode, out) == (2, b"")
    assert b"another local cloud uses" in err
    assert fetch(ready["api_url"])


@pytest.mark.parametrize(
    ("arguments", "part"), [(["--port", "99999"], b"--port 99999"), (["--app", "nothing:app"], b"No module named")]
)
def test_what_cannot_start(start: Callable[..., Started], arguments: list[str], part: bytes) -> None:
    """What cannot start says why on standard error, with exit code 2 and no ready line."""
    cloud = start(*arguments)
    out, err = cloud.process.communicate(timeout=20)
    assert (cloud.process.returncode, out) == (2, b"")
    assert err.startswith(b"localcloud: ")
    assert part in err
