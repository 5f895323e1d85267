"""One run of a job's process: from just before its start to just after its end, cut short by a stop or a time limit."""

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from queue import Empty
from typing import Literal

from localcloud.processes import Child
from localcloud.sagemaker.containers import Containers
from localcloud.sagemaker.jobs import Job


@dataclass(frozen=True)
class Finished:
    """How a process ended: by itself, by a stop or by the limit; its exit code as a container engine tells it."""

    by: Literal["exit", "stop", "limit"]
    exit_code: int
    at: datetime


class JobProcesses:
    """Waits for the processes of jobs."""

    def __init__(self, containers: Containers, now: Callable[[], datetime], grace: float) -> None:
        self._containers = containers
        self._now = now
        self._grace = grace

    def finish(self, job: Job, process: Child, limit: float) -> Finished:
        """Wait for a process for at most ``limit`` seconds; what is left of it and its children is stopped."""
        ended: list[datetime] = []
        watcher = threading.Thread(target=self._watch, args=(job, process, ended), daemon=True)
        watcher.start()
        try:
            first = job.signals.get(timeout=limit)
        except Empty:
            first = "limit"
        code = self._containers.stop(process, 0 if first == "exit" else self._grace)
        watcher.join()
        by: Literal["exit", "stop", "limit"] = "exit" if first == "exit" else "stop" if first == "stop" else "limit"
        return Finished(by, code if code >= 0 else 128 - code, ended[0])

    def _watch(self, job: Job, process: Child, ended: list[datetime]) -> None:
        process.wait(lambda: math.inf)
        ended.append(self._now())
        job.signals.put("exit")
