"""What a training job's request asks for, checked when it is created; returns it with its defaults.

The texts about MaxWaitTimeInSeconds are AWS's, as its users report them.
"""

from localcloud import emulated
from localcloud.errors import AwsError
from localcloud.sagemaker.checkpoints import read_checkpoints
from localcloud.sagemaker.instances import read_count
from localcloud.sagemaker.log_metrics import read_definitions
from localcloud.sagemaker.objects import Location
from localcloud.sagemaker.store import Data

_MODES = ("File", "FastFile")  # a FastFile channel is there whole before the start: a program sees the same files


def read_request(request: Data, runtime: int) -> Data:
    """Return the data of a new job; ``runtime`` (seconds) is its time limit where it says none. Raises AwsError."""
    emulated.only(
        request,
        "TrainingJobName HyperParameters AlgorithmSpecification RoleArn InputDataConfig OutputDataConfig "
        "ResourceConfig VpcConfig StoppingCondition Tags EnableNetworkIsolation "
        "EnableInterContainerTrafficEncryption EnableManagedSpotTraining Environment ExperimentConfig "
        "CheckpointConfig",
    )
    _read_algorithm(request["AlgorithmSpecification"])
    if "ResourceConfig" not in request:
        raise emulated.refusal("a training job without ResourceConfig")
    resources = request["ResourceConfig"]
    emulated.only(resources, "InstanceType InstanceCount VolumeSizeInGB VolumeKmsKeyId", "ResourceConfig.")
    read_count(resources.get("InstanceCount", 1), resources.get("InstanceType"), "training")
    emulated.only(request["OutputDataConfig"], "S3OutputPath KmsKeyId CompressionType", "OutputDataConfig.")
    Location.parse(request["OutputDataConfig"]["S3OutputPath"])
    stopping = {"MaxRuntimeInSeconds": runtime, **request.get("StoppingCondition", {})}
    _read_stopping(stopping, spot=request.get("EnableManagedSpotTraining", False))
    if "CheckpointConfig" in request:
        request = {**request, "CheckpointConfig": read_checkpoints(request["CheckpointConfig"])}
    for channel in request.get("InputDataConfig", ()):
        _read_channel(channel)
    emulated.unique((channel["ChannelName"] for channel in request.get("InputDataConfig", ())), "Channel names")
    return {"HyperParameters": {}, **request, "StoppingCondition": stopping}


def _read_algorithm(algorithm: Data) -> None:
    path = "AlgorithmSpecification."
    emulated.only(
        algorithm,
        "TrainingImage TrainingInputMode MetricDefinitions EnableSageMakerMetricsTimeSeries ContainerEntrypoint "
        "ContainerArguments",
        path,
    )
    if "TrainingImage" not in algorithm:
        raise emulated.refusal(f"{path}AlgorithmName")
    emulated.value(algorithm, "TrainingInputMode", "File", _MODES, path)
    read_definitions(algorithm.get("MetricDefinitions", ()))


def _read_stopping(stopping: Data, *, spot: bool) -> None:
    emulated.only(stopping, "MaxRuntimeInSeconds MaxWaitTimeInSeconds", "StoppingCondition.")
    wait = stopping.get("MaxWaitTimeInSeconds")
    if not spot and wait is not None:
        raise AwsError(
            "ValidationException",
            "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set to true",
        )
    if spot and (wait is None or wait < stopping["MaxRuntimeInSeconds"]):
        raise AwsError(
            "ValidationException",
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds",
        )


def _read_channel(channel: Data) -> None:
    path = f"InputDataConfig.{channel['ChannelName']}."
    if channel["ChannelName"] in {".", ".."}:  # the model's pattern lets them through; they are no folder of their own
        raise AwsError("ValidationException", f"{channel['ChannelName']} cannot be the name of a channel")
    emulated.only(channel, "ChannelName DataSource ContentType CompressionType RecordWrapperType InputMode", path)
    for member, value in (("CompressionType", "None"), ("RecordWrapperType", "None")):
        emulated.value(channel, member, value, (value,), path)
    emulated.value(channel, "InputMode", "File", _MODES, path)
    emulated.only(channel["DataSource"], "S3DataSource", path)
    source = channel["DataSource"].get("S3DataSource", {})
    emulated.only(source, "S3DataType S3Uri S3DataDistributionType", path)
    emulated.value(source, "S3DataType", None, ("S3Prefix", "ManifestFile"), path)
    Location.parse(source["S3Uri"])


def prefixes(request: Data) -> list[Location]:
    """Return the prefixes from which a training job's channels are read."""
    sources = [channel["DataSource"]["S3DataSource"] for channel in request.get("InputDataConfig", ())]
    return [Location.parse(source["S3Uri"]) for source in sources if source["S3DataType"] == "S3Prefix"]


def no_objects(source: Location, region: str, role: str) -> AwsError:
    """Return the refusal of a channel without an object, in AWS's words (aws/amazon-sagemaker-examples#2489)."""
    return AwsError(
        "ValidationException",
        f'No S3 objects found under S3 URL "{source}" given in input data source. Please ensure that the bucket '
        f"exists in the selected region ({region}), that objects exist under that S3 prefix, "
        f'and that the role "{role}" has "s3:ListBucket" permissions on bucket "{source.bucket}".',
    )
