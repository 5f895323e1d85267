"""Notifications to HTTP addresses, over the wire. Source: SNS Developer Guide, "Fanout to HTTP/S endpoints"."""

import base64
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localcloud.sns.conftest import Subscriber


@pytest.fixture
def sns(cloud: Any) -> Any:
    return cloud.client("sns")


@pytest.fixture
def topic(sns: Any) -> str:
    arn: str = sns.create_topic(Name="alarms")["TopicArn"]
    return arn


def visit(cloud: Any, url: str) -> tuple[int, bytes]:
    assert url.startswith(cloud.cloud.endpoint_url)
    status, _, body = cloud.request("GET", url.removeprefix(cloud.cloud.endpoint_url))
    return status, body


def subscribed(sns: Any, topic: str, subscriber: Subscriber, wait_for: Any, **attributes: str) -> str:
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=subscriber.url, Attributes=attributes)
    (asked,) = wait_for(lambda: subscriber.documents("SubscriptionConfirmation"))
    arn: str = sns.confirm_subscription(TopicArn=topic, Token=asked["Token"])["SubscriptionArn"]
    return arn


def test_an_address_is_asked_first(cloud: Any, sns: Any, topic: str, subscriber: Subscriber, wait_for: Any) -> None:
    """A new address gets a SubscriptionConfirmation and nothing else until its SubscribeURL was visited."""
    told = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=subscriber.url)
    assert told["SubscriptionArn"] == "pending confirmation"
    (asked,) = wait_for(lambda: subscriber.documents("SubscriptionConfirmation"))
    headers = subscriber.posts[0][0]
    assert (headers["Content-Type"], headers["x-amz-sns-topic-arn"]) == ("text/plain; charset=UTF-8", topic)
    assert headers["x-amz-sns-message-id"] == asked["MessageId"]
    assert list(asked) == [
        *("Type", "MessageId", "Token", "TopicArn", "Message", "SubscribeURL", "Timestamp"),
        *("SignatureVersion", "Signature", "SigningCertURL"),
    ]
    sns.publish(TopicArn=topic, Message="too early")
    status, body = visit(cloud, asked["SubscribeURL"])
    assert (status, b"<SubscriptionArn>arn:aws:sns:" in body) == (200, True)
    sns.publish(TopicArn=topic, Message="in time")
    (document,) = wait_for(lambda: subscriber.documents("Notification"))
    assert document["Message"] == "in time"


def test_a_wrong_token(cloud: Any, sns: Any, topic: str, subscriber: Subscriber) -> None:
    """A token that was not sent confirms nothing, by the API and by a link."""
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=subscriber.url)
    with pytest.raises(ClientError, match="Invalid parameter: Token"):
        sns.confirm_subscription(TopicArn=topic, Token="guessed")  # noqa: S106  wrong on purpose
    assert cloud.request("GET", f"/?Action=ConfirmSubscription&TopicArn={topic}&Token=guessed")[0] == 400
    assert cloud.request("GET", f"/?Action=DeleteTopic&TopicArn={topic}")[0] == 403


def test_a_notification(sns: Any, topic: str, subscriber: Subscriber, wait_for: Any) -> None:
    """A notification has AWS's members in their order, and headers that say what it is."""
    arn = subscribed(sns, topic, subscriber, wait_for)
    attributes = {
        "kind": {"DataType": "String", "StringValue": "drift"},
        "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    told = sns.publish(TopicArn=topic, Message="grüße\n", Subject="hello", MessageAttributes=attributes)
    (document,) = wait_for(lambda: subscriber.documents("Notification"))
    assert list(document) == [
        *("Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "SignatureVersion", "Signature"),
        *("SigningCertURL", "UnsubscribeURL", "MessageAttributes"),
    ]
    assert document["MessageId"] == told["MessageId"]
    assert (document["TopicArn"], document["Subject"], document["Message"]) == (topic, "hello", "grüße\n")
    assert document["MessageAttributes"] == {
        "kind": {"Type": "String", "Value": "drift"},
        "bytes": {"Type": "Binary", "Value": base64.b64encode(b"\x00\xff").decode()},
    }
    headers = subscriber.posts[-1][0]
    assert (headers["x-amz-sns-subscription-arn"], headers["x-amz-sns-message-id"]) == (arn, told["MessageId"])


def test_raw(sns: Any, topic: str, subscriber: Subscriber, wait_for: Any) -> None:
    """RawMessageDelivery sends the message alone, for its protocol, and says so in a header."""
    subscribed(sns, topic, subscriber, wait_for, RawMessageDelivery="true")
    message = json.dumps({"default": "for all", "http": "for http"})
    sns.publish(TopicArn=topic, Message=message, MessageStructure="json")
    headers, body = wait_for(lambda: subscriber.posts[1:])[0]
    assert (body, headers["x-amz-sns-rawdelivery"]) == ("for http", "true")


def test_unsubscribed_by_the_link(cloud: Any, sns: Any, topic: str, subscriber: Subscriber, wait_for: Any) -> None:
    """Who visits the UnsubscribeURL gets nothing more."""
    subscribed(sns, topic, subscriber, wait_for)
    sns.publish(TopicArn=topic, Message="m")
    (document,) = wait_for(lambda: subscriber.documents("Notification"))
    assert visit(cloud, document["UnsubscribeURL"])[0] == 200
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


def test_a_signed_subscription_is_not_ended_by_the_link(
    cloud: Any, sns: Any, topic: str, subscriber: Subscriber, wait_for: Any
) -> None:
    """AuthenticateOnUnsubscribe: only a signed Unsubscribe ends it (ConfirmSubscription, API Reference)."""
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=subscriber.url)
    (asked,) = wait_for(lambda: subscriber.documents("SubscriptionConfirmation"))
    told = sns.confirm_subscription(TopicArn=topic, Token=asked["Token"], AuthenticateOnUnsubscribe="true")
    link = f"/?Action=Unsubscribe&SubscriptionArn={told['SubscriptionArn']}"
    assert cloud.request("GET", link)[0] == 403
    sns.unsubscribe(SubscriptionArn=told["SubscriptionArn"])
    assert sns.list_subscriptions()["Subscriptions"] == []


def test_tried_again(cloud: Any, sns: Any, topic: str, subscriber: Subscriber, wait_for: Any) -> None:
    """An answer of 5xx or 429 is tried again, with the same id, until the address takes it."""
    subscribed(sns, topic, subscriber, wait_for)
    subscriber.answers = [500, 429, 503]
    sns.publish(TopicArn=topic, Message="m")
    documents = wait_for(lambda: found if len(found := subscriber.documents("Notification")) == 4 else None)
    assert len({document["MessageId"] for document in documents}) == 1
    wait_for(lambda: "sns_delivered" in (cloud.state / "logs" / "cloud.log").read_text().splitlines()[-1])


@pytest.mark.parametrize(("answers", "tries"), [([500] * 4, 4), ([404], 1)])
def test_given_up(cloud: Any, subscriber: Subscriber, wait_for: Any, answers: list[int], tries: int) -> None:
    """After three more tries, or at once when the answer is the request's fault, a message is dropped and logged."""
    sns = cloud.client("sns")
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    subscribed(sns, topic, subscriber, wait_for)
    subscriber.answers = answers
    sns.publish(TopicArn=topic, Message="m")
    wait_for(lambda: "sns_message_dropped" in (cloud.state / "logs" / "cloud.log").read_text())
    assert len(subscriber.documents("Notification")) == tries
