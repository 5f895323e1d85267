"""Starts and stops child processes so that none outlives the local cloud.

Every child leads a session, and so a process group, of its own: a Ctrl-C in the terminal reaches only the cloud, and
a stop reaches the child's own children too. Each group is told to a reaper process (`localcloud.reaper`), which ends
what is left when the cloud is gone, also after SIGKILL; what outlives both, the next cloud ends
(`localcloud.leftovers`). The price: a child that makes a session of its own escapes all three.

The id of a child that was waited for can be given to a foreign process at once. Therefore the end of a child is only
*seen* (``WNOWAIT`` leaves it a zombie, and its id its own) until its group got its last signal; then it is waited for,
and nothing is ever sent to that id again. macOS before Python 3.13 cannot look without waiting: there the children of
a child that ended by itself are left alone.
"""

import contextlib
import logging
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from localcloud.leftovers import Leftovers
from localcloud.reaper import signal_group

log = logging.getLogger(__name__)

_LOOK_EVERY = (0.0005, 0.02)  # seconds between two looks whether a child has ended: the first pause, the longest


class Child:
    """One child process; its id stays its own until `end`. Safe to use from several threads."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.pid = process.pid
        self.stdin = process.stdin
        self.stdout = process.stdout
        self.stderr = process.stderr
        self._process = process
        self._lock = threading.Lock()  # nobody waits for anything else while holding it
        self._ending = threading.Lock()

    def ended(self) -> bool:
        """Say whether the process has ended."""
        with self._lock:
            if self._process.returncode is not None:
                return True
            if not hasattr(os, "waitid"):
                return self._process.poll() is not None
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def wait(self, until: Callable[[], float]) -> bool:
        """Wait for the end, at most until a moment on the monotonic clock, asked again each time; whether it came."""
        pause, longest = _LOOK_EVERY
        while not self.ended():
            if (left := until() - time.monotonic()) <= 0:
                return False
            time.sleep(min(pause, left))
            pause = min(2 * pause, longest)
        return True

    def signal(self, number: int) -> None:
        """Send a signal to the process and its children, unless the id may be somebody else's by now."""
        with self._lock:
            if self._process.returncode is None:
                signal_group(self.pid, number)

    def end(self, before_the_wait: Callable[[], None]) -> int:
        """SIGKILL to whoever is left, then the wait that gives the id away; the exit code."""
        with self._ending:
            if self._process.returncode is None:
                self.signal(signal.SIGKILL)
                before_the_wait()
            with self._lock:
                return self._process.wait()


class Processes:
    """The child processes of one local cloud; safe to use from several threads."""

    def __init__(self, leftovers: Leftovers | None = None) -> None:
        self._leftovers = leftovers
        self._lock = threading.Lock()
        self._living: dict[int, Child] = {}
        self._latest = math.inf  # on the monotonic clock: after it nobody has any grace
        self._closed = False
        self._reaper = _start_reaper()

    def spawn(self, command: Sequence[str], *, env: Mapping[str, str], cwd: str | None = None, log: Path) -> Child:
        """Start a program; what it prints is appended to ``log``. ``env`` is its whole environment."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            return self._start(command, env, cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=output)

    def spawn_piped(self, command: Sequence[str], *, env: Mapping[str, str], cwd: str | None = None) -> Child:
        """Start a program with pipes to the caller for its input, its output and its errors."""
        return self._start(command, env, cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def stop(self, child: Child, grace: float) -> int:
        """SIGTERM to the group, ``grace`` seconds, SIGKILL to who is left; the exit code (negative: a signal)."""
        deadline = time.monotonic() + grace
        if grace > 0 and not child.ended():
            child.signal(signal.SIGTERM)
            child.wait(lambda: min(deadline, self._latest))
        return self._end(child)

    def hurry(self, grace: float) -> None:
        """Let no stop, also none under way, wait longer than ``grace`` seconds from now."""
        self._latest = time.monotonic() + grace

    def close(self) -> None:
        """End every child that is left, at once, and then the reaper."""
        with self._lock:
            self._closed = True
            left = list(self._living.values())
        for child in left:
            self._end(child)
        _close(self._reaper)
        self._reaper.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(
        self,
        command: Sequence[str],
        env: Mapping[str, str],
        cwd: str | None,
        *,
        stdin: int,
        stdout: int | IO[bytes],
        stderr: int | IO[bytes],
    ) -> Child:
        with self._lock:  # spawned and announced as one step, or close() could miss it
            if self._closed:
                raise OSError("the local cloud is stopping and starts no further process")
            process = subprocess.Popen(  # noqa: S603  the images file and the app say what to run: that is the purpose
                list(command), env=dict(env), cwd=cwd, stdin=stdin, stdout=stdout, stderr=stderr, start_new_session=True
            )
            child = Child(process)
            others = list(self._living.values())
            self._living[child.pid] = child
            self._announce(b"+", child.pid)
        if self._leftovers:
            self._leftovers.add(child.pid)
        for other in others:
            if other.ended():  # and nobody has stopped it: its own children may live on
                self._end(other)
        return child

    def _end(self, child: Child) -> int:
        return child.end(before_the_wait=lambda: self._retire(child.pid))

    def _retire(self, pid: int) -> None:
        with self._lock:
            self._living.pop(pid, None)
            self._announce(b"-", pid)
        if self._leftovers:
            self._leftovers.remove(pid)

    def _announce(self, sign: bytes, pid: int) -> None:
        if self._reaper.poll() is None:
            with contextlib.suppress(
                BrokenPipeError
            ):  # somebody kills it at this moment: the next announcement sees it
                _tell(self._reaper, sign, pid)
            return
        log.warning("reaper_ended")  # somebody killed it: another one is told all
        _close(self._reaper)
        self._reaper = _start_reaper()
        for living in self._living:
            _tell(self._reaper, b"+", living)


def _start_reaper() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603  our own program
        [sys.executable, "-I", "-S", str(Path(__file__).with_name("reaper.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def _close(reaper: "subprocess.Popen[bytes]") -> None:
    if reaper.stdin:
        with contextlib.suppress(BrokenPipeError):  # somebody killed it
            reaper.stdin.close()


def _tell(reaper: "subprocess.Popen[bytes]", sign: bytes, pid: int) -> None:
    if reaper.stdin:
        reaper.stdin.write(sign + str(pid).encode() + b"\n")
        reaper.stdin.flush()
