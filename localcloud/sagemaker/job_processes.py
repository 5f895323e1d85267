"""One run of a job's processes, from their start to just after their end, cut short by a stop or a time limit."""

import math
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from localcloud.clock import Clock
from localcloud.processes import Child
from localcloud.sagemaker.containers import Containers
from localcloud.sagemaker.jobs import Job


@dataclass(frozen=True)
class Finished:
    """How a job's processes ended: by themselves, by a stop or by the limit.

    ``exit_code``, as a container engine tells it, is that of ``process``: the one that failed, or else the first.
    """

    by: Literal["exit", "stop", "limit"]
    exit_code: int
    at: datetime
    process: int = 0


class JobProcesses:
    """Waits for the processes of jobs."""

    def __init__(self, containers: Containers, clock: Clock, grace: float) -> None:
        self._containers = containers
        self._clock = clock
        self._grace = grace

    def finish(self, job: Job, processes: Sequence[Child], limit: float) -> Finished:
        """Wait for the end of all processes, or the failure of one, for at most ``limit`` seconds.

        What is then left of them and their children is stopped.
        """
        ended: list[datetime] = []
        watchers = [
            threading.Thread(target=self._watch, args=(job, process, ended), daemon=True) for process in processes
        ]
        for watcher in watchers:
            watcher.start()
        codes: dict[int, int] = {}
        over = object()  # of this run alone, as the processes are: a job that was interrupted has another one
        alarm = self._clock.after(limit, lambda: job.signals.put(over))
        by = self._wait(job, processes, codes, over)
        self._clock.cancel(alarm)
        failed = next((number for number, code in codes.items() if code != 0), 0)
        self._stop(processes, codes)
        for watcher in watchers:
            watcher.join()
        code = codes[failed]
        return Finished(by, code if code >= 0 else 128 - code, max(ended), failed)

    def _wait(
        self, job: Job, processes: Sequence[Child], codes: dict[int, int], over: object
    ) -> Literal["exit", "stop", "limit"]:
        """Collect the exit codes of processes that end by themselves, until one failed or all succeeded."""
        while len(codes) < len(processes):
            signal = job.signals.get()
            if signal == "stop" or signal is over:
                return "limit" if signal is over else "stop"
            for number, process in enumerate(processes):
                if process is signal:
                    codes[number] = self._containers.stop(process, 0)
            if any(codes.values()):
                break
        return "exit"

    def _stop(self, processes: Sequence[Child], codes: dict[int, int]) -> None:
        left = [number for number in range(len(processes)) if number not in codes]
        if left:
            with ThreadPoolExecutor(len(left), thread_name_prefix="sagemaker-stop") as pool:
                stopped = pool.map(lambda number: self._containers.stop(processes[number], self._grace), left)
                codes.update(zip(left, stopped, strict=True))

    def _watch(self, job: Job, process: Child, ended: list[datetime]) -> None:
        process.wait(lambda: math.inf)
        ended.append(self._clock.now())
        job.signals.put(process)
