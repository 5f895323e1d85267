"""Serverless variants: what a config may say of one, what Describe tells, and what differs from instances. Pure.

One server answers for it, started with the endpoint and not at the first call: cold starts and scaling to nothing are
not imitated. Sources: the developer guide's page on serverless inference (sizes, concurrency, exclusions), the service
model (bounds); the texts are ours.
"""

from collections.abc import Iterable
from typing import Any

from localcloud import emulated
from localcloud.errors import AwsError
from localcloud.sagemaker.store import Data

_MEMORY_STEP = 1024  # MB
_OF_INSTANCES = (
    "InstanceType",
    "InitialInstanceCount",
    "VolumeSizeInGB",
    "ModelDataDownloadTimeoutInSeconds",
    "ContainerStartupHealthCheckTimeoutInSeconds",
)


def read_variant(variant: Data, path: str) -> Data:
    """Read a variant with a ServerlessConfig; raises AwsError."""
    for member in _OF_INSTANCES:
        if member in variant:
            raise AwsError("ValidationException", f"{path}{member} cannot be given together with ServerlessConfig")
    if "ModelName" not in variant:
        raise AwsError("ValidationException", f"{path}ModelName is required")
    config = variant["ServerlessConfig"]
    emulated.only(config, "MemorySizeInMB MaxConcurrency", f"{path}ServerlessConfig.")
    if config["MemorySizeInMB"] % _MEMORY_STEP:
        raise AwsError("ValidationException", f"{path}ServerlessConfig.MemorySizeInMB must be in 1 GB increments")
    return {"InitialVariantWeight": 1.0, **variant}


def check(request: Data, models: Iterable[Data]) -> None:
    """Refuse a config that AWS excludes from serverless inference; ``models`` are those of its variants."""
    variants = request["ProductionVariants"]
    if not any("ServerlessConfig" in variant for variant in variants):
        return
    if len(variants) > 1:
        raise _excluded("multiple production variants")
    if "DataCaptureConfig" in request:
        raise _excluded("data capture")
    for model in models:
        if "VpcConfig" in model:
            raise _excluded("VPC configuration")
        if model["EnableNetworkIsolation"]:
            raise _excluded("network isolation")


def check_wish(summary: Data, wish: Data) -> None:
    """Refuse an instance count for a serverless variant."""
    if "DesiredServerlessConfig" in summary and "DesiredInstanceCount" in wish:
        raise AwsError("ValidationException", f"Variant {wish['VariantName']} is serverless: it has no instances")


def applicable(variant: Data, capacities: Data) -> Data:
    """Return which live capacities a new config's variant can take over: none of instances if it is serverless."""
    if "ServerlessConfig" not in variant:
        return capacities
    return {member: value for member, value in capacities.items() if member != "InitialInstanceCount"}


def servers(variant: Data) -> int:
    """Return how many servers answer for a variant."""
    count: int = variant.get("InitialInstanceCount", 1)
    return count


def concurrency(variant: Data) -> int | None:
    """Return how many invocations a serverless variant answers at once; None for one of instances."""
    limit: int | None = variant.get("ServerlessConfig", {}).get("MaxConcurrency")
    return limit


def capacity(variant: Data) -> dict[str, Any]:
    """Return what Describe tells of a variant in service: instances, or a serverless config."""
    if "ServerlessConfig" in variant:
        config = variant["ServerlessConfig"]
        return {"CurrentServerlessConfig": config, "DesiredServerlessConfig": config}
    count = variant["InitialInstanceCount"]
    return {"CurrentInstanceCount": count, "DesiredInstanceCount": count}


def _excluded(what: str) -> AwsError:
    return AwsError("ValidationException", f"Serverless inference does not support {what}")
