import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

REGION = "eu-central-1"
ARN = f"arn:aws:sqs:{REGION}:123456789012:"


@pytest.fixture
def sqs(cloud: Any) -> Any:
    return cloud.client("sqs")


def attributes(sqs: Any, url: str, *names: str) -> dict[str, str]:
    found: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names or ("All",))["Attributes"]
    return found


def code(refused: Any) -> str:
    found: str = refused.value.response["Error"]["Code"]
    return found


def test_a_queue_has_a_url_and_an_arn(cloud: Any, sqs: Any) -> None:
    """A queue's URL is where the cloud answers, with account and name; its ARN names region, account and queue."""
    url = sqs.create_queue(QueueName="letters")["QueueUrl"]
    assert url == f"{cloud.cloud.endpoint_url}/123456789012/letters"
    assert sqs.get_queue_url(QueueName="letters")["QueueUrl"] == url
    assert attributes(sqs, url, "QueueArn") == {"QueueArn": ARN + "letters"}


def test_a_queue_that_is_not_there(sqs: Any) -> None:
    """A queue that is not there is QueueDoesNotExist, with the code of the query protocol that boto3 shows."""
    calls: list[Any] = [
        lambda: sqs.get_queue_url(QueueName="none"),
        lambda: sqs.send_message(QueueUrl="http://127.0.0.1:1/123456789012/none", MessageBody="a"),
    ]
    for call in calls:
        with pytest.raises(sqs.exceptions.QueueDoesNotExist) as refused:
            call()
        assert code(refused) == "AWS.SimpleQueueService.NonExistentQueue"


def test_only_the_name_in_a_url_counts(sqs: Any) -> None:
    """A URL that a cloud on another port gave is good."""
    sqs.create_queue(QueueName="letters")
    sqs.send_message(QueueUrl="http://127.0.0.1:1/123456789012/letters", MessageBody="a")
    assert attributes(sqs, "http://localhost/123456789012/letters")["ApproximateNumberOfMessages"] == "1"


def test_the_same_queue_again(sqs: Any) -> None:
    """A queue made again with the same attributes is the one that is there; other attributes are QueueNameExists."""
    first = sqs.create_queue(QueueName="a", Attributes={"VisibilityTimeout": "5"})["QueueUrl"]
    assert sqs.create_queue(QueueName="a", Attributes={"VisibilityTimeout": "5"})["QueueUrl"] == first
    assert sqs.create_queue(QueueName="a", Attributes={"DelaySeconds": "0"})["QueueUrl"] == first
    with pytest.raises(sqs.exceptions.QueueNameExists) as refused:
        sqs.create_queue(QueueName="a", Attributes={"VisibilityTimeout": "6"})
    assert code(refused) == "QueueAlreadyExists"


def test_defaults(sqs: Any) -> None:
    """Attributes nobody set have the documented defaults, the size of 1 MiB among them."""
    found = attributes(sqs, sqs.create_queue(QueueName="a")["QueueUrl"])
    wanted = {
        "DelaySeconds": "0",
        "MaximumMessageSize": "1048576",
        "MessageRetentionPeriod": "345600",
        "ReceiveMessageWaitTimeSeconds": "0",
        "VisibilityTimeout": "30",
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesNotVisible": "0",
        "ApproximateNumberOfMessagesDelayed": "0",
    }
    assert wanted.items() <= found.items()


@pytest.mark.parametrize(
    ("name", "value", "refusal"),
    [
        ("DelaySeconds", "901", "InvalidAttributeValue"),
        ("DelaySeconds", "-1", "InvalidAttributeValue"),
        ("DelaySeconds", "soon", "InvalidAttributeValue"),
        ("MaximumMessageSize", "1023", "InvalidAttributeValue"),
        ("MaximumMessageSize", "1048577", "InvalidAttributeValue"),
        ("MessageRetentionPeriod", "59", "InvalidAttributeValue"),
        ("MessageRetentionPeriod", "1209601", "InvalidAttributeValue"),
        ("ReceiveMessageWaitTimeSeconds", "21", "InvalidAttributeValue"),
        ("VisibilityTimeout", "43201", "InvalidAttributeValue"),
        ("SqsManagedSseEnabled", "yes", "InvalidAttributeValue"),
        ("Policy", "no JSON", "InvalidAttributeValue"),
        ("QueueArn", "arn", "InvalidAttributeName"),
        ("FifoQueue", "true", "InvalidAttributeName"),
        ("ContentBasedDeduplication", "true", "InvalidAttributeName"),
        ("KmsMasterKeyId", "alias/aws/sqs", "ValidationException"),
        ("RedrivePolicy", "{}", "InvalidParameterValue"),
        ("RedrivePolicy", json.dumps({"deadLetterTargetArn": ARN + "none"}), "InvalidParameterValue"),
        (
            "RedrivePolicy",
            json.dumps({"deadLetterTargetArn": ARN + "a", "maxReceiveCount": 0}),
            "InvalidParameterValue",
        ),
        ("RedriveAllowPolicy", '{"redrivePermission": "some"}', "InvalidParameterValue"),
    ],
)
def test_attributes_that_cannot_be(sqs: Any, name: str, value: str, refusal: str) -> None:
    """Values out of bounds and attributes that nobody sets are refused, and nothing is set (API Reference)."""
    url = sqs.create_queue(QueueName="a")["QueueUrl"]
    before = attributes(sqs, url)
    with pytest.raises(ClientError) as refused:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={name: value})
    assert code(refused) == refusal
    assert attributes(sqs, url) == before


@pytest.mark.parametrize("name", ["with space", "a" * 81, "a.b", "a.fifo", "ü"])
def test_names_that_cannot_be(sqs: Any, name: str) -> None:
    """A name has 80 letters, digits, hyphens and underscores at most; .fifo is for FIFO queues."""
    with pytest.raises(ClientError) as refused:
        sqs.create_queue(QueueName=name)
    assert code(refused) == "InvalidParameterValue"


def test_a_queue_is_not_made_with_bad_attributes(sqs: Any) -> None:
    """What is refused leaves no queue."""
    policy = json.dumps({"deadLetterTargetArn": ARN + "none", "maxReceiveCount": 3})
    with pytest.raises(ClientError):
        sqs.create_queue(QueueName="a", Attributes={"RedrivePolicy": policy})
    assert "QueueUrls" not in sqs.list_queues()


def test_attributes_are_set_and_removed(sqs: Any) -> None:
    """Set attributes are shown; an empty policy is removed."""
    url, target = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("a", "dead"))
    policy = {"deadLetterTargetArn": ARN + "dead", "maxReceiveCount": "3"}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": json.dumps(policy), "DelaySeconds": "007"})
    found = attributes(sqs, url)
    assert json.loads(found["RedrivePolicy"]) == {"deadLetterTargetArn": ARN + "dead", "maxReceiveCount": 3}
    assert found["DelaySeconds"] == "7"
    assert sqs.list_dead_letter_source_queues(QueueUrl=target)["queueUrls"] == [url]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": ""})
    assert "RedrivePolicy" not in attributes(sqs, url)


def test_a_dead_letter_queue_may_refuse(sqs: Any) -> None:
    """A queue that lets nobody, or others only, send dead letters to it is refused as a target (API Reference)."""
    url = sqs.create_queue(QueueName="a")["QueueUrl"]
    policy = json.dumps({"deadLetterTargetArn": ARN + "dead", "maxReceiveCount": 3})
    allow = {"redrivePermission": "denyAll"}
    dead = sqs.create_queue(QueueName="dead", Attributes={"RedriveAllowPolicy": json.dumps(allow)})["QueueUrl"]
    with pytest.raises(ClientError, match="redrive"):
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": policy})
    by_queue = json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [ARN + "a"]})
    sqs.set_queue_attributes(QueueUrl=dead, Attributes={"RedriveAllowPolicy": by_queue})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": policy})


def test_lists(cloud: Any, sqs: Any) -> None:
    """Queues are listed by region and prefix, in pages for who asks for them."""
    urls = [sqs.create_queue(QueueName=f"a{number}")["QueueUrl"] for number in range(5)]
    sqs.create_queue(QueueName="b")
    cloud.client("sqs", region="us-east-1").create_queue(QueueName="a9")
    assert sqs.list_queues(QueueNamePrefix="a")["QueueUrls"] == urls
    pages = sqs.get_paginator("list_queues").paginate(QueueNamePrefix="a", PaginationConfig={"PageSize": 2})
    assert [page["QueueUrls"] for page in pages] == [urls[:2], urls[2:4], urls[4:]]


def test_tags(sqs: Any) -> None:
    """Tags given at the making and later are shown, and taken away by their keys."""
    url = sqs.create_queue(QueueName="a", tags={"one": "1", "two": "2"})["QueueUrl"]
    sqs.tag_queue(QueueUrl=url, Tags={"two": "3", "four": "4"})
    sqs.untag_queue(QueueUrl=url, TagKeys=["one", "none"])
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"two": "3", "four": "4"}


def test_a_deleted_queue_is_gone_with_its_messages(sqs: Any) -> None:
    """A queue of the same name that is made later has none of the old one's messages."""
    url = sqs.create_queue(QueueName="a")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="old")
    sqs.delete_queue(QueueUrl=url)
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        attributes(sqs, url)
    sqs.create_queue(QueueName="a")
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_what_is_not_emulated(sqs: Any) -> None:
    """Permissions and move tasks are refused in so many words."""
    url = sqs.create_queue(QueueName="a")["QueueUrl"]
    calls: list[Any] = [
        lambda: sqs.add_permission(QueueUrl=url, Label="l", AWSAccountIds=["1"], Actions=["*"]),
        lambda: sqs.start_message_move_task(SourceArn=ARN + "a"),
    ]
    for call in calls:
        with pytest.raises(ClientError) as refused:
            call()
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
