from typing import Any

import pytest
from botocore.exceptions import ClientError


def code(call: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call()
    found: str = refused.value.response["Error"]["Code"]
    return found


@pytest.mark.parametrize("name", ["aB", "Upper-case", "a..b", "-a-", "under_score", "192.168.1.1", "a" * 64])
def test_names(bucket: Any, name: str) -> None:
    """A bucket's name follows S3's rules (S3 User Guide, "Bucket naming rules")."""
    status, body = bucket.send("PUT", f"/{name}")
    assert (status, b"InvalidBucketName" in body) == (400, True)


def test_regions(bucket: Any) -> None:
    """A bucket is made in the region that the request is for; us-east-1 makes them anywhere (API Reference)."""
    s3, name = bucket.s3, f"{bucket.name}-r"
    elsewhere = {"LocationConstraint": "eu-west-1"}
    wrong = {"LocationConstraint": "us-east-1"}
    assert code(lambda: s3.create_bucket(Bucket=name, CreateBucketConfiguration=wrong)) == "InvalidLocationConstraint"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration=elsewhere)
    assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] == "eu-west-1"
    assert s3.head_bucket(Bucket=name)["BucketRegion"] == "eu-west-1"
    assert code(lambda: s3.create_bucket(Bucket=name)) == "BucketAlreadyOwnedByYou"
    assert s3.get_bucket_location(Bucket=bucket.name)["LocationConstraint"] is None
    s3.create_bucket(Bucket=bucket.name)  # us-east-1 says yes again, as it always did


def test_the_region_of_the_request(cloud: Any) -> None:
    """Another region than us-east-1 makes buckets of its own only."""
    s3 = cloud.client("s3", region="eu-west-1")
    illegal = "IllegalLocationConstraintException"
    assert code(lambda: s3.create_bucket(Bucket="one-here")) == illegal
    other = {"LocationConstraint": "eu-west-2"}
    assert code(lambda: s3.create_bucket(Bucket="one-here", CreateBucketConfiguration=other)) == illegal
    own = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket="one-here", CreateBucketConfiguration=own)
    assert code(lambda: s3.create_bucket(Bucket="one-here", CreateBucketConfiguration=own)) == "BucketAlreadyOwnedByYou"


def test_deleting(bucket: Any) -> None:
    """Only an empty bucket is deleted, with its configurations."""
    bucket.call("put_bucket_tagging", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    bucket.keep_versions()
    version = bucket.put("k")["VersionId"]
    marker = bucket.call("delete_object", Key="k")["VersionId"]
    assert bucket.refused("delete_bucket") == (409, "BucketNotEmpty")
    for each in (version, marker):
        bucket.call("delete_object", Key="k", VersionId=each)
    bucket.call("delete_bucket")
    assert bucket.refused("head_bucket") == (404, "404")
    bucket.s3.create_bucket(Bucket=bucket.name)
    assert bucket.refused("get_bucket_tagging") == (404, "NoSuchTagSet")
    assert "Status" not in bucket.call("get_bucket_versioning")


def test_listing(bucket: Any) -> None:
    """Buckets are listed by name, in pages: API Reference, "ListBuckets"."""
    names = sorted(f"{bucket.name[:40]}-{number}" for number in range(3))
    for name in names:
        bucket.s3.create_bucket(Bucket=name)
    assert {*names, bucket.name} <= {entry["Name"] for entry in bucket.s3.list_buckets()["Buckets"]}
    pages = bucket.s3.get_paginator("list_buckets").paginate(
        Prefix=f"{bucket.name[:40]}-", PaginationConfig={"PageSize": 2}
    )
    listed = [entry for page in pages for entry in page["Buckets"]]
    assert [(entry["Name"], entry["BucketRegion"]) for entry in listed] == [(name, "us-east-1") for name in names]


CONFIGURATIONS = [
    (
        "bucket_encryption",
        "ServerSideEncryptionConfiguration",
        {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]},
        "ServerSideEncryptionConfigurationNotFoundError",
    ),
    (
        "bucket_lifecycle_configuration",
        "LifecycleConfiguration",
        {"Rules": [{"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "a/"}, "Expiration": {"Days": 30}}]},
        "NoSuchLifecycleConfiguration",
    ),
    (
        "public_access_block",
        "PublicAccessBlockConfiguration",
        {"BlockPublicAcls": True, "IgnorePublicAcls": False},
        "NoSuchPublicAccessBlockConfiguration",
    ),
    (
        "bucket_ownership_controls",
        "OwnershipControls",
        {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "OwnershipControlsNotFoundError",
    ),
    (
        "bucket_cors",
        "CORSConfiguration",
        {"CORSRules": [{"AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["*"]}]},
        "NoSuchCORSConfiguration",
    ),
    ("bucket_policy", "Policy", '{"Version": "2012-10-17", "Statement": []}', "NoSuchBucketPolicy"),
    ("bucket_tagging", "Tagging", {"TagSet": [{"Key": "a", "Value": "<&>"}]}, "NoSuchTagSet"),
]


@pytest.mark.parametrize(("name", "member", "value", "missing"), CONFIGURATIONS)
def test_configurations(bucket: Any, name: str, member: str, value: Any, missing: str) -> None:
    """A configuration without effect here comes back as it went in, and is gone when it is deleted (ours)."""
    assert bucket.refused(f"get_{name}") == (404, missing)
    bucket.call(f"put_{name}", **{member: value})
    answer = bucket.call(f"get_{name}")
    assert answer.get(member, {part: answer.get(part) for part in value}) == value
    bucket.call(f"delete_{name.removesuffix('_configuration')}")
    assert bucket.refused(f"get_{name}") == (404, missing)


@pytest.mark.parametrize(
    "body", [b"", b"text", b"<Other/>", b"<Tagging/>", b'<!DOCTYPE x [<!ENTITY a "b">]><Tagging><TagSet/></Tagging>']
)
def test_malformed_documents(bucket: Any, body: bytes) -> None:
    """A body that is not the document its operation takes is MalformedXML."""
    status, answer = bucket.send("PUT", f"/{bucket.name}?tagging", body)
    assert (status, b"<Code>MalformedXML</Code>" in answer) == (400, True)


def test_notifications(bucket: Any) -> None:
    """EventBridge is switched on and off; a target that nobody would deliver to is refused instead of accepted."""
    assert "EventBridgeConfiguration" not in bucket.call("get_bucket_notification_configuration")
    bucket.announce()
    assert bucket.call("get_bucket_notification_configuration")["EventBridgeConfiguration"] == {}
    target = {"QueueArn": "arn:aws:sqs:us-east-1:123456789012:q", "Events": ["s3:ObjectCreated:*"]}
    with pytest.raises(ClientError, match="EventBridge only"):
        bucket.call(
            "put_bucket_notification_configuration", NotificationConfiguration={"QueueConfigurations": [target]}
        )
    bucket.call("put_bucket_notification_configuration", NotificationConfiguration={})
    assert "EventBridgeConfiguration" not in bucket.call("get_bucket_notification_configuration")


def test_other_methods(bucket: Any) -> None:
    """A method that no operation has is not allowed."""
    status, body = bucket.send("POST", f"/{bucket.name}/k")
    assert (status, b"MethodNotAllowed" in body) == (405, True)
