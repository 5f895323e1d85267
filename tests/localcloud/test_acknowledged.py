"""SIGKILL of the front door while clients write: what was acknowledged is there, against the clients' own log."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

CLIENTS = 4
TABLE, BUCKET = "written", "written"


@contextmanager
def local_cloud(state: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a local cloud as a program of its own; its process and its address."""
    command = [sys.executable, "-m", "localcloud", "--state", str(state), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": "."}) as process:
        try:
            assert process.stdout
            yield process, json.loads(process.stdout.readline())["endpoint_url"]
        finally:
            process.kill()


def client(service: str, url: str) -> Any:
    make: Any = boto3.client
    return make(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",  # noqa: S106 - the local cloud takes any
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=20),
    )


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
    with local_cloud(state) as (process, url):
        with closing(client("s3", url)) as s3, closing(client("dynamodb", url)) as dynamodb:
            s3.create_bucket(Bucket=BUCKET)
            dynamodb.create_table(
                TableName=TABLE,
                KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        process.send_signal(signal.SIGKILL)
    kills = 0
    while len(log) < writes:
        with local_cloud(state) as (process, url):
            goal = min(writes, len(log) + max(100, writes // 5))
            writers = write(url, writes, log)
            while len(log) < goal:
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
            for writer in writers:
                writer.join(60)
            kills += 1
    with local_cloud(state) as (_, url):
        there = found(url)
    assert kills >= 4
    assert {name: place for name, place in log.items() if there.get(name) != place} == {}
    assert len(there) - len(log) <= kills * CLIENTS, "more is there than writes that were under way"
