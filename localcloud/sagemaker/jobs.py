"""What every job has: a place in the queue, a name used once, a stop, and a failure that never stops the queue.

A kind of job (`training`, `processing`, `transform`) reads its request into the data that Describe answers, and does
the work of one job; the queue calls it, `Limits.parallel_jobs` at once, in the order of creation.
"""

import logging
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, Protocol

from localcloud.errors import AwsError, ImageError, StoppedError, WorkError
from localcloud.sagemaker import quotas
from localcloud.sagemaker.background import Background
from localcloud.sagemaker.resource_kinds import TERMINAL, Kind
from localcloud.sagemaker.store import Data, Store
from localcloud.settings import Limits

log = logging.getLogger(__name__)
MAX_REASON = 1024  # of the API's shape FailureReason: no limit that could be set


@dataclass(eq=False)
class Job:
    """One job in the queue or at work.

    ``stopping``: it must end. ``signals`` wake whoever waits for its processes: the number of one that has ended, or
    None for a stop.
    """

    work: "JobKind"
    region: str
    name: str
    stopping: threading.Event = field(default_factory=threading.Event)
    signals: "SimpleQueue[int | None]" = field(default_factory=SimpleQueue)

    def ask_to_stop(self) -> None:
        """Make the job end soon."""
        self.stopping.set()
        self.signals.put(None)

    def sleep(self, seconds: float) -> None:
        """Wait; raises StoppedError when the job is asked to stop meanwhile, or was before."""
        if self.stopping.wait(seconds):
            raise StoppedError("asked to stop")


@dataclass(frozen=True)
class Ending:
    """How a job ended: its last status and what the last change of its data sets."""

    status: str
    members: Mapping[str, Any] = field(default_factory=dict)


class JobKind(Protocol):
    """What differs between kinds of jobs."""

    @property
    def kind(self) -> Kind:
        """The kind, with its names."""

    def read(self, request: Data, region: str) -> Data:
        """Refuse what cannot work; return the data of the new job."""

    def run(self, job: Job) -> Ending:
        """Do the work; raises WorkError, with the reason, when it cannot be done."""

    def ended(self, data: Data, ending: Ending) -> Data:
        """Return the data of a job that ended."""


class Jobs:
    """The queue of all jobs, and the requests about them."""

    def __init__(self, store: Store, background: Background, limits: Limits) -> None:
        self._store = store
        self._limits = limits
        self._background = background
        self._parallel = limits.parallel_jobs
        self._changed = threading.Condition()
        self._waiting: deque[Job] = deque()
        self._living: dict[tuple[str, str, str], Job] = {}
        self._closed = False

    def start(self) -> None:
        """Start as many workers as jobs may run at once."""
        for number in range(self._parallel):
            self._background.start(f"jobs-{number}", self._work)

    def close(self) -> None:
        """Ask every job to stop and let the workers end."""
        with self._changed:
            self._closed = True
            jobs = list(self._living.values())
            self._changed.notify_all()
        for job in jobs:
            job.ask_to_stop()

    def create(self, work: JobKind, request: Data, region: str) -> Data:
        """Accept a job; returns its data."""
        kind = work.kind
        name = request[kind.name]
        data = {**work.read(request, region), kind.status: "InProgress"}
        job = Job(work, region, name)
        with self._changed:
            quotas.check_job(self._limits, kind, self._store.list(kind, region), request)
            row = self._store.create(kind, region, name, data)
            self._living[(kind.prefix, region, name.lower())] = job
            self._waiting.append(job)
            self._changed.notify()
        return row

    def stop(self, kind: Kind, region: str, name: str) -> None:
        """Ask a job to stop.

        Raises
        ------
        AwsError
            If there is no such job or it has ended, as AWS words it.
        """

        def stopping(data: Data) -> Data:
            status = data[kind.status]
            if status in TERMINAL:
                words = kind.noun.replace("-", " ")
                raise AwsError(
                    "ValidationException", f"The request was rejected because the {words} is in status {status}"
                )
            return {**data, kind.status: "Stopping"}

        self._store.update(kind, region, name, stopping)
        with self._changed:
            job = self._living.get((kind.prefix, region, name.lower()))
            queued = job in self._waiting
            if job is not None and queued:
                self._waiting.remove(job)
        if job is not None:
            job.ask_to_stop()
        if (
            job is not None and queued
        ):  # it must not wait for the jobs before it, only to be told that it need not start
            self._end(job, Ending("Stopped"))

    def _work(self) -> None:
        while (job := self._next()) is not None:
            self._end(job, self._run(job))

    def _next(self) -> Job | None:
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            return None if self._closed else self._waiting.popleft()

    def _run(self, job: Job) -> Ending:
        try:
            return job.work.run(job)
        except StoppedError:
            return Ending("Stopped")
        except ImageError as error:
            return failed(f"ClientError: {error}")
        except WorkError as error:
            return failed(str(error))
        except Exception:  # the outermost edge: a fault of ours fails this job and must not stop the queue
            log.exception("job_crashed kind=%s region=%s name=%s", job.work.kind.noun, job.region, job.name)
            return failed("InternalServerError: We encountered an internal error. Please try again.")

    def _end(self, job: Job, ending: Ending) -> None:
        kind = job.work.kind
        with self._changed:
            del self._living[(kind.prefix, job.region, job.name.lower())]
            if self._closed:  # a job that the closing cut off did not end: it has no last state to tell
                return
        self._store.update(
            kind,
            job.region,
            job.name,
            lambda data: {**job.work.ended(data, ending), **ending.members, kind.status: ending.status},
        )


def failed(reason: str) -> Ending:
    """Return the ending of a job that failed."""
    return Ending("Failed", {"FailureReason": reason[:MAX_REASON]})
