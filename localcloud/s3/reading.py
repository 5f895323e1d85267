"""GetObject, HeadObject and GetObjectAttributes: a reader keeps what was there when it began."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from localcloud.errors import AwsError
from localcloud.s3 import conditions, refusals
from localcloud.s3.answers import Answer
from localcloud.s3.blobs import cut
from localcloud.s3.buckets import Bucket
from localcloud.s3.requests import Call
from localcloud.s3.state import State, checksum_members, shown
from localcloud.s3.versions import Version

_OVERRIDES = {
    "ResponseCacheControl": "CacheControl",
    "ResponseContentDisposition": "ContentDisposition",
    "ResponseContentEncoding": "ContentEncoding",
    "ResponseContentLanguage": "ContentLanguage",
    "ResponseContentType": "ContentType",
    "ResponseExpires": "Expires",
}
_UNCHANGED = ("ETag", "LastModified", "VersionId", "CacheControl", "Expires")


def get_object(state: State, call: Call) -> Answer:
    """Answer with the content, or a stretch of it."""
    with state.database.transaction():  # nobody removes the files between looking and holding them
        answer, version, start, size = _described(state, call)
        if answer.status == HTTPStatus.NOT_MODIFIED:
            return answer
        content = state.blobs.open(cut(version.stored.pieces, start, size))
    return Answer(answer.members, answer.status, content)


def head_object(state: State, call: Call) -> Answer:
    """Answer as GetObject does, without the content."""
    return _described(state, call)[0]


def get_object_attributes(state: State, call: Call) -> Answer:
    """Answer with what was asked for of an object."""
    bucket = state.buckets.get(call.bucket)
    version = state.find(bucket, call.key, call.members.get("VersionId"))
    stored = version.stored
    known: Mapping[str, Any] = {
        "ETag": stored.etag,
        "ObjectSize": stored.size,
        "StorageClass": stored.facts["headers"].get("StorageClass", "STANDARD"),
        "Checksum": checksum_members(stored.facts) or None,
        "ObjectParts": {"TotalPartsCount": len(stored.facts["parts"])} if "parts" in stored.facts else None,
    }
    asked = call.members["ObjectAttributes"]
    if unknown := [name for name in asked if name not in known]:
        raise refusals.invalid_argument("Invalid attribute name specified.", "ObjectAttributes", unknown[0])
    answered = {name: known[name] for name in asked}
    return Answer({**answered, "LastModified": version.modified, "VersionId": shown(bucket, version)})


def _described(state: State, call: Call) -> tuple[Answer, Version, int, int]:
    """Describe an object; the version, and the stretch that is asked for."""
    bucket = state.buckets.get(call.bucket)
    version = state.find(bucket, call.key, call.members.get("VersionId"))
    members = _members(bucket, version, call.members)
    if conditions.is_unchanged(call.members, version.stored.etag, version.modified):
        kept = {name: value for name, value in members.items() if name in _UNCHANGED}
        return Answer(kept, HTTPStatus.NOT_MODIFIED, []), version, 0, 0
    total = version.stored.size
    span = _part(version, call.members, members) or conditions.span(call.members.get("Range"), total)
    start, size = span or (0, total)
    if span:
        members["ContentRange"] = f"bytes {start}-{start + size - 1}/{total}"
    elif call.members.get("ChecksumMode") == "ENABLED":
        members |= checksum_members(version.stored.facts)
    status = HTTPStatus.PARTIAL_CONTENT if span else HTTPStatus.OK
    return Answer({**members, "ContentLength": size}, status, []), version, start, size


def _members(bucket: Bucket, version: Version, asked: Mapping[str, Any]) -> dict[str, Any]:
    facts = version.stored.facts
    headers = {name: value for name, value in facts["headers"].items() if (name, value) != ("StorageClass", "STANDARD")}
    overrides = {name: asked[override] for override, name in _OVERRIDES.items() if override in asked}
    return {
        **headers,
        **overrides,
        "AcceptRanges": "bytes",
        "ETag": f'"{version.stored.etag}"',
        "LastModified": version.modified,
        "Metadata": facts.get("metadata"),
        "TagCount": len(facts["tags"]) if facts.get("tags") else None,
        "VersionId": shown(bucket, version),
    }


def _part(version: Version, asked: Mapping[str, Any], members: dict[str, Any]) -> tuple[int, int] | None:
    """Find the stretch of a part, and tell how many there are; an object that was put at once is its only part."""
    number = asked.get("PartNumber")
    if number is None:
        return None
    if "Range" in asked:
        raise refusals.invalid_request("Cannot specify both Range header and partNumber query parameter")
    sizes = version.stored.facts.get("parts")
    if not 1 <= number <= len(sizes or [0]):
        message = "The requested partnumber is not satisfiable"
        raise AwsError("InvalidPartNumber", message, 416, {"PartNumberRequested": number})
    if sizes is None:
        return None
    members["PartsCount"] = len(sizes)
    return sum(sizes[: number - 1]), sizes[number - 1]
