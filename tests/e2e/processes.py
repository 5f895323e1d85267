"""The processes of a local cloud as the system shows them (Linux)."""

import os
import signal
import time
from collections.abc import Collection, Iterable
from pathlib import Path

PROC = Path("/proc")


def command_of(pid: int) -> str:
    """Return a living process's command line; empty if it is gone, or a zombie."""
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def descendants(pid: int) -> list[int]:
    """Return a process's children, their children, and so on."""
    children: dict[int, list[int]] = {}
    for each in _pids():
        children.setdefault(_parent(each), []).append(each)
    found: list[int] = []
    left = [pid]
    while left:
        below = children.get(left.pop(), [])
        found += below
        left += below
    return found


def using(state: Path) -> set[int]:
    """Return every living process that has a state directory in its command line or in its environment."""
    return {pid for pid in _pids() if str(state) in command_of(pid) or str(state) in _environment(pid)} - {os.getpid()}


def kill(pids: Iterable[int]) -> None:
    """SIGKILL, all at once."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue  # it ended by itself, just before


def gone(pids: Collection[int], seconds: float = 20.0) -> bool:
    """Wait until processes have ended; whether they did."""
    deadline = time.monotonic() + seconds
    while any(command_of(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _pids() -> list[int]:
    return [int(path.name) for path in PROC.iterdir() if path.name.isdigit()]


def _parent(pid: int) -> int:
    try:
        return int((PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0


def _environment(pid: int) -> str:
    try:
        return (PROC / str(pid) / "environ").read_bytes().decode(errors="replace")
    except OSError:
        return ""
