from typing import Any

import pytest

from localcloud.errors import AwsError
from tests.localcloud.sagemaker.clouds import ROLE, Cloud


def package(cloud: Cloud, **more: Any) -> str:
    container = {"Image": "server", "Environment": {"VERSION": "packed", "OTHER": "kept"}}
    specification = {
        "Containers": [container],
        "SupportedContentTypes": ["application/json"],
        "SupportedResponseMIMETypes": ["application/json"],
    }
    request = {"ModelPackageGroupName": "group", "InferenceSpecification": specification, **more}
    arn: str = cloud.call("CreateModelPackage", **request)["ModelPackageArn"]
    return arn


def test_names_are_taken_in_aws_words(cloud: Cloud) -> None:
    """A second model or config of a name is refused with the ARN that is in the way."""
    cloud.version("v")
    with pytest.raises(AwsError) as model:
        cloud.model("V")
    assert model.value.message == (
        'Cannot create already existing model "arn:aws:sagemaker:eu-west-1:123456789012:model/v".'
    )
    with pytest.raises(AwsError) as config:
        cloud.config("v", {"ModelName": "v"})
    assert config.value.message == (
        "Cannot create already existing endpoint configuration "
        '"arn:aws:sagemaker:eu-west-1:123456789012:endpoint-config/v".'
    )
    assert {model.value.code, config.value.code} == {"ValidationException"}


def test_what_a_request_names_must_exist(cloud: Cloud) -> None:
    """A model needs its archive, a config its model, a description its resource."""
    with pytest.raises(AwsError, match="Could not find model data at s3://"):
        cloud.model("m", ModelDataUrl=cloud.uri("nowhere/model.tar.gz"))
    with pytest.raises(AwsError, match='Could not find model "arn'):
        cloud.config("c", {"ModelName": "m"})
    with pytest.raises(AwsError, match='Could not find endpoint configuration "arn'):
        cloud.call("DescribeEndpointConfig", EndpointConfigName="c")


def test_describe_gives_back_what_was_asked(cloud: Cloud) -> None:
    """Model and config answer as they were made, defaults filled in, nothing of ours in between."""
    cloud.version("v", Environment={"K": "V"})
    model = cloud.call("DescribeModel", ModelName="v")
    assert model["PrimaryContainer"] == {"Image": "server", "Environment": {"VERSION": "v", "K": "V"}}
    assert not [member for member in model if member.startswith("_")]
    variant = cloud.call("DescribeEndpointConfig", EndpointConfigName="v")["ProductionVariants"][0]
    assert variant["InitialVariantWeight"] == 1.0
    cloud.call("DeleteEndpointConfig", EndpointConfigName="v")
    cloud.call("DeleteModel", ModelName="v")
    cloud.version("v")


def test_only_an_approved_package_becomes_a_model(cloud: Cloud) -> None:
    """Image and environment come from the package, the model's own environment wins, and approval is needed."""
    cloud.call("CreateModelPackageGroup", ModelPackageGroupName="group")
    arn = package(cloud)
    cloud.wait(arn, "Completed")
    made = {"ModelPackageName": arn, "Environment": {"VERSION": "mine"}}
    with pytest.raises(AwsError, match="approval status PendingManualApproval"):
        cloud.call("CreateModel", ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer=made)
    cloud.call("UpdateModelPackage", ModelPackageArn=arn, ModelApprovalStatus="Approved")
    cloud.call("CreateModel", ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer=made)
    cloud.config("c", {"ModelName": "m"})
    cloud.call("CreateEndpoint", EndpointName="e", EndpointConfigName="c")
    cloud.wait("e", "IN_SERVICE")
    assert cloud.invoke(b"x").body == b"mine|x"


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        (
            "CreateEndpointConfig",
            {
                "ProductionVariants": [
                    {
                        "VariantName": "v",
                        "ModelName": "m",
                        "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1, "ProvisionedConcurrency": 1},
                    }
                ]
            },
        ),
        (
            "CreateEndpointConfig",
            {
                "ProductionVariants": [{"VariantName": "v", "ModelName": "m"}],
                "AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://b/k"}},
            },
        ),
    ],
)
def test_what_is_not_emulated_is_refused(cloud: Cloud, operation: str, request_: dict[str, Any]) -> None:
    """Provisioned concurrency and asynchronous inference are refused by name rather than ignored."""
    with pytest.raises(AwsError, match="not emulated by the local cloud"):
        cloud.call(operation, EndpointConfigName="c", **request_)
