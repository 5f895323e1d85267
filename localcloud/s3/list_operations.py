"""ListObjects, ListObjectsV2, ListObjectVersions and ListMultipartUploads."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

from localcloud.paging import read_token, write_token
from localcloud.s3 import refusals
from localcloud.s3.answers import Answer
from localcloud.s3.listing import Entry, Page, Position, common_prefix, page, successor
from localcloud.s3.requests import Call
from localcloud.s3.state import OWNER, State
from localcloud.s3.uploads import Upload
from localcloud.s3.versions import Version

E = TypeVar("E", bound=Entry)

_MOST = 1000
_ALL = 2**63 - 1  # behind every number
_ENCODED = ("Delimiter", "Prefix", "Marker", "NextMarker", "StartAfter", "KeyMarker", "NextKeyMarker")


def list_objects(state: State, call: Call) -> Answer:
    """List current versions; the next page begins behind a key."""
    asked = call.members
    marker, prefix, delimiter = asked.get("Marker", ""), asked.get("Prefix", ""), asked.get("Delimiter", "")
    found = _objects(state, call, _behind(marker, prefix, delimiter))
    more = {"NextMarker": _name(found.last)} if found.last is not None and delimiter else {}
    listed = [_object(entry, owner=True) for entry in found.entries]
    return _answer(call, {"Marker": marker, "Contents": listed, **more}, found, asked.get("MaxKeys", _MOST))


def list_objects_v2(state: State, call: Call) -> Answer:
    """List current versions; the next page begins at a token."""
    asked = call.members
    prefix, delimiter = asked.get("Prefix", ""), asked.get("Delimiter", "")
    token = asked.get("ContinuationToken")
    after = asked.get("StartAfter", "") if token is None else _read_token(token)
    found = _objects(state, call, _behind(after, prefix, delimiter))
    members = {
        "Contents": [_object(entry, owner=asked.get("FetchOwner", False)) for entry in found.entries],
        "ContinuationToken": token,
        "KeyCount": len(found.entries) + len(found.prefixes),
        "NextContinuationToken": None if found.last is None else write_token((_name(found.last),)),
        "StartAfter": asked.get("StartAfter"),
    }
    return _answer(call, members, found, asked.get("MaxKeys", _MOST))


def list_object_versions(state: State, call: Call) -> Answer:
    """List all versions and delete markers."""
    asked = call.members
    marker, prefix, delimiter = asked.get("KeyMarker", ""), asked.get("Prefix", ""), asked.get("Delimiter", "")
    begin = _behind(marker, prefix, delimiter)
    if version_id := asked.get("VersionIdMarker"):
        if "KeyMarker" not in asked:
            message = "A version-id marker cannot be specified without a key marker."
            raise refusals.invalid_argument(message, "version-id-marker", version_id)
        if version := state.versions.find(call.bucket, marker, version_id):
            begin = Position(marker, version.number)
    found = _page(state, call, begin, _versions(state, call, all_versions=True), asked.get("MaxKeys", _MOST))
    last = found.last
    members = {
        "KeyMarker": marker,
        "VersionIdMarker": version_id,
        "NextKeyMarker": None if last is None else _name(last),
        "NextVersionIdMarker": last.version if isinstance(last, Version) else None,
        "Versions": [_version(entry) for entry in found.entries if not entry.marker],
        "DeleteMarkers": [_marker(entry) for entry in found.entries if entry.marker],
    }
    return _answer(call, members, found, asked.get("MaxKeys", _MOST))


def list_multipart_uploads(state: State, call: Call) -> Answer:
    """List uploads under way."""
    asked = call.members
    marker, prefix, delimiter = asked.get("KeyMarker", ""), asked.get("Prefix", ""), asked.get("Delimiter", "")
    begin = Position(marker, _ALL) if marker else Position("")
    if marker and (upload_id := asked.get("UploadIdMarker")):
        begin = Position(marker, state.uploads.get(call.bucket, marker, upload_id).number)
    elif delimiter and common_prefix(marker, prefix, delimiter) == marker:
        begin = _behind(marker, prefix, delimiter)

    def fetch(position: Position, end: str | None, limit: int) -> Sequence[Upload]:
        after = -1 if position.number is None else position.number
        return state.uploads.page(call.bucket, position.key, after, end, limit)

    limit = asked.get("MaxUploads", _MOST)
    found = _page(state, call, begin, fetch, limit)
    members = {
        "Bucket": call.bucket,
        "KeyMarker": marker,
        "UploadIdMarker": asked.get("UploadIdMarker", ""),
        "NextKeyMarker": None if found.last is None else _name(found.last),
        "NextUploadIdMarker": found.last.upload if isinstance(found.last, Upload) else None,
        "MaxUploads": min(limit, _MOST),
        "Uploads": [
            {"UploadId": each.upload, "Key": each.key, "Initiated": each.initiated, "Owner": OWNER, "Initiator": OWNER}
            | {"StorageClass": each.facts["headers"].get("StorageClass", "STANDARD")}
            for each in found.entries
        ],
    }
    return _answer(call, members, found, limit)


def _objects(state: State, call: Call, begin: Position) -> Page[Version]:
    return _page(state, call, begin, _versions(state, call, all_versions=False), call.members.get("MaxKeys", _MOST))


def _versions(state: State, call: Call, *, all_versions: bool) -> Any:  # noqa: ANN401  a Fetch[Version]
    def fetch(position: Position, end: str | None, limit: int) -> Sequence[Version]:
        before = _ALL if position.number is None else position.number
        return state.versions.page(call.bucket, position.key, before, end, limit, all_versions=all_versions)

    return fetch


def _page(state: State, call: Call, begin: Position, fetch: Any, limit: int) -> Page[Any]:  # noqa: ANN401  a Fetch of any entry
    state.buckets.get(call.bucket)
    if limit < 0:
        message = "Argument maxKeys must be an integer between 0 and 2147483647"
        raise refusals.invalid_argument(message, "maxKeys", limit)
    if call.members.get("EncodingType", "url") != "url":
        message = "Invalid Encoding Method specified in Request"
        raise refusals.invalid_argument(message, "encoding-type", call.members["EncodingType"])
    prefix, delimiter = call.members.get("Prefix", ""), call.members.get("Delimiter", "")
    return page(fetch, begin, prefix=prefix, delimiter=delimiter, limit=min(limit, _MOST))


def _behind(marker: str, prefix: str, delimiter: str) -> Position:
    """Return where a page begins behind a key, or behind a common prefix and all in it."""
    if marker and delimiter and common_prefix(marker, prefix, delimiter) == marker:
        after = successor(marker)
        return Position(after) if after is not None else Position(marker, 0)
    return Position(marker, 0) if marker else Position("")


def _name(last: Any) -> str:  # noqa: ANN401  an entry or a prefix
    name: str = last if isinstance(last, str) else last.key
    return name


def _read_token(token: str) -> str:
    message = "The continuation token provided is incorrect"
    return read_token(token, refusals.invalid_argument(message, "continuation-token", token))[0]


def _object(entry: Version, *, owner: bool) -> dict[str, Any]:
    checksum = entry.stored.facts.get("checksum")
    return {
        "Key": entry.key,
        "LastModified": entry.modified,
        "ETag": f'"{entry.stored.etag}"',
        "ChecksumAlgorithm": [checksum[0]] if checksum else None,
        "ChecksumType": checksum[2] if checksum else None,
        "Size": entry.stored.size,
        "StorageClass": entry.stored.facts["headers"].get("StorageClass", "STANDARD"),
        "Owner": OWNER if owner else None,
    }


def _version(entry: Version) -> dict[str, Any]:
    return {**_object(entry, owner=True), "VersionId": entry.version, "IsLatest": entry.latest}


def _marker(entry: Version) -> dict[str, Any]:
    place = {"Key": entry.key, "VersionId": entry.version, "IsLatest": entry.latest}
    return {**place, "LastModified": entry.modified, "Owner": OWNER}


def _answer(call: Call, members: dict[str, Any], found: Page[Any], limit: int) -> Answer:
    shared: Mapping[str, Any] = {
        "Name": call.bucket,
        "Prefix": call.members.get("Prefix", ""),
        "Delimiter": call.members.get("Delimiter"),
        "MaxKeys": min(limit, _MOST),
        "IsTruncated": found.last is not None,
        "CommonPrefixes": [{"Prefix": prefix} for prefix in found.prefixes],
        "EncodingType": call.members.get("EncodingType"),
    }
    whole = {**shared, **members}
    return Answer(_encoded(whole) if "EncodingType" in call.members else whole)


def _encoded(members: Mapping[str, Any]) -> dict[str, Any]:
    """Write keys as in an address, for those who cannot read every character in XML."""
    encoded = dict(members)
    for name in _ENCODED:
        if encoded.get(name):
            encoded[name] = quote(encoded[name], safe="/")
    for name, inner in (
        *(("Contents", "Key"), ("Versions", "Key"), ("DeleteMarkers", "Key"), ("Uploads", "Key")),
        ("CommonPrefixes", "Prefix"),
    ):
        if name in encoded:
            encoded[name] = [{**entry, inner: quote(entry[inner], safe="/")} for entry in encoded[name]]
    return encoded
