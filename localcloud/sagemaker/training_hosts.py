"""What a training job's hosts find in their folders when they start, and the failure that one of them left there."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from localcloud.sagemaker.containers import ROOT, told
from localcloud.sagemaker.job_hosts import Host, share_of
from localcloud.sagemaker.jobs import MAX_REASON
from localcloud.sagemaker.objects import Location, Objects
from localcloud.sagemaker.store import Data


def prepare(data: Data, objects: Objects, hosts: Sequence[Host]) -> None:
    """Make every host's folder, with its channels and the platform's JSON files; raises DataError."""
    for host in hosts:
        for folder in ("input/config", "input/data", "model", "output/data", "checkpoints"):
            (host.base / folder).mkdir(parents=True)
        for channel in data.get("InputDataConfig", ()):
            _download(channel, objects, host, len(hosts))
        for name, content in (
            ("hyperparameters", data["HyperParameters"]),
            ("inputdataconfig", {part["ChannelName"]: _told(part, data) for part in data.get("InputDataConfig", ())}),
            ("resourceconfig", _resources(host, hosts, data["ResourceConfig"].get("InstanceType", "ml.m5.large"))),
        ):
            (host.base / "input" / "config" / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")


def failure(host: Host, exit_code: int) -> str:
    """Return the failure's reason: what the container wrote, with its paths as it knows them, and its exit code."""
    ending = f", exit code: {exit_code}"
    text = told(host.base / "output" / "failure", 4 * MAX_REASON).replace(str(host.base), ROOT)
    return f"AlgorithmError: {text}"[: MAX_REASON - len(ending)] + ending


def _download(channel: Data, objects: Objects, host: Host, count: int) -> None:
    source = channel["DataSource"]["S3DataSource"]
    folder = host.base / "input" / "data" / channel["ChannelName"]
    objects.download_all(Location.parse(source["S3Uri"]), source["S3DataType"], folder, share_of(source, host, count))


def _told(channel: Data, data: Data) -> Mapping[str, str]:
    source = channel["DataSource"]["S3DataSource"]
    return {
        "TrainingInputMode": channel.get("InputMode", data["AlgorithmSpecification"]["TrainingInputMode"]),
        "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
        "RecordWrapperType": "None",
        **({"ContentType": channel["ContentType"]} if "ContentType" in channel else {}),
    }


def _resources(host: Host, hosts: Sequence[Host], instance_type: str) -> Mapping[str, Any]:
    group = "homogeneousCluster"
    names = sorted(other.name for other in hosts)
    return {
        "current_host": host.name,
        "current_instance_type": instance_type,
        "current_group_name": group,
        "hosts": names,
        "instance_groups": [{"instance_group_name": group, "instance_type": instance_type, "hosts": names}],
        "network_interface_name": "lo",
    }
