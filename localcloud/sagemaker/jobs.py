"""What every job has: a place in the queue, a name used once, a stop, and a failure that never stops the queue.

A kind of job (`training`, `processing`, `transform`) reads its request into the data that Describe answers, and does
the work of one job; the queue calls it, `Limits.parallel_jobs` at once, in the order of creation. A job that the end
of the local cloud cut off begins anew at the next start, from its first state; its name and its data stay.
"""

import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, Protocol

from localcloud.clock import Clock
from localcloud.errors import AwsError, ImageError, StoppedError, WorkError
from localcloud.faults import Faults
from localcloud.sagemaker import quotas
from localcloud.sagemaker.background import Background
from localcloud.sagemaker.log_shipping import LogShipping
from localcloud.sagemaker.resource_kinds import TERMINAL, Kind
from localcloud.sagemaker.store import Data, Store
from localcloud.settings import Limits

log = logging.getLogger(__name__)
MAX_REASON = 1024  # of the API's shape FailureReason: no limit that could be set
_AGAIN = 1.0  # seconds, real ones, after an end that could not be written


@dataclass(eq=False)
class Job:
    """One job in the queue or at work.

    ``stopping``: it must end. ``signals`` wake whoever waits for its processes: one that has ended, ``"stop"``, or what
    stands for the end of their time.
    """

    work: "JobKind"
    region: str
    name: str
    clock: Clock
    stopping: threading.Event = field(default_factory=threading.Event)
    signals: SimpleQueue[object] = field(default_factory=SimpleQueue)

    def ask_to_stop(self) -> None:
        """Make the job end soon."""
        self.stopping.set()
        self.signals.put("stop")

    def sleep(self, seconds: float) -> None:
        """Wait; raises StoppedError when the job is asked to stop meanwhile, or was before."""
        if self.clock.sleep(seconds, self.stopping):
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

    def again(self, data: Data) -> Data:
        """Return the data of a job that begins anew, as a local cloud that ended had left it at work."""

    def run(self, job: Job) -> Ending:
        """Do the work; raises WorkError, with the reason, when it cannot be done."""

    def stopping(self, data: Data) -> Data:
        """Return the data of a job that is asked to stop, for the first time."""

    def ended(self, data: Data, ending: Ending) -> Data:
        """Return the data of a job that ended."""


class Jobs:
    """The queue of all jobs, and the requests about them."""

    def __init__(
        self,
        store: Store,
        background: Background,
        works: Sequence[JobKind],
        *,
        shipping: LogShipping,
        clock: Clock,
        faults: Faults,
        limits: Limits,
    ) -> None:
        self._store = store
        self._limits = limits
        self._background = background
        self._shipping = shipping
        self._clock = clock
        self._faults = faults
        self.works = works
        self._parallel = limits.parallel_jobs
        self._changed = threading.Condition()
        self._waiting: deque[Job] = deque()
        self._living: dict[tuple[str, str, str], Job] = {}
        self._closed = False

    def start(self) -> None:
        """Queue what a local cloud that ended left undone, and start as many workers as jobs may run at once."""
        left = [(row["CreationTime"], work, region, row) for work in self.works for region, row in self._left(work)]
        for _, work, region, row in sorted(left, key=lambda each: each[0]):
            self._resume(work, region, row)
        for number in range(self._parallel):
            self._background.keep(f"jobs-{number}", self._work)

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
        with self._changed:
            quotas.check_job(self._limits, kind, self._under_way(kind, region), request)
            row = self._store.create(kind, region, name, data)
            self._queue(Job(work, region, name, self._clock))
        return row

    def stop(self, kind: Kind, region: str, name: str) -> None:
        """Ask a job to stop.

        Raises
        ------
        AwsError
            If there is no such job or it has ended, as AWS words it.
        """
        work = next(work for work in self.works if work.kind is kind)

        def stopping(data: Data) -> Data:
            status = data[kind.status]
            if status in TERMINAL:
                words = kind.noun.replace("-", " ")
                raise AwsError(
                    "ValidationException", f"The request was rejected because the {words} is in status {status}"
                )
            row = data if status == "Stopping" else work.stopping(data)
            return {**row, kind.status: "Stopping"}

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

    def _under_way(self, kind: Kind, region: str) -> list[Data]:
        living = [job.name for job in self._living.values() if (job.work.kind, job.region) == (kind, region)]
        return [self._store.get(kind, region, name) for name in living]

    def _queue(self, job: Job) -> None:
        self._clock.begin()  # until its end: time does not pass a job
        self._living[(job.work.kind.prefix, job.region, job.name.lower())] = job
        self._waiting.append(job)
        self._changed.notify()

    def _left(self, work: JobKind) -> list[tuple[str, Data]]:
        rows = self._store.everywhere(work.kind)
        return [(region, row) for region, row in rows if row[work.kind.status] not in TERMINAL]

    def _resume(self, work: JobKind, region: str, row: Data) -> None:
        """Begin a job anew: its processes ended with the cloud, and so did what they had not stored."""
        kind = work.kind
        job = Job(work, region, row[kind.name], self._clock)
        log.info("job_resumed kind=%s region=%s name=%s", kind.noun, region, job.name)
        if row[kind.status] == "Stopping":
            self._store.update(kind, region, job.name, lambda data: _ended(job, data, Ending("Stopped")))
            return
        self._store.update(kind, region, job.name, work.again)
        with self._changed:
            self._queue(job)

    def _work(self) -> None:
        while (job := self._next()) is not None:
            self._end(job, self._run(job))

    def _next(self) -> Job | None:
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            return None if self._closed else self._waiting.popleft()

    def _run(self, job: Job) -> Ending:
        fault = self._faults.of_job(job.work.kind.noun, job.name)
        try:
            if fault is None:
                return self._do(job)
            if fault.after:
                self._do(job)
            return Ending(fault.outcome, {"FailureReason": fault.reason[:MAX_REASON]} if fault.reason else {})
        except StoppedError:
            return Ending("Stopped")
        except ImageError as error:
            return failed(f"ClientError: {error}")
        except WorkError as error:
            return failed(str(error))
        except Exception:  # the outermost edge: a fault of ours fails this job and must not stop the queue
            log.exception("job_crashed kind=%s region=%s name=%s", job.work.kind.noun, job.region, job.name)
            return failed("InternalServerError: We encountered an internal error. Please try again.")

    def _do(self, job: Job) -> Ending:
        with self._shipping.job(job.work.kind.noun, job.region, job.name):
            return job.work.run(job)

    def _end(self, job: Job, ending: Ending) -> None:
        kind = job.work.kind
        with self._changed:
            del self._living[(kind.prefix, job.region, job.name.lower())]
            if self._closed:  # a job that the closing cut off did not end: the next start begins it anew
                return
        try:
            self._write_end(job, ending)
        finally:
            self._clock.end()

    def _write_end(self, job: Job, ending: Ending) -> None:
        """Keep how a job ended, as soon as the disk takes it; raises StoppedError if the cloud closes before."""
        while True:
            try:
                self._store.update(job.work.kind, job.region, job.name, lambda data: _ended(job, data, ending))
            except sqlite3.Error as error:
                log.error("job_end_not_written name=%s error=%s", job.name, error)  # noqa: TRY400  said all
                self._background.pause(_AGAIN)
            else:
                return


def _ended(job: Job, data: Data, ending: Ending) -> Data:
    return {**job.work.ended(data, ending), **ending.members, job.work.kind.status: ending.status}


def failed(reason: str) -> Ending:
    """Return the ending of a job that failed."""
    return Ending("Failed", {"FailureReason": reason[:MAX_REASON]})
