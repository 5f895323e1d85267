"""Models and endpoint configs: what they name must exist, none is ever changed, a config in use is not deleted."""

from collections.abc import Mapping

from localcloud import emulated
from localcloud.errors import AwsError
from localcloud.sagemaker import quotas, resource_kinds, serverless
from localcloud.sagemaker.capture_config import CaptureSpec
from localcloud.sagemaker.foundation import Foundation
from localcloud.sagemaker.model_server import ServerSpec
from localcloud.sagemaker.objects import Location
from localcloud.sagemaker.packages import package_of
from localcloud.sagemaker.store import Data

RESOLVED = "_Container"  # ours: image, archive and environment of a model, also when it was made from a package
PENDING = "_PendingEndpointConfigName"  # ours: what an endpoint in change is going to run
CHOSEN = "_ChosenEndpointConfig"  # ours: that config, with the weights and counts that the endpoint keeps


def create_model(foundation: Foundation, request: Data, region: str) -> Data:
    """CreateModel."""
    emulated.only(
        request, "ModelName PrimaryContainer Containers ExecutionRoleArn Tags VpcConfig EnableNetworkIsolation"
    )
    containers = [
        *request.get("Containers", ()),
        *([request["PrimaryContainer"]] if "PrimaryContainer" in request else []),
    ]
    if not containers:
        raise AwsError("ValidationException", "Either PrimaryContainer or Containers is required")
    if len(containers) > 1:
        raise emulated.refusal("a model of several containers")
    resolved = _resolve(foundation, containers[0], region)
    if (url := resolved.get("ModelDataUrl")) and not foundation.objects(region).exists(Location.parse(url)):
        raise AwsError("ValidationException", f"Could not find model data at {url}.")
    data = {"EnableNetworkIsolation": False, **request, RESOLVED: resolved}
    quotas.check_count(foundation.limits, resource_kinds.MODEL, foundation.store.list(resource_kinds.MODEL, region))
    return foundation.store.create(resource_kinds.MODEL, region, request["ModelName"], data)


def server_spec(
    foundation: Foundation,
    region: str,
    model: Data,
    names: tuple[str, ...],
    *,
    env: Mapping[str, str] | None = None,
    ping_deadline: float | None = None,
) -> ServerSpec:
    """Return what to start for a model, with ``env`` added to its own; raises ImageError."""
    container = model[RESOLVED]
    return ServerSpec(
        image=foundation.containers.image(container["Image"]),
        env={**container.get("Environment", {}), **(env or {}), "AWS_REGION": region},
        model_data=Location.parse(container["ModelDataUrl"]) if container.get("ModelDataUrl") else None,
        ping_deadline=foundation.limits.ping_deadline if ping_deadline is None else ping_deadline,
        ping_interval=foundation.delays.health_check,
        ping_timeout=foundation.limits.ping,
        names=names,
    )


def create_endpoint_config(foundation: Foundation, request: Data, region: str) -> Data:
    """CreateEndpointConfig."""
    emulated.only(request, "EndpointConfigName ProductionVariants DataCaptureConfig Tags KmsKeyId ExecutionRoleArn")
    CaptureSpec.parse(request)
    variants = [_read_variant(variant) for variant in request["ProductionVariants"]]
    emulated.unique((variant["VariantName"] for variant in variants), "Variant names")
    named = [foundation.store.get(resource_kinds.MODEL, region, variant["ModelName"]) for variant in variants]
    serverless.check(request, named)
    name = request["EndpointConfigName"]
    configs = foundation.store.list(resource_kinds.ENDPOINT_CONFIG, region)
    quotas.check_count(foundation.limits, resource_kinds.ENDPOINT_CONFIG, configs)
    return foundation.store.create(
        resource_kinds.ENDPOINT_CONFIG, region, name, {**request, "ProductionVariants": variants}
    )


def delete_endpoint_config(foundation: Foundation, request: Data, region: str) -> None:
    """DeleteEndpointConfig."""
    name = request["EndpointConfigName"]
    with foundation.store.transaction():
        config = foundation.store.get(resource_kinds.ENDPOINT_CONFIG, region, name)
        for endpoint in foundation.store.list(resource_kinds.ENDPOINT, region):
            if config["EndpointConfigName"] in (endpoint["EndpointConfigName"], endpoint.get(PENDING)):
                raise AwsError(
                    "ValidationException",
                    f'Cannot delete endpoint configuration "{config["EndpointConfigArn"]}" '
                    f'because it is in use by endpoint "{endpoint["EndpointArn"]}".',
                )
        foundation.store.delete(resource_kinds.ENDPOINT_CONFIG, region, name)


def _resolve(foundation: Foundation, container: Data, region: str) -> Data:
    path = "PrimaryContainer."
    emulated.only(container, "ContainerHostname Image Mode ModelDataUrl Environment ModelPackageName", path)
    emulated.value(container, "Mode", "SingleModel", ("SingleModel",), path)
    if "ModelPackageName" not in container:
        if "Image" not in container:
            raise AwsError("ValidationException", "A container needs an Image or a ModelPackageName")
        return container
    if "Image" in container or "ModelDataUrl" in container:
        raise AwsError("ValidationException", "Image and ModelDataUrl cannot be given together with ModelPackageName")
    package = package_of(foundation.store, region, container["ModelPackageName"])
    if (package["ModelPackageStatus"], package["ModelApprovalStatus"]) != ("Completed", "Approved"):
        raise AwsError(
            "ValidationException",
            f"Model package {package['ModelPackageArn']} cannot be deployed: "
            f"its status is {package['ModelPackageStatus']}, its approval status {package['ModelApprovalStatus']}",
        )
    packed = package["InferenceSpecification"]["Containers"][0]
    environment = {**packed.get("Environment", {}), **container.get("Environment", {})}
    return {**packed, "Environment": environment}


def _read_variant(variant: Data) -> Data:
    path = f"ProductionVariants.{variant['VariantName']}."
    emulated.only(
        variant,
        "VariantName ModelName InitialInstanceCount InstanceType InitialVariantWeight VolumeSizeInGB "
        "ModelDataDownloadTimeoutInSeconds ContainerStartupHealthCheckTimeoutInSeconds ServerlessConfig",
        path,
    )
    if "ServerlessConfig" in variant:
        return serverless.read_variant(variant, path)
    for member in ("ModelName", "InstanceType", "InitialInstanceCount"):
        if member not in variant:
            raise AwsError("ValidationException", f"{path}{member} is required")
    return {"InitialVariantWeight": 1.0, **variant}
