import json
from pathlib import Path
from typing import Any

import pytest

APP = """
import json, os
from chalice import Chalice
app = Chalice(app_name="announced")

@app.on_cw_event({"source": ["aws.s3"]})
def stored(event):
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(json.dumps(event.to_dict()) + "\\n")
"""


class Announced:
    """A cloud with a bucket `b-1` and the events its application got."""

    def __init__(self, cloud: Any, notes: Path, wait_for: Any) -> None:
        self.cloud = cloud
        self.s3 = cloud.eventbridge_bucket("b-1")
        self._notes = notes
        self._wait_for = wait_for

    def events(self, count: int) -> list[dict[str, Any]]:
        def lines() -> list[str] | None:
            found = self._notes.read_text().splitlines() if self._notes.exists() else []
            return found if len(found) >= count else None

        return [json.loads(line) for line in self._wait_for(lines)]

    def until_the_last(self) -> list[dict[str, Any]]:
        """Store a last object and give all events up to its own: deliveries are in order with one worker."""
        self.s3.put_object(Bucket="b-1", Key="last", Body=b"")

        def lines() -> list[str] | None:
            found = self._notes.read_text().splitlines() if self._notes.exists() else []
            return found if any('"key": "last"' in line for line in found) else None

        return [json.loads(line) for line in self._wait_for(lines)][:-1]


@pytest.fixture
def announced(start_cloud: Any, tmp_path: Path, wait_for: Any) -> Announced:
    from localcloud.settings import Limits  # noqa: PLC0415

    notes = tmp_path / "notes"
    cloud = start_cloud(APP, environment={"NOTES": str(notes)}, limits=Limits(lambda_workers=1))
    return Announced(cloud, notes, wait_for)


def test_put(announced: Announced) -> None:
    """A stored object is announced once, with its facts, its key not encoded."""
    etag = announced.s3.put_object(Bucket="b-1", Key="up/a +%2F ü.csv", Body=b"12345")["ETag"]
    (event,) = announced.until_the_last()
    assert (event["source"], event["detail-type"]) == ("aws.s3", "Object Created")
    assert (event["region"], event["resources"]) == ("eu-central-1", ["arn:aws:s3:::b-1"])
    detail = event["detail"]
    assert detail["bucket"] == {"name": "b-1"}
    assert detail["object"].pop("sequencer")
    assert detail["object"] == {"key": "up/a +%2F ü.csv", "size": 5, "etag": etag.strip('"')}
    assert (detail["version"], detail["reason"], detail["requester"]) == ("0", "PutObject", "123456789012")
    assert set(detail) == {
        "version",
        "bucket",
        "object",
        "request-id",
        "requester",
        "source-ip-address",
        "reason",
    }


def test_version(announced: Announced) -> None:
    """In a versioned bucket the event names the version, and describes it and not a later one."""
    announced.s3.put_bucket_versioning(Bucket="b-1", VersioningConfiguration={"Status": "Enabled"})
    versions = [announced.s3.put_object(Bucket="b-1", Key="k", Body=b"x" * size)["VersionId"] for size in (1, 2)]
    objects = [event["detail"]["object"] for event in announced.until_the_last()]
    assert [(entry["version-id"], entry["size"]) for entry in objects] == [(versions[0], 1), (versions[1], 2)]
    assert objects[0]["sequencer"] < objects[1]["sequencer"]


def test_copy_and_multipart(announced: Announced) -> None:
    """A copy and a multipart upload are announced once each, by the operation that ended them."""
    s3 = announced.s3
    upload = s3.create_multipart_upload(Bucket="b-1", Key="parts")["UploadId"]
    etag = s3.upload_part(Bucket="b-1", Key="parts", UploadId=upload, PartNumber=1, Body=b"123")["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    s3.complete_multipart_upload(Bucket="b-1", Key="parts", UploadId=upload, MultipartUpload=parts)
    s3.copy_object(Bucket="b-1", Key="copy", CopySource={"Bucket": "b-1", "Key": "parts"})
    details = [event["detail"] for event in announced.until_the_last()]
    assert [(detail["object"]["key"], detail["reason"], detail["object"]["size"]) for detail in details] == [
        ("parts", "CompleteMultipartUpload", 3),
        ("copy", "CopyObject", 3),
    ]


def test_what_is_not_announced(announced: Announced) -> None:
    """Refused writes, tags and buckets without EventBridge cause no event."""
    s3 = announced.s3
    s3.put_object(Bucket="b-1", Key="k", Body=b"x")
    with pytest.raises(s3.exceptions.ClientError):
        s3.put_object(Bucket="b-1", Key="k", Body=b"y", IfNoneMatch="*")
    s3.put_object_tagging(Bucket="b-1", Key="k", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    s3.create_bucket(Bucket="silent", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket="silent", Key="k", Body=b"x")
    assert [event["detail"]["object"]["key"] for event in announced.until_the_last()] == ["k"]


def test_large_streamed_upload(announced: Announced, tmp_path: Path) -> None:
    """A file that boto3 uploads in parts, in its own chunked coding, arrives whole and is announced once."""
    path = tmp_path / "large"
    path.write_bytes(bytes(range(256)) * 65_536)
    announced.s3.upload_file(str(path), "b-1", "large")
    (event,) = announced.until_the_last()
    assert event["detail"]["object"]["size"] == path.stat().st_size
    announced.s3.download_file("b-1", "large", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == path.read_bytes()
