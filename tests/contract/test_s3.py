"""S3: objects, conditions, versions, uploads in parts, copies, checksums, presigned addresses, lists."""

import base64
import hashlib
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.contract.account import Account, refused
from tests.contract.clouds import LocalCloud


@pytest.fixture
def s3(aws: Account) -> Any:
    return aws.client("s3")


@pytest.fixture
def where(aws: Account) -> dict[str, str]:
    """Name a place that nobody wrote to."""
    return {"Bucket": aws.bucket, "Key": f"{aws.run}/{aws.name('object')} +ü"}


@pytest.fixture(scope="module")
def versioned(aws: Account) -> str:
    bucket = aws.name("versioned")
    region = {} if aws.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": aws.region}}
    aws.client("s3").create_bucket(Bucket=bucket, **region)
    aws.client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket


def test_an_object_comes_back(s3: Any, where: dict[str, str]) -> None:
    """An object is read as it was stored, with its type, metadata, length and ETag, the MD5 of its content.

    Source: API Reference, PutObject and GetObject; Object, ETag.
    """
    stored = s3.put_object(**where, Body=b"12345", ContentType="text/csv", Metadata={"a": "b"})
    told = s3.get_object(**where)
    assert (told["Body"].read(), told["ContentType"], told["Metadata"]) == (b"12345", "text/csv", {"a": "b"})
    assert told["ETag"] == stored["ETag"] == f'"{hashlib.md5(b"12345", usedforsecurity=False).hexdigest()}"'


def test_a_missing_object(s3: Any, where: dict[str, str]) -> None:
    """Reading what is not there is NoSuchKey, 404.

    Source: API Reference, Error responses.
    """
    assert refused(s3.get_object, **where)[0] == "NoSuchKey"


def test_a_range_of_bytes(s3: Any, where: dict[str, str]) -> None:
    """Range reads a part, and tells where it lies.

    Source: API Reference, GetObject, Range; RFC 9110.
    """
    s3.put_object(**where, Body=b"0123456789")
    told = s3.get_object(**where, Range="bytes=2-4")
    assert (told["Body"].read(), told["ContentRange"]) == (b"234", "bytes 2-4/10")


def test_conditions_of_readers(s3: Any, where: dict[str, str]) -> None:
    """IfMatch of another ETag is 412, IfNoneMatch of this one 304.

    Source: API Reference, GetObject; RFC 9110.
    """
    etag = s3.put_object(**where, Body=b"1")["ETag"]
    assert refused(s3.get_object, **where, IfMatch='"other"')[0] == "PreconditionFailed"
    assert refused(s3.get_object, **where, IfNoneMatch=etag)[0] == "304"


def test_a_key_is_created_once(s3: Any, where: dict[str, str]) -> None:
    """PutObject with IfNoneMatch * is refused when the key is there.

    Source: S3 User Guide, "Add preconditions to S3 operations with conditional requests".
    """
    s3.put_object(**where, Body=b"1", IfNoneMatch="*")
    assert refused(s3.put_object, **where, Body=b"2", IfNoneMatch="*")[0] == "PreconditionFailed"
    assert s3.get_object(**where)["Body"].read() == b"1"


def test_a_key_is_replaced_if_it_is_the_one_known(s3: Any, where: dict[str, str]) -> None:
    """PutObject with IfMatch replaces that content only; of a key that is not there it is NoSuchKey.

    Source: S3 User Guide, "Add preconditions to S3 operations with conditional requests".
    """
    assert refused(s3.put_object, **where, Body=b"1", IfMatch='"any"')[0] == "NoSuchKey"
    etag = s3.put_object(**where, Body=b"1")["ETag"]
    s3.put_object(**where, Body=b"2", IfMatch=etag)
    assert refused(s3.put_object, **where, Body=b"3", IfMatch=etag)[0] == "PreconditionFailed"


def test_versions_are_kept(s3: Any, versioned: str) -> None:
    """In a versioned bucket each write is a version, a deletion a marker, and each version is read by its id.

    Source: S3 User Guide, "Retaining multiple versions of objects with S3 Versioning".
    """
    first, second = (s3.put_object(Bucket=versioned, Key="k", Body=body)["VersionId"] for body in (b"1", b"2"))
    marker = s3.delete_object(Bucket=versioned, Key="k")
    assert marker["DeleteMarker"] is True
    assert refused(s3.get_object, Bucket=versioned, Key="k")[0] == "NoSuchKey"
    assert s3.get_object(Bucket=versioned, Key="k", VersionId=first)["Body"].read() == b"1"
    s3.delete_object(Bucket=versioned, Key="k", VersionId=marker["VersionId"])
    assert s3.head_object(Bucket=versioned, Key="k")["VersionId"] == second


def test_parts_become_one_object(s3: Any, where: dict[str, str]) -> None:
    """A multipart upload is one object of its parts in order, whose ETag ends with their number.

    Source: API Reference, CompleteMultipartUpload.
    """
    upload = s3.create_multipart_upload(**where)["UploadId"]
    etags = [
        s3.upload_part(**where, UploadId=upload, PartNumber=number, Body=body)["ETag"]
        for number, body in ((1, b"x" * 5_242_880), (2, b"end"))
    ]
    parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
    told = s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": parts})
    assert told["ETag"].endswith('-2"')
    assert s3.head_object(**where)["ContentLength"] == 5_242_883


def test_parts_have_five_megabytes(s3: Any, where: dict[str, str]) -> None:
    """A part that is not the last and is smaller than 5 MiB is EntityTooSmall.

    Source: API Reference, CompleteMultipartUpload, Errors.
    """
    upload = s3.create_multipart_upload(**where)["UploadId"]
    etags = [s3.upload_part(**where, UploadId=upload, PartNumber=number, Body=b"small")["ETag"] for number in (1, 2)]
    parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
    asked = {**where, "UploadId": upload, "MultipartUpload": {"Parts": parts}}
    assert refused(s3.complete_multipart_upload, **asked)[0] == "EntityTooSmall"


def test_a_copy_is_the_same(s3: Any, where: dict[str, str]) -> None:
    """CopyObject copies content and metadata.

    Source: API Reference, CopyObject.
    """
    s3.put_object(**where, Body=b"1", Metadata={"a": "b"})
    copy = {**where, "Key": where["Key"] + "/copy"}
    s3.copy_object(**copy, CopySource=where)
    told = s3.get_object(**copy)
    assert (told["Body"].read(), told["Metadata"]) == (b"1", {"a": "b"})


def test_a_wrong_checksum_is_refused(s3: Any, where: dict[str, str]) -> None:
    """Content that does not fit its checksum is BadDigest, and nothing is stored.

    Source: API Reference, PutObject, ChecksumSHA256; Error responses, BadDigest.
    """
    wrong = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    assert refused(s3.put_object, **where, Body=b"1", ChecksumSHA256=wrong)[0] == "BadDigest"
    assert refused(s3.get_object, **where)[0] == "NoSuchKey"


def test_a_checksum_is_kept(s3: Any, where: dict[str, str]) -> None:
    """The checksum of an object is told when it is asked for.

    Source: API Reference, GetObject, ChecksumMode.
    """
    right = base64.b64encode(hashlib.sha256(b"1").digest()).decode()
    s3.put_object(**where, Body=b"1", ChecksumSHA256=right)
    assert s3.head_object(**where, ChecksumMode="ENABLED")["ChecksumSHA256"] == right


def test_a_list_has_pages_and_folders(s3: Any, aws: Account) -> None:
    """ListObjectsV2 gives keys in order, in pages, with common prefixes for a delimiter.

    Source: API Reference, ListObjectsV2.
    """
    prefix = f"{aws.run}/{aws.name('list')}/"
    for key in ("a", "b/1", "b/2", "c"):
        s3.put_object(Bucket=aws.bucket, Key=prefix + key, Body=b"")
    pages = list(
        s3.get_paginator("list_objects_v2").paginate(
            Bucket=aws.bucket, Prefix=prefix, Delimiter="/", PaginationConfig={"PageSize": 2}
        )
    )
    assert [entry["Key"][len(prefix) :] for page in pages for entry in page.get("Contents", ())] == ["a", "c"]
    assert [each["Prefix"][len(prefix) :] for page in pages for each in page.get("CommonPrefixes", ())] == ["b/"]
    assert len(pages) == 2


def test_many_are_deleted_at_once(s3: Any, where: dict[str, str]) -> None:
    """DeleteObjects deletes what is there, and is content with what is not.

    Source: API Reference, DeleteObjects.
    """
    s3.put_object(**where, Body=b"1")
    objects = [{"Key": where["Key"]}, {"Key": where["Key"] + "/nobody"}]
    told = s3.delete_objects(Bucket=where["Bucket"], Delete={"Objects": objects})
    assert len(told["Deleted"]) == 2
    assert refused(s3.head_object, **where)[0] == "404"


def test_a_presigned_address_works_without_a_key(s3: Any, where: dict[str, str]) -> None:
    """Who has a presigned address reads the object with it.

    Source: S3 User Guide, "Download and upload objects with presigned URLs".
    """
    s3.put_object(**where, Body=b"1")
    url = s3.generate_presigned_url("get_object", Params=where, ExpiresIn=60)
    with urllib.request.urlopen(url, timeout=30) as response:  # noqa: S310  an address that boto3 made
        assert response.read() == b"1"


@pytest.mark.local_only
def test_a_presigned_address_ends(later: Account, virtual: LocalCloud) -> None:
    """After ExpiresIn a presigned address is 403.

    Source: S3 User Guide, "Download and upload objects with presigned URLs"; by the cloud's clock is ours.
    """
    where = {"Bucket": later.bucket, "Key": "short"}
    later.client("s3").put_object(**where, Body=b"1")
    url = later.client("s3").generate_presigned_url("get_object", Params=where, ExpiresIn=60)
    virtual.advance(24 * 3600)
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(url, timeout=30)  # noqa: S310  an address that boto3 made


def test_a_bucket_with_objects_stays(s3: Any, versioned: str) -> None:
    """A bucket that is not empty is not deleted.

    Source: API Reference, DeleteBucket; Error responses, BucketNotEmpty.
    """
    s3.put_object(Bucket=versioned, Key="stays", Body=b"")
    assert refused(s3.delete_bucket, Bucket=versioned)[0] == "BucketNotEmpty"


def test_an_unknown_bucket(s3: Any, aws: Account) -> None:
    """A bucket that does not exist is NoSuchBucket.

    Source: API Reference, Error responses.
    """
    assert refused(s3.list_objects_v2, Bucket=aws.name("nobody"))[0] == "NoSuchBucket"


def test_keys_have_1024_bytes(s3: Any, aws: Account) -> None:
    """A key is at most 1,024 bytes of UTF-8.

    Source: S3 User Guide, "Naming Amazon S3 objects"; Error responses, KeyTooLongError.
    """
    assert refused(s3.put_object, Bucket=aws.bucket, Key="ü" * 513, Body=b"")[0] == "KeyTooLongError"
