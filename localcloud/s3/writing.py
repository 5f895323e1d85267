"""PutObject and CopyObject, and the one way in which an object comes to be."""

from localcloud.errors import AwsError
from localcloud.s3 import conditions, digests, facts, refusals
from localcloud.s3.answers import Answer
from localcloud.s3.blobs import Content
from localcloud.s3.buckets import Bucket
from localcloud.s3.requests import Call, source_of
from localcloud.s3.state import State, checksum_members, shown
from localcloud.s3.versions import Stored, Version

LARGEST = 5 * 1024**3  # of one request, by the S3 User Guide, "Uploading and copying objects"
_CONDITIONS = ("IfMatch", "IfNoneMatch")


def put_object(state: State, call: Call) -> Answer:
    """Store a body."""
    state.buckets.get(call.bucket)
    kept = facts.of_request(call.members)
    check_length(call)
    seen = place(state, call)
    with state.blobs.receive(call.payload) as received:
        if call.payload.checksum is not None:
            kept["checksum"] = [call.payload.algorithm, call.payload.checksum, "FULL_OBJECT"]
        stored = Stored(received.pieces, received.size, call.payload.md5.hex(), kept)
        bucket, version = store(state, call, stored, "PutObject", seen)
    return Answer(told(bucket, version) | checksum_members(kept) | {"ETag": f'"{stored.etag}"'})


def copy_object(state: State, call: Call) -> Answer:
    """Store what another object holds; no byte is copied."""
    state.buckets.get(call.bucket)
    name, key, version_id = source_of(call.members["CopySource"])
    onto_itself = (name, key, version_id) == (call.bucket, call.key, None)
    if onto_itself and not facts.changes_something(call.members):
        message = (
            "This copy request is illegal because it is trying to copy an object to itself without changing the "
            "object's metadata, storage class, website redirect location or encryption attributes."
        )
        raise refusals.invalid_request(message)
    seen = place(state, call)
    with state.database.transaction():
        source_bucket, source = find_source(state, call)
        content = state.blobs.open(source.stored.pieces)
    try:
        kept = facts.of_copy(source.stored.facts, call.members)
        stored = _copied(source.stored, content, kept, call.members.get("ChecksumAlgorithm"))
        bucket, version = store(state, call, stored, "CopyObject", seen)
    finally:
        content.close()
    result = {"ETag": f'"{stored.etag}"', "LastModified": version.modified, **checksum_members(stored.facts)}
    members = {"CopySourceVersionId": shown(source_bucket, source), "CopyObjectResult": result}
    return Answer(told(bucket, version) | members)


def store(state: State, call: Call, stored: Stored, reason: str, seen: int | None) -> tuple[Bucket, Version]:
    """Make a version and its event, at once; raises AwsError if the bucket or a condition is not as it must be.

    ``seen``: `place` when the request began.
    """
    with state.database.transaction():
        bucket = state.buckets.get(call.bucket)
        if any(name in call.members for name in _CONDITIONS):
            current = state.versions.current(call.bucket, call.key)
            etag = current.stored.etag if current and not current.marker else None
            conditions.check_write(call.members, call.key, etag)
            if seen != (current.number if current else None):
                message = "The conditional request cannot succeed due to a conflicting operation against this resource."
                raise AwsError("ConditionalRequestConflict", message, 409, {"Key": call.key})
        version = state.versions.add(bucket, call.key, stored, state.now())
        state.announcer.created(call, bucket, version, reason)
    return bucket, version


def place(state: State, call: Call) -> int | None:
    """Return which version a key has when a conditional request begins."""
    if not any(name in call.members for name in _CONDITIONS):
        return None
    current = state.versions.current(call.bucket, call.key)
    return current.number if current else None


def find_source(state: State, call: Call) -> tuple[Bucket, Version]:
    """Return the source of a copy; raises AwsError if there is none, or a condition on it does not hold."""
    name, key, version_id = source_of(call.members["CopySource"])
    bucket = state.buckets.get(name)
    named = state.versions.find(name, key, version_id) if version_id else None
    if named and named.marker:
        message = "The source of a copy request may not specifically refer to a delete marker by version id."
        raise refusals.invalid_request(message)
    source = named or state.find(bucket, key, version_id)
    conditions.check_source(call.members, source.stored.etag, source.modified)
    return bucket, source


def told(bucket: Bucket, version: Version) -> dict[str, object]:
    """Return what every answer tells of a new version."""
    headers = version.stored.facts["headers"]
    names = ("ServerSideEncryption", "SSEKMSKeyId", "BucketKeyEnabled")
    return {"VersionId": shown(bucket, version), **{name: headers[name] for name in names if name in headers}}


def check_length(call: Call) -> None:
    """Refuse a body that is too long, or of which nobody says how long it is."""
    if call.unsized:
        raise AwsError("MissingContentLength", "You must provide the Content-Length HTTP header.", 411)
    if (call.payload.length or 0) > LARGEST:
        members: dict[str, object] = {"ProposedSize": call.payload.length, "MaxSizeAllowed": LARGEST}
        raise AwsError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", 400, members)


def _copied(source: Stored, content: Content, kept: facts.Facts, algorithm: str | None) -> Stored:
    """Describe a copy: of one piece as on AWS, with the ETag and checksum of a single upload."""
    if source.size > LARGEST:
        message = f"The specified copy source is larger than the maximum allowable size for a copy source: {LARGEST}"
        raise refusals.invalid_request(message)
    before = source.facts.get("checksum")
    algorithm = algorithm or (before[0] if before else None)
    checksum = before if before and before[0] == algorithm and before[2] == "FULL_OBJECT" else None
    etag = source.etag
    if "-" in etag or (algorithm and not checksum):
        md5, second = digests.new("MD5"), digests.new(algorithm or "CRC32")
        for data in content:
            md5.update(data)
            second.update(data)
        etag = md5.digest().hex()
        checksum = [algorithm, digests.written(second.digest()), "FULL_OBJECT"] if algorithm else None
    return Stored(source.pieces, source.size, etag, kept | ({"checksum": checksum} if checksum else {}))
