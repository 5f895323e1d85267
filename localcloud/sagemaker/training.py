"""Training jobs: channels down, ``train`` on every host, model and output up; the states in between as AWS names them.

The files of all hosts' model folders make one ``model.tar.gz``, those of their output folders one ``output.tar.gz``;
of files of one name that of the first host is kept.
"""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from localcloud.errors import AwsError, ContainerError
from localcloud.processes import Child
from localcloud.sagemaker import archive, emulated, resource_kinds
from localcloud.sagemaker.checkpoints import Checkpoints, read_checkpoints
from localcloud.sagemaker.foundation import Foundation
from localcloud.sagemaker.host_names import can_resolve, hosts_file, machine_hosts, resolving
from localcloud.sagemaker.job_processes import Finished
from localcloud.sagemaker.job_watch import JobWatch
from localcloud.sagemaker.jobs import Ending, Job
from localcloud.sagemaker.log_metrics import LogMetrics, read_definitions
from localcloud.sagemaker.objects import Location, Objects
from localcloud.sagemaker.store import Data
from localcloud.sagemaker.training_hosts import Host, failure, hosts_of, prepare

_MOST_INSTANCES = 20  # ours: a process for each; AWS's quotas differ by instance type and account
_MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Stopping": "Stopping the training job",
    "Uploading": "Uploading generated training model",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
}


class Training:
    """The work of training jobs."""

    kind = resource_kinds.TRAINING_JOB

    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation
        self._networks = itertools.count()

    def read(self, request: Data, region: str) -> Data:  # noqa: ARG002  the protocol of all kinds
        """Refuse what is not emulated; return the data of a new job."""
        emulated.only(
            request,
            "TrainingJobName HyperParameters AlgorithmSpecification RoleArn InputDataConfig OutputDataConfig "
            "ResourceConfig VpcConfig StoppingCondition Tags EnableNetworkIsolation "
            "EnableInterContainerTrafficEncryption EnableManagedSpotTraining Environment ExperimentConfig "
            "CheckpointConfig",
        )
        emulated.value(request, "EnableManagedSpotTraining", False, (False,))
        if "ResourceConfig" not in request:
            raise emulated.refusal("a training job without ResourceConfig")
        algorithm = request["AlgorithmSpecification"]
        path = "AlgorithmSpecification."
        emulated.only(
            algorithm,
            "TrainingImage TrainingInputMode MetricDefinitions EnableSageMakerMetricsTimeSeries ContainerEntrypoint "
            "ContainerArguments",
            path,
        )
        if "TrainingImage" not in algorithm:
            raise emulated.refusal(f"{path}AlgorithmName")
        emulated.value(algorithm, "TrainingInputMode", "File", ("File",), path)
        read_definitions(algorithm.get("MetricDefinitions", ()))
        emulated.only(
            request["ResourceConfig"], "InstanceType InstanceCount VolumeSizeInGB VolumeKmsKeyId", "ResourceConfig."
        )
        _read_instances(request["ResourceConfig"])
        emulated.only(request["OutputDataConfig"], "S3OutputPath KmsKeyId CompressionType", "OutputDataConfig.")
        emulated.value(request["OutputDataConfig"], "CompressionType", "GZIP", ("GZIP",), "OutputDataConfig.")
        Location.parse(request["OutputDataConfig"]["S3OutputPath"])
        emulated.only(request.get("StoppingCondition", {}), "MaxRuntimeInSeconds", "StoppingCondition.")
        if "CheckpointConfig" in request:
            request = {**request, "CheckpointConfig": read_checkpoints(request["CheckpointConfig"])}
        for channel in request.get("InputDataConfig", ()):
            _read_channel(channel)
        emulated.unique((channel["ChannelName"] for channel in request.get("InputDataConfig", ())), "Channel names")
        data = {
            "StoppingCondition": {"MaxRuntimeInSeconds": round(self._foundation.limits.job_runtime)},
            "HyperParameters": {},
            **request,
        }
        return self._state(data, "Starting")

    def run(self, job: Job) -> Ending:
        """Do the work of one job."""
        job.sleep(self._foundation.delays.job_start)
        data = self._foundation.store.get(self.kind, job.region, job.name)
        self._foundation.containers.image(data["AlgorithmSpecification"]["TrainingImage"])
        objects = self._foundation.objects(job.region)
        base = self._foundation.containers.new_base("training-jobs", job.region, job.name)
        log = self._foundation.containers.log("training-jobs", job.region, job.name)
        hosts = hosts_of(data["ResourceConfig"].get("InstanceCount", 1), base, log)
        definitions = data["AlgorithmSpecification"].get("MetricDefinitions", ())
        metrics = LogMetrics(definitions, [host.log for host in hosts], self._foundation.now)
        checkpoints = Checkpoints.of(data, objects, [host.base for host in hosts])
        try:
            self._enter(job, "Downloading")
            prepare(data, objects, hosts)
            checkpoints.restore()
            with JobWatch((metrics.look, checkpoints.look), self._foundation.delays.job_watch):
                finished = self._train(job, data, hosts)
            if found := metrics.final():
                self._set(job, FinalMetricDataList=found)
            return self._finish(job, data, objects, hosts, finished)
        finally:
            self._foundation.containers.remove_base(base)

    def again(self, data: Data) -> Data:
        """Return the data as they were before the first host started."""
        left = ("TrainingStartTime", "TrainingEndTime", "SecondaryStatusTransitions", "FinalMetricDataList")
        return self._state({name: value for name, value in data.items() if name not in left}, "Starting")

    def ended(self, data: Data, ending: Ending) -> Data:
        """Enter the last state."""
        row = self._state(data, str(ending.members.get("SecondaryStatus", ending.status)))
        end = ending.members.get("TrainingEndTime", data.get("TrainingEndTime"))
        if end is not None:
            seconds = max(1, round((end - data["TrainingStartTime"]).total_seconds()))
            row |= {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}
        return row

    def _train(self, job: Job, data: Data, hosts: Sequence[Host]) -> Finished:
        job.sleep(0)
        command = self._command(data, hosts)
        self._enter(job, "Training", TrainingStartTime=self._foundation.now())
        processes: list[Child] = []
        try:
            for host in hosts:
                processes.append(self._spawn(job, data, host, command))  # noqa: PERF401  those before a failure count
        except ContainerError:
            for process in processes:
                self._foundation.containers.stop(process, 0)
            raise
        return self._foundation.job_processes.finish(
            job, processes, data["StoppingCondition"].get("MaxRuntimeInSeconds", self._foundation.limits.job_runtime)
        )

    def _command(self, data: Data, hosts: Sequence[Host]) -> Sequence[str]:
        """Return what every host runs, without its arguments; the hosts of a job know each other by name."""
        algorithm = data["AlgorithmSpecification"]
        image = self._foundation.containers.image(algorithm["TrainingImage"])
        command: Sequence[str] = algorithm.get("ContainerEntrypoint", image.command)
        if len(hosts) == 1 or not can_resolve():
            return command
        file = hosts[0].base.parent / "hosts"
        file.write_text(
            hosts_file([host.name for host in hosts], next(self._networks), machine_hosts()), encoding="utf-8"
        )
        return resolving(command, file)

    def _spawn(self, job: Job, data: Data, host: Host, command: Sequence[str]) -> Child:
        algorithm = data["AlgorithmSpecification"]
        return self._foundation.containers.spawn(
            self._foundation.containers.image(algorithm["TrainingImage"]),
            algorithm.get("ContainerArguments", () if "ContainerEntrypoint" in algorithm else ("train",)),
            entrypoint=command,
            env={
                **data.get("Environment", {}),
                "TRAINING_JOB_NAME": job.name,
                "TRAINING_JOB_ARN": data["TrainingJobArn"],
            },
            base=host.base,
            log=host.log,
        )

    def _finish(self, job: Job, data: Data, objects: Objects, hosts: Sequence[Host], finished: Finished) -> Ending:
        end = {"TrainingEndTime": finished.at}
        if finished.by == "exit" and finished.exit_code != 0:
            return Ending("Failed", {**end, "FailureReason": failure(hosts[finished.process], finished.exit_code)})
        self._foundation.background.sleep(0)
        self._enter(job, "Uploading", **end)
        members: dict[str, Any] = dict(end)
        base = hosts[0].base.parent
        output = Location.parse(data["OutputDataConfig"]["S3OutputPath"]).below(f"{job.name}/output")
        if _upload(objects, base, [host.base / "model" for host in hosts], output.below("model.tar.gz")):
            members["ModelArtifacts"] = {"S3ModelArtifacts": str(output.below("model.tar.gz"))}
        _upload(objects, base, [host.base / "output" / "data" for host in hosts], output.below("output.tar.gz"))
        self._foundation.background.sleep(self._foundation.delays.job_end)
        if finished.by == "limit":
            return Ending("Stopped", {**members, "SecondaryStatus": "MaxRuntimeExceeded"})
        return Ending("Stopped" if finished.by == "stop" or job.stopping.is_set() else "Completed", members)

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


def _read_instances(resources: Data) -> None:
    count = resources.get("InstanceCount", 1)
    if count == 0:
        raise emulated.refusal("ResourceConfig.InstanceCount=0")
    if count > _MOST_INSTANCES:
        raise AwsError(
            "ResourceLimitExceeded",
            f"The account-level service limit '{resources.get('InstanceType')} for training job usage' is "
            f"{_MOST_INSTANCES} Instances, with current utilization of 0 Instances and a request delta of {count} "
            "Instances. Please contact AWS support to request an increase for this limit.",
        )


def _read_channel(channel: Data) -> None:
    path = f"InputDataConfig.{channel['ChannelName']}."
    emulated.only(channel, "ChannelName DataSource ContentType CompressionType RecordWrapperType InputMode", path)
    for member, value in (("CompressionType", "None"), ("RecordWrapperType", "None"), ("InputMode", "File")):
        emulated.value(channel, member, value, (value,), path)
    emulated.only(channel["DataSource"], "S3DataSource", path)
    source = channel["DataSource"].get("S3DataSource", {})
    emulated.only(source, "S3DataType S3Uri S3DataDistributionType", path)
    emulated.value(source, "S3DataType", None, ("S3Prefix", "ManifestFile"), path)
    Location.parse(source["S3Uri"])


def _upload(objects: Objects, base: Path, folders: Sequence[Path], location: Location) -> bool:
    present = [folder for folder in folders if folder.is_dir()]
    if not any(archive.regular_files(folder) for folder in present):
        return False
    packed = base / location.key.rpartition("/")[2]
    archive.pack(present, packed)
    objects.upload(packed, location)
    return True
