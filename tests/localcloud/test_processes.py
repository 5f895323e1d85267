import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.database import Database
from localcloud.leftovers import Leftovers
from localcloud.processes import Child, Processes
from localcloud.reaper import living_groups, signal_group

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


def in_20_seconds() -> Callable[[], float]:
    deadline = time.monotonic() + 20
    return lambda: deadline


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


def run(processes: Processes, program: str, log: Path) -> Child:
    return processes.spawn([sys.executable, "-c", program], env=ENV, cwd=None, log=log)


def test_output_and_exit_code(processes: Processes, tmp_path: Path) -> None:
    """What a program prints is appended to its log, its input is empty, its environment is what was given."""
    log = tmp_path / "logs" / "program.log"
    program = "import os, sys; print(sys.stdin.read(), sorted(os.environ)); print('err', file=sys.stderr); sys.exit(3)"
    for _ in range(2):
        process = processes.spawn([sys.executable, "-c", program], env={"A": "1", "LC_CTYPE": "C"}, log=log)
        assert process.wait(in_20_seconds())
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


def test_no_signal_to_an_id_that_was_given_away(
    processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as a group is signalled its leader's id is held by a zombie; once it was waited for, nothing is sent."""
    leaders: list[int] = []

    def note(group: int, number: int) -> bool:
        os.waitid(os.P_PID, group, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        leaders.append(group)
        return signal_group(group, number)

    monkeypatch.setattr("localcloud.processes.signal_group", note)  # raises ChildProcessError once it was waited for
    ended = run(processes, "pass", tmp_path / "log")
    assert ended.wait(in_20_seconds())
    assert processes.stop(ended, grace=1) == 0
    sent = len(leaders)
    assert sent
    assert processes.stop(ended, grace=1) == 0
    ended.signal(signal.SIGTERM)
    assert len(leaders) == sent


def test_children_of_a_process_that_ended_by_itself(
    processes: Processes, tmp_path: Path, wait_for: Callable[..., Any]
) -> None:
    """What a program leaves behind ends with the next start of another one, at the latest."""
    log = tmp_path / "log"
    run(processes, FAMILY.replace("time.sleep(60)\n", ""), log)
    parent, child = map(int, wait_for(log.read_text).split())
    wait_for(lambda: not alive(parent))
    assert alive(child)
    processes.stop(run(processes, "pass", tmp_path / "other"), grace=5)
    wait_for(lambda: not alive(child))


def test_hurry(processes: Processes, tmp_path: Path, wait_for: Callable[..., Any]) -> None:
    """A stop that was given a minute's grace ends soon once the cloud is in a hurry."""
    log = tmp_path / "log"
    process = run(processes, STUBBORN, log)
    wait_for(log.read_text)
    stop = threading.Thread(target=processes.stop, args=(process, 60.0))
    stop.start()
    processes.hurry(0.1)
    stop.join(20)
    assert not stop.is_alive()


def test_many_starts_and_stops_at_once(processes: Processes, tmp_path: Path) -> None:
    """Threads that start, look and stop at the same time do not wait for one another for ever."""

    def work(number: int) -> None:
        for _ in range(10):
            process = run(processes, "pass", tmp_path / f"log-{number}")
            process.ended()
            processes.stop(process, grace=5)

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)


def test_reaper_is_gone(tmp_path: Path) -> None:
    """A reaper that somebody killed is replaced by one that knows all children, also those that were there before."""
    processes = Processes()
    before = run(processes, STUBBORN, tmp_path / "log")
    processes._reaper.kill()  # noqa: SLF001  as an out-of-memory killer would
    processes._reaper.wait()  # noqa: SLF001
    after = run(processes, STUBBORN, tmp_path / "log")
    assert processes._reaper.stdin  # noqa: SLF001
    processes._reaper.stdin.close()  # noqa: SLF001  as the end of the cloud does
    assert before.wait(lambda: time.monotonic() + 20)
    assert after.wait(lambda: time.monotonic() + 20)
    processes._reaper.wait()  # noqa: SLF001  one that still ran could not be told that they have ended
    processes.close()


def test_a_look_at_a_process_does_not_wait_for_the_database(tmp_path: Path) -> None:
    """While the end of a process waits to be noted, others see it: who looks may hold what the noting needs."""
    database = Database(tmp_path / "state.db")
    with Processes(Leftovers(database)) as processes:
        child = run(processes, STUBBORN, tmp_path / "log")
        stopping = threading.Thread(target=processes.stop, args=(child, 0), daemon=True)
        looking = threading.Thread(target=child.wait, args=(in_20_seconds(),), daemon=True)
        with database.transaction():
            stopping.start()
            assert child.wait(in_20_seconds())
            stopping.join(0.2)  # it waits for the transaction by now
            looking.start()
            looking.join(20)
            assert not looking.is_alive()
            assert stopping.is_alive()
        stopping.join(20)
    database.close()
