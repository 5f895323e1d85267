"""Managed spot training: the interruption of a job's instances, on demand, and the time it may take in all.

AWS takes the instances away with a warning: SIGTERM, two minutes, SIGKILL. The job is then Interrupted until there are
instances again, and starts anew with the checkpoints that it saved. Here nobody takes instances away but who calls
`Interruptions.interrupt`, and there are new ones at once. The price: billable time knows no spot price; it is the time
without the waiting.

Source: SageMaker Developer Guide, "Managed Spot Training"; API Reference, StoppingCondition.
"""

import threading
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Literal

from localcloud.errors import AdminError
from localcloud.processes import Child
from localcloud.sagemaker.background import Background
from localcloud.sagemaker.containers import Containers
from localcloud.sagemaker.store import Data

WAITED = "_WaitedSeconds"  # ours: how long a job that was interrupted had no instances
Limit = Literal["MaxRuntimeExceeded", "MaxWaitTimeExceeded"]


class Interruptions:
    """The running processes of spot jobs, and who of them was interrupted; safe to use from several threads."""

    def __init__(self, containers: Containers, background: Background, grace: float) -> None:
        self._containers = containers
        self._background = background
        self._grace = grace
        self._lock = threading.Lock()
        self._running: dict[tuple[str, str], Sequence[Child]] = {}
        self._interrupted: set[tuple[str, str]] = set()

    def interrupt(self, region: str, name: str) -> None:
        """Take a job's instances away: SIGTERM to every host, SIGKILL to who is left after the grace.

        Raises
        ------
        AdminError
            If there is no such managed spot training job in the secondary status Training.
        """
        with self._lock:
            processes = self._running.get((region, name.lower()))
            if processes is None:
                raise AdminError(f"{name} is no managed spot training job in status Training in {region}")
            self._interrupted.add((region, name.lower()))
        for number, process in enumerate(processes):
            self._background.start(f"interrupt-{name}-{number}", partial(self._stop, process))

    def possible(self) -> Sequence[tuple[str, str]]:
        """Return the regions and names of the jobs that run and may be interrupted."""
        with self._lock:
            return sorted(self._running)

    def running(self, region: str, name: str, processes: Sequence[Child]) -> None:
        """Note that a job runs and may be interrupted."""
        with self._lock:
            self._running[(region, name.lower())] = processes

    def ended(self, region: str, name: str) -> bool:
        """Note that a job's processes have ended; whether that was by an interruption."""
        with self._lock:
            self._running.pop((region, name.lower()), None)
            interrupted = (region, name.lower()) in self._interrupted
            self._interrupted.discard((region, name.lower()))
            return interrupted

    def _stop(self, process: Child) -> None:
        self._containers.stop(process, self._grace)


def time_left(data: Data, now: datetime, default: float) -> tuple[float, Limit]:
    """Return for how many seconds a job may go on, and which limit it then meets.

    MaxRuntimeInSeconds counts from the first start, without the waiting, MaxWaitTimeInSeconds from the creation.
    """
    stopping = data["StoppingCondition"]
    start = data.get("TrainingStartTime", now)
    runtime = stopping.get("MaxRuntimeInSeconds", default) + data.get(WAITED, 0.0) - (now - start).total_seconds()
    wait = stopping.get("MaxWaitTimeInSeconds")
    if wait is None:
        return runtime, "MaxRuntimeExceeded"
    left = wait - (now - data["CreationTime"]).total_seconds()
    return (left, "MaxWaitTimeExceeded") if left < runtime else (runtime, "MaxRuntimeExceeded")
