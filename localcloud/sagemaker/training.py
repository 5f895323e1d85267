"""Training jobs: channels down, ``train`` on every host, model and output up; the states in between as AWS names them.

An attempt of a managed spot job that is interrupted is followed by the next one, on fresh folders, with the
checkpoints that the last one saved (`localcloud.sagemaker.spot`).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from localcloud.errors import ContainerError
from localcloud.processes import Child
from localcloud.sagemaker import resource_kinds
from localcloud.sagemaker.checkpoints import checkpoints_of
from localcloud.sagemaker.foundation import Foundation
from localcloud.sagemaker.job_hosts import Host, hosts_of
from localcloud.sagemaker.job_processes import Finished
from localcloud.sagemaker.job_watch import JobWatch
from localcloud.sagemaker.jobs import Ending, Job
from localcloud.sagemaker.log_metrics import LogMetrics
from localcloud.sagemaker.spot import WAITED, Interruptions, Limit, time_left
from localcloud.sagemaker.store import Data
from localcloud.sagemaker.training_hosts import failure, prepare
from localcloud.sagemaker.training_outputs import upload_outputs
from localcloud.sagemaker.training_request import no_objects, prefixes, read_request

_MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Interrupted": "The spot instances were interrupted",
    "Stopping": "Stopping the training job",
    "Uploading": "Uploading generated training model",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
    "MaxWaitTimeExceeded": "Training job wait time exceeded MaxWaitTimeInSeconds provided",
}


class Training:
    """The work of training jobs."""

    kind = resource_kinds.TRAINING_JOB

    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation
        self.interruptions = Interruptions(foundation.containers, foundation.background, foundation.limits.job_stop)

    def read(self, request: Data, region: str) -> Data:
        """Refuse what is not emulated, and channels without an object; return the data of a new job."""
        data = read_request(request, round(self._foundation.limits.job_runtime))
        for source in prefixes(data):
            if not self._foundation.objects(region).any_below(source):
                raise no_objects(source, region, data["RoleArn"])
        return self._state(data, "Starting")

    def run(self, job: Job) -> Ending:
        """Do the work of one job."""
        job.sleep(self._foundation.delays.job_start)
        data = self._data(job)
        self._foundation.containers.image(data["AlgorithmSpecification"]["TrainingImage"])
        count = data["ResourceConfig"].get("InstanceCount", 1)
        log = self._foundation.containers.log("training-jobs", job.region, job.name)
        definitions = data["AlgorithmSpecification"].get("MetricDefinitions", ())
        logs = [host.log for host in hosts_of(count, Path(), log)]
        metrics = LogMetrics(definitions, logs, self._foundation.now)
        while True:
            base = self._foundation.containers.new_base("training-jobs", job.region, job.name)
            try:
                ending = self._attempt(job, hosts_of(count, base, log), metrics)
            finally:
                self._foundation.containers.remove_base(base)
            if ending is not None:
                return ending
            self._wait_for_instances(job)

    def again(self, data: Data) -> Data:
        """Return the data as they were before the first host started."""
        left = ("TrainingStartTime", "TrainingEndTime", "SecondaryStatusTransitions", "FinalMetricDataList")
        return self._state({name: value for name, value in data.items() if name not in left}, "Starting")

    def stopping(self, data: Data) -> Data:
        """Enter the state between the request to stop and the end."""
        return self._state(data, "Stopping")

    def ended(self, data: Data, ending: Ending) -> Data:
        """Enter the last state."""
        row = self._state(data, str(ending.members.get("SecondaryStatus", ending.status)))
        last = row["SecondaryStatusTransitions"][-1]
        last["EndTime"] = last["StartTime"]
        end = ending.members.get("TrainingEndTime", data.get("TrainingEndTime"))
        if end is not None:
            seconds = (end - data["TrainingStartTime"]).total_seconds()
            row |= {
                "TrainingTimeInSeconds": max(1, round(seconds)),
                "BillableTimeInSeconds": max(1, round(seconds - data.get(WAITED, 0.0))),
            }
        return row

    def _attempt(self, job: Job, hosts: Sequence[Host], metrics: LogMetrics) -> Ending | None:
        """Train once; None if it was interrupted."""
        data, objects = self._data(job), self._foundation.objects(job.region)
        left, limit = self._time_left(data)
        if left <= 0:
            return Ending("Stopped", {"SecondaryStatus": limit})
        checkpoints = checkpoints_of(data, objects, [host.base for host in hosts])
        self._enter(job, "Downloading")
        prepare(data, objects, hosts)
        checkpoints.restore()
        left, limit = self._time_left(data)
        with JobWatch((metrics.look, checkpoints.look), self._foundation.delays.job_watch):
            finished, interrupted = self._train(job, data, hosts, left)
        if interrupted and finished.by == "exit":
            return None
        if found := metrics.final():
            self._set(job, FinalMetricDataList=found)
        return self._finish(job, data, hosts, finished, limit)

    def _wait_for_instances(self, job: Job) -> None:
        """Be Interrupted until there are instances again; raises StoppedError."""
        since = self._foundation.now()
        self._enter(job, "Interrupted", TrainingEndTime=since)
        job.sleep(self._foundation.delays.job_start)
        waited = self._data(job).get(WAITED, 0.0) + (self._foundation.now() - since).total_seconds()

        def started(data: Data) -> Data:
            row = {name: value for name, value in data.items() if name != "TrainingEndTime"}
            return {**self._state(row, "Starting"), WAITED: waited}

        self._foundation.store.update(self.kind, job.region, job.name, started)

    def _train(self, job: Job, data: Data, hosts: Sequence[Host], limit: float) -> tuple[Finished, bool]:
        """Run the processes to their end; also whether they were interrupted."""
        job.sleep(0)
        names = self._foundation.containers.hosts_file([host.name for host in hosts], hosts[0].base.parent)
        self._enter(job, "Training", TrainingStartTime=data.get("TrainingStartTime", self._foundation.now()))
        processes: list[Child] = []
        try:
            for host in hosts:
                processes.append(self._spawn(job, data, host, names))  # noqa: PERF401  those before a failure count
        except ContainerError:
            for process in processes:
                self._foundation.containers.stop(process, 0)
            raise
        if data.get("EnableManagedSpotTraining"):
            self.interruptions.running(job.region, job.name, processes)
        finished = self._foundation.job_processes.finish(job, processes, limit)
        return finished, self.interruptions.ended(job.region, job.name)

    def _spawn(self, job: Job, data: Data, host: Host, names: Path | None) -> Child:
        algorithm = data["AlgorithmSpecification"]
        return self._foundation.containers.spawn(
            self._foundation.containers.image(algorithm["TrainingImage"]),
            algorithm.get("ContainerArguments", () if "ContainerEntrypoint" in algorithm else ("train",)),
            entrypoint=algorithm.get("ContainerEntrypoint", ()),
            hosts=names,
            env={
                **data.get("Environment", {}),
                "TRAINING_JOB_NAME": job.name,
                "TRAINING_JOB_ARN": data["TrainingJobArn"],
            },
            base=host.base,
            log=host.log,
        )

    def _finish(self, job: Job, data: Data, hosts: Sequence[Host], finished: Finished, limit: Limit) -> Ending:
        members: dict[str, Any] = {"TrainingEndTime": finished.at}
        if finished.by == "exit" and finished.exit_code != 0:
            return Ending("Failed", {**members, "FailureReason": failure(hosts[finished.process], finished.exit_code)})
        self._foundation.background.sleep(0)
        self._enter(job, "Uploading", **members)
        if model := upload_outputs(job.name, data, self._foundation.objects(job.region), hosts):
            members["ModelArtifacts"] = {"S3ModelArtifacts": model}
        self._foundation.background.sleep(self._foundation.delays.job_end)
        if finished.by == "limit":
            return Ending("Stopped", {**members, "SecondaryStatus": limit})
        return Ending("Stopped" if finished.by == "stop" or job.stopping.is_set() else "Completed", members)

    def _time_left(self, data: Data) -> tuple[float, Limit]:
        return time_left(data, self._foundation.now(), self._foundation.limits.job_runtime)

    def _data(self, job: Job) -> Data:
        return self._foundation.store.get(self.kind, job.region, job.name)

    def _enter(self, job: Job, secondary: str, **members: object) -> None:
        self._foundation.store.update(
            self.kind, job.region, job.name, lambda data: {**self._state(data, secondary), **members}
        )

    def _set(self, job: Job, **members: object) -> None:
        self._foundation.store.update(self.kind, job.region, job.name, lambda data: {**data, **members})

    def _state(self, data: Data, secondary: str) -> dict[str, Any]:
        now = self._foundation.now()
        message = _MESSAGES[secondary]
        transitions = [dict(entry) for entry in data.get("SecondaryStatusTransitions", ())]
        if transitions:
            transitions[-1]["EndTime"] = now
        transitions.append({"Status": secondary, "StartTime": now, "StatusMessage": message})
        return {**data, "SecondaryStatus": secondary, "SecondaryStatusTransitions": transitions}
