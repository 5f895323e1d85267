"""SNS's API over the wire. Source of each rule: SNS API Reference, the page of the operation that its test names."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

ACCOUNT = "arn:aws:sns:eu-central-1:123456789012"
QUEUE = "arn:aws:sqs:eu-central-1:123456789012:q"


@pytest.fixture
def sns(cloud: Any) -> Any:
    return cloud.client("sns")


@pytest.fixture
def topic(sns: Any) -> str:
    arn: str = sns.create_topic(Name="alarms")["TopicArn"]
    return arn


def code_of(call: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call(**request)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_topic_is_made_once(sns: Any, topic: str) -> None:
    """CreateTopic gives the same topic for the same name, and refuses other attributes or tags for it."""
    assert topic == f"{ACCOUNT}:alarms"
    assert sns.create_topic(Name="alarms")["TopicArn"] == topic
    for more in ({"Attributes": {"DisplayName": "other"}}, {"Tags": [{"Key": "k", "Value": "v"}]}):
        assert code_of(sns.create_topic, Name="alarms", **more)[0] == "InvalidParameter"
    assert [found["TopicArn"] for found in sns.list_topics()["Topics"]] == [topic]


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"Name": "a b"}, "Topic Name"),
        ({"Name": "a" * 257}, "Topic Name"),
        ({"Name": "a.fifo", "Attributes": {"FifoTopic": "true"}}, "FIFO"),
        ({"Name": "a", "Attributes": {"KmsMasterKeyId": "k"}}, "KmsMasterKeyId is not emulated"),
        ({"Name": "a", "DataProtectionPolicy": "{}"}, "DataProtectionPolicy is not emulated"),
    ],
)
def test_topics_that_are_refused(sns: Any, request_: dict[str, Any], words: str) -> None:
    """CreateTopic refuses bad names, and by name what is not emulated."""
    code, message = code_of(sns.create_topic, **request_)
    assert code == "InvalidParameter"
    assert words in message


def test_topic_attributes(sns: Any, topic: str) -> None:
    """Set and GetTopicAttributes: what was set, whose it is, and how many subscriptions are in which state."""
    sns.set_topic_attributes(TopicArn=topic, AttributeName="DisplayName", AttributeValue="Alarms <&>")
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="someone@example.com")
    arn = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE)["SubscriptionArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE + "2")
    sns.unsubscribe(SubscriptionArn=arn)
    told = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert (told["DisplayName"], told["Owner"], told["TopicArn"]) == ("Alarms <&>", "123456789012", topic)
    counts = [told[f"Subscriptions{state}"] for state in ("Confirmed", "Pending", "Deleted")]
    assert counts == ["1", "1", "1"]
    assert code_of(sns.get_topic_attributes, TopicArn=f"{ACCOUNT}:none") == ("NotFound", "Topic does not exist")
    assert (
        code_of(sns.get_topic_attributes, TopicArn="arn:aws:sns:us-east-1:123456789012:alarms")[0] == "InvalidParameter"
    )


def test_deleting_a_topic(sns: Any, topic: str) -> None:
    """DeleteTopic takes its subscriptions along, and is no error the second time."""
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE)
    sns.delete_topic(TopicArn=topic)
    sns.delete_topic(TopicArn=topic)
    assert sns.list_topics()["Topics"] == sns.list_subscriptions()["Subscriptions"] == []
    assert code_of(sns.publish, TopicArn=topic, Message="m") == ("NotFound", "Topic does not exist")


def test_tags(sns: Any, topic: str) -> None:
    """TagResource, UntagResource and ListTagsForResource; ResourceNotFound for another topic."""
    sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}])
    sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "a", "Value": "2"}])
    sns.untag_resource(ResourceArn=topic, TagKeys=["b", "c"])
    assert sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == [{"Key": "a", "Value": "2"}]
    assert code_of(sns.list_tags_for_resource, ResourceArn=f"{ACCOUNT}:none")[0] == "ResourceNotFound"


def test_pages(sns: Any) -> None:
    """ListTopics answers a hundred at a time, all of them once, and those of the region alone."""
    made = {sns.create_topic(Name=f"t{number}")["TopicArn"] for number in range(101)}
    found = [topic["TopicArn"] for page in sns.get_paginator("list_topics").paginate() for topic in page["Topics"]]
    assert len(sns.list_topics()["Topics"]) == 100
    assert (len(found), set(found)) == (101, made)


def test_a_subscription_is_made_once(cloud: Any, sns: Any, topic: str) -> None:
    """Subscribe gives the same subscription for the same endpoint, and refuses other attributes for it."""
    first = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE)["SubscriptionArn"]
    assert first.startswith(f"{topic}:")
    assert sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE)["SubscriptionArn"] == first
    other = {"Attributes": {"RawMessageDelivery": "true"}}
    assert code_of(sns.subscribe, TopicArn=topic, Protocol="sqs", Endpoint=QUEUE, **other)[0] == "InvalidParameter"
    told = {"SubscriptionArn": first, "Owner": "123456789012", "Protocol": "sqs", "Endpoint": QUEUE, "TopicArn": topic}
    assert sns.list_subscriptions()["Subscriptions"] == [told]
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == [told]
    assert cloud.client("sns", region="us-east-1").list_subscriptions()["Subscriptions"] == []


def test_email_is_recorded_only(sns: Any, topic: str) -> None:
    """A subscription by email waits for a confirmation that nobody can give: ours, as no mail is ever sent."""
    told = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="someone@example.com")
    assert told["SubscriptionArn"] == "pending confirmation"
    assert sns.list_subscriptions()["Subscriptions"][0]["SubscriptionArn"] == "PendingConfirmation"


@pytest.mark.parametrize(
    ("protocol", "endpoint", "words"),
    [
        ("https", "https://127.0.0.1/", "https is not emulated"),
        ("sms", "+1", "sms is not emulated"),
        ("email-json", "a@b", "email-json is not emulated"),
        ("pigeon", "x", "Does not support this protocol string: pigeon"),
        ("http", "http://example.com/", "never talks to the network"),
        ("http", "http://10.0.0.1/", "never talks to the network"),
        ("http", "http://127.0.0.1.example.com/", "never talks to the network"),
        ("http", "http://user:word@127.0.0.1/", "user name"),
        ("http", "https://127.0.0.1/", "must match the specified protocol"),
        ("http", "http://127.0.0.1:port/", "Endpoint"),
        ("http", "http://127.0.0.1/ü", "printable ASCII"),
        ("http", "http://127.0.0.1/a b", "printable ASCII"),
        ("sqs", "http://127.0.0.1/q", "SQS endpoint ARN"),
        ("sqs", QUEUE + ".fifo", "FIFO"),
        ("lambda", QUEUE, "Lambda endpoint ARN"),
        ("email", "nobody", "Email address"),
    ],
)
def test_endpoints_that_are_refused(sns: Any, topic: str, protocol: str, endpoint: str, words: str) -> None:
    """Subscribe refuses what is not emulated, no endpoint of its protocol, or an address not of this machine."""
    code, message = code_of(sns.subscribe, TopicArn=topic, Protocol=protocol, Endpoint=endpoint)
    assert code == "InvalidParameter"
    assert words in message


@pytest.mark.parametrize(
    ("subscription", "attributes", "words"),
    [
        (("sqs", QUEUE), {"DeliveryPolicy": "{}"}, "DeliveryPolicy is not emulated"),
        (("sqs", QUEUE), {"RawMessageDelivery": "yes"}, "RawMessageDelivery"),
        (
            ("lambda", "arn:aws:lambda:eu-central-1:123456789012:function:f"),
            {"RawMessageDelivery": "true"},
            "does not support",
        ),
        (("sqs", QUEUE), {"FilterPolicy": '{"a": [{"like": "b"}]}'}, "like"),
        (("sqs", QUEUE), {"RedrivePolicy": "{}"}, "deadLetterTargetArn"),
        (("sqs", QUEUE), {"RedrivePolicy": '{"deadLetterTargetArn": "arn:aws:sns:a:1:b"}'}, "invalid SQS ARN"),
    ],
)
def test_attributes_that_are_refused(
    sns: Any, topic: str, subscription: tuple[str, str], attributes: dict[str, str], words: str
) -> None:
    """Subscribe and SetSubscriptionAttributes refuse what cannot work, alike."""
    request = {"TopicArn": topic, "Protocol": subscription[0], "Endpoint": subscription[1]}
    assert words in code_of(sns.subscribe, **request, Attributes=attributes)[1]
    arn = sns.subscribe(**request)["SubscriptionArn"]
    for name, value in attributes.items():
        change = {"SubscriptionArn": arn, "AttributeName": name, "AttributeValue": value}
        assert words in code_of(sns.set_subscription_attributes, **change)[1]


def test_subscription_attributes(sns: Any, topic: str) -> None:
    """What is set is answered; an empty value takes it away; a nested policy needs the scope MessageBody first."""
    arn = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE)["SubscriptionArn"]
    nested = '{"a": {"b": ["c"]}}'
    changes = [("FilterPolicyScope", "MessageBody"), ("FilterPolicy", nested), ("RawMessageDelivery", "true")]
    for name, value in changes:
        sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName=name, AttributeValue=value)
    told = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert told.items() >= dict(changes).items()
    assert (told["PendingConfirmation"], told["Endpoint"], told["TopicArn"]) == ("false", QUEUE, topic)
    sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="FilterPolicy", AttributeValue="")
    assert "FilterPolicy" not in sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    sns.unsubscribe(SubscriptionArn=arn)
    sns.unsubscribe(SubscriptionArn=arn)
    gone = code_of(sns.get_subscription_attributes, SubscriptionArn=arn)
    assert gone == ("NotFound", "Subscription does not exist")


@pytest.mark.parametrize(
    ("message", "code", "words"),
    [
        ({"Message": ""}, "InvalidParameter", "Empty message"),
        ({"Message": "x" * 262_145}, "InvalidParameter", "too long"),
        ({"Message": "m", "Subject": "s" * 101}, "InvalidParameter", "Subject"),
        ({"Message": "m", "Subject": "two\nlines"}, "InvalidParameter", "Subject"),
        ({"Message": "m", "MessageStructure": "json"}, "InvalidParameter", "failed to parse"),
        ({"Message": '{"sqs": "m"}', "MessageStructure": "json"}, "InvalidParameter", "No default entry"),
        ({"Message": "m", "MessageGroupId": "g"}, "InvalidParameter", "MessageGroupId is not emulated"),
        (
            {"Message": "m", "MessageAttributes": {"a": {"DataType": "Text", "StringValue": "x"}}},
            "ParameterValueInvalid",
            "invalid message attribute type",
        ),
        (
            {"Message": "m", "MessageAttributes": {"a": {"DataType": "Number", "StringValue": "x"}}},
            "ParameterValueInvalid",
            "number",
        ),
        (
            {"Message": "m", "MessageAttributes": {"a": {"DataType": "String"}}},
            "ParameterValueInvalid",
            "non-empty",
        ),
    ],
)
def test_messages_that_are_refused(sns: Any, topic: str, message: dict[str, Any], code: str, words: str) -> None:
    """Publish refuses messages that are empty, longer than 256 KB or not what they say they are."""
    told = code_of(sns.publish, TopicArn=topic, **message)
    assert told[0] == code
    assert words in told[1]


def test_no_message_without_a_topic(sns: Any, topic: str) -> None:
    """Publish needs one of TopicArn and TargetArn; to a telephone nothing is sent."""
    assert code_of(sns.publish, Message="m")[0] == "InvalidParameter"
    assert "PhoneNumber is not emulated" in code_of(sns.publish, Message="m", PhoneNumber="+15550100")[1]
    assert sns.publish(TargetArn=topic, Message="m")["MessageId"]


def test_batches(sns: Any, topic: str) -> None:
    """PublishBatch: each entry has its own outcome; a batch that is none is refused whole."""
    entries = [{"Id": "good", "Message": "m"}, {"Id": "bad", "Message": "m", "Subject": "\n"}]
    told = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    assert [entry["Id"] for entry in told["Successful"]] == ["good"]
    assert [(entry["Id"], entry["Code"]) for entry in told["Failed"]] == [("bad", "InvalidParameter")]
    for refused, code in [
        ([entries[0]] * 2, "BatchEntryIdsNotDistinct"),
        ([{"Id": str(number), "Message": "m"} for number in range(11)], "TooManyEntriesInBatchRequest"),
        ([{"Id": "a b", "Message": "m"}], "InvalidBatchEntryId"),
        ([{"Id": str(number), "Message": "m" * 200_000} for number in range(2)], "BatchRequestTooLong"),
    ]:
        assert code_of(sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=refused)[0] == code


def test_other_operations(sns: Any) -> None:
    """An operation that is not emulated is a 501 that names it."""
    with pytest.raises(ClientError, match=r"sns\.ListPlatformApplications is not emulated") as refused:
        sns.list_platform_applications()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
