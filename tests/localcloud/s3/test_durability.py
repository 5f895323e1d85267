import threading
import tracemalloc
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from localcloud.database import Database
from localcloud.errors import AwsError
from localcloud.http_server import Server
from localcloud.s3 import S3
from tests.localcloud.cloud_process import CloudProcess
from tests.localcloud.cloud_process import client as client_of

MIB = 1024 * 1024


def test_kill_9_loses_nothing_acknowledged(tmp_path: Path, start_cloud: Any) -> None:
    """Every PUT that was answered is there after the process was killed in the midst of others, and no file else."""
    state = tmp_path / "state"
    acknowledged: dict[str, bytes] = {}
    enough = threading.Event()

    def write(s3: Any, writer: int) -> None:
        for number in range(10_000):
            key, body = f"{writer}/{number % 30}", f"{writer} {number}".encode()
            try:
                s3.put_object(Bucket="kept", Key=f"{key}/{number}", Body=body)
            except (BotoCoreError, ClientError):
                return
            acknowledged[f"{key}/{number}"] = body
            if len(acknowledged) >= 100:
                enough.set()

    with CloudProcess(state) as cloud:
        s3 = cloud.client("s3")
        s3.create_bucket(Bucket="kept", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        s3.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
        writers = [threading.Thread(target=write, args=(s3, writer)) for writer in range(4)]
        for writer in writers:
            writer.start()
        assert enough.wait(60)
        cloud.kill()
        for writer in writers:
            writer.join(60)
        s3.close()
    (state / "objects" / "of-nobody").write_bytes(b"half an upload")
    again = start_cloud(state=state)
    s3 = again.client("s3")
    for key, body in acknowledged.items():
        assert s3.get_object(Bucket="kept", Key=key)["Body"].read() == body
    versions = s3.get_paginator("list_object_versions").paginate(Bucket="kept")
    listed = sum(len(page["Versions"]) for page in versions)
    assert len(acknowledged) <= listed <= len(acknowledged) + 4  # the answers under way may be lost
    assert len([*(state / "objects").iterdir()]) == listed
    assert s3.get_bucket_versioning(Bucket="kept")["Status"] == "Enabled"


def test_a_stop_loses_nothing(start_cloud: Any) -> None:
    """Objects, versions, tags, configurations and uploads under way are there after a restart."""
    first = start_cloud()
    s3 = first.eventbridge_bucket("kept")
    s3.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket="kept", Key="k", Body=b"1", Metadata={"m": "1"}, Tagging="a=b")["VersionId"]
    s3.delete_object(Bucket="kept", Key="k")
    upload = s3.create_multipart_upload(Bucket="kept", Key="parts")["UploadId"]
    place = {"Bucket": "kept", "Key": "parts", "UploadId": upload}
    part = s3.upload_part(**place, PartNumber=1, Body=b"part")["ETag"]
    first.cloud.stop()
    s3 = start_cloud().client("s3")
    kept = s3.get_object(Bucket="kept", Key="k", VersionId=version)
    assert (kept["Body"].read(), kept["Metadata"], kept["TagCount"]) == (b"1", {"m": "1"}, 1)
    assert len(s3.list_object_versions(Bucket="kept")["DeleteMarkers"]) == 1
    s3.complete_multipart_upload(**place, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part}]})
    assert s3.get_object(Bucket="kept", Key="parts")["Body"].read() == b"part"
    assert "EventBridgeConfiguration" in s3.get_bucket_notification_configuration(Bucket="kept")


def test_a_change_and_its_event_are_one(tmp_path: Path) -> None:
    """An object whose event cannot be kept is not stored, and one that is overwritten by it stays."""
    refusing = threading.Event()

    def publish(**_: Any) -> None:
        if refusing.is_set():
            raise AwsError("InternalError", "the bus is full", 500)

    with closing(Database(tmp_path / "state.db")) as database:
        now, folder = datetime.now(UTC), tmp_path / "objects"
        s3 = S3(folder, database, publish=publish, event_delay=0.0, now=lambda: now, new_id=lambda: uuid.uuid4().hex)
        server = Server(s3, 0)
        server.start()
        client = client_of("s3", f"http://127.0.0.1:{server.port}", "us-east-1")
        client.create_bucket(Bucket="kept")
        on: dict[str, Any] = {"EventBridgeConfiguration": {}}
        client.put_bucket_notification_configuration(Bucket="kept", NotificationConfiguration=on)
        client.put_object(Bucket="kept", Key="k", Body=b"before")
        refusing.set()
        with pytest.raises(ClientError, match="the bus is full"):
            client.put_object(Bucket="kept", Key="k", Body=b"after")
        assert client.get_object(Bucket="kept", Key="k")["Body"].read() == b"before"
        assert len([*folder.iterdir()]) == 1
        client.close()
        server.stop(1.0)
        s3.close()


def test_large_objects_are_streamed(bucket: Any) -> None:
    """An object of 192 MiB goes in, is copied and comes out in pieces: no more than 8 MiB are held of it."""
    size, piece = 192 * MIB, b"x" * MIB

    def body() -> Iterator[bytes]:
        for _ in range(size // MIB):
            yield piece

    bucket.put("warm")
    address = bucket.service.url.removeprefix("http://")
    tracemalloc.start()
    try:
        with closing(HTTPConnection(address, timeout=60)) as connection:
            connection.request("PUT", f"/{bucket.name}/large", body(), {"Content-Length": str(size)})
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, b"")
            bucket.call("copy_object", Key="copy", CopySource=f"{bucket.name}/large")
            connection.request("GET", f"/{bucket.name}/copy")
            answer = connection.getresponse()
            assert sum(map(len, iter(lambda: answer.read(MIB), b""))) == size
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * MIB
