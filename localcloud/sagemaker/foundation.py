"""What every part of the local SageMaker works with, in one place."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from threading import Lock

from localcloud.clock import Clock
from localcloud.faults import Faults
from localcloud.sagemaker.background import Background
from localcloud.sagemaker.containers import Containers
from localcloud.sagemaker.job_processes import JobProcesses
from localcloud.sagemaker.log_shipping import LogShipping
from localcloud.sagemaker.objects import Objects, connect
from localcloud.sagemaker.store import Store
from localcloud.settings import Delays, Limits


@dataclass(eq=False)
class Foundation:
    """State, threads, processes, S3 and time; ``endpoint_url`` is known once the front door stands."""

    store: Store
    background: Background
    containers: Containers
    limits: Limits
    delays: Delays
    clock: Clock
    faults: Faults
    shipping: LogShipping
    endpoint_url: str = ""
    _lock: Lock = field(default_factory=Lock)
    _objects: dict[str, Objects] = field(default_factory=dict)

    @cached_property
    def job_processes(self) -> JobProcesses:
        """Who waits for jobs' processes."""
        return JobProcesses(self.containers, self.clock, self.limits.job_stop)

    def now(self) -> datetime:
        """Give the time of day."""
        return self.clock.now()

    def objects(self, region: str) -> Objects:
        """Return the S3 of a region."""
        with self._lock:
            if region not in self._objects:
                self._objects[region] = connect(self.endpoint_url, region)
            return self._objects[region]

    def close(self) -> None:
        """Close the connections to S3."""
        with self._lock:
            for objects in self._objects.values():
                objects.close()
