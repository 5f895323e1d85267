"""What a transform job's request asks for: checked when it is created, read again when the job starts."""

import contextlib
import json
from dataclasses import dataclass
from typing import Any

from localcloud import emulated
from localcloud.errors import AwsError, ContainerError
from localcloud.sagemaker.data_processing import DataProcessing
from localcloud.sagemaker.instances import read_count
from localcloud.sagemaker.model_server import ModelServer
from localcloud.sagemaker.objects import Location
from localcloud.sagemaker.splitting import SPLITS
from localcloud.sagemaker.store import Data

_MB = 1 << 20
_SUCCESS = range(200, 300)
MOST_IN_FLIGHT_MB = 100  # a rule of the API, and so the most requests in flight: each is 1 MB at least
_DEFAULTS: dict[str, Any] = {"MaxConcurrentTransforms": 1, "MaxPayloadInMB": 6, "BatchStrategy": "MultiRecord"}
_STRATEGIES = {"SingleRecord": "SINGLE_RECORD", "MultiRecord": "MULTI_RECORD"}
_PARAMETERS_TIMEOUT = 2.0  # ours: a container that has no opinion must not hold the job up


@dataclass(frozen=True)
class BatchSettings:
    """How objects are cut (bytes; None: whatever their size) and how many requests are in flight."""

    strategy: str
    max_payload: int | None
    concurrent: int


def read_request(request: Data) -> Data:
    """Return a CreateTransformJob request as its job keeps it; raises AwsError for what cannot be done."""
    emulated.only(
        request,
        "TransformJobName ModelName MaxConcurrentTransforms ModelClientConfig MaxPayloadInMB BatchStrategy "
        "Environment TransformInput TransformOutput TransformResources DataProcessing Tags ExperimentConfig",
    )
    _read_input(request["TransformInput"])
    emulated.only(request["TransformOutput"], "S3OutputPath Accept AssembleWith KmsKeyId", "TransformOutput.")
    Location.parse(request["TransformOutput"]["S3OutputPath"])
    resources = request["TransformResources"]
    emulated.only(resources, "InstanceType InstanceCount VolumeKmsKeyId", "TransformResources.")
    read_count(resources["InstanceCount"], resources["InstanceType"], "transform")
    DataProcessing.parse(request)
    if request.get("MaxConcurrentTransforms") == 0:  # as if it were not there: CreateTransformJob
        request = {name: value for name, value in request.items() if name != "MaxConcurrentTransforms"}
    flight = {name: request.get(name, _DEFAULTS[name]) for name in ("MaxConcurrentTransforms", "MaxPayloadInMB")}
    if flight["MaxPayloadInMB"] > MOST_IN_FLIGHT_MB:
        raise AwsError("ValidationException", f"MaxPayloadInMB must not exceed {MOST_IN_FLIGHT_MB} MB")
    if flight["MaxConcurrentTransforms"] * flight["MaxPayloadInMB"] > MOST_IN_FLIGHT_MB:
        raise AwsError("ValidationException", "MaxConcurrentTransforms * MaxPayloadInMB must not exceed 100 MB")
    return request


def environment(data: Data) -> dict[str, str]:
    """Return what AWS sets for a container that serves a batch; the request's own environment wins."""
    strategy = data.get("BatchStrategy", _DEFAULTS["BatchStrategy"])
    return {
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": str(data.get("MaxPayloadInMB", _DEFAULTS["MaxPayloadInMB"])),
        "SAGEMAKER_BATCH_STRATEGY": _STRATEGIES[strategy],
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": str(
            data.get("MaxConcurrentTransforms", _DEFAULTS["MaxConcurrentTransforms"])
        ),
        **data.get("Environment", {}),
    }


def batch_settings(data: Data, server: ModelServer) -> BatchSettings:
    """Return how to cut and send: the request's word, else the container's, else the default."""
    asked: dict[str, Any] = {}
    if any(name not in data for name in _DEFAULTS):
        with contextlib.suppress(ContainerError, ValueError):  # a container need not have an opinion
            reply = server.request("GET", "/execution-parameters", b"", {}, _PARAMETERS_TIMEOUT)
            told = json.loads(reply.body) if reply.status in _SUCCESS else {}
            asked = told if isinstance(told, dict) else {}
    names = {text: name for name, text in _STRATEGIES.items()}
    strategy = names.get(str(asked.get("BatchStrategy")), _DEFAULTS["BatchStrategy"])
    payload = data.get("MaxPayloadInMB", _whole(asked.get("MaxPayloadInMB"), _DEFAULTS["MaxPayloadInMB"]))
    return BatchSettings(
        strategy=data.get("BatchStrategy", strategy),
        max_payload=payload * _MB or None,
        concurrent=data.get(
            "MaxConcurrentTransforms",
            _whole(asked.get("MaxConcurrentTransforms"), _DEFAULTS["MaxConcurrentTransforms"]),
        ),
    )


def _read_input(part: Data) -> None:
    path = "TransformInput."
    emulated.only(part, "DataSource ContentType CompressionType SplitType", path)
    emulated.value(part, "SplitType", "None", SPLITS, path)
    source = part["DataSource"]["S3DataSource"]
    emulated.value(source, "S3DataType", None, ("S3Prefix", "ManifestFile"), path)
    Location.parse(source["S3Uri"])


def _whole(value: object, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else default
