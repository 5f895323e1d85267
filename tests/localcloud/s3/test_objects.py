from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
AWKWARD = [
    *("plain", "with space", "a+b%20c/ü/=&?#", "//double", "dots/../in", "..", ".", "./a", "a/", "/", "a//b/"),
    *("line\nfeed", "cr\rx", "nul\x00x", "😀/🏳️‍🌈", "%2F%", "?x=y", "a;b", "k" * 1024, "é" * 512),
]


@pytest.mark.parametrize("key", AWKWARD)
def test_awkward_keys(bucket: Any, key: str) -> None:
    """An object comes back, and is listed, under exactly the key it was stored under, whatever the key holds."""
    bucket.put(key, key.encode())
    assert bucket.get(key) == key.encode()
    assert [entry["Key"] for entry in bucket.call("list_objects_v2")["Contents"]] == [key]
    bucket.call("delete_object", Key=key)
    assert bucket.call("list_objects_v2")["KeyCount"] == 0


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys=st.sets(KEYS, min_size=1, max_size=4))
def test_any_keys(bucket: Any, keys: set[str]) -> None:
    """Objects under any keys are kept apart, and listed in the order of the keys' UTF-8 bytes."""
    for key in keys:
        bucket.put(key, key.encode())
    assert all(bucket.get(key) == key.encode() for key in keys)
    listed = [entry["Key"] for entry in bucket.call("list_objects_v2")["Contents"]]
    assert listed == sorted(keys, key=lambda key: key.encode())
    for key in keys:
        bucket.call("delete_object", Key=key)


def test_keys_that_are_refused(bucket: Any) -> None:
    """A key of more than 1,024 bytes, or that is no UTF-8, is refused (S3 User Guide, "Naming objects")."""
    assert bucket.refused("put_object", Key="k" * 1025, Body=b"") == (400, "KeyTooLongError")
    status, body = bucket.send("PUT", f"/{bucket.name}/%FF", b"")
    assert (status, b"InvalidURI" in body) == (400, True)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=300), first=st.integers(0, 320), more=st.none() | st.integers(0, 320))
def test_any_range(bucket: Any, body: bytes, first: int, more: int | None) -> None:
    """A range is the stretch of the content that RFC 9110 says, or InvalidRange where there is no byte in it."""
    bucket.put("k", body)
    last = "" if more is None else str(first + more)
    expected = body[first:] if more is None else body[first : first + more + 1]
    if not expected:
        assert bucket.refused("get_object", Key="k", Range=f"bytes={first}-{last}") == (416, "InvalidRange")
        return
    answer = bucket.call("get_object", Key="k", Range=f"bytes={first}-{last}")
    assert answer["Body"].read() == expected
    assert answer["ContentRange"] == f"bytes {first}-{first + len(expected) - 1}/{len(body)}"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206


def test_ranges_from_the_end_and_others(bucket: Any) -> None:
    """The last bytes can be asked for; a header that is no single range of bytes gives the whole (as users saw)."""
    bucket.put("k", b"0123456789")
    assert bucket.get("k", Range="bytes=-3") == b"789"
    assert bucket.get("k", Range="bytes=-30") == b"0123456789"
    for ignored in ("bytes=2-1", "bytes=0-1,3-4", "lines=1-2", "bytes=-"):
        assert bucket.get("k", Range=ignored) == b"0123456789"


def test_headers_and_metadata(bucket: Any) -> None:
    """What an object was stored with comes back: API Reference, "PutObject"."""
    kept = {
        "ContentType": "text/csv",
        "CacheControl": "no-cache",
        "ContentDisposition": 'attachment; filename="a"',
        "ContentEncoding": "gzip",
        "ContentLanguage": "de",
        "StorageClass": "STANDARD_IA",
        "Metadata": {"own_name": "1", "own-name": "2", "x": "y,z"},
    }
    bucket.put("k", b"content", **kept, Tagging="a=b&c=")
    for operation in ("get_object", "head_object"):
        answer = bucket.call(operation, Key="k")
        assert {name: answer[name] for name in kept} == kept
        assert (answer["TagCount"], answer["ContentLength"], answer["AcceptRanges"]) == (2, 7, "bytes")
        assert answer["LastModified"].tzinfo
    assert bucket.call("head_object", Key="k")["ETag"] == '"9a0364b9e99bb480dd25e1f0284c8555"'


def test_defaults(bucket: Any) -> None:
    """An object that was stored with nothing has S3's content type and encryption, and no storage class to tell."""
    bucket.put("k")
    answer = bucket.call("head_object", Key="k")
    assert (answer["ContentType"], answer["ServerSideEncryption"]) == ("binary/octet-stream", "AES256")
    assert not {"StorageClass", "VersionId", "Metadata"} & {name for name, value in answer.items() if value}


def test_response_overrides(bucket: Any) -> None:
    """A reader can ask for other headers than those stored: API Reference, "GetObject"."""
    bucket.put("k", ContentType="text/csv")
    asked = {"ResponseContentType": "text/plain", "ResponseContentDisposition": "inline"}
    answer = bucket.call("get_object", Key="k", **asked)
    assert (answer["ContentType"], answer["ContentDisposition"]) == ("text/plain", "inline")


def test_what_is_not_there(bucket: Any) -> None:
    """A missing key or bucket has its own code, and HEAD only a status."""
    assert bucket.refused("get_object", Key="missing") == (404, "NoSuchKey")
    assert bucket.refused("head_object", Key="missing") == (404, "404")
    assert bucket.refused("get_object", Key="k", VersionId="x") == (404, "NoSuchVersion")
    with pytest.raises(ClientError) as refused:
        bucket.s3.get_object(Bucket="no-such-bucket", Key="k")
    error: Any = refused.value.response["Error"]
    assert (error["Code"], error["BucketName"]) == ("NoSuchBucket", "no-such-bucket")


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ({"IfMatch": '"9dd4e461268c8034f5c8564e155c67a6"'}, 200),
        ({"IfMatch": "*"}, 200),
        ({"IfMatch": '"other"'}, 412),
        ({"IfNoneMatch": '"9dd4e461268c8034f5c8564e155c67a6"'}, 304),
        ({"IfNoneMatch": '"other"'}, 200),
        ({"IfModifiedSince": timedelta(hours=1)}, 304),
        ({"IfModifiedSince": timedelta(hours=-1)}, 200),
        ({"IfUnmodifiedSince": timedelta(hours=-1)}, 412),
        ({"IfUnmodifiedSince": timedelta(hours=1)}, 200),
        ({"IfMatch": "*", "IfUnmodifiedSince": timedelta(hours=-1)}, 200),
        ({"IfNoneMatch": '"other"', "IfModifiedSince": timedelta(hours=1)}, 200),
    ],
)
def test_conditional_reads(bucket: Any, condition: dict[str, Any], status: int) -> None:
    """A reader's conditions decide: RFC 9110 section 13.2.2, and API Reference, "GetObject"."""
    bucket.put("k", b"x")
    now = datetime.now(UTC)
    asked = {name: now + value if isinstance(value, timedelta) else value for name, value in condition.items()}
    if status == 200:
        assert bucket.get("k", **asked) == b"x"
    else:
        assert bucket.refused("get_object", Key="k", **asked)[0] == status
        assert bucket.refused("head_object", Key="k", **asked)[0] == status


def test_conditional_writes(bucket: Any) -> None:
    """A write is refused whose condition does not hold: S3 User Guide, "How to prevent object overwrites"."""
    etag = bucket.put("k", b"1", IfNoneMatch="*")["ETag"]
    assert bucket.refused("put_object", Key="k", Body=b"2", IfNoneMatch="*") == (412, "PreconditionFailed")
    assert bucket.refused("put_object", Key="k", Body=b"2", IfMatch='"other"') == (412, "PreconditionFailed")
    assert bucket.refused("put_object", Key="missing", Body=b"2", IfMatch=etag) == (404, "NoSuchKey")
    assert bucket.refused("put_object", Key="k", Body=b"2", IfNoneMatch=etag) == (501, "NotImplemented")
    bucket.put("k", b"3", IfMatch=etag)
    assert bucket.get("k") == b"3"


def test_tags(bucket: Any) -> None:
    """Tags are replaced as a whole, and removed; ten at most (S3 User Guide, "Object tags")."""
    bucket.put("k", Tagging="a=1")
    assert bucket.call("get_object_tagging", Key="k")["TagSet"] == [{"Key": "a", "Value": "1"}]
    bucket.call("put_object_tagging", Key="k", Tagging={"TagSet": [{"Key": "b", "Value": "ü <&>"}]})
    assert bucket.call("get_object_tagging", Key="k")["TagSet"] == [{"Key": "b", "Value": "ü <&>"}]
    bucket.call("delete_object_tagging", Key="k")
    assert bucket.call("get_object_tagging", Key="k")["TagSet"] == []
    many = {"TagSet": [{"Key": str(number), "Value": ""} for number in range(11)]}
    assert bucket.refused("put_object_tagging", Key="k", Tagging=many) == (400, "BadRequest")
    twice = {"TagSet": [{"Key": "a", "Value": ""}] * 2}
    assert bucket.refused("put_object_tagging", Key="k", Tagging=twice) == (400, "InvalidTag")


def test_attributes(bucket: Any) -> None:
    """An object's attributes are told as far as they are asked for: API Reference, "GetObjectAttributes"."""
    etag = bucket.put("k", b"123")["ETag"].strip('"')
    answer = bucket.call("get_object_attributes", Key="k", ObjectAttributes=["ETag", "ObjectSize", "Checksum"])
    assert (answer["ETag"], answer["ObjectSize"], "StorageClass" in answer) == (etag, 3, False)
    assert answer["Checksum"] == {"ChecksumCRC32": "iEhj0g==", "ChecksumType": "FULL_OBJECT"}


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("get_object_acl", {"Key": "k"}),
        ("put_bucket_website", {"WebsiteConfiguration": {}}),
        ("get_bucket_replication", {}),
        ("get_object_torrent", {"Key": "k"}),
        ("put_object", {"Key": "k", "ObjectLockLegalHoldStatus": "ON"}),
        ("put_object", {"Key": "k", "GrantRead": "id=1"}),
        ("put_object", {"Key": "k", "ChecksumCRC32C": "AAAAAA=="}),
        ("list_objects_v2", {"OptionalObjectAttributes": ["RestoreStatus"]}),
    ],
)
def test_what_is_not_emulated(bucket: Any, operation: str, members: dict[str, Any]) -> None:
    """An operation, a member or an algorithm that is not emulated is refused by its name, never ignored (ours)."""
    assert bucket.refused(operation, **members) == (501, "NotImplemented")


def test_other_owners(bucket: Any) -> None:
    """A request that expects another owner is refused: S3 User Guide, "Verifying bucket ownership"."""
    assert bucket.refused("list_objects_v2", ExpectedBucketOwner="000000000000") == (403, "AccessDenied")
    bucket.call("list_objects_v2", ExpectedBucketOwner="123456789012")
