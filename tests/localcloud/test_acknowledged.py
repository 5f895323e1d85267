"""SIGKILL of the front door while clients write: what was acknowledged is there, against the clients' own log."""

import random
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.localcloud.cloud_process import CloudProcess, client

CLIENTS = 4
TABLE, BUCKET = "written", "written"


class Writer(threading.Thread):
    """Writes to S3 and DynamoDB in turn until its share is acknowledged or the cloud is gone; keeps the log."""

    def __init__(self, url: str, number: int, share: int, log: dict[str, str]) -> None:
        super().__init__()
        self._url, self._number, self._share, self._log = url, number, share, log

    def run(self) -> None:
        with closing(client("s3", self._url)) as s3, closing(client("dynamodb", self._url)) as dynamodb:
            for turn in range(self._share):
                name = f"{self._number}-{time.time_ns()}"
                try:
                    if turn % 2:
                        s3.put_object(Bucket=BUCKET, Key=name, Body=name.encode())
                    else:
                        dynamodb.put_item(TableName=TABLE, Item={"k": {"S": name}, "v": {"S": name[::-1]}})
                except (BotoCoreError, ClientError):
                    return  # not acknowledged: it may be there or not
                self._log[name] = "s3" if turn % 2 else "dynamodb"


def write(url: str, share: int, log: dict[str, str]) -> list[Writer]:
    writers = [Writer(url, number, share, log) for number in range(CLIENTS)]
    for writer in writers:
        writer.start()
    return writers


def found(url: str) -> dict[str, str]:
    """Return what is stored, after looking at each item's content."""
    there: dict[str, str] = {}
    with closing(client("s3", url)) as s3, closing(client("dynamodb", url)) as dynamodb:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
            for item in page.get("Contents", ()):
                assert item["Size"] == len(item["Key"])
                there[item["Key"]] = "s3"
        some = random.Random(0).sample(sorted(there), min(50, len(there)))  # noqa: S311 - any
        assert all(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode() == key for key in some)
        for page in dynamodb.get_paginator("scan").paginate(TableName=TABLE):
            for item in page["Items"]:
                assert item["v"]["S"] == item["k"]["S"][::-1]
                there[item["k"]["S"]] = "dynamodb"
    return there


def test_no_acknowledged_write_is_lost(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """After each of several SIGKILLs under load, every write that a client saw acknowledged is there, whole."""
    writes = pytestconfig.getoption("--writes")
    log: dict[str, str] = {}
    state = tmp_path / "state"
    with CloudProcess(state) as cloud:
        with closing(cloud.client("s3")) as s3, closing(cloud.client("dynamodb")) as dynamodb:
            s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
            dynamodb.create_table(
                TableName=TABLE,
                KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        cloud.kill()
    kills = 0
    while len(log) < writes:
        with CloudProcess(state) as cloud:
            goal = min(writes, len(log) + max(100, writes // 5))
            writers = write(cloud.url, writes, log)
            while len(log) < goal:
                time.sleep(0.005)
            cloud.kill()
            for writer in writers:
                writer.join(60)
            kills += 1
    with CloudProcess(state) as cloud:
        there = found(cloud.url)
    assert kills >= 4
    assert {name: place for name, place in log.items() if there.get(name) != place} == {}
    assert len(there) - len(log) <= kills * CLIENTS, "more is there than writes that were under way"
