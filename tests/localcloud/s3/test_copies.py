from datetime import UTC, datetime, timedelta
from typing import Any

import pytest


@pytest.fixture
def source(bucket: Any) -> Any:
    bucket.put("a b+ü/", b"content", ContentType="text/csv", Metadata={"m": "1"}, Tagging="t=1")
    return {"Bucket": bucket.name, "Key": "a b+ü/"}


def test_copy(bucket: Any, source: Any) -> None:
    """A copy has content, headers, metadata and tags of its source: API Reference, "CopyObject"."""
    result = bucket.call("copy_object", Key="copy", CopySource=source)["CopyObjectResult"]
    copy = bucket.call("get_object", Key="copy")
    assert copy["Body"].read() == b"content"
    assert (copy["ContentType"], copy["Metadata"], copy["TagCount"]) == ("text/csv", {"m": "1"}, 1)
    assert copy["ETag"] == result["ETag"] == bucket.call("head_object", Key=source["Key"])["ETag"]


def test_replaced(bucket: Any, source: Any) -> None:
    """A copy can replace metadata and tags; the storage class is never the source's."""
    bucket.call(
        "copy_object",
        Key="copy",
        CopySource=source,
        MetadataDirective="REPLACE",
        Metadata={"n": "2"},
        TaggingDirective="REPLACE",
        Tagging="x=y",
        StorageClass="GLACIER_IR",
    )
    copy = bucket.call("head_object", Key="copy")
    assert (copy["ContentType"], copy["Metadata"]) == ("binary/octet-stream", {"n": "2"})
    assert copy["StorageClass"] == "GLACIER_IR"
    assert bucket.call("get_object_tagging", Key="copy")["TagSet"] == [{"Key": "x", "Value": "y"}]


def test_onto_itself(bucket: Any, source: Any) -> None:
    """An object is copied onto itself only to change something."""
    key = source["Key"]
    assert bucket.refused("copy_object", Key=key, CopySource=source) == (400, "InvalidRequest")
    bucket.call("copy_object", Key=key, CopySource=source, MetadataDirective="REPLACE", Metadata={"n": "2"})
    assert bucket.get(key) == b"content"
    assert bucket.call("head_object", Key=key)["Metadata"] == {"n": "2"}


def test_of_a_version(bucket: Any) -> None:
    """A version can be copied after the key was overwritten, a delete marker cannot."""
    bucket.keep_versions()
    first = bucket.put("k", b"first")["VersionId"]
    bucket.put("k", b"second")
    source = {"Bucket": bucket.name, "Key": "k", "VersionId": first}
    answer = bucket.call("copy_object", Key="copy", CopySource=source)
    assert answer["CopySourceVersionId"] == first
    assert bucket.get("copy") == b"first"
    source["VersionId"] = bucket.call("delete_object", Key="k")["VersionId"]
    assert bucket.refused("copy_object", Key="copy", CopySource=source) == (400, "InvalidRequest")
    assert bucket.refused("copy_object", Key="copy", CopySource=f"{bucket.name}/k") == (404, "NoSuchKey")


@pytest.mark.parametrize(
    "condition",
    [
        {"CopySourceIfMatch": '"other"'},
        {"CopySourceIfNoneMatch": "*"},
        {"CopySourceIfModifiedSince": datetime.now(UTC) + timedelta(hours=1)},
        {"CopySourceIfUnmodifiedSince": datetime(2020, 1, 1, tzinfo=UTC)},
    ],
)
def test_conditions_on_the_source(bucket: Any, source: Any, condition: dict[str, Any]) -> None:
    """A copy whose source is not as it must be is refused, also where a reader would get a 304."""
    assert bucket.refused("copy_object", Key="copy", CopySource=source, **condition) == (412, "PreconditionFailed")


def test_conditions_on_the_target(bucket: Any, source: Any) -> None:
    """A copy does not overwrite what it must not."""
    refused = bucket.refused(
        "copy_object", Key=source["Key"], CopySource=source, IfNoneMatch="*", StorageClass="STANDARD"
    )
    assert refused == (412, "PreconditionFailed")
    assert bucket.refused("copy_object", Key="k", CopySource="only-a-bucket") == (400, "InvalidArgument")


def test_of_a_multipart_object(bucket: Any) -> None:
    """A copy in one request has the ETag and the checksum of a single upload, whatever its source has."""
    upload = bucket.call("create_multipart_upload", Key="k", ChecksumAlgorithm="SHA256")["UploadId"]
    part = bucket.call("upload_part", Key="k", UploadId=upload, PartNumber=1, Body=b"123", ChecksumAlgorithm="SHA256")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"], "ChecksumSHA256": part["ChecksumSHA256"]}]}
    whole = bucket.call("complete_multipart_upload", Key="k", UploadId=upload, MultipartUpload=parts)
    assert whole["ETag"].endswith('-1"')
    copy = bucket.call("copy_object", Key="copy", CopySource=f"{bucket.name}/k")["CopyObjectResult"]
    assert (copy["ETag"], copy["ChecksumSHA256"]) == ('"202cb962ac59075b964b07152d234b70"', part["ChecksumSHA256"])
    assert bucket.get("copy", ChecksumMode="ENABLED") == b"123"
