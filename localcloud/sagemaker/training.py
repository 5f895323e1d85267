"""Training jobs: channels down, ``train``, model and output up; the states in between as AWS names them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from localcloud.sagemaker import archive, emulated, resource_kinds
from localcloud.sagemaker.foundation import Foundation
from localcloud.sagemaker.job_processes import Finished
from localcloud.sagemaker.job_watch import JobWatch
from localcloud.sagemaker.jobs import MAX_REASON, Ending, Job
from localcloud.sagemaker.log_metrics import LogMetrics, read_definitions
from localcloud.sagemaker.objects import Location, Objects
from localcloud.sagemaker.store import Data

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

    def read(self, request: Data, region: str) -> Data:  # noqa: ARG002  the protocol of all kinds
        """Refuse what is not emulated; return the data of a new job."""
        emulated.only(
            request,
            "TrainingJobName HyperParameters AlgorithmSpecification RoleArn InputDataConfig OutputDataConfig "
            "ResourceConfig VpcConfig StoppingCondition Tags EnableNetworkIsolation "
            "EnableInterContainerTrafficEncryption EnableManagedSpotTraining Environment ExperimentConfig",
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
        emulated.value(request["ResourceConfig"], "InstanceCount", 1, (1,), "ResourceConfig.")
        emulated.only(request["OutputDataConfig"], "S3OutputPath KmsKeyId CompressionType", "OutputDataConfig.")
        emulated.value(request["OutputDataConfig"], "CompressionType", "GZIP", ("GZIP",), "OutputDataConfig.")
        Location.parse(request["OutputDataConfig"]["S3OutputPath"])
        emulated.only(request.get("StoppingCondition", {}), "MaxRuntimeInSeconds", "StoppingCondition.")
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
        image = self._foundation.containers.image(data["AlgorithmSpecification"]["TrainingImage"])
        objects = self._foundation.objects(job.region)
        base = self._foundation.containers.new_base("training-jobs", job.region, job.name)
        try:
            self._enter(job, "Downloading")
            _prepare(data, objects, base)
            log = self._foundation.containers.log("training-jobs", job.region, job.name)
            metrics = LogMetrics(
                data["AlgorithmSpecification"].get("MetricDefinitions", ()), [log], self._foundation.now
            )
            with JobWatch(metrics.look, self._foundation.delays.job_watch):
                finished = self._train(job, data, image, base, log)
            if found := metrics.final():
                self._foundation.store.update(
                    self.kind, job.region, job.name, lambda row: {**row, "FinalMetricDataList": found}
                )
            return self._finish(job, data, objects, base, finished)
        finally:
            self._foundation.containers.remove_base(base)

    def ended(self, data: Data, ending: Ending) -> Data:
        """Enter the last state."""
        row = self._state(data, str(ending.members.get("SecondaryStatus", ending.status)))
        end = ending.members.get("TrainingEndTime", data.get("TrainingEndTime"))
        if end is not None:
            seconds = max(1, round((end - data["TrainingStartTime"]).total_seconds()))
            row |= {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}
        return row

    def _train(self, job: Job, data: Data, image: Any, base: Path, log: Path) -> Finished:  # noqa: ANN401
        algorithm = data["AlgorithmSpecification"]
        job.sleep(0)
        self._enter(job, "Training", TrainingStartTime=self._foundation.now())
        process = self._foundation.containers.spawn(
            image,
            algorithm.get("ContainerArguments", () if "ContainerEntrypoint" in algorithm else ("train",)),
            entrypoint=algorithm.get("ContainerEntrypoint", ()),
            env={
                **data.get("Environment", {}),
                "TRAINING_JOB_NAME": job.name,
                "TRAINING_JOB_ARN": data["TrainingJobArn"],
            },
            base=base,
            log=log,
        )
        return self._foundation.job_processes.finish(
            job, process, data["StoppingCondition"].get("MaxRuntimeInSeconds", self._foundation.limits.job_runtime)
        )

    def _finish(self, job: Job, data: Data, objects: Objects, base: Path, finished: Finished) -> Ending:
        end = {"TrainingEndTime": finished.at}
        if finished.by == "exit" and finished.exit_code != 0:
            return Ending("Failed", {**end, "FailureReason": _failure(base, finished.exit_code)})
        self._foundation.background.sleep(0)
        self._enter(job, "Uploading", **end)
        members: dict[str, Any] = dict(end)
        output = Location.parse(data["OutputDataConfig"]["S3OutputPath"]).below(f"{job.name}/output")
        if _upload(objects, base, base / "model", output.below("model.tar.gz")):
            members["ModelArtifacts"] = {"S3ModelArtifacts": str(output.below("model.tar.gz"))}
        _upload(objects, base, base / "output" / "data", output.below("output.tar.gz"))
        self._foundation.background.sleep(self._foundation.delays.job_end)
        if finished.by == "limit":
            return Ending("Stopped", {**members, "SecondaryStatus": "MaxRuntimeExceeded"})
        return Ending("Stopped" if finished.by == "stop" or job.stopping.is_set() else "Completed", members)

    def _enter(self, job: Job, secondary: str, **members: object) -> None:
        self._foundation.store.update(
            self.kind, job.region, job.name, lambda data: {**self._state(data, secondary), **members}
        )

    def _state(self, data: Data, secondary: str) -> dict[str, Any]:
        now = self._foundation.now()
        message = _MESSAGES[secondary]
        transitions = [dict(entry) for entry in data.get("SecondaryStatusTransitions", ())]
        if transitions:
            transitions[-1]["EndTime"] = now
        transitions.append({"Status": secondary, "StartTime": now, "StatusMessage": message})
        return {**data, "SecondaryStatus": secondary, "SecondaryStatusTransitions": transitions}


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


def _prepare(data: Data, objects: Objects, base: Path) -> None:
    for folder in ("input/config", "input/data", "model", "output/data", "checkpoints"):
        (base / folder).mkdir(parents=True)
    channels: dict[str, Mapping[str, str]] = {}
    for channel in data.get("InputDataConfig", ()):
        source = channel["DataSource"]["S3DataSource"]
        download = objects.download_prefix if source["S3DataType"] == "S3Prefix" else objects.download_manifest
        download(Location.parse(source["S3Uri"]), base / "input" / "data" / channel["ChannelName"])
        channels[channel["ChannelName"]] = {
            "TrainingInputMode": "File",
            "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
            "RecordWrapperType": "None",
            **({"ContentType": channel["ContentType"]} if "ContentType" in channel else {}),
        }
    for name, content in (
        ("hyperparameters", data["HyperParameters"]),
        ("inputdataconfig", channels),
        ("resourceconfig", _resources(data["ResourceConfig"].get("InstanceType", "ml.m5.large"))),
    ):
        (base / "input" / "config" / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")


def _resources(instance_type: str) -> Mapping[str, Any]:
    return {
        "current_host": "algo-1",
        "current_instance_type": instance_type,
        "current_group_name": "homogeneousCluster",
        "hosts": ["algo-1"],
        "instance_groups": [
            {"instance_group_name": "homogeneousCluster", "instance_type": instance_type, "hosts": ["algo-1"]}
        ],
        "network_interface_name": "lo",
    }


def _failure(base: Path, exit_code: int) -> str:
    """Return the failure's reason: what the container wrote, with its paths as it knows them, and its exit code."""
    ending = f", exit code: {exit_code}"
    try:
        with (base / "output" / "failure").open(encoding="utf-8", errors="replace") as file:
            text = file.read(MAX_REASON).replace(str(base), "/opt/ml")
    except OSError:
        text = ""
    return f"AlgorithmError: {text}"[: MAX_REASON - len(ending)] + ending


def _upload(objects: Objects, base: Path, folder: Path, location: Location) -> bool:
    if not folder.is_dir() or not archive.regular_files(folder):
        return False
    packed = base / location.key.rpartition("/")[2]
    archive.pack(folder, packed)
    objects.upload(packed, location)
    return True
