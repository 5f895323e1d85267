import json
import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localcloud.sqs.queues import ARN, Queue, code, ended


@pytest.fixture
def virtual(start_cloud: Any) -> Any:
    return start_cloud(virtual_clock=True)


@pytest.fixture
def queue(virtual: Any) -> Queue:
    return Queue(virtual)


def test_a_message_is_taken_and_deleted(queue: Queue) -> None:
    """A message comes with all that was sent, is invisible while it is taken, and gone when it is deleted."""
    attributes = {
        "text": {"DataType": "String", "StringValue": "ü"},
        "number.int": {"DataType": "Number.int", "StringValue": "-1.5e3"},
        "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    sent = queue.send("body ü", MessageAttributes=attributes)
    (message,) = queue.receive(MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"])
    assert (message["Body"], message["MessageId"]) == ("body ü", sent["MessageId"])
    assert message["MessageAttributes"] == attributes
    assert message["MD5OfBody"] == sent["MD5OfMessageBody"]
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert queue.counts() == [0, 1, 0]
    assert queue.receive() == []
    queue.delete(message)
    assert queue.counts() == [0, 0, 0]
    queue.delete(message)  # what is gone already is no error


def test_asked_for_attributes_only(queue: Queue) -> None:
    """Attributes come by name, prefix or all, by the older list of names too, and none unasked (API Reference)."""
    attributes = {name: {"DataType": "String", "StringValue": name} for name in ("one", "my.two", "my.three")}
    queue.send("a", MessageAttributes=attributes)

    def names(**asked: Any) -> tuple[set[str], set[str]]:
        (message,) = queue.receive(VisibilityTimeout=0, **asked)
        return set(message.get("MessageAttributes", {})), set(message.get("Attributes", {}))

    assert names() == (set(), set())
    assert names(MessageAttributeNames=["one", "none"]) == ({"one"}, set())
    assert names(MessageAttributeNames=["my.*"]) == ({"my.two", "my.three"}, set())
    assert names(MessageAttributeNames=[".*"])[0] == set(attributes)
    assert names(AttributeNames=["SentTimestamp"]) == (set(), {"SentTimestamp"})
    assert names(AttributeNames=["All"])[1] >= {"SenderId", "ApproximateFirstReceiveTimestamp"}


def test_the_trace_header_is_handed_on(queue: Queue) -> None:
    """AWSTraceHeader, the one attribute of SQS's own that is sent, comes back."""
    header = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1"}}
    assert queue.send("a", MessageSystemAttributes=header)["MD5OfMessageSystemAttributes"]
    assert queue.receive(MessageSystemAttributeNames=["All"])[0]["Attributes"]["AWSTraceHeader"] == "Root=1"


def test_visibility_timeout(queue: Queue) -> None:
    """A message that is not deleted comes again after the timeout, with another handle and a higher count."""
    queue.send("a")
    (first,) = queue.receive(VisibilityTimeout=60)
    queue.advance(59)
    assert queue.receive() == []
    queue.advance(2)
    (second,) = queue.receive(MessageSystemAttributeNames=["ApproximateReceiveCount"])
    assert second["Attributes"] == {"ApproximateReceiveCount": "2"}
    assert second["ReceiptHandle"] != first["ReceiptHandle"]
    queue.delete(first)  # an old handle is taken, and does nothing
    assert queue.counts() == [0, 1, 0]


def test_change_of_visibility(queue: Queue) -> None:
    """A taken message can be given back at once, or kept longer; afterwards its handle is no use for that."""
    queue.send("a")
    (message,) = queue.receive()
    queue.hide(message, 3600)
    queue.advance(3599)
    assert queue.receive() == []
    queue.hide(message, 0)
    with pytest.raises(queue.sqs.exceptions.MessageNotInflight):
        queue.hide(message, 10)
    assert queue.bodies() == ["a"]
    with pytest.raises(ClientError, match="not available for visibility timeout change"):
        queue.hide(message, 10)


def test_twelve_hours_are_the_most(queue: Queue) -> None:
    """A message is invisible for at most 12 hours after it was taken (API Reference, ChangeMessageVisibility)."""
    queue.send("a")
    (message,) = queue.receive(VisibilityTimeout=43_200)
    queue.advance(1)
    with pytest.raises(ClientError, match="beyond the limit"):
        queue.hide(message, 43_200)
    with pytest.raises(ClientError, match="between 0 and 43200"):
        queue.hide(message, 43_201)


def test_delays(virtual: Any) -> None:
    """A message is delayed by its own DelaySeconds, or the queue's."""
    queue = Queue(virtual, DelaySeconds="10")
    queue.send("later")
    queue.send("now", DelaySeconds=0)
    assert queue.counts() == [1, 0, 1]
    assert queue.bodies() == ["now"]
    queue.advance(11)
    assert queue.bodies() == ["later"]


def test_retention(virtual: Any) -> None:
    """What is older than the retention period is not seen any more, taken or not."""
    queue = Queue(virtual, MessageRetentionPeriod="60")
    queue.send("old")
    queue.advance(30)
    queue.send("young")
    queue.advance(31)
    assert queue.counts() == [1, 0, 0]
    assert queue.bodies() == ["young"]


def test_dead_letters(virtual: Any) -> None:
    """A message that was taken maxReceiveCount times goes to the dead-letter queue instead of coming once more."""
    dead = Queue(virtual, "dead")
    policy = json.dumps({"deadLetterTargetArn": ARN + "dead", "maxReceiveCount": 2})
    queue = Queue(virtual, RedrivePolicy=policy)
    sent = queue.send("bad")
    for _ in range(2):
        assert queue.bodies(VisibilityTimeout=0) == ["bad"]
    queue.send("good")
    assert queue.bodies(most=1) == ["good"]
    (letter,) = dead.receive(MessageSystemAttributeNames=["All"])
    assert letter["MessageId"] == sent["MessageId"]
    assert letter["Attributes"]["DeadLetterQueueSourceArn"] == ARN + "a"
    assert queue.counts() == [0, 1, 0]


def test_long_polling_wakes(queue: Queue) -> None:
    """Who waits for a message gets it when it is sent."""
    found: list[str] = []
    waiting = threading.Thread(target=lambda: found.extend(queue.bodies(WaitTimeSeconds=20)))
    waiting.start()
    queue.send("come")
    waiting.join(15)
    assert found == ["come"]


def test_long_polling_by_the_clock(virtual: Any, wait_for: Any) -> None:
    """Who waits gets a delayed message when its time comes, and nothing when the waiting time is over."""
    queue = Queue(virtual, ReceiveMessageWaitTimeSeconds="20", VisibilityTimeout="43200")
    queue.send("later", DelaySeconds=10)
    found: list[list[str]] = []
    for seconds, wanted in ((10, ["later"]), (20, [])):
        waiting = threading.Thread(target=lambda: found.append(queue.bodies()))
        waiting.start()
        wait_for(lambda thread=waiting, by=seconds + 1: ended(queue, thread, by))
        assert found.pop() == wanted


def test_a_stop_ends_the_waiting(cloud: Any, wait_for: Any) -> None:
    """A cloud that stops does not wait for those who poll."""
    queue = Queue(cloud)
    waiting = threading.Thread(target=lambda: queue.receive(WaitTimeSeconds=20))
    waiting.start()
    wait_for(lambda: len([line for line in cloud.history("call") if line["service"] == "sqs"]) >= 1)
    cloud.cloud.stop()
    waiting.join(10)
    assert not waiting.is_alive()


def test_messages_come_through_a_restart(start_cloud: Any) -> None:
    """After a restart a delayed message is still delayed, a taken one still taken, and its handle still good."""
    first = start_cloud()
    queue = Queue(first)
    queue.send("taken")
    (message,) = queue.receive()
    queue.send("later", DelaySeconds=900)
    queue.send("now")
    first.cloud.stop()
    queue = Queue(start_cloud())
    assert queue.counts() == [1, 1, 1]
    queue.delete(message)
    assert queue.bodies() == ["now"]
    assert queue.counts() == [0, 1, 1]


def test_purge(queue: Queue) -> None:
    """A purged queue has no message, taken ones included."""
    queue.send("a")
    queue.receive()
    queue.send("b")
    queue.sqs.purge_queue(QueueUrl=queue.url)
    assert queue.counts() == [0, 0, 0]


def test_batches(queue: Queue) -> None:
    """Of a batch each entry succeeds or fails by itself."""
    entries = [
        {"Id": "good", "MessageBody": "a"},
        {"Id": "bad", "MessageBody": "\x00"},
        {"Id": "later", "MessageBody": "b", "DelaySeconds": 900},
        {"Id": "late", "MessageBody": "b", "DelaySeconds": 901},
    ]
    answer = queue.sqs.send_message_batch(QueueUrl=queue.url, Entries=entries)
    assert [each["Id"] for each in answer["Successful"]] == ["good", "later"]
    failed = [(each["Id"], each["Code"], each["SenderFault"]) for each in answer["Failed"]]
    assert failed == [("bad", "InvalidMessageContents", True), ("late", "InvalidParameterValue", True)]
    assert queue.counts() == [1, 0, 1]
    (message,) = queue.receive()
    handles = [{"Id": "0", "ReceiptHandle": message["ReceiptHandle"]}, {"Id": "1", "ReceiptHandle": "none"}]
    for do in (queue.sqs.change_message_visibility_batch, queue.sqs.delete_message_batch):
        answer = do(QueueUrl=queue.url, Entries=handles)
        assert [each["Id"] for each in answer["Successful"]] == ["0"]
        assert [each["Code"] for each in answer["Failed"]] == ["ReceiptHandleIsInvalid"]
    assert queue.counts() == [0, 0, 1]


@pytest.mark.parametrize(
    ("ids", "refusal"),
    [
        ([], "EmptyBatchRequest"),
        ([str(number) for number in range(11)], "TooManyEntriesInBatchRequest"),
        (["a", "a"], "BatchEntryIdsNotDistinct"),
        (["a b"], "InvalidBatchEntryId"),
        (["a" * 81], "InvalidBatchEntryId"),
    ],
)
def test_batches_that_are_none(queue: Queue, ids: list[str], refusal: str) -> None:
    """A batch has one to ten entries with distinct ids (API Reference, SendMessageBatch)."""
    entries = [{"Id": identity, "MessageBody": "a"} for identity in ids]
    with pytest.raises(ClientError) as refused:
        queue.sqs.send_message_batch(QueueUrl=queue.url, Entries=entries)
    assert code(refused) == f"AWS.SimpleQueueService.{refusal}"
    assert queue.counts() == [0, 0, 0]


def test_sizes(virtual: Any) -> None:
    """A message is as large as its queue allows at most; a batch 1 MiB in all (API Reference)."""
    queue = Queue(virtual, MaximumMessageSize="1024")
    queue.send("a" * 1024)
    with pytest.raises(ClientError, match="shorter than 1024 bytes"):
        queue.send("ü" * 513)
    large = Queue(virtual, "large")
    large.send("a" * 1_048_576)
    entries = [{"Id": str(number), "MessageBody": "a" * 524_289} for number in range(2)]
    with pytest.raises(large.sqs.exceptions.BatchRequestTooLong):
        large.sqs.send_message_batch(QueueUrl=large.url, Entries=entries)


@pytest.mark.parametrize(
    "asked",
    [{"MaxNumberOfMessages": 11}, {"MaxNumberOfMessages": 0}, {"WaitTimeSeconds": 21}, {"VisibilityTimeout": -1}],
)
def test_bounds_of_receive(queue: Queue, asked: dict[str, int]) -> None:
    """At most ten messages, 20 seconds of waiting and 12 hours invisible (API Reference, ReceiveMessage)."""
    with pytest.raises(ClientError) as refused:
        queue.sqs.receive_message(QueueUrl=queue.url, **asked)
    assert code(refused) == "InvalidParameterValue"


def test_handles_of_others(virtual: Any, queue: Queue) -> None:
    """A handle of another queue, or none at all, is ReceiptHandleIsInvalid."""
    other = Queue(virtual, "other")
    other.send("a")
    (message,) = other.receive()
    for handle in (message["ReceiptHandle"], "none", "ü", ""):
        with pytest.raises(queue.sqs.exceptions.ReceiptHandleIsInvalid):
            queue.delete({"ReceiptHandle": handle})


def test_sixteen_takers(virtual: Any, queue: Queue) -> None:
    """Of many who take at once, each message goes to one."""
    for number in range(4):
        entries = [{"Id": str(each), "MessageBody": f"{number}-{each}"} for each in range(10)]
        queue.sqs.send_message_batch(QueueUrl=queue.url, Entries=entries)
    taken: list[str] = []

    def take() -> None:
        mine = Queue(virtual)
        while found := mine.bodies(most=3):
            taken.extend(found)

    takers = [threading.Thread(target=take) for _ in range(16)]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join()
    assert len(taken) == len(set(taken)) == 40
