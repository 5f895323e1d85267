"""The contract with moto: what the local cloud uses of it, over the wire with boto3, for the pinned version."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.backends import get_backend

from localcloud.cloud import Cloud
from localcloud.settings import Settings

REGION = "eu-central-1"
TABLE = {
    "TableName": "ledger",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


@pytest.fixture
def s3(cloud: Any) -> Any:
    client = cloud.client("s3")
    client.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    return client


@pytest.mark.parametrize("key", ["plain", "with space", "a+b%20c/ü/=&?#", "//double", "dots/../in"])
def test_put_and_get(s3: Any, key: str) -> None:
    """An object comes back under the key it was stored under, whatever the key holds."""
    s3.put_object(Bucket="bucket", Key=key, Body=b"content", Metadata={"own_name": "1"}, ContentType="text/csv")
    answer = s3.get_object(Bucket="bucket", Key=key)
    assert answer["Body"].read() == b"content"
    assert (answer["ContentType"], answer["Metadata"]) == ("text/csv", {"own_name": "1"})
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket="bucket")["Contents"]] == [key]


def test_ranges_and_missing(s3: Any) -> None:
    """Ranges are cut, a missing key is NoSuchKey, and HEAD says 404."""
    s3.put_object(Bucket="bucket", Key="k", Body=b"0123456789")
    assert s3.get_object(Bucket="bucket", Key="k", Range="bytes=2-4")["Body"].read() == b"234"
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket="bucket", Key="missing")
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket="bucket", Key="missing")


def test_conditional_put(s3: Any) -> None:
    """The second writer who asks for a new key is refused."""
    s3.put_object(Bucket="bucket", Key="once", Body=b"1", IfNoneMatch="*")
    with pytest.raises(ClientError) as refused:
        s3.put_object(Bucket="bucket", Key="once", Body=b"2", IfNoneMatch="*")
    assert refused.value.response["Error"]["Code"] == "PreconditionFailed"
    assert s3.get_object(Bucket="bucket", Key="once")["Body"].read() == b"1"


def test_versioning_and_copy_of_a_version(s3: Any) -> None:
    """A version stays readable under its id, and can be copied after the key was overwritten."""
    s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket="bucket", Key="k", Body=b"first")["VersionId"]
    s3.put_object(Bucket="bucket", Key="k", Body=b"second")
    source = {"Bucket": "bucket", "Key": "k", "VersionId": first}
    s3.copy_object(Bucket="bucket", Key="copy", CopySource=source)
    assert s3.get_object(Bucket="bucket", Key="copy")["Body"].read() == b"first"
    assert s3.get_object(Bucket="bucket", Key="k")["Body"].read() == b"second"


def test_multipart(s3: Any) -> None:
    """Parts are joined in their order."""
    upload = s3.create_multipart_upload(Bucket="bucket", Key="big")["UploadId"]
    parts = []
    for number, body in enumerate([b"a" * 5_242_880, b"b"], start=1):
        etag = s3.upload_part(Bucket="bucket", Key="big", UploadId=upload, PartNumber=number, Body=body)["ETag"]
        parts.append({"PartNumber": number, "ETag": etag})
    s3.complete_multipart_upload(Bucket="bucket", Key="big", UploadId=upload, MultipartUpload={"Parts": parts})
    assert s3.head_object(Bucket="bucket", Key="big")["ContentLength"] == 5_242_881


def test_dynamodb_conditional_write(cloud: Any) -> None:
    """Of two writers who ask for a new item, one is refused; counters count."""
    dynamodb = cloud.client("dynamodb")
    dynamodb.create_table(**TABLE)
    put = {"TableName": "ledger", "Item": {"pk": {"S": "a"}}, "ConditionExpression": "attribute_not_exists(pk)"}
    dynamodb.put_item(**put)
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException):
        dynamodb.put_item(**put)
    dynamodb.update_item(
        TableName="ledger",
        Key={"pk": {"S": "a"}},
        UpdateExpression="ADD n :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )
    assert dynamodb.get_item(TableName="ledger", Key={"pk": {"S": "a"}})["Item"]["n"] == {"N": "1"}


def test_sqs(cloud: Any) -> None:
    """A message sent is received, and gone when deleted."""
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="letters")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    message = sqs.receive_message(QueueUrl=url)["Messages"][0]
    assert message["Body"] == "hello"
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_sts_and_iam(cloud: Any) -> None:
    """The account is the documented one, and roles can be made."""
    assert cloud.client("sts").get_caller_identity()["Account"] == "123456789012"
    iam = cloud.client("iam")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}')
    assert iam.get_role(RoleName="r")["Role"]["Arn"] == "arn:aws:iam::123456789012:role/r"


def test_cloudformation(cloud: Any) -> None:
    """A template makes what it declares."""
    template = {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "made"}}}}
    cloud.client("cloudformation").create_stack(StackName="stack", TemplateBody=json.dumps(template))
    cloud.client("s3").head_bucket(Bucket="made")


@pytest.mark.usefixtures("s3")
def test_presigned(cloud: Any) -> None:
    """An object is stored and read by presigned addresses, without another signature."""
    for version in ("s3v4", "s3"):
        signer = cloud.client("s3", signature_version=version)
        parameters = {"Bucket": "bucket", "Key": f"signed {version}"}
        put = signer.generate_presigned_url("put_object", parameters).removeprefix(cloud.cloud.endpoint_url)
        get = signer.generate_presigned_url("get_object", parameters).removeprefix(cloud.cloud.endpoint_url)
        assert cloud.request("PUT", put, b"content")[0] == 200
        assert cloud.request("GET", get)[2] == b"content"


def test_other_notification_targets_are_refused(s3: Any) -> None:
    """A notification to a queue, which nobody would deliver, is refused instead of accepted."""
    target = {"QueueArn": "arn:aws:sqs:eu-central-1:123456789012:q", "Events": ["s3:ObjectCreated:*"]}
    with pytest.raises(ClientError, match="EventBridge only"):
        s3.put_bucket_notification_configuration(
            Bucket="bucket", NotificationConfiguration={"QueueConfigurations": [target]}
        )


def test_controls_are_out_of_reach(cloud: Any, s3: Any) -> None:
    """Nobody resets moto through the front door: not by moto's own path, signed or not."""
    s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=a/20260102/us-east-1/s3/aws4_request, Signature=0"}
    assert cloud.request("POST", "/moto-api/reset", headers=signed)[0] == 501
    assert cloud.request("POST", "/moto-api/reset")[0] == 403
    assert s3.get_object(Bucket="bucket", Key="k")["Body"].read() == b"x"


def test_a_new_cloud_is_empty(start_cloud: Any) -> None:
    """What a cloud before it in this process held is gone."""
    first = start_cloud()
    first.client("s3").create_bucket(Bucket="left", CreateBucketConfiguration={"LocationConstraint": REGION})
    first.cloud.stop()
    assert start_cloud().client("s3").list_buckets()["Buckets"] == []


def test_moto_announces_nothing_itself(cloud: Any) -> None:
    """A rule that only moto knows, made by a template, gets no event from moto's S3."""
    sqs, s3 = cloud.client("sqs"), cloud.eventbridge_bucket("bucket")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rule = {"EventPattern": {"source": ["aws.s3"]}, "State": "ENABLED", "Targets": [{"Arn": arn, "Id": "q"}]}
    template = json.dumps({"Resources": {"Rule": {"Type": "AWS::Events::Rule", "Properties": rule}}})
    cloud.client("cloudformation").create_stack(StackName="stack", TemplateBody=template)
    s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_a_stopped_cloud_leaves_nothing(tmp_path: Path) -> None:
    """What a cloud held is gone when it stops: another user of moto in the same process meets none of it."""
    with Cloud(Settings(state=tmp_path, port=0)) as cloud:
        client: Any = boto3.client("s3", endpoint_url=cloud.endpoint_url, region_name="us-east-1")
        client.create_bucket(Bucket="left-behind")
    assert "left-behind" not in get_backend("s3")["123456789012"]["aws"].buckets
