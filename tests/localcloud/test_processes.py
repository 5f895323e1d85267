import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.processes import Processes
from localcloud.reaper import living_groups

ENV = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2])}
FAMILY = (  # a parent and a child of its own; both ids are printed
    "import subprocess, sys, time, os\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    "print(os.getpid(), child.pid, flush=True)\n"
    "time.sleep(60)\n"
)
STUBBORN = (
    "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('ready', flush=True)\ntime.sleep(60)\n"
)
POLITE = (
    "import signal, sys, time\n"
    "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\nprint('ready', flush=True)\ntime.sleep(60)\n"
)


@pytest.fixture
def processes() -> Iterator[Processes]:
    with Processes() as processes:
        yield processes


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")  # a zombie whose parent has not looked yet has ended
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def run(processes: Processes, program: str, log: Path) -> "subprocess.Popen[bytes]":
    return processes.spawn([sys.executable, "-c", program], env=ENV, cwd=None, log=log)


def test_output_and_exit_code(processes: Processes, tmp_path: Path) -> None:
    """What a program prints is appended to its log, its input is empty, its environment is what was given."""
    log = tmp_path / "logs" / "program.log"
    program = "import os, sys; print(sys.stdin.read(), sorted(os.environ)); print('err', file=sys.stderr); sys.exit(3)"
    for _ in range(2):
        process = processes.spawn([sys.executable, "-c", program], env={"A": "1", "LC_CTYPE": "C"}, log=log)
        assert process.wait(20) == 3
        assert processes.stop(process, grace=1) == 3
    assert log.read_text().count("['A', 'LC_CTYPE']") == 2
    assert log.read_text().count("err") == 2


def test_stop_asks_first(processes: Processes, tmp_path: Path, wait_for: Callable[..., Any]) -> None:
    """A program that answers SIGTERM ends in its own way."""
    log = tmp_path / "log"
    process = run(processes, POLITE, log)
    wait_for(log.read_text)
    assert processes.stop(process, grace=20) == 7


def test_stop_kills_after_the_grace(processes: Processes, tmp_path: Path, wait_for: Callable[..., Any]) -> None:
    """A program that does not answer SIGTERM is killed."""
    log = tmp_path / "log"
    process = run(processes, STUBBORN, log)
    wait_for(log.read_text)
    assert processes.stop(process, grace=0.1) == -signal.SIGKILL


def test_stop_reaches_children(processes: Processes, tmp_path: Path, wait_for: Callable[..., Any]) -> None:
    """The children that a program started end with it."""
    log = tmp_path / "log"
    process = run(processes, FAMILY, log)
    _, child = map(int, wait_for(log.read_text).split())
    processes.stop(process, grace=0)
    wait_for(lambda: not alive(child))


def test_close_ends_everything(tmp_path: Path, wait_for: Callable[..., Any]) -> None:
    """After close nothing is left, and nothing more can be started."""
    processes = Processes()
    log = tmp_path / "log"
    run(processes, FAMILY, log)
    pids = [int(pid) for pid in wait_for(log.read_text).split()]
    processes.close()
    wait_for(lambda: not any(alive(pid) for pid in pids))
    with pytest.raises(OSError, match="stopping"):
        run(processes, FAMILY, log)


def test_no_orphan_after_kill_9(tmp_path: Path, wait_for: Callable[..., Any]) -> None:
    """When the parent is killed and can do nothing any more, its children and theirs end all the same."""
    log = tmp_path / "log"
    parent = (
        "import sys, threading, time\nfrom pathlib import Path\nfrom localcloud.processes import Processes\n"
        "processes = Processes()\n"
        "def start():\n"
        f"    processes.spawn([sys.executable, '-c', {FAMILY!r}], env={{}}, cwd=None, log=Path({str(log)!r}))\n"
        "thread = threading.Thread(target=start)\nthread.start()\nthread.join()\n"  # its end must not end the child
        "time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", parent], env=ENV)
    try:
        pids = [int(pid) for pid in wait_for(lambda: log.exists() and log.read_text()).split()]
        assert all(alive(pid) for pid in pids)
    finally:
        process.kill()
        process.wait()
    wait_for(lambda: not any(alive(pid) for pid in pids))


@pytest.mark.parametrize(
    ("lines", "left"),
    [([], set()), ([b"+1\n", b"+2\n", b"-1\n"], {2}), ([b"+1\n", b"-1\n", b"+1\n"], {1}), ([b"-9\n", b"\n"], set())],
)
def test_announcements(lines: list[bytes], left: set[int]) -> None:
    """The reaper keeps those groups that were started and have not ended."""
    assert living_groups(lines) == left
