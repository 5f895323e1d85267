"""Processing jobs: inputs down to their paths, the container's command, outputs up from theirs."""

import json
from pathlib import Path
from typing import Any

from localcloud.sagemaker import emulated, resource_kinds
from localcloud.sagemaker.containers import local_path
from localcloud.sagemaker.foundation import Foundation
from localcloud.sagemaker.job_processes import Finished
from localcloud.sagemaker.jobs import MAX_REASON, Ending, Job
from localcloud.sagemaker.objects import Location, Objects
from localcloud.sagemaker.store import Data


class Processing:
    """The work of processing jobs."""

    kind = resource_kinds.PROCESSING_JOB

    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation

    def read(self, request: Data, region: str) -> Data:  # noqa: ARG002  the protocol of all kinds
        """Refuse what is not emulated; return the data of a new job."""
        emulated.only(
            request,
            "ProcessingJobName ProcessingInputs ProcessingOutputConfig ProcessingResources StoppingCondition "
            "AppSpecification Environment NetworkConfig RoleArn Tags ExperimentConfig",
        )
        cluster = request["ProcessingResources"]["ClusterConfig"]
        path = "ProcessingResources.ClusterConfig."
        emulated.only(cluster, "InstanceType InstanceCount VolumeSizeInGB VolumeKmsKeyId", path)
        emulated.value(cluster, "InstanceCount", 1, (1,), path)
        for part in request.get("ProcessingInputs", ()):
            _read_input(part)
        outputs = request.get("ProcessingOutputConfig", {}).get("Outputs", ())
        for part in outputs:
            _read_output(part)
        inputs = request.get("ProcessingInputs", ())
        emulated.unique((part["InputName"] for part in inputs), "Input names")
        emulated.unique((part["OutputName"] for part in outputs), "Output names")
        paths = [part["S3Input"]["LocalPath"] for part in inputs] + [part["S3Output"]["LocalPath"] for part in outputs]
        emulated.unique(paths, "Local paths of inputs and outputs")
        return {
            "StoppingCondition": {"MaxRuntimeInSeconds": round(self._foundation.limits.job_runtime)},
            "Environment": {},
            **request,
        }

    def run(self, job: Job) -> Ending:
        """Do the work of one job."""
        job.sleep(self._foundation.delays.job_start)
        data = self._foundation.store.get(self.kind, job.region, job.name)
        image = self._foundation.containers.image(data["AppSpecification"]["ImageUri"])
        objects = self._foundation.objects(job.region)
        base = self._foundation.containers.new_base("processing-jobs", job.region, job.name)
        try:
            _prepare(data, objects, base)
            return self._finish(data, objects, base, job, self._process(job, data, image, base))
        finally:
            self._foundation.containers.remove_base(base)

    def again(self, data: Data) -> Data:
        """Return the data as they were before the work began."""
        left = ("ProcessingStartTime",)
        return {name: value for name, value in data.items() if name not in left}

    def ended(self, data: Data, ending: Ending) -> Data:  # noqa: ARG002  the protocol of all kinds
        """Nothing more changes at the end."""
        return data

    def _process(self, job: Job, data: Data, image: Any, base: Path) -> Finished:  # noqa: ANN401
        job.sleep(0)
        start = self._foundation.now()
        self._foundation.store.update(
            self.kind, job.region, job.name, lambda row: {**row, "ProcessingStartTime": start}
        )
        application = data["AppSpecification"]
        process = self._foundation.containers.spawn(
            image,
            application.get("ContainerArguments", ()),
            entrypoint=application.get("ContainerEntrypoint", ()),
            env=data["Environment"],
            base=base,
            log=self._foundation.containers.log("processing-jobs", job.region, job.name),
        )
        return self._foundation.job_processes.finish(job, [process], data["StoppingCondition"]["MaxRuntimeInSeconds"])

    def _finish(self, data: Data, objects: Objects, base: Path, job: Job, finished: Finished) -> Ending:
        members: dict[str, Any] = {"ProcessingEndTime": finished.at, **_message(base)}
        if finished.by == "stop":
            return Ending("Stopped", members)
        if finished.by == "limit":
            limit = data["StoppingCondition"]["MaxRuntimeInSeconds"]
            reason = f"MaxRuntimeExceeded: the job ran longer than MaxRuntimeInSeconds ({limit})"
            return Ending("Stopped", {**members, "FailureReason": reason})
        if finished.exit_code != 0:
            return Ending("Failed", {**members, "FailureReason": f"AlgorithmError: , exit code: {finished.exit_code}"})
        self._foundation.store.update(self.kind, job.region, job.name, lambda row: {**row, **members})
        for output in data.get("ProcessingOutputConfig", {}).get("Outputs", ()):
            target = output["S3Output"]
            objects.upload_folder(local_path(base, target["LocalPath"]), Location.parse(target["S3Uri"]))
        self._foundation.background.sleep(self._foundation.delays.job_end)
        return Ending("Stopped" if job.stopping.is_set() else "Completed", members)


def _read_input(part: Data) -> None:
    path = f"ProcessingInputs.{part['InputName']}."
    emulated.only(part, "InputName AppManaged S3Input", path)
    emulated.value(part, "AppManaged", False, (False,), path)
    source = part.get("S3Input")
    if source is None or "LocalPath" not in source:
        raise emulated.refusal(f"{path[:-1]} without S3Input and its LocalPath")
    for member, value in (("S3InputMode", "File"), ("S3CompressionType", "None")):
        emulated.value(source, member, value, (value,), path)
    Location.parse(source["S3Uri"])
    local_path(Path(), source["LocalPath"])


def _read_output(part: Data) -> None:
    path = f"ProcessingOutputConfig.{part['OutputName']}."
    emulated.only(part, "OutputName AppManaged S3Output", path)
    emulated.value(part, "AppManaged", False, (False,), path)
    target = part.get("S3Output")
    if target is None or "LocalPath" not in target:
        raise emulated.refusal(f"{path[:-1]} without S3Output and its LocalPath")
    emulated.value(target, "S3UploadMode", "EndOfJob", ("EndOfJob",), path)
    Location.parse(target["S3Uri"])
    local_path(Path(), target["LocalPath"])


def _prepare(data: Data, objects: Objects, base: Path) -> None:
    for folder in ("config", "output"):
        (base / folder).mkdir()
    for part in data.get("ProcessingInputs", ()):
        source = part["S3Input"]
        download = objects.download_prefix if source["S3DataType"] == "S3Prefix" else objects.download_manifest
        download(Location.parse(source["S3Uri"]), local_path(base, source["LocalPath"]))
    for part in data.get("ProcessingOutputConfig", {}).get("Outputs", ()):
        local_path(base, part["S3Output"]["LocalPath"]).mkdir(parents=True, exist_ok=True)
    members = [
        "ProcessingJobArn",
        "ProcessingJobName",
        "AppSpecification",
        "Environment",
        "ProcessingInputs",
        "ProcessingOutputConfig",
        "ProcessingResources",
        "RoleArn",
        "StoppingCondition",
    ]
    job = {member: data[member] for member in members if member in data}
    hosts = {"current_host": "algo-1", "hosts": ["algo-1"]}
    for name, content in (("processingjobconfig", job), ("resourceconfig", hosts)):
        (base / "config" / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")


def _message(base: Path) -> dict[str, str]:
    """Read the message that the container left, with its paths as it knows them."""
    try:
        with (base / "output" / "message").open("rb") as file:
            text = file.read(MAX_REASON).decode("utf-8", errors="ignore").replace(str(base), "/opt/ml")
    except OSError:
        return {}
    return {"ExitMessage": text} if text else {}
