"""Deliveries to queues and functions, in this process, with takers that keep what they get in the same database."""

import http.server
import json
import threading
from datetime import timedelta
from typing import Any

import pytest

from localcloud.errors import AwsError
from tests.localcloud.full_disk import no_change_of
from tests.localcloud.sns.conftest import DEAD, FUNCTION, QUEUE, Running, RunSns, Subscriber


@pytest.fixture
def topic(running: Running) -> str:
    arn: str = running.call("CreateTopic", Name="alarms")["TopicArn"]
    return arn


def publish_and_fail(running: Running, topic: str) -> None:
    with running.database.transaction():
        running.sns.take(topic, b"never said")
        raise ZeroDivisionError


def test_to_a_queue(running: Running, topic: str) -> None:
    """A queue gets the notification as JSON, or the message alone where RawMessageDelivery is set."""
    running.subscribed(topic, "sqs", QUEUE)
    running.subscribed(topic, "sqs", QUEUE + "-raw", RawMessageDelivery="true")
    told = running.call("Publish", TopicArn=topic, Message="hello", Subject="s")
    running.clock.advance(0)
    document = json.loads(running.taker.taken(QUEUE)[0])
    assert (document["Type"], document["MessageId"]) == ("Notification", told["MessageId"])
    assert (document["Message"], document["Subject"], document["TopicArn"]) == ("hello", "s", topic)
    assert running.taker.taken(QUEUE + "-raw") == ["hello"]
    assert running.waiting() == 0


def test_attributes_of_a_raw_message(running: Running, topic: str) -> None:
    """A queue gets the attributes as its message's own with the message alone, and in the JSON otherwise.

    Source: SNS Developer Guide, "Amazon SNS message attributes": raw message delivery.
    """
    running.subscribed(topic, "sqs", QUEUE)
    running.subscribed(topic, "sqs", QUEUE + "-raw", RawMessageDelivery="true")
    attributes = {
        "count": {"DataType": "Number", "StringValue": "7"},
        "seal": {"DataType": "Binary", "BinaryValue": b"\xff"},
    }
    running.call("Publish", TopicArn=topic, Message="hello", MessageAttributes=attributes)
    running.clock.advance(0)
    assert sorted(running.taker.attributes, key=len) == [{}, attributes]
    assert json.loads(running.taker.taken(QUEUE)[0])["MessageAttributes"]["seal"] == {"Type": "Binary", "Value": "/w=="}


def test_to_a_function(running: Running, topic: str) -> None:
    """A function gets the event of one record, with Lambda's spelling of its members.

    Source: Lambda Developer Guide, "Invoking Lambda functions with Amazon SNS notifications".
    """
    arn = running.subscribed(topic, "lambda", FUNCTION)
    attribute = {"DataType": "String", "StringValue": "v"}
    running.call("Publish", TopicArn=topic, Message="hello", MessageAttributes={"a": attribute})
    running.clock.advance(0)
    (record,) = json.loads(running.taker.taken(FUNCTION)[0])["Records"]
    sns = record.pop("Sns")
    assert record == {"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": arn}
    assert set(sns) == {
        *("Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "SignatureVersion", "Signature"),
        *("SigningCertUrl", "UnsubscribeUrl", "MessageAttributes"),
    }
    assert (sns["Message"], sns["Subject"]) == ("hello", None)
    assert sns["MessageAttributes"] == {"a": {"Type": "String", "Value": "v"}}


def test_filters_choose(running: Running, topic: str) -> None:
    """A subscription with a filter policy gets only what it accepts; the others get everything."""
    running.subscribed(topic, "sqs", QUEUE, FilterPolicy='{"kind": ["drift"]}')
    running.subscribed(topic, "lambda", FUNCTION)
    for kind in ("drift", "other"):
        attribute = {"DataType": "String", "StringValue": kind}
        running.call("Publish", TopicArn=topic, Message=kind, MessageAttributes={"kind": attribute})
    running.clock.advance(0)
    assert [json.loads(text)["Message"] for text in running.taker.taken(QUEUE)] == ["drift"]
    assert len(running.taker.taken(FUNCTION)) == 2


def test_part_of_the_senders_transaction(running: Running, topic: str) -> None:
    """What another service sends is published with its transaction, or not at all."""
    running.subscribed(topic, "sqs", QUEUE)
    with pytest.raises(ZeroDivisionError):
        publish_and_fail(running, topic)
    with running.database.transaction():
        running.sns.take(topic, b"said")
        assert running.waiting() == 1
    running.clock.advance(0)
    assert [json.loads(text)["Message"] for text in running.taker.taken(QUEUE)] == ["said"]


def test_nothing_for_a_topic_that_is_not_there(running: Running) -> None:
    """A service that sends to a topic that nobody made is told."""
    with pytest.raises(AwsError, match="Topic does not exist"):
        running.sns.take("arn:aws:sns:eu-central-1:123456789012:none", b"m")


def test_a_queue_that_is_not_there(running: Running, topic: str) -> None:
    """A taker's refusal of the request is not tried again: the message goes to the dead-letter queue at once.

    Source: SNS Developer Guide, "Dead-letter queues": client-side errors.
    """
    running.subscribed(topic, "sqs", QUEUE, RedrivePolicy=json.dumps({"deadLetterTargetArn": DEAD}))
    running.taker.refusals = [AwsError("NonExistentQueue", "no such queue")]
    running.call("Publish", TopicArn=topic, Message="m")
    running.clock.advance(0)
    assert running.taker.taken(QUEUE) == []
    assert [json.loads(text)["Message"] for text in running.taker.taken(DEAD)] == ["m"]
    assert running.waiting() == 0


def test_a_delivery_that_cannot_be_written_is_made_later(running: Running, topic: str) -> None:
    """A delivery whose end finds no place on the disk is made when there is place again, without a restart."""
    running.subscribed(topic, "sqs", QUEUE)
    with no_change_of(running.database, "sns_deliveries"):
        running.call("Publish", TopicArn=topic, Message="m")
        running.clock.advance(1.0)
    assert (running.taker.taken(QUEUE), running.waiting()) == ([], 1)
    running.clock.advance(30.0)
    assert (len(running.taker.taken(QUEUE)), running.waiting()) == (1, 0)


def test_a_taker_that_fails_for_a_while(running: Running, topic: str) -> None:
    """A taker's own failure is tried again after the delays, and once it takes the message nothing is left."""
    running.subscribed(topic, "lambda", FUNCTION)
    running.taker.refusals = [AwsError("InternalFailure", "down", 500) for _ in range(3)]
    running.call("Publish", TopicArn=topic, Message="m")
    running.clock.advance(3.4)
    assert (running.taker.taken(FUNCTION), running.waiting()) == ([], 1)
    running.clock.advance(0.2)
    assert (len(running.taker.taken(FUNCTION)), running.waiting()) == (1, 0)


def test_a_dead_letter_queue_that_refuses(running: Running, topic: str) -> None:
    """A message that its dead-letter queue does not take either is dropped, not kept for ever."""
    running.subscribed(topic, "sqs", QUEUE, RedrivePolicy=json.dumps({"deadLetterTargetArn": DEAD}))
    running.taker.refusals = [AwsError("NonExistentQueue", "no such queue")] * 2
    running.call("Publish", TopicArn=topic, Message="m")
    running.clock.advance(0)
    assert (running.taker.taken(QUEUE), running.taker.taken(DEAD), running.waiting()) == ([], [], 0)


def test_what_waits_is_delivered_after_a_restart(run_sns: RunSns) -> None:
    """Topics, subscriptions and messages on their way are there after a restart, and arrive once."""
    before = run_sns(start=False)
    topic = before.call("CreateTopic", Name="alarms")["TopicArn"]
    before.subscribed(topic, "sqs", QUEUE)
    before.call("Publish", TopicArn=topic, Message="m")
    before.clock.advance(1)
    assert before.waiting() == 1
    before.close()
    after = run_sns()
    after.clock.advance(1)
    assert [json.loads(text)["Message"] for text in after.taker.taken(QUEUE)] == ["m"]
    after.close()
    again = run_sns()
    again.clock.advance(1)
    assert len(again.taker.taken(QUEUE)) == 1
    assert again.call("ListTopics") == {"Topics": [{"TopicArn": topic}]}


def test_a_subscription_that_nobody_confirms_is_forgotten(running: Running, topic: str, subscriber: Subscriber) -> None:
    """After two days a pending subscription is gone, and its token is worth nothing (ConfirmSubscription)."""
    running.subscribed(topic, "http", subscriber.url)
    running.clock.advance(1)
    (asked,) = subscriber.documents("SubscriptionConfirmation")
    running.clock.advance(timedelta(days=2).total_seconds())
    assert running.call("ListSubscriptions") == {"Subscriptions": []}
    with pytest.raises(AwsError, match="Token"):
        running.call("ConfirmSubscription", TopicArn=topic, Token=asked["Token"])


def test_an_advance_waits_for_an_address(running: Running, topic: str, subscriber: Subscriber) -> None:
    """Virtual time does not pass an HTTP delivery under way, nor the tries after it."""
    running.subscribed(topic, "http", subscriber.url)
    subscriber.answers = [500, 500]
    running.clock.advance(10)
    assert len(subscriber.documents("SubscriptionConfirmation")) == 3
    assert running.waiting() == 0


def test_a_stop_cuts_what_is_under_way(run_sns: RunSns) -> None:
    """A subscriber that does not answer does not hold the stop up; its message waits for the next start."""
    asked, over = threading.Event(), threading.Event()

    class Deaf(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.set()
            over.wait(30)

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Deaf)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    running = run_sns()
    topic = running.call("CreateTopic", Name="alarms")["TopicArn"]
    running.subscribed(topic, "http", f"http://127.0.0.1:{server.server_port}/")
    assert asked.wait(20)
    stopping = threading.Thread(target=running.sns.stop, daemon=True)
    stopping.start()
    stopping.join(10)  # less than the 15 s after which the answer is given up anyway
    assert not stopping.is_alive()
    assert running.waiting() == 1
    over.set()
    server.shutdown()
    server.server_close()
