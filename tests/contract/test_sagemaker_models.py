"""Models, endpoint configs and model packages: what costs nothing, so a real account is asked too."""

from typing import Any

import pytest

from tests.contract.account import Account, refused
from tests.contract.endpoints import Endpoints
from tests.contract.jobs import Jobs


@pytest.fixture(scope="module")
def model(jobs: Jobs) -> str:
    return jobs.model(VERSION="1")


@pytest.fixture(scope="module")
def config(endpoints: Endpoints, model: str) -> str:
    return endpoints.config({"ModelName": model})


@pytest.fixture(scope="module")
def group(aws: Account) -> str:
    name = aws.name("group")
    aws.client("sagemaker").create_model_package_group(ModelPackageGroupName=name)
    return name


def package(aws: Account, group: str, **more: Any) -> str:
    specification = {
        "Containers": [{"Image": aws.image}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
    request = {"ModelPackageGroupName": group, "InferenceSpecification": specification, **more}
    return str(aws.client("sagemaker").create_model_package(**request)["ModelPackageArn"])


def completed(aws: Account, arn: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        told: dict[str, Any] = aws.client("sagemaker").describe_model_package(ModelPackageName=arn)
        return told if told["ModelPackageStatus"] == "Completed" else None

    return aws.wait_for(look)


def test_a_model_is_described_as_it_was_made(aws: Account, model: str) -> None:
    """DescribeModel gives back the container and the role.

    Source: API Reference, DescribeModel.
    """
    told = aws.client("sagemaker").describe_model(ModelName=model)
    assert told["PrimaryContainer"]["Environment"] == {"VERSION": "1"}
    assert (told["ExecutionRoleArn"], told["ModelArn"]) == (aws.role, aws.arn("sagemaker", f"model/{model}"))


def test_a_models_name_is_taken(aws: Account, model: str) -> None:
    """A second model of a name is a ValidationException that names the first one's ARN.

    Source: users (astronomer/astronomer-providers#1055): the text.
    """
    container = {"Image": aws.image}
    told = refused(
        aws.client("sagemaker").create_model,
        ModelName=model,
        ExecutionRoleArn=aws.role,
        PrimaryContainer=container,
    )
    arn = aws.arn("sagemaker", f"model/{model}")
    assert told == ("ValidationException", f'Cannot create already existing model "{arn}".')


def test_an_unknown_model(aws: Account) -> None:
    """Describing a model that does not exist is a ValidationException with its ARN.

    Source: users: "Could not find model".
    """
    name = aws.name("model")
    code, message = refused(aws.client("sagemaker").describe_model, ModelName=name)
    assert (code, message) == (
        "ValidationException",
        f'Could not find model "{aws.arn("sagemaker", f"model/{name}")}".',
    )


def test_a_models_data_must_be_there(aws: Account) -> None:
    """A model whose ModelDataUrl leads to no object is refused.

    Source: users: "Could not find model data at s3://...".
    """
    container = {"Image": aws.image, "ModelDataUrl": aws.uri("nobody/model.tar.gz")}
    code, message = refused(
        aws.client("sagemaker").create_model,
        ModelName=aws.name("model"),
        ExecutionRoleArn=aws.role,
        PrimaryContainer=container,
    )
    assert (code, message.startswith("Could not find model data at s3://")) == ("ValidationException", True)


def test_a_deleted_models_name_is_free(jobs: Jobs) -> None:
    """The name of a deleted model can be used again, unlike a job's.

    Source: API Reference, DeleteModel; users.
    """
    name = jobs.model()
    for _ in range(2):
        jobs.api.delete_model(ModelName=name)
        jobs.api.create_model(
            ModelName=name, ExecutionRoleArn=jobs.aws.role, PrimaryContainer={"Image": jobs.aws.image}
        )


def test_a_configs_weight_is_one(aws: Account, config: str) -> None:
    """A variant without a weight has 1.0.

    Source: API Reference, ProductionVariant, InitialVariantWeight.
    """
    told = aws.client("sagemaker").describe_endpoint_config(EndpointConfigName=config)
    assert told["ProductionVariants"][0]["InitialVariantWeight"] == 1.0


def test_a_config_cannot_be_changed(aws: Account, config: str, model: str) -> None:
    """A config is immutable: there is no update, and its name is taken.

    Source: botocore's model, which has no UpdateEndpointConfig; users (awslabs/spot-tagging-bot-for-digital-assets#2).
    """
    api = aws.client("sagemaker")
    assert not hasattr(api, "update_endpoint_config")
    variant = {"VariantName": "all", "ModelName": model, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    code, message = refused(api.create_endpoint_config, EndpointConfigName=config, ProductionVariants=[variant])
    arn = aws.arn("sagemaker", f"endpoint-config/{config}")
    assert (code, message) == ("ValidationException", f'Cannot create already existing endpoint configuration "{arn}".')


def test_a_config_needs_its_model(endpoints: Endpoints) -> None:
    """A config of a model that does not exist is refused.

    Source: users: "Could not find model".
    """
    with pytest.raises(endpoints.api.exceptions.ClientError, match='Could not find model "arn'):
        endpoints.config({"ModelName": endpoints.aws.name("nobody")})


@pytest.mark.parametrize("serverless", [{"MemorySizeInMB": 1025}, {"MemorySizeInMB": 7168}, {"MaxConcurrency": 201}])
def test_serverless_limits(endpoints: Endpoints, model: str, serverless: dict[str, int]) -> None:
    """A serverless variant has 1024 to 6144 MB in steps of 1024, and at most 200 invocations at once.

    Source: botocore's model, ProductionVariantServerlessConfig; Developer Guide, "Serverless Inference".
    """
    wish = {"MemorySizeInMB": 2048, "MaxConcurrency": 1, **serverless}
    with pytest.raises(endpoints.api.exceptions.ClientError) as error:
        endpoints.config({"ModelName": model, "ServerlessConfig": wish})
    assert error.value.response["Error"]["Code"] == "ValidationException"


def test_serverless_variants_are_alone(endpoints: Endpoints, model: str) -> None:
    """A config has one serverless variant and nothing beside it.

    Source: Developer Guide, "Serverless Inference", Feature exclusions; the words are ours.
    """
    wish = {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 1}, "ModelName": model}
    with pytest.raises(endpoints.api.exceptions.ClientError) as error:
        endpoints.config(wish, {**wish, "VariantName": "other"})
    assert error.value.response["Error"]["Code"] == "ValidationException"


def test_versions_count_from_one(aws: Account, group: str) -> None:
    """The packages of a group are versions from 1, and one that was deleted is not given again.

    Source: API Reference, CreateModelPackage; that a number is not given again is ours.
    """
    first, second = package(aws, group), package(aws, group)
    assert (first.rpartition("/")[2], second.rpartition("/")[2]) == ("1", "2")
    completed(aws, second)
    aws.client("sagemaker").delete_model_package(ModelPackageName=second)
    assert package(aws, group).endswith("/3")


def test_a_token_makes_it_once(aws: Account, group: str) -> None:
    """CreateModelPackage with the same ClientToken gives the same version.

    Source: botocore's model, ClientToken: "A unique token that guarantees that the call to this API is idempotent".
    """
    token = aws.name("token")[-36:]
    assert package(aws, group, ClientToken=token) == package(aws, group, ClientToken=token)


def test_a_package_waits_for_approval(aws: Account, group: str) -> None:
    """A version is PendingManualApproval until somebody approves it.

    Source: API Reference, CreateModelPackage, ModelApprovalStatus, and UpdateModelPackage.
    """
    arn = package(aws, group)
    assert completed(aws, arn)["ModelApprovalStatus"] == "PendingManualApproval"
    aws.client("sagemaker").update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    assert completed(aws, arn)["ModelApprovalStatus"] == "Approved"


def test_the_newest_approved_version(aws: Account, group: str) -> None:
    """ListModelPackages finds a group's approved versions, the newest first when asked so.

    Source: API Reference, ListModelPackages.
    """
    arns = [package(aws, group, ModelApprovalStatus="Approved") for _ in range(2)]
    for arn in arns:
        completed(aws, arn)
    found = aws.client("sagemaker").list_model_packages(
        ModelPackageGroupName=group,
        ModelApprovalStatus="Approved",
        SortBy="CreationTime",
        SortOrder="Descending",
        MaxResults=1,
    )["ModelPackageSummaryList"]
    assert [each["ModelPackageArn"] for each in found] == arns[1:]


def test_tags_belong_to_the_group(aws: Account, group: str) -> None:
    """Tags of a version in a group are refused: the group has them.

    Source: botocore's model, CreateModelPackage, Tags.
    """
    with pytest.raises(aws.client("sagemaker").exceptions.ClientError) as error:
        package(aws, group, Tags=[{"Key": "a", "Value": "b"}])
    assert error.value.response["Error"]["Code"] == "ValidationException"


def test_lists_come_in_pages(endpoints: Endpoints, jobs: Jobs) -> None:
    """ListModels gives each model once over its pages, found by a part of the name.

    Source: API Reference, ListModels.
    """
    made = {jobs.model() for _ in range(3)}
    pages = endpoints.api.get_paginator("list_models").paginate(
        NameContains=jobs.aws.run, PaginationConfig={"PageSize": 2}
    )
    names = [each["ModelName"] for page in pages for each in page["Models"]]
    assert made <= set(names)
    assert len(names) == len(set(names))
