"""What was acknowledged is there after ``kill -9`` of the whole local cloud, service by service."""

import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError

from tests.localcloud.cloud_process import CloudProcess

TABLE = {
    "TableName": "ledger",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], CloudProcess]]:
    started: list[CloudProcess] = []

    def run() -> CloudProcess:
        started.append(CloudProcess(tmp_path / "state"))
        return started[-1]

    yield run
    for process in started:
        process.kill()


class Writer(threading.Thread):
    """Does one thing after the other until the cloud is gone; what was acknowledged is in ``done``."""

    def __init__(self, act: Callable[[str], Any]) -> None:
        super().__init__(daemon=True)
        self._act = act
        self.done: dict[str, Any] = {}
        self.tried = ""

    def run(self) -> None:
        for number in itertools.count():
            self.tried = f"{number}"
            try:
                answer = self._act(self.tried)
            except BotoCoreError:
                return
            self.done[self.tried] = answer


def test_nothing_acknowledged_is_lost(start: Callable[[], CloudProcess], wait_for: Callable[..., Any]) -> None:
    """Items, messages and roles that were acknowledged before a kill -9 are there after it; deleted ones are not.

    What was under way may be there or not. Killed twice, in the middle of writes of all kinds.
    """
    cloud = start()
    cloud.client("dynamodb").create_table(**TABLE)
    url = cloud.client("sqs").create_queue(QueueName="letters")["QueueUrl"]
    for turn in range(2):
        writers = _write(cloud, url, f"{turn}-")
        wait_for(lambda all_of=writers: all(len(writer.done) >= 5 for writer in all_of.values()), 60)
        cloud.kill()
        for writer in writers.values():
            writer.join(30)
        cloud = start()
        _check(cloud, url, f"{turn}-", writers)


def _write(cloud: CloudProcess, url: str, mark: str) -> dict[str, Writer]:
    dynamodb, deleter, sqs, consumer, iam = map(cloud.client, ("dynamodb", "dynamodb", "sqs", "sqs", "iam"))

    def put(number: str) -> None:
        dynamodb.put_item(TableName="ledger", Item={"pk": {"S": f"{mark}put-{number}"}, "n": {"N": number}})

    def put_and_delete(number: str) -> None:
        key = {"pk": {"S": f"{mark}gone-{number}"}}
        deleter.put_item(TableName="ledger", Item=key)
        deleter.delete_item(TableName="ledger", Key=key)

    def send(number: str) -> None:
        sqs.send_message(QueueUrl=url, MessageBody=f"{mark}{number}")

    def consume(_: str) -> str | None:
        for message in consumer.receive_message(QueueUrl=url, VisibilityTimeout=43_200).get("Messages", []):
            consumer.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return str(message["Body"])
        return None

    def create(number: str) -> Any:
        trust = '{"Version": "2012-10-17", "Statement": []}'
        role = iam.create_role(RoleName=f"{mark}{number}", AssumeRolePolicyDocument=trust)["Role"]
        return role["RoleId"], role["CreateDate"]

    acts = {"put": put, "gone": put_and_delete, "send": send, "consume": consume, "create": create}
    writers = {name: Writer(act) for name, act in acts.items()}
    for writer in writers.values():
        writer.start()
    return writers


def _check(cloud: CloudProcess, url: str, mark: str, writers: dict[str, Writer]) -> None:
    pages = cloud.client("dynamodb").get_paginator("scan").paginate(TableName="ledger", ConsistentRead=True)
    found = {item["pk"]["S"] for page in pages for item in page["Items"]}
    assert {f"{mark}put-{number}" for number in writers["put"].done} <= found
    assert not {f"{mark}gone-{number}" for number in writers["gone"].done} & found
    _check_messages(cloud.client("sqs"), url, mark, writers)
    roles = {
        role["RoleName"]: role
        for page in cloud.client("iam").get_paginator("list_roles").paginate()
        for role in page["Roles"]
    }
    for number, (identity, date) in writers["create"].done.items():
        role = roles[f"{mark}{number}"]
        assert (role["RoleId"], role["CreateDate"]) == (identity, date)


def _check_messages(sqs: Any, url: str, mark: str, writers: dict[str, Writer]) -> None:
    left: set[str] = set()
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        left.update(message["Body"] for message in messages)
    consumed = set(writers["consume"].done.values()) - {None}
    assert not consumed & left
    attribute = "ApproximateNumberOfMessagesNotVisible"
    hidden = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[attribute])["Attributes"][attribute]
    missing = {f"{mark}{number}" for number in writers["send"].done} - consumed - left
    with_consumer = int(hidden) - len(left)  # taken before the kill, and not deleted
    assert len(missing) <= with_consumer + 1  # one more may be deleted, with an answer that nobody saw


def test_a_large_table_comes_back(start: Callable[[], CloudProcess]) -> None:
    """A table of 1,000 items that were written in batches is whole after a kill -9, its items in their order."""
    cloud = start()
    dynamodb = cloud.client("dynamodb")
    dynamodb.create_table(**TABLE)
    items = [{"pk": {"S": f"{number:05}"}, "n": {"N": f"{number}"}} for number in range(1_000)]
    for first in range(0, len(items), 25):
        requests = [{"PutRequest": {"Item": item}} for item in items[first : first + 25]]
        dynamodb.batch_write_item(RequestItems={"ledger": requests})
    cloud.kill()
    dynamodb = start().client("dynamodb")
    pages = dynamodb.get_paginator("scan").paginate(TableName="ledger")
    assert [item for page in pages for item in page["Items"]] == items
