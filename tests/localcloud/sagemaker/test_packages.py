from typing import Any

import pytest

from localcloud.errors import AwsError
from tests.localcloud.sagemaker.clouds import Cloud

SPECIFICATION = {
    "Containers": [{"Image": "server"}],
    "SupportedContentTypes": ["application/json"],
    "SupportedResponseMIMETypes": ["application/json"],
}


def make(cloud: Cloud, group: str = "Group", **more: Any) -> str:
    request = {"ModelPackageGroupName": group, "InferenceSpecification": SPECIFICATION, **more}
    arn: str = cloud.call("CreateModelPackage", **request)["ModelPackageArn"]
    return arn


@pytest.fixture
def group(cloud: Cloud) -> str:
    arn: str = cloud.call("CreateModelPackageGroup", ModelPackageGroupName="Group")["ModelPackageGroupArn"]
    return arn


@pytest.mark.usefixtures("group")
def test_versions_count_up_and_are_described(cloud: Cloud) -> None:
    """Versions are numbered from one, complete soon after, and keep what was registered."""
    first, second = make(cloud), make(cloud, CustomerMetadataProperties={"run_id": "7"})
    assert first == "arn:aws:sagemaker:eu-west-1:123456789012:model-package/group/1"
    assert second.endswith("/2")
    cloud.wait(second, "Completed")
    told = cloud.call("DescribeModelPackage", ModelPackageName=second)
    assert (told["ModelPackageGroupName"], told["ModelPackageVersion"]) == ("Group", 2)
    assert told["ModelApprovalStatus"] == "PendingManualApproval"
    assert told["CustomerMetadataProperties"] == {"run_id": "7"}
    cloud.call("DeleteModelPackage", ModelPackageName=second)
    assert make(cloud).endswith("/3")


@pytest.mark.usefixtures("group")
def test_a_token_makes_a_call_repeatable(cloud: Cloud) -> None:
    """The same ClientToken gives the same version; with other parameters it is a conflict."""
    first = make(cloud, ClientToken="t", ModelPackageDescription="a")
    assert make(cloud, ClientToken="t", ModelPackageDescription="a") == first
    with pytest.raises(AwsError) as refused:
        make(cloud, ClientToken="t", ModelPackageDescription="b")
    assert refused.value.code == "ConflictException"
    assert make(cloud, ClientToken="u").endswith("/2")


@pytest.mark.usefixtures("group")
def test_every_change_of_state_is_an_event(cloud: Cloud) -> None:
    """Pending, Completed and each approval are told once, in AWS's shape; a change of metadata is not."""
    arn = make(cloud)
    cloud.wait(arn, "Completed")
    cloud.call("UpdateModelPackage", ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="fine")
    cloud.call("UpdateModelPackage", ModelPackageArn=arn, CustomerMetadataProperties={"a": "b"})
    states = [(each["ModelPackageStatus"], each["ModelApprovalStatus"]) for each in cloud.details(arn)]
    assert states == [
        ("Pending", "PendingManualApproval"),
        ("Completed", "PendingManualApproval"),
        ("Completed", "Approved"),
    ]
    event = cloud.events[-1]
    assert event["detail_type"] == "SageMaker Model Package State Change"
    assert event["detail"]["ModelPackageGroupName"] == "Group"
    told = cloud.call("DescribeModelPackage", ModelPackageName=arn)
    assert (told["ApprovalDescription"], told["CustomerMetadataProperties"]) == ("fine", {"a": "b"})


@pytest.mark.usefixtures("group")
def test_a_group_is_listed_by_approval_and_order(cloud: Cloud) -> None:
    """The newest approved version of a group is the first of its list, and other groups are not in it."""
    cloud.call("CreateModelPackageGroup", ModelPackageGroupName="Other")
    arns = [make(cloud, ModelApprovalStatus="Approved") for _ in range(11)]
    make(cloud, "Other")
    make(cloud)
    answer = cloud.call(
        "ListModelPackages", ModelPackageGroupName="Group", ModelApprovalStatus="Approved", SortOrder="Descending"
    )
    listed = [each["ModelPackageArn"] for each in answer["ModelPackageSummaryList"]]
    assert listed == arns[:0:-1]
    first = cloud.call("DescribeModelPackage", ModelPackageName=arns[4])["CreationTime"]
    later = cloud.call("ListModelPackages", ModelPackageGroupName="Group", CreationTimeAfter=first, MaxResults=100)
    assert [each["ModelPackageVersion"] for each in later["ModelPackageSummaryList"]] == [6, 7, 8, 9, 10, 11, 12]


def test_what_a_version_needs(cloud: Cloud, group: str) -> None:
    """The group must exist, tags belong to the group, and a group with versions stays."""
    with pytest.raises(AwsError, match="does not exist"):
        make(cloud, "nobody")
    with pytest.raises(AwsError, match="Tags cannot be provided"):
        make(cloud, Tags=[{"Key": "a", "Value": "b"}])
    with pytest.raises(AwsError, match="already exists"):
        cloud.call("CreateModelPackageGroup", ModelPackageGroupName="Group")
    make(cloud)
    with pytest.raises(AwsError, match="still has model packages"):
        cloud.call("DeleteModelPackageGroup", ModelPackageGroupName="Group")
    cloud.call("AddTags", ResourceArn=group, Tags=[{"Key": "a", "Value": "b"}, {"Key": "c", "Value": "d"}])
    cloud.call("DeleteTags", ResourceArn=group, TagKeys=["c"])
    assert cloud.call("ListTags", ResourceArn=group)["Tags"] == [{"Key": "a", "Value": "b"}]
