from typing import Any

import pytest


def ids(bucket: Any, kind: str = "Versions") -> list[tuple[str, str, bool]]:
    found = bucket.call("list_object_versions").get(kind, [])
    return [(entry["Key"], entry["VersionId"], entry["IsLatest"]) for entry in found]


def test_versions_are_kept(bucket: Any) -> None:
    """A version stays readable under its id after the key was overwritten; newer ones are listed first."""
    bucket.keep_versions()
    first, second = (bucket.put("k", body)["VersionId"] for body in (b"first", b"second"))
    assert bucket.get("k", VersionId=first) == b"first"
    assert bucket.get("k") == b"second"
    assert ids(bucket) == [("k", second, True), ("k", first, False)]


def test_delete_markers(bucket: Any) -> None:
    """A delete hides the object and removes nothing: S3 User Guide, "Working with delete markers"."""
    bucket.keep_versions()
    version = bucket.put("k", b"1")["VersionId"]
    deleted = bucket.call("delete_object", Key="k")
    assert deleted["DeleteMarker"] is True
    assert bucket.refused("get_object", Key="k") == (404, "NoSuchKey")
    assert bucket.call("list_objects_v2")["KeyCount"] == 0
    assert bucket.get("k", VersionId=version) == b"1"
    assert ids(bucket, "DeleteMarkers") == [("k", deleted["VersionId"], True)]
    gone = bucket.call("delete_object", Key="k", VersionId=deleted["VersionId"])
    assert (gone["DeleteMarker"], gone["VersionId"]) == (True, deleted["VersionId"])
    assert bucket.get("k") == b"1"


def test_a_delete_marker_is_not_read(bucket: Any) -> None:
    """Reading a delete marker by its id is MethodNotAllowed, and headers say what it is."""
    bucket.keep_versions()
    marker = bucket.call("delete_object", Key="k")["VersionId"]
    assert bucket.refused("get_object", Key="k", VersionId=marker) == (405, "MethodNotAllowed")
    with pytest.raises(bucket.s3.exceptions.ClientError) as refused:
        bucket.call("head_object", Key="k", VersionId=marker)
    headers = refused.value.response["ResponseMetadata"]["HTTPHeaders"]
    assert (headers["x-amz-delete-marker"], headers["allow"]) == ("true", "DELETE")


def test_removing_the_latest_version(bucket: Any) -> None:
    """When the latest version is removed, the one before it is current again."""
    bucket.keep_versions()
    first, second = (bucket.put("k", body)["VersionId"] for body in (b"1", b"2"))
    bucket.call("delete_object", Key="k", VersionId=second)
    assert bucket.get("k") == b"1"
    assert ids(bucket) == [("k", first, True)]


def test_suspended(bucket: Any) -> None:
    """While versioning is suspended, the null version is replaced and the others stay (S3 User Guide)."""
    bucket.put("k", b"before")
    bucket.keep_versions()
    kept = bucket.put("k", b"kept")["VersionId"]
    bucket.keep_versions("Suspended")
    bucket.put("k", b"after")
    assert ids(bucket) == [("k", "null", True), ("k", kept, False)]
    assert bucket.get("k", VersionId="null") == b"after"
    bucket.call("delete_object", Key="k")
    assert ids(bucket, "DeleteMarkers") == [("k", "null", True)]
    assert ids(bucket) == [("k", kept, False)]
    assert bucket.call("get_bucket_versioning")["Status"] == "Suspended"


def test_deleting_many(bucket: Any) -> None:
    """Many are deleted at once, each reported, or only errors if so asked: API Reference, "DeleteObjects"."""
    bucket.keep_versions()
    version = bucket.put("a")["VersionId"]
    bucket.put("b")
    objects = [{"Key": "a", "VersionId": version}, {"Key": "b"}, {"Key": "never there"}]
    deleted = bucket.call("delete_objects", Delete={"Objects": objects})["Deleted"]
    assert [(entry["Key"], entry.get("VersionId"), entry.get("DeleteMarker")) for entry in deleted] == [
        ("a", version, None),
        ("b", None, True),
        ("never there", None, True),
    ]
    assert "Deleted" not in bucket.call("delete_objects", Delete={"Objects": [{"Key": "b"}], "Quiet": True})
    failed = {"Objects": [{"Key": "k", "ETag": '"other"'}]}
    assert [error["Code"] for error in bucket.call("delete_objects", Delete=failed)["Errors"]] == ["NoSuchKey"]
    assert bucket.refused("delete_objects", Delete={"Objects": []}) == (400, "MalformedXML")


def test_content_goes_with_its_last_use(bucket: Any) -> None:
    """The file of an object is removed with the last version or copy that needs it, not before (ours)."""
    before = bucket.service.files()
    bucket.put("k", b"content")
    (file,) = bucket.service.files() - before
    bucket.call("copy_object", Key="copy", CopySource={"Bucket": bucket.name, "Key": "k"})
    bucket.call("delete_object", Key="k")
    assert bucket.service.files() == before | {file}
    assert bucket.get("copy") == b"content"
    bucket.put("copy", b"")
    assert bucket.service.files() == before


def test_a_reader_keeps_what_it_began_with(bucket: Any) -> None:
    """A GET that began goes on with its own content, although the key is overwritten and deleted meanwhile."""
    upload = bucket.call("create_multipart_upload", Key="k")["UploadId"]
    place = {"Key": "k", "UploadId": upload}
    bodies = [bytes([number]) * 8_000_000 for number in (1, 2, 3)]
    parts = [
        {"PartNumber": number, "ETag": bucket.call("upload_part", **place, PartNumber=number, Body=body)["ETag"]}
        for number, body in enumerate(bodies, start=1)
    ]
    bucket.call("complete_multipart_upload", **place, MultipartUpload={"Parts": parts})
    before = bucket.service.files()
    answer = bucket.call("get_object", Key="k")
    head = answer["Body"].read(10)
    bucket.put("k", b"other")
    bucket.call("delete_object", Key="k")
    assert bucket.service.files() == before
    assert head + answer["Body"].read() == b"".join(bodies)
    assert bucket.refused("get_object", Key="k") == (404, "NoSuchKey")
