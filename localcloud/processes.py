"""Starts and stops child processes so that none outlives the local cloud.

Every child leads a session, and so a process group, of its own: a Ctrl-C in the terminal reaches only the cloud, and
a stop reaches the child's own children too. Each group is told to a reaper process (`localcloud.reaper`), which ends
what is left when the cloud is gone, also after SIGKILL. The price: a child that makes a session of its own escapes
both.
"""

import contextlib
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from localcloud.reaper import signal_group


class Processes:
    """The child processes of one local cloud; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._living: dict[int, subprocess.Popen[bytes]] = {}
        self._closed = False
        self._reaper = subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-I", "-S", str(Path(__file__).with_name("reaper.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    def spawn(
        self, command: Sequence[str], *, env: Mapping[str, str], cwd: str | None = None, log: Path
    ) -> subprocess.Popen[bytes]:
        """Start a program; what it prints is appended to ``log``. ``env`` is its whole environment."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            return self._start(command, env, cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=output)

    def spawn_piped(
        self, command: Sequence[str], *, env: Mapping[str, str], cwd: str | None = None, log: Path
    ) -> subprocess.Popen[bytes]:
        """Start a program with pipes to the caller; its standard error is appended to ``log``."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            return self._start(command, env, cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=output)

    def stop(self, process: subprocess.Popen[bytes], grace: float) -> int:
        """SIGTERM to the group, ``grace`` seconds, SIGKILL to who is left; the exit code (negative: a signal)."""
        if process.poll() is None and grace > 0:
            signal_group(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=grace)
        signal_group(process.pid, signal.SIGKILL)
        code = process.wait()
        self._forget(process)
        return code

    def close(self) -> None:
        """End every child that is left, at once, and then the reaper."""
        with self._lock:
            self._closed = True
            left = list(self._living.values())
        for process in left:
            self.stop(process, grace=0)
        if self._reaper.stdin:
            self._reaper.stdin.close()
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
        stderr: IO[bytes],
    ) -> subprocess.Popen[bytes]:
        with self._lock:  # spawned and announced as one step, or close() could miss it
            if self._closed:
                raise OSError("the local cloud is stopping and starts no further process")
            process = subprocess.Popen(  # noqa: S603  the images file and the app say what to run: that is the purpose
                list(command), env=dict(env), cwd=cwd, stdin=stdin, stdout=stdout, stderr=stderr, start_new_session=True
            )
            self._announce(b"+", process.pid)
            for ended in [pid for pid, other in self._living.items() if other.poll() is not None]:
                self._retire(ended)
            self._living[process.pid] = process
        return process

    def _forget(self, process: subprocess.Popen[bytes]) -> None:
        with self._lock:
            if process.pid in self._living:
                self._retire(process.pid)

    def _retire(self, pid: int) -> None:
        signal_group(pid, signal.SIGKILL)  # a child of the child may live on; no new leader can have this id before
        del self._living[pid]
        self._announce(b"-", pid)

    def _announce(self, sign: bytes, pid: int) -> None:
        if self._reaper.stdin:
            self._reaper.stdin.write(sign + str(pid).encode() + b"\n")
            self._reaper.stdin.flush()
