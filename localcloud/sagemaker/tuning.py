"""Hyperparameter tuning jobs: training jobs, one after the other or side by side, each with better hyperparameters.

What a tuning job knows lies in its row and in the rows of its training jobs, which carry its ARN. One thread looks at
the tuning jobs that have not ended and takes the next steps (`tuning_steps`), so any moment is as good as another to
begin again. The price: a step comes up to `Delays.tuning` after what caused it, in real time.
"""

import logging
import random
import threading

from localcloud.errors import AwsError, StoppedError
from localcloud.sagemaker import quotas, resource_kinds, tuning_request, tuning_view, visibility
from localcloud.sagemaker.foundation import Foundation
from localcloud.sagemaker.jobs import Ending, Jobs, failed
from localcloud.sagemaker.listing import OBJECTIVE, Listing, page
from localcloud.sagemaker.resource_kinds import TERMINAL
from localcloud.sagemaker.store import Data
from localcloud.sagemaker.training import Training
from localcloud.sagemaker.tuning_early import losing
from localcloud.sagemaker.tuning_steps import next_steps

log = logging.getLogger(__name__)
_KIND = resource_kinds.TUNING_JOB
_CHILDREN = Listing(resource_kinds.TRAINING_JOB, "TrainingJobSummaries", descending=False)


class Tuning:
    """The tuning jobs."""

    def __init__(self, foundation: Foundation, jobs: Jobs, training: Training, choose: random.Random) -> None:
        self._foundation = foundation
        self._jobs = jobs
        self._choose = choose
        self._training = training
        self._lock = threading.Lock()
        self._under_way: set[tuple[str, str]] = set()

    def create(self, request: Data, region: str) -> Data:
        """CreateHyperParameterTuningJob."""
        store, limits = self._foundation.store, self._foundation.limits
        data = tuning_request.read(request, self._choose.getrandbits(32), limits)
        first = tuning_request.search_of(data).propose(1, ())
        self._training.read(tuning_request.child_request(data, 1, first), region)
        data = {**data, **tuning_view.counters(data, ()), _KIND.status: "InProgress"}
        with store.transaction():
            quotas.check_count(limits, _KIND, store.list(_KIND, region))
            row = store.create(_KIND, region, request[_KIND.name], data)
        self._take_up(region, row)
        return row

    def describe(self, request: Data, region: str) -> Data:
        """DescribeHyperParameterTuningJob."""
        row = visibility.get(self._foundation, _KIND, region, request[_KIND.name])
        return tuning_view.told(row, self._children(region, row), self._foundation.now())

    def list_jobs(self, request: Data, region: str) -> Data:
        """ListHyperParameterTuningJobs."""
        rows = visibility.of(self._foundation, self._foundation.store.list(_KIND, region))
        told = [
            {
                **row,
                **tuning_view.counters(row, self._children(region, row)),
                "Strategy": row["HyperParameterTuningJobConfig"]["Strategy"],
                "ResourceLimits": row["HyperParameterTuningJobConfig"]["ResourceLimits"],
            }
            for row in rows
        ]
        listing = Listing(_KIND, "HyperParameterTuningJobSummaries", descending=False)
        return page(listing, told, {"SortBy": "Name", **request})

    def list_training_jobs(self, request: Data, region: str) -> Data:
        """ListTrainingJobsForHyperParameterTuningJob; in the order of the objective, only those that have one."""
        row = visibility.get(self._foundation, _KIND, region, request[_KIND.name])
        children = visibility.of(self._foundation, self._children(region, row))
        told = [
            {**tuning_view.summary(row, child), OBJECTIVE: tuning_view.sortable(tuning_view.objective(row, child))}
            for child in children
        ]
        by = {"SortBy": "Name", **request}
        if by["SortBy"] == "FinalObjectiveMetricValue":
            told = [each for each in told if each[OBJECTIVE] is not None]
        return page(_CHILDREN, told, by)

    def stop(self, request: Data, region: str) -> None:
        """StopHyperParameterTuningJob."""

        def stopping(row: Data) -> Data:
            if (status := row[_KIND.status]) in TERMINAL:
                raise AwsError(
                    "ValidationException",
                    f"The request was rejected because the hyperparameter tuning job is in status {status}",
                )
            return {**row, **tuning_view.counters(row, self._children(region, row)), _KIND.status: "Stopping"}

        self._foundation.store.update(_KIND, region, request[_KIND.name], stopping)

    def run(self) -> None:
        """Take the next steps of every tuning job, until the local cloud closes."""
        for region, row in self._foundation.store.everywhere(_KIND):
            if row[_KIND.status] not in TERMINAL:
                self._take_up(region, row)
        while True:
            self._foundation.background.pause(self._foundation.delays.tuning)
            with self._lock:
                under_way = sorted(self._under_way)
            for region, name in under_way:
                self._try_step(region, name)

    def _take_up(self, region: str, row: Data) -> None:
        with self._lock:
            if (region, row[_KIND.name]) not in self._under_way:
                self._under_way.add((region, row[_KIND.name]))
                self._foundation.clock.begin()  # until its end: time does not pass a tuning job

    def _try_step(self, region: str, name: str) -> None:
        try:
            self._step(region, name)
        except StoppedError:
            raise
        except Exception:  # the outermost edge: a fault of ours fails this tuning job and must not stop the others
            log.exception("tuning_job_crashed region=%s name=%s", region, name)
            self._end(region, name, failed("InternalServerError: We encountered an internal error. Please try again."))

    def _step(self, region: str, name: str) -> None:
        row = self._foundation.store.get(_KIND, region, name)
        children = self._children(region, row)
        most = tuning_request.most_jobs(row, self._foundation.limits)
        stopped_early = losing(self._foundation.containers, row, children)
        steps = next_steps(row, children, self._foundation.now(), most, stopped_early)
        for child in steps.stop:
            self._stop_child(region, child)
        for _ in range(steps.start):
            if not self._start_child(region, row):
                break
        if steps.end is not None:
            self._end(region, name, steps.end)

    def _end(self, region: str, name: str, ending: Ending) -> None:
        members = {**ending.members, "HyperParameterTuningEndTime": self._foundation.now(), _KIND.status: ending.status}

        def ended(row: Data) -> Data:
            return {**row, **tuning_view.counters(row, self._children(region, row)), **members}

        self._foundation.store.update(_KIND, region, name, ended)
        with self._lock:
            self._under_way.discard((region, name))
        self._foundation.clock.end()

    def _start_child(self, region: str, row: Data) -> bool:
        """Start the next training job; False if a quota has no room for it now."""
        children = self._children(region, row)
        number = max((tuning_request.number_of(child) for child in children), default=0) + 1
        values = tuning_request.search_of(row).propose(number, tuning_view.trials(row, children))
        request = tuning_request.child_request(row, number, values)
        try:
            self._jobs.create(_Child(self._training, row[_KIND.arn]), request, region)
        except AwsError as error:
            if error.code != "ResourceLimitExceeded":  # when other jobs have ended there is room again
                raise
            log.warning("training_job_not_started name=%s error=%s", request["TrainingJobName"], error.code)
            return False
        return True

    def _stop_child(self, region: str, name: str) -> None:
        try:
            self._jobs.stop(resource_kinds.TRAINING_JOB, region, name)
        except AwsError:  # it has ended just now
            log.info("training_job_ended_before name=%s", name)

    def _children(self, region: str, row: Data) -> list[Data]:
        jobs = self._foundation.store.list(resource_kinds.TRAINING_JOB, region)
        return [job for job in jobs if job.get("TuningJobArn") == row[_KIND.arn]]


class _Child:
    """A training job that a tuning job starts; from then on it is as any other."""

    kind = resource_kinds.TRAINING_JOB

    def __init__(self, training: Training, tuning_arn: str) -> None:
        self._arn = tuning_arn
        self._training = training
        self.again = training.again
        self.run = training.run
        self.stopping = training.stopping
        self.ended = training.ended

    def read(self, request: Data, region: str) -> Data:
        """Return the data of a new training job, with the ARN of its tuning job."""
        return {**self._training.read(request, region), "TuningJobArn": self._arn}
