import io
import os
from typing import Any

import pytest

MIB = 1024 * 1024


class Upload:
    """A multipart upload under way."""

    def __init__(self, bucket: Any, key: str = "k", **more: Any) -> None:
        self._bucket = bucket
        self.place = {"Key": key}
        self.place["UploadId"] = bucket.call("create_multipart_upload", Key=key, **more)["UploadId"]

    def part(self, number: int, body: bytes, **more: Any) -> dict[str, Any]:
        answer = self._bucket.call("upload_part", **self.place, PartNumber=number, Body=body, **more)
        return {"PartNumber": number, "ETag": answer["ETag"]}

    def complete(self, *parts: dict[str, Any], **more: Any) -> Any:
        asked = {"Parts": list(parts)}
        return self._bucket.call("complete_multipart_upload", **self.place, MultipartUpload=asked, **more)

    def refused(self, *parts: dict[str, Any]) -> tuple[int, str]:
        refused: tuple[int, str] = self._bucket.refused(
            "complete_multipart_upload", **self.place, MultipartUpload={"Parts": list(parts)}
        )
        return refused


def test_parts_are_joined(bucket: Any) -> None:
    """Parts make one object in their order, however they came; a part sent again replaces the first."""
    upload = Upload(bucket, ContentType="text/csv", Metadata={"m": "1"})
    last = upload.part(7, b"end")
    upload.part(2, b"wrong")
    first = upload.part(2, b"a" * 5 * MIB)
    answer = upload.complete(first, last)
    assert answer["ETag"].endswith('-2"')
    whole = bucket.call("get_object", Key="k")
    assert whole["Body"].read() == b"a" * 5 * MIB + b"end"
    assert (whole["ContentType"], whole["Metadata"], whole["ETag"]) == ("text/csv", {"m": "1"}, answer["ETag"])
    assert bucket.get("k", Range=f"bytes={5 * MIB - 2}-{5 * MIB}") == b"aae"
    part = bucket.call("get_object", Key="k", PartNumber=2)
    assert (part["Body"].read(), part["PartsCount"]) == (b"end", 2)


def test_what_cannot_be_completed(bucket: Any) -> None:
    """Parts must be in order, there, and of 5 MiB but for the last: API Reference, "CompleteMultipartUpload"."""
    upload = Upload(bucket)
    first, second = upload.part(1, b"1"), upload.part(2, b"2")
    assert upload.refused(second, first) == (400, "InvalidPartOrder")
    assert upload.refused(first, first) == (400, "InvalidPartOrder")
    assert upload.refused({**first, "ETag": '"other"'}) == (400, "InvalidPart")
    assert upload.refused({**first, "PartNumber": 9}) == (400, "InvalidPart")
    assert upload.refused(first, second) == (400, "EntityTooSmall")
    assert upload.refused() == (400, "MalformedXML")
    upload.complete(first)
    assert bucket.get("k") == b"1"
    assert upload.refused(first) == (404, "NoSuchUpload")


def test_abort(bucket: Any) -> None:
    """An aborted upload is gone, and its parts with it."""
    before = bucket.service.files()
    upload = Upload(bucket)
    upload.part(1, b"1")
    assert bucket.refused("delete_bucket") == (409, "BucketNotEmpty")  # ours
    bucket.call("abort_multipart_upload", **upload.place)
    assert bucket.service.files() == before
    assert bucket.refused("upload_part", **upload.place, PartNumber=1, Body=b"") == (404, "NoSuchUpload")
    assert bucket.refused("abort_multipart_upload", **upload.place) == (404, "NoSuchUpload")


def test_part_numbers(bucket: Any) -> None:
    """A part's number is from 1 to 10,000."""
    upload = Upload(bucket)
    for number in (0, 10_001):
        refused = bucket.refused("upload_part", **upload.place, PartNumber=number, Body=b"")
        assert refused == (400, "InvalidArgument")


def test_listing_parts_and_uploads(bucket: Any) -> None:
    """Parts and uploads under way are listed in pages."""
    uploads = [Upload(bucket, key) for key in ("a/1", "a/2", "b", "b")]
    for number in (1, 2, 3):
        uploads[0].part(number, bytes(number))
    pages = bucket.s3.get_paginator("list_parts").paginate(
        Bucket=bucket.name, **uploads[0].place, PaginationConfig={"PageSize": 2}
    )
    assert [(part["PartNumber"], part["Size"]) for page in pages for part in page["Parts"]] == [(1, 1), (2, 2), (3, 3)]
    pages = bucket.s3.get_paginator("list_multipart_uploads").paginate(
        Bucket=bucket.name, PaginationConfig={"PageSize": 1}
    )
    listed = [(entry["Key"], entry["UploadId"]) for page in pages for entry in page["Uploads"]]
    assert listed == [(upload.place["Key"], upload.place["UploadId"]) for upload in uploads]
    grouped = bucket.call("list_multipart_uploads", Delimiter="/")
    assert [entry["Prefix"] for entry in grouped["CommonPrefixes"]] == ["a/"]


def test_part_copies(bucket: Any) -> None:
    """A part can be a stretch of another object: API Reference, "UploadPartCopy"."""
    bucket.put("source", b"0123456789")
    upload = Upload(bucket)
    asked = {**upload.place, "PartNumber": 1, "CopySource": f"{bucket.name}/source"}
    result = bucket.call("upload_part_copy", **asked, CopySourceRange="bytes=2-4")["CopyPartResult"]
    bucket.call("delete_object", Key="source")
    upload.complete({"PartNumber": 1, "ETag": result["ETag"]})
    assert bucket.get("k") == b"234"


def test_part_copies_out_of_range(bucket: Any) -> None:
    """A stretch that the source does not have is refused."""
    bucket.put("source", b"0123456789")
    upload = Upload(bucket)
    asked = {**upload.place, "PartNumber": 1, "CopySource": f"{bucket.name}/source"}
    assert bucket.refused("upload_part_copy", **asked, CopySourceRange="bytes=5-10") == (400, "InvalidArgument")


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_composite_checksums(bucket: Any, algorithm: str) -> None:
    """The checksum of a multipart object is that of its parts': S3 User Guide, "Checking object integrity"."""
    upload = Upload(bucket, ChecksumAlgorithm=algorithm)
    part = upload.part(1, b"123", ChecksumAlgorithm=algorithm)
    answer = upload.complete(part)
    assert answer[f"Checksum{algorithm}"].endswith("-1")
    assert answer["ChecksumType"] == "COMPOSITE"


def test_full_object_checksums(bucket: Any) -> None:
    """A CRC-32 can be that of the whole object, and is verified (S3 User Guide, "Checking object integrity")."""
    upload = Upload(bucket, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    parts = [upload.part(1, b"a" * 5 * MIB), upload.part(2, b"b")]
    asked = {"Parts": parts}
    wrong = bucket.refused("complete_multipart_upload", **upload.place, MultipartUpload=asked, ChecksumCRC32="AAAAAA==")
    assert wrong == (400, "BadDigest")
    answer = upload.complete(*parts)
    bucket.put("single", b"a" * 5 * MIB + b"b")
    single = bucket.call("head_object", Key="single", ChecksumMode="ENABLED")
    assert (answer["ChecksumCRC32"], answer["ChecksumType"]) == (single["ChecksumCRC32"], "FULL_OBJECT")
    refused = bucket.refused("create_multipart_upload", Key="k", ChecksumAlgorithm="SHA1", ChecksumType="FULL_OBJECT")
    assert refused == (400, "InvalidRequest")


def test_boto3_transfers(bucket: Any) -> None:
    """Files of any size go up and come back by boto3's own transfers, in parts and in one."""
    for size in (0, 1, 8 * MIB, 20 * MIB + 1):
        content = os.urandom(size)
        bucket.s3.upload_fileobj(io.BytesIO(content), bucket.name, "k")
        back = io.BytesIO()
        bucket.s3.download_fileobj(bucket.name, "k", back)
        assert back.getvalue() == content
        bucket.s3.copy({"Bucket": bucket.name, "Key": "k"}, bucket.name, "copy")
        assert bucket.get("copy") == content
