"""Processing jobs: inputs down to their paths, the container's command on every host, outputs up from theirs.

Outputs of all hosts go to one place: at the end those of the first host last, so that of files of one name its file is
kept; a Continuous output goes up while the job runs and at any end, as `localcloud.sagemaker.mirror` does it.
"""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from localcloud.errors import ContainerError
from localcloud.sagemaker import resource_kinds
from localcloud.sagemaker.containers import ROOT, local_path, told
from localcloud.sagemaker.foundation import Foundation
from localcloud.sagemaker.job_hosts import Host, hosts_of, share_of
from localcloud.sagemaker.job_processes import Finished
from localcloud.sagemaker.job_watch import JobWatch
from localcloud.sagemaker.jobs import MAX_REASON, Ending, Job
from localcloud.sagemaker.mirror import Mirror
from localcloud.sagemaker.objects import Location, Objects
from localcloud.sagemaker.processing_request import outputs_of, read_request
from localcloud.sagemaker.store import Data

if TYPE_CHECKING:
    from localcloud.processes import Child

_TOLD = (
    "ProcessingJobArn",
    "ProcessingJobName",
    "AppSpecification",
    "Environment",
    "ProcessingInputs",
    "ProcessingOutputConfig",
    "ProcessingResources",
    "RoleArn",
    "StoppingCondition",
)


class Processing:
    """The work of processing jobs."""

    kind = resource_kinds.PROCESSING_JOB

    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation

    def read(self, request: Data, region: str) -> Data:  # noqa: ARG002  the protocol of all kinds
        """Refuse what is not emulated; return the data of a new job."""
        read_request(request)
        return {
            "StoppingCondition": {"MaxRuntimeInSeconds": round(self._foundation.limits.job_runtime)},
            "Environment": {},
            **request,
        }

    def run(self, job: Job) -> Ending:
        """Do the work of one job."""
        job.sleep(self._foundation.delays.job_start)
        data = self._foundation.store.get(self.kind, job.region, job.name)
        self._foundation.containers.image(data["AppSpecification"]["ImageUri"])
        objects = self._foundation.objects(job.region)
        base = self._foundation.containers.new_base("processing-jobs", job.region, job.name)
        log = self._foundation.containers.log("processing-jobs", job.region, job.name)
        hosts = hosts_of(data["ProcessingResources"]["ClusterConfig"].get("InstanceCount", 1), base, log)
        try:
            for host in hosts:
                _prepare(data, objects, host, hosts)
            with JobWatch(_looks(data, objects, hosts), self._foundation.delays.job_watch):
                finished = self._process(job, data, hosts)
            return self._finish(data, objects, hosts, job, finished)
        finally:
            self._foundation.containers.remove_base(base)

    def again(self, data: Data) -> Data:
        """Return the data as they were before the work began."""
        left = ("ProcessingStartTime",)
        return {name: value for name, value in data.items() if name not in left}

    def stopping(self, data: Data) -> Data:
        """Change nothing: there are no secondary states."""
        return data

    def ended(self, data: Data, ending: Ending) -> Data:  # noqa: ARG002  the protocol of all kinds
        """Nothing more changes at the end."""
        return data

    def _process(self, job: Job, data: Data, hosts: Sequence[Host]) -> Finished:
        job.sleep(0)
        start = self._foundation.now()
        self._foundation.store.update(
            self.kind, job.region, job.name, lambda row: {**row, "ProcessingStartTime": start}
        )
        containers, application = self._foundation.containers, data["AppSpecification"]
        names = containers.hosts_file([host.name for host in hosts], hosts[0].base.parent)
        processes: list[Child] = []
        try:
            for host in hosts:
                processes.append(  # noqa: PERF401  those before a failure count
                    containers.spawn(
                        containers.image(application["ImageUri"]),
                        application.get("ContainerArguments", ()),
                        entrypoint=application.get("ContainerEntrypoint", ()),
                        env=data["Environment"],
                        base=host.base,
                        log=host.log,
                        hosts=names,
                    )
                )
        except ContainerError:
            for process in processes:
                containers.stop(process, 0)
            raise
        return self._foundation.job_processes.finish(job, processes, data["StoppingCondition"]["MaxRuntimeInSeconds"])

    def _finish(self, data: Data, objects: Objects, hosts: Sequence[Host], job: Job, finished: Finished) -> Ending:
        members: dict[str, Any] = {"ProcessingEndTime": finished.at, **_message(hosts[finished.process :])}
        if finished.by == "stop":
            return Ending("Stopped", members)
        if finished.by == "limit":
            limit = data["StoppingCondition"]["MaxRuntimeInSeconds"]
            reason = f"MaxRuntimeExceeded: the job ran longer than MaxRuntimeInSeconds ({limit})"
            return Ending("Stopped", {**members, "FailureReason": reason})
        if finished.exit_code != 0:
            return Ending("Failed", {**members, "FailureReason": f"AlgorithmError: , exit code: {finished.exit_code}"})
        self._foundation.store.update(self.kind, job.region, job.name, lambda row: {**row, **members})
        for target in _outputs(data, "EndOfJob"):
            for host in reversed(hosts):
                objects.upload_folder(local_path(host.base, target["LocalPath"]), Location.parse(target["S3Uri"]))
        self._foundation.background.sleep(self._foundation.delays.job_end)
        return Ending("Stopped" if job.stopping.is_set() else "Completed", members)


def _prepare(data: Data, objects: Objects, host: Host, hosts: Sequence[Host]) -> None:
    for name in ("config", "output"):
        (host.base / name).mkdir(parents=True)
    for part in data.get("ProcessingInputs", ()):
        source = part["S3Input"]
        folder = local_path(host.base, source["LocalPath"])
        share = share_of(source, host, len(hosts))
        objects.download_all(Location.parse(source["S3Uri"]), source["S3DataType"], folder, share)
    for part in outputs_of(data):
        local_path(host.base, part["S3Output"]["LocalPath"]).mkdir(parents=True, exist_ok=True)
    job = {member: data[member] for member in _TOLD if member in data}
    resources = {"current_host": host.name, "hosts": sorted(other.name for other in hosts)}
    for name, content in (("processingjobconfig", job), ("resourceconfig", resources)):
        (host.base / "config" / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")


def _outputs(data: Data, mode: str) -> list[Data]:
    targets = [part["S3Output"] for part in outputs_of(data)]
    return [target for target in targets if target["S3UploadMode"] == mode]


def _looks(data: Data, objects: Objects, hosts: Sequence[Host]) -> list[Any]:
    return [
        Mirror(
            objects, Location.parse(target["S3Uri"]), [local_path(host.base, target["LocalPath"]) for host in hosts]
        ).look
        for target in _outputs(data, "Continuous")
    ]


def _message(hosts: Sequence[Host]) -> dict[str, str]:
    """Read the message that the first of the hosts that has one left, with its paths as it knows them."""
    for host in hosts:
        if text := told(host.base / "output" / "message", MAX_REASON).replace(str(host.base), ROOT):
            return {"ExitMessage": text}
    return {}
