import json
from typing import Any

import pytest
from botocore.exceptions import ClientError


class Fifo:
    """A FIFO queue of a cloud whose time can be advanced."""

    def __init__(self, cloud: Any, **attributes: str) -> None:
        self._cloud = cloud
        self.sqs = cloud.client("sqs")
        made = self.sqs.create_queue(QueueName="a.fifo", Attributes={"FifoQueue": "true", **attributes})
        self.url = made["QueueUrl"]

    def send(self, body: str, group: str = "g", **more: Any) -> Any:
        return self.sqs.send_message(QueueUrl=self.url, MessageBody=body, MessageGroupId=group, **more)

    def receive(self, most: int = 10, **more: Any) -> list[Any]:
        answer = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=most, **more)
        return list(answer.get("Messages", []))

    def advance(self, seconds: float) -> None:
        body = json.dumps({"advance": seconds}).encode()
        assert self._cloud.request("POST", "/_localcloud/clock", body)[0] == 200


@pytest.fixture
def fifo(start_cloud: Any) -> Fifo:
    return Fifo(start_cloud(virtual_clock=True), ContentBasedDeduplication="true")


def bodies(messages: list[Any]) -> list[str]:
    return [message["Body"] for message in messages]


def test_a_group_is_in_order_and_one_at_a_time(fifo: Fifo) -> None:
    """While a message of a group is taken no other of the group is given; other groups go on (Developer Guide)."""
    for group, body in (("g", "1"), ("g", "2"), ("h", "3"), ("g", "4")):
        fifo.send(body, group)
    (first,) = fifo.receive(1)
    assert first["Body"] == "1"
    assert bodies(fifo.receive()) == ["3"]
    assert fifo.receive() == []
    fifo.sqs.delete_message(QueueUrl=fifo.url, ReceiptHandle=first["ReceiptHandle"])
    assert bodies(fifo.receive()) == ["2", "4"]


def test_what_is_not_deleted_comes_first_again(fifo: Fifo) -> None:
    """A message that was taken and not deleted is the next of its group, and its old handle has expired."""
    fifo.send("1")
    fifo.send("2")
    (first,) = fifo.receive(1, VisibilityTimeout=10)
    fifo.advance(11)
    with pytest.raises(ClientError, match="expired"):
        fifo.sqs.delete_message(QueueUrl=fifo.url, ReceiptHandle=first["ReceiptHandle"])
    assert bodies(fifo.receive()) == ["1", "2"]


def test_a_message_given_back_waits_for_its_group(fifo: Fifo) -> None:
    """While a later message of its group is taken, one that was given back is not given again (API Reference)."""
    fifo.send("1")
    fifo.send("2")
    first, _ = fifo.receive(VisibilityTimeout=60)
    fifo.sqs.change_message_visibility(QueueUrl=fifo.url, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=0)
    assert fifo.receive() == []
    fifo.advance(61)
    assert bodies(fifo.receive()) == ["1", "2"]


def test_duplicates_are_dropped_for_five_minutes(fifo: Fifo) -> None:
    """The same content, or deduplication id, is accepted and not kept again within 5 minutes, taken or not."""
    first = fifo.send("same")
    (message,) = fifo.receive()
    fifo.sqs.delete_message(QueueUrl=fifo.url, ReceiptHandle=message["ReceiptHandle"])
    again = fifo.send("same")
    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    fifo.send("other", MessageDeduplicationId="id")
    fifo.send("one more", MessageDeduplicationId="id")
    assert bodies(fifo.receive()) == ["other"]
    fifo.advance(301)
    assert fifo.send("same")["SequenceNumber"] > first["SequenceNumber"]


def test_deduplication_by_group(start_cloud: Any) -> None:
    """With DeduplicationScope messageGroup an id counts in its group alone."""
    fifo = Fifo(start_cloud(virtual_clock=True), DeduplicationScope="messageGroup")
    fifo.send("1", "g", MessageDeduplicationId="id")
    fifo.send("2", "h", MessageDeduplicationId="id")
    fifo.send("3", "g", MessageDeduplicationId="id")
    found = fifo.receive(MessageSystemAttributeNames=["All"])
    assert bodies(found) == ["1", "2"]
    assert [message["Attributes"]["MessageGroupId"] for message in found] == ["g", "h"]


def test_what_a_fifo_queue_asks_for(start_cloud: Any) -> None:
    """A group and a deduplication id are asked for, and no message has a delay of its own (API Reference)."""
    fifo = Fifo(start_cloud(virtual_clock=True))
    with pytest.raises(ClientError, match="MessageGroupId"):
        fifo.sqs.send_message(QueueUrl=fifo.url, MessageBody="a", MessageDeduplicationId="id")
    with pytest.raises(ClientError, match="ContentBasedDeduplication"):
        fifo.send("a")
    with pytest.raises(ClientError, match="DelaySeconds"):
        fifo.send("a", MessageDeduplicationId="id", DelaySeconds=1)
    with pytest.raises(ClientError, match="ReceiveRequestAttemptId"):
        fifo.receive(ReceiveRequestAttemptId="id")
    with pytest.raises(ClientError):
        fifo.sqs.create_queue(QueueName="b", Attributes={"FifoQueue": "true"})


def test_a_dead_letter_queue_is_of_the_same_kind(fifo: Fifo) -> None:
    """A FIFO queue's dead letters go to a FIFO queue."""
    fifo.sqs.create_queue(QueueName="dead")
    policy = {"deadLetterTargetArn": "arn:aws:sqs:eu-central-1:123456789012:dead", "maxReceiveCount": 1}
    with pytest.raises(ClientError, match="same type"):
        fifo.sqs.set_queue_attributes(QueueUrl=fifo.url, Attributes={"RedrivePolicy": json.dumps(policy)})
