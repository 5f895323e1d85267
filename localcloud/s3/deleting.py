"""DeleteObject and DeleteObjects: versions removed for ever, or delete markers made, each with its event."""

from collections.abc import Mapping
from typing import Any

from localcloud.errors import AwsError
from localcloud.s3 import conditions, refusals, xml_documents
from localcloud.s3.answers import Answer
from localcloud.s3.buckets import Bucket
from localcloud.s3.requests import Call
from localcloud.s3.state import State, shown
from localcloud.s3.versions import Stored, Version

_MOST = 1000
_MARKER = Stored((), 0, "d41d8cd98f00b204e9800998ecf8427e", {"headers": {}})  # its ETag in events is that of nothing


def delete_object(state: State, call: Call) -> Answer:
    """Delete one object or version."""
    with state.database.transaction():
        bucket = state.buckets.get(call.bucket)
        return Answer(_delete(state, call, bucket, call.key, call.members))


def delete_objects(state: State, call: Call) -> Answer:
    """Delete many at once; each succeeds or fails for itself."""
    asked = call.document() or {}
    objects = asked.get("Objects", [])
    if not 0 < len(objects) <= _MOST:
        raise xml_documents.malformed()
    deleted: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    with state.database.transaction():
        bucket = state.buckets.get(call.bucket)
        for entry in objects:
            key, version = entry["Key"], entry.get("VersionId")
            try:
                if unknown := set(entry) - {"Key", "VersionId", "ETag"}:
                    raise refusals.not_emulated(f"DeleteObjects: {min(unknown)}")
                with state.database.transaction():  # of one that fails, nothing is done
                    done = _delete(state, call, bucket, key, entry | {"IfMatch": entry.get("ETag")})
            except AwsError as error:
                errors.append({"Key": key, "VersionId": version, "Code": error.code, "Message": error.message})
                continue
            marker = {"DeleteMarkerVersionId": done.get("VersionId")} if done.get("DeleteMarker") else {}
            deleted.append({"Key": key, "VersionId": version, "DeleteMarker": done.get("DeleteMarker"), **marker})
    return Answer({"Deleted": None if asked.get("Quiet") else deleted, "Errors": errors})


def _delete(state: State, call: Call, bucket: Bucket, key: str, members: Mapping[str, Any]) -> dict[str, Any]:
    version_id = members.get("VersionId")
    current = state.versions.current(bucket.name, key)
    etag = current.stored.etag if current and not current.marker else None
    conditions.check_write({"IfMatch": members.get("IfMatch")}, key, etag)
    if version_id is not None:
        found = state.versions.find(bucket.name, key, version_id)
        _remove(state, call, bucket, found)
        return {"VersionId": version_id, "DeleteMarker": True if found and found.marker else None}
    if not bucket.versioning:
        _remove(state, call, bucket, current)
        return {}
    marker = state.versions.add(bucket, key, _MARKER, state.now(), marker=True)
    state.announcer.deleted(call, bucket, marker, marker.number)
    return {"VersionId": shown(bucket, marker), "DeleteMarker": True}


def _remove(state: State, call: Call, bucket: Bucket, version: Version | None) -> None:
    if version is not None:
        state.versions.remove(version)
        state.announcer.deleted(call, bucket, version, state.versions.next_number())
