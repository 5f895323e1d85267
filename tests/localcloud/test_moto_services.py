"""The contract with moto: what the local cloud uses of it, over the wire with boto3, for the pinned version."""

import json
import time
from pathlib import Path
from typing import Any

import boto3
import pytest
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


def test_sns_to_sqs(cloud: Any) -> None:
    """A topic delivers to a subscribed queue."""
    sqs, sns = cloud.client("sqs"), cloud.client("sns")
    url = sqs.create_queue(QueueName="alarms")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    sns.publish(TopicArn=topic, Message="hello")
    body = json.loads(sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"])
    assert (body["Message"], body["TopicArn"]) == ("hello", topic)


def test_sts_and_iam(cloud: Any) -> None:
    """The account is the documented one, and roles can be made."""
    assert cloud.client("sts").get_caller_identity()["Account"] == "123456789012"
    iam = cloud.client("iam")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}')
    assert iam.get_role(RoleName="r")["Role"]["Arn"] == "arn:aws:iam::123456789012:role/r"


def test_logs(cloud: Any) -> None:
    """Log events written are read back, a group's name with slashes included."""
    logs = cloud.client("logs")
    now = int(time.time() * 1000)  # AWS drops what is older than two weeks
    logs.create_log_group(logGroupName="/aws/a")
    logs.create_log_stream(logGroupName="/aws/a", logStreamName="s")
    logs.put_log_events(logGroupName="/aws/a", logStreamName="s", logEvents=[{"timestamp": now, "message": "hello"}])
    found = logs.get_log_events(logGroupName="/aws/a", logStreamName="s")["events"]
    assert [event["message"] for event in found] == ["hello"]


def test_cloudformation(cloud: Any) -> None:
    """A template makes what it declares."""
    template = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "made"}}}}
    cloud.client("cloudformation").create_stack(StackName="stack", TemplateBody=json.dumps(template))
    assert cloud.client("sqs").get_queue_url(QueueName="made")["QueueUrl"].endswith("/made")


def test_controls_are_out_of_reach(cloud: Any) -> None:
    """Nobody resets moto through the front door: not by moto's own path, signed or not."""
    cloud.client("sqs").create_queue(QueueName="kept")
    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=a/20260102/us-east-1/sqs/aws4_request, Signature=0"}
    assert cloud.request("POST", "/moto-api/reset", headers=signed)[0] == 501
    assert cloud.request("POST", "/moto-api/reset")[0] == 403
    assert len(cloud.client("sqs").list_queues()["QueueUrls"]) == 1


def test_a_new_cloud_is_empty(start_cloud: Any) -> None:
    """What a cloud before it in this process held is gone."""
    first = start_cloud()
    first.client("sqs").create_queue(QueueName="left")
    first.cloud.stop()
    assert "QueueUrls" not in start_cloud().client("sqs").list_queues()


def test_a_stopped_cloud_leaves_nothing(tmp_path: Path) -> None:
    """What a cloud held is gone when it stops: another user of moto in the same process meets none of it."""
    with Cloud(Settings(state=tmp_path, port=0)) as cloud:
        client: Any = boto3.client("sqs", endpoint_url=cloud.endpoint_url, region_name="us-east-1")
        client.create_queue(QueueName="left-behind")
    assert "left-behind" not in get_backend("sqs")["123456789012"]["us-east-1"].queues
