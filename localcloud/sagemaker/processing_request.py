"""What a processing job's request asks for, checked when it is created: its inputs, outputs and instances."""

from pathlib import Path

from localcloud import emulated
from localcloud.errors import AwsError
from localcloud.sagemaker.containers import ROOT, local_path
from localcloud.sagemaker.instances import read_count
from localcloud.sagemaker.objects import Location
from localcloud.sagemaker.store import Data

_FOLDER = f"{ROOT}/processing/"


def read_request(request: Data) -> None:
    """Refuse what cannot be done; raises AwsError."""
    emulated.only(
        request,
        "ProcessingJobName ProcessingInputs ProcessingOutputConfig ProcessingResources StoppingCondition "
        "AppSpecification Environment NetworkConfig RoleArn Tags ExperimentConfig",
    )
    cluster = request["ProcessingResources"]["ClusterConfig"]
    path = "ProcessingResources.ClusterConfig."
    emulated.only(cluster, "InstanceType InstanceCount VolumeSizeInGB VolumeKmsKeyId", path)
    read_count(cluster.get("InstanceCount", 1), cluster.get("InstanceType"), "processing")
    inputs = request.get("ProcessingInputs", ())
    outputs = outputs_of(request)
    paths = [*map(_read_input, inputs), *map(_read_output, outputs)]
    emulated.unique((part["InputName"] for part in inputs), "Input names")
    emulated.unique((part["OutputName"] for part in outputs), "Output names")
    emulated.unique(paths, "Local paths of inputs and outputs")


def outputs_of(data: Data) -> list[Data]:
    """Return a job's outputs."""
    return list(data.get("ProcessingOutputConfig", {}).get("Outputs", ()))


def _read_input(part: Data) -> str:
    path = f"ProcessingInputs.{part['InputName']}."
    emulated.only(part, "InputName AppManaged S3Input", path)
    emulated.value(part, "AppManaged", False, (False,), path)
    source = part.get("S3Input", {})
    emulated.value(source, "S3InputMode", "File", ("File",), path)
    if source.get("S3CompressionType", "None") == "Gzip":  # API Reference, ProcessingS3Input
        raise AwsError("ValidationException", f"{path}S3CompressionType Gzip can only be used with S3InputMode Pipe")
    return _read_place(source, path)


def _read_output(part: Data) -> str:
    path = f"ProcessingOutputConfig.{part['OutputName']}."
    emulated.only(part, "OutputName AppManaged S3Output", path)
    emulated.value(part, "AppManaged", False, (False,), path)
    return _read_place(part.get("S3Output", {}), path)


def _read_place(part: Data, path: str) -> str:
    """Check where something comes from or goes to; the folder in the container, without a slash at its end."""
    if "S3Uri" not in part or "LocalPath" not in part:
        raise AwsError("ValidationException", f"{path[:-1]} needs an S3 location with its LocalPath")
    Location.parse(part["S3Uri"])
    folder: str = part["LocalPath"]
    local_path(Path(), folder)
    if not folder.startswith(_FOLDER):
        raise AwsError("ValidationException", f"{path}LocalPath {folder} must begin with {_FOLDER}")
    return folder.rstrip("/")
