"""SQS, SNS, CloudWatch Logs and DynamoDB, as far as the rest leans on them."""

import http.server
import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.account import Account, refused
from tests.contract.clouds import LocalCloud
from tests.contract.queues import Queue, make_queue


@pytest.fixture
def queue(aws: Account) -> Queue:
    return make_queue(aws)


@pytest.fixture
def topic(aws: Account) -> str:
    return str(aws.client("sns").create_topic(Name=aws.name("topic"))["TopicArn"])


def subscribe(aws: Account, topic: str, queue: Queue, **attributes: str) -> None:
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, Attributes=attributes)


def take(aws: Account, queue: Queue, **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = aws.client("sqs").receive_message(QueueUrl=queue.url, **more).get("Messages", [])
    return found


def test_a_message_is_hidden_while_it_is_taken(aws: Account, queue: Queue) -> None:
    """A message that was taken is not given again before its visibility timeout ends, and then it is.

    Source: SQS Developer Guide, "Amazon SQS visibility timeout".
    """
    sqs = aws.client("sqs")
    sqs.send_message(QueueUrl=queue.url, MessageBody="m")
    (message,) = aws.wait_for(lambda: take(aws, queue, VisibilityTimeout=600))
    assert take(aws, queue) == []
    sqs.change_message_visibility(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    (again,) = aws.wait_for(lambda: take(aws, queue, AttributeNames=["ApproximateReceiveCount"]))
    assert (again["MessageId"], again["Attributes"]["ApproximateReceiveCount"]) == (message["MessageId"], "2")


def test_a_message_taken_too_often_is_a_dead_letter(aws: Account) -> None:
    """After maxReceiveCount takings a message goes to the dead-letter queue.

    Source: SQS Developer Guide, "Using dead-letter queues in Amazon SQS".
    """
    dead = make_queue(aws)
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 1})
    queue = make_queue(aws, RedrivePolicy=policy)
    aws.client("sqs").send_message(QueueUrl=queue.url, MessageBody="m")
    aws.wait_for(lambda: take(aws, queue, VisibilityTimeout=0))
    assert take(aws, queue) == []
    (letter,) = dead.receive()
    assert letter["Body"] == "m"


def test_the_same_queue_again(aws: Account) -> None:
    """A queue of the same name and attributes is the one that is there; with other attributes it is QueueNameExists.

    Source: API Reference, CreateQueue.
    """
    sqs, name = aws.client("sqs"), aws.name("queue")
    url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "5"})["QueueUrl"]
    assert sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "5"})["QueueUrl"] == url
    with pytest.raises(sqs.exceptions.QueueNameExists):
        sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "6"})


def test_an_unknown_queue(aws: Account) -> None:
    """A queue that does not exist is QueueDoesNotExist.

    Source: API Reference, GetQueueUrl, Errors; botocore's model: the code of the query protocol.
    """
    code, _ = refused(aws.client("sqs").get_queue_url, QueueName=aws.name("nobody"))
    assert code == "AWS.SimpleQueueService.NonExistentQueue"


def test_a_group_comes_in_order(aws: Account) -> None:
    """Of a FIFO group the second message waits for the first, and a duplicate within five minutes is dropped.

    Source: SQS Developer Guide, "FIFO queue delivery logic" and "exactly-once processing".
    """
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=aws.name("queue") + ".fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    for body in ("1", "1", "2"):
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="g", MessageDeduplicationId=body)
    bodies = []
    for _ in range(2):
        (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
        assert "Messages" not in sqs.receive_message(QueueUrl=url)
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        bodies.append(message["Body"])
    assert bodies == ["1", "2"]
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_a_topic_sends_to_a_queue(aws: Account, topic: str, queue: Queue) -> None:
    """What is published arrives in a subscribed queue, in SNS's envelope.

    Source: SNS Developer Guide, "Fanout Amazon SNS notifications to Amazon SQS queues".
    """
    subscribe(aws, topic, queue)
    sent = aws.client("sns").publish(TopicArn=topic, Message="hello", Subject="s")["MessageId"]
    (document,) = queue.documents()
    assert (document["Type"], document["MessageId"], document["TopicArn"]) == ("Notification", sent, topic)
    assert (document["Message"], document["Subject"]) == ("hello", "s")


def test_raw_delivery(aws: Account, topic: str, queue: Queue) -> None:
    """With RawMessageDelivery a queue gets the message alone.

    Source: SNS Developer Guide, "Amazon SNS raw message delivery".
    """
    subscribe(aws, topic, queue, RawMessageDelivery="true")
    aws.client("sns").publish(TopicArn=topic, Message="hello")
    assert [message["Body"] for message in queue.receive()] == ["hello"]


def test_a_filter_policy_chooses(aws: Account, topic: str, queue: Queue) -> None:
    """A subscription gets only messages whose attributes its FilterPolicy matches.

    Source: SNS Developer Guide, "Amazon SNS subscription filter policies".
    """
    subscribe(aws, topic, queue, RawMessageDelivery="true", FilterPolicy=json.dumps({"kind": [{"prefix": "dr"}]}))
    for kind in ("alarm", "drift"):
        attributes = {"kind": {"DataType": "String", "StringValue": kind}}
        aws.client("sns").publish(TopicArn=topic, Message=kind, MessageAttributes=attributes)
    assert [message["Body"] for message in queue.receive()] == ["drift"]


@pytest.mark.local_only
def test_a_topic_calls_a_function(aws: Account, topic: str, cloud: LocalCloud) -> None:
    """A function that is subscribed gets the notification among its event's Records.

    Source: Lambda Developer Guide, "Invoking Lambda functions with Amazon SNS notifications".
    """
    arn = aws.arn("lambda", "function:contract-dev-fails")
    aws.client("lambda").put_function_event_invoke_config(FunctionName="contract-dev-fails", MaximumRetryAttempts=0)
    aws.client("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    message = aws.name("message")
    aws.client("sns").publish(TopicArn=topic, Message=message)

    def records() -> list[Any]:
        letters = [each["event"] for each in cloud.page("dead-letters") if "Records" in (each["event"] or {})]
        return [letter for letter in letters if letter["Records"][0]["Sns"]["Message"] == message]

    (event,) = aws.wait_for(records)
    assert (event["Records"][0]["EventSource"], event["Records"][0]["Sns"]["TopicArn"]) == ("aws:sns", topic)


@pytest.fixture
def subscriber() -> Iterator[tuple[str, list[tuple[str, Any]]]]:
    """Give an HTTP server's address, and what it was sent."""
    posts: list[tuple[str, Any]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            posts.append((self.headers["x-amz-sns-message-type"], body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", posts
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.local_only
def test_an_address_confirms_first(aws: Account, topic: str, subscriber: tuple[str, list[tuple[str, Any]]]) -> None:
    """An HTTP subscriber is sent a confirmation, and notifications once it visited the SubscribeURL.

    Source: SNS Developer Guide, "HTTP/HTTPS endpoint subscription"; local only: AWS cannot reach this machine.
    """
    url, posts = subscriber
    aws.client("sns").subscribe(TopicArn=topic, Protocol="http", Endpoint=url)
    ((kind, document),) = aws.wait_for(lambda: posts)
    assert kind == "SubscriptionConfirmation"
    with urllib.request.urlopen(document["SubscribeURL"], timeout=30) as response:  # noqa: S310  the local cloud's
        assert response.status == 200
    aws.client("sns").publish(TopicArn=topic, Message="hello")
    kind, document = aws.wait_for(lambda: posts[1:])[0]
    assert (kind, document["Message"]) == ("Notification", "hello")


def test_log_events_are_found(aws: Account) -> None:
    """What PutLogEvents stored is read in order, and found by its terms.

    Source: CloudWatch Logs API Reference, GetLogEvents and FilterLogEvents; User Guide, "Filter pattern syntax".
    """
    logs, group = aws.client("logs"), aws.name("group")
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    now = int(time.time() * 1000)
    events = [{"timestamp": now + number, "message": text} for number, text in enumerate(("one", "two", "one two"))]
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)

    def found(pattern: str) -> list[str]:
        return [
            event["message"] for event in logs.filter_log_events(logGroupName=group, filterPattern=pattern)["events"]
        ]

    assert aws.wait_for(lambda: found("one")) == ["one", "one two"]
    assert (found("one -two"), found("?one ?two")) == (["one"], ["one", "two", "one two"])
    told = logs.get_log_events(logGroupName=group, logStreamName="s", startFromHead=True)["events"]
    assert [event["message"] for event in told] == ["one", "two", "one two"]


def test_log_events_are_in_order(aws: Account) -> None:
    """A batch whose events are not in the order of time is refused.

    Source: CloudWatch Logs API Reference, PutLogEvents.
    """
    logs, group = aws.client("logs"), aws.name("group")
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    now = int(time.time() * 1000)
    events = [{"timestamp": now - number, "message": "m"} for number in range(2)]
    told = refused(logs.put_log_events, logGroupName=group, logStreamName="s", logEvents=events)
    assert told[0] == "InvalidParameterException"


def make_table(aws: Account) -> str:
    """Make a table with the key ``k``, and return its name."""
    dynamodb, table = aws.client("dynamodb"), aws.name("table")
    dynamodb.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.get_waiter("table_exists").wait(TableName=table)
    return str(table)


def test_an_item_is_written_once(aws: Account) -> None:
    """A conditional put of an item that is there is ConditionalCheckFailedException and changes nothing.

    Source: DynamoDB API Reference, PutItem, ConditionExpression.
    """
    dynamodb, table = aws.client("dynamodb"), make_table(aws)
    item = {"k": {"S": "a"}, "n": {"N": "1"}}
    dynamodb.put_item(TableName=table, Item=item, ConditionExpression="attribute_not_exists(k)")
    with pytest.raises(ClientError) as error:
        dynamodb.put_item(
            TableName=table, Item={**item, "n": {"N": "2"}}, ConditionExpression="attribute_not_exists(k)"
        )
    assert error.value.response["Error"]["Code"] == "ConditionalCheckFailedException"
    assert dynamodb.get_item(TableName=table, Key={"k": {"S": "a"}}, ConsistentRead=True)["Item"] == item


def test_a_table_says_what_its_items_live_by(aws: Account) -> None:
    """A table whose items have a time to live says which attribute has it; an item that has expired goes later.

    Source: DynamoDB Developer Guide, "Using time to live (TTL) in DynamoDB"; API Reference, UpdateTimeToLive. That it
    goes is tested on the local cloud, where days pass: tests/localcloud/test_item_expiry.py.
    """
    dynamodb, table = aws.client("dynamodb"), make_table(aws)
    before = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    assert before == {"TimeToLiveStatus": "DISABLED"}
    spec = {"AttributeName": "expires", "Enabled": True}
    assert (
        dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=spec)["TimeToLiveSpecification"] == spec
    )
    item = {"k": {"S": "a"}, "expires": {"N": str(int(time.time()) - 60)}}
    dynamodb.put_item(TableName=table, Item=item)
    assert dynamodb.get_item(TableName=table, Key={"k": {"S": "a"}}, ConsistentRead=True)["Item"] == item
    after = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    assert after["AttributeName"] == "expires"
    assert after["TimeToLiveStatus"] in {"ENABLING", "ENABLED"}
