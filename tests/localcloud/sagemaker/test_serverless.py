import threading
from collections.abc import Callable
from typing import Any

import pytest

from localcloud.errors import AwsError
from tests.localcloud.sagemaker.clouds import REGION, ROLE, Cloud
from tests.localcloud.sagemaker.endpoint_steps import status_of, wait_until

SERVERLESS = {"MemorySizeInMB": 2048, "MaxConcurrency": 2}


def variant(model: str, name: str = "all", **serverless: Any) -> dict[str, Any]:
    return {"VariantName": name, "ModelName": model, "ServerlessConfig": {**SERVERLESS, **serverless}}


def configure(cloud: Cloud, name: str, *variants: Any, **more: Any) -> None:
    cloud.call("CreateEndpointConfig", EndpointConfigName=name, ProductionVariants=list(variants), **more)


def in_service(cloud: Cloud, **serverless: Any) -> None:
    cloud.model("v1", Environment={"VERSION": "v1"})
    configure(cloud, "c", variant("v1", **serverless))
    cloud.call("CreateEndpoint", EndpointName="e", EndpointConfigName="c")
    cloud.wait("e", "IN_SERVICE", "FAILED")
    assert status_of(cloud) == "InService"


def summary(cloud: Cloud) -> Any:
    (found,) = cloud.call("DescribeEndpoint", EndpointName="e")["ProductionVariants"]
    return found


def update(cloud: Cloud, config: str) -> None:
    cloud.sent.events.clear()
    cloud.call("UpdateEndpoint", EndpointName="e", EndpointConfigName=config)
    cloud.wait("e", "IN_SERVICE")


def test_a_serverless_endpoint_answers(cloud: Cloud) -> None:
    """It is created and invoked as any other; Describe tells its serverless config and no instances (service model)."""
    in_service(cloud)
    assert cloud.invoke(b"x").body == b"v1|x"
    found = summary(cloud)
    assert found["CurrentServerlessConfig"] == found["DesiredServerlessConfig"] == SERVERLESS
    assert "CurrentInstanceCount" not in found
    assert cloud.call("DescribeEndpointConfig", EndpointConfigName="c")["ProductionVariants"][0] == {
        **variant("v1"),
        "InitialVariantWeight": 1.0,
    }


def test_it_must_be_healthy_sooner(make_cloud: Callable[..., Cloud]) -> None:
    """Its server has three minutes for the first good ping, not four (developer guide, serverless inference)."""
    cloud = make_cloud(serverless_ping_deadline=0.1, ping_deadline=600.0)
    cloud.model("v1", Environment={"SICK": "1"})
    configure(cloud, "c", variant("v1"))
    cloud.call("CreateEndpoint", EndpointName="e", EndpointConfigName="c")
    assert "did not pass the ping health check" in cloud.wait("e", "FAILED")["FailureReason"]


def test_more_than_its_concurrency_is_throttled(cloud: Cloud) -> None:
    """Invocations beyond MaxConcurrency are throttled, not queued (developer guide, serverless inference)."""
    in_service(cloud, MaxConcurrency=1)
    slow = threading.Thread(target=lambda: cloud.invoke(b"sleep 1"))
    slow.start()
    variants = cloud.sagemaker._endpoints.router.fleet(REGION, "e").variants  # noqa: SLF001  there is no other sign
    wait_until(lambda: variants["all"].in_flight > 0)
    with pytest.raises(AwsError) as refused:
        cloud.invoke(b"x")
    assert (refused.value.code, refused.value.status) == ("ThrottlingException", 400)
    slow.join()
    assert cloud.invoke(b"x").status == 200


def test_its_payload_is_four_megabytes(cloud: Cloud) -> None:
    """A longer body is refused in the words users report; one of instances takes it."""
    in_service(cloud)
    assert cloud.invoke(bytes(4_194_304)).status == 200
    with pytest.raises(AwsError, match="has oversize body") as refused:
        cloud.invoke(bytes(4_194_305))
    assert refused.value.code == "ValidationError"
    cloud.config("d", {"ModelName": "v1"})
    update(cloud, "d")
    assert cloud.invoke(bytes(4_194_305)).status == 200


def test_an_endpoint_changes_to_instances_and_back(cloud: Cloud) -> None:
    """UpdateEndpoint takes a config of the other kind (developer guide, update a serverless endpoint)."""
    in_service(cloud)
    cloud.config("d", {"ModelName": "v1", "InitialInstanceCount": 2})
    update(cloud, "d")
    found = summary(cloud)
    assert (found["CurrentInstanceCount"], "CurrentServerlessConfig" in found) == (2, False)
    request = {"EndpointName": "e", "EndpointConfigName": "c", "RetainAllVariantProperties": True}
    cloud.sent.events.clear()
    cloud.call("UpdateEndpoint", **request)
    cloud.wait("e", "IN_SERVICE")
    assert summary(cloud)["CurrentServerlessConfig"] == SERVERLESS
    assert cloud.invoke(b"x").body == b"v1|x"
    fleet = cloud.sagemaker._endpoints.router.fleet(REGION, "e")  # noqa: SLF001  there is no other sign of it
    assert len(fleet.instances) == 1


def test_it_has_a_weight_but_no_instances(cloud: Cloud) -> None:
    """UpdateEndpointWeightsAndCapacities may set its weight, not an instance count (ours)."""
    in_service(cloud)
    wish = {"VariantName": "all", "DesiredInstanceCount": 2}
    with pytest.raises(AwsError, match="is serverless"):
        cloud.call("UpdateEndpointWeightsAndCapacities", EndpointName="e", DesiredWeightsAndCapacities=[wish])
    cloud.sent.events.clear()
    wish = {"VariantName": "all", "DesiredWeight": 3.0}
    cloud.call("UpdateEndpointWeightsAndCapacities", EndpointName="e", DesiredWeightsAndCapacities=[wish])
    cloud.wait("e", "IN_SERVICE")
    assert summary(cloud)["CurrentWeight"] == 3.0
    assert summary(cloud)["CurrentServerlessConfig"] == SERVERLESS


CAPTURE = {
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": "s3://b/k",
    "CaptureOptions": [{"CaptureMode": "Input"}],
}


@pytest.mark.parametrize(
    ("variants", "more", "why"),
    [
        ([variant("m", MemorySizeInMB=1025)], {}, "in 1 GB increments"),
        ([variant("m", MemorySizeInMB=7168)], {}, "less than or equal to 6144"),
        ([variant("m", MaxConcurrency=201)], {}, "less than or equal to 200"),
        ([variant("m", ProvisionedConcurrency=1)], {}, "ProvisionedConcurrency is not emulated"),
        ([{**variant("m"), "InstanceType": "ml.m5.large"}], {}, "cannot be given together with ServerlessConfig"),
        ([{**variant("m"), "InitialInstanceCount": 1}], {}, "cannot be given together with ServerlessConfig"),
        ([variant("m"), variant("m", "other")], {}, "does not support multiple production variants"),
        ([variant("m")], {"DataCaptureConfig": CAPTURE}, "does not support data capture"),
        ([variant("isolated")], {}, "does not support network isolation"),
        ([variant("private")], {}, "does not support VPC"),
    ],
)
def test_what_serverless_inference_excludes_is_refused(cloud: Cloud, variants: Any, more: Any, why: str) -> None:
    """Sizes, and no data capture, several variants, VPC or isolation (developer guide, feature exclusions)."""
    models: dict[str, Any] = {
        "m": {},
        "isolated": {"EnableNetworkIsolation": True},
        "private": {"VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}},
    }
    for name, extra in models.items():
        cloud.call("CreateModel", ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "server"}, **extra)
    with pytest.raises(AwsError, match=why) as refused:
        configure(cloud, "c", *variants, **more)
    assert refused.value.code == "ValidationException"
