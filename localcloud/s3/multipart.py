"""Multipart uploads: parts are files of their own, and the object is all of them; completing copies no byte."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from localcloud.errors import AwsError
from localcloud.s3 import conditions, digests, facts, refusals, xml_documents
from localcloud.s3.answers import Answer
from localcloud.s3.blobs import cut
from localcloud.s3.requests import Call
from localcloud.s3.state import OWNER, State, checksum_members, shown
from localcloud.s3.uploads import Part, Upload
from localcloud.s3.versions import Stored
from localcloud.s3.writing import check_length, find_source, place, store, told

_SMALLEST = 5 * 1024**2  # of every part but the last: S3 User Guide, "Multipart upload limits"
_LAST_NUMBER = 10_000


def create_multipart_upload(state: State, call: Call) -> Answer:
    """Begin an upload."""
    state.buckets.get(call.bucket)
    kept = facts.of_request(call.members)
    algorithm, kind = call.members.get("ChecksumAlgorithm"), call.members.get("ChecksumType")
    if algorithm:
        digests.new(algorithm)
        kind = kind or "COMPOSITE"
        if kind == "FULL_OBJECT" and algorithm != "CRC32":
            message = f"The FULL_OBJECT checksum type cannot be used with the {algorithm.lower()} checksum algorithm."
            raise refusals.invalid_request(message)
        kept["checksum"] = [algorithm, kind]
    elif kind:
        raise refusals.invalid_request("The x-amz-checksum-type header can only be used with x-amz-checksum-algorithm.")
    with state.database.transaction():
        state.buckets.get(call.bucket)
        upload = state.uploads.begin(call.bucket, call.key, kept, state.now())
    members = {"Bucket": call.bucket, "Key": call.key, "UploadId": upload}
    encryption = {"ServerSideEncryption": kept["headers"]["ServerSideEncryption"]}
    return Answer({**members, **encryption, "ChecksumAlgorithm": algorithm, "ChecksumType": kind})


def upload_part(state: State, call: Call) -> Answer:
    """Store a part from a body."""
    number, upload = _number(call), _upload(state, call)
    check_length(call)
    algorithm = upload.facts.get("checksum", [None])[0]
    if algorithm and call.payload.algorithm not in {None, algorithm}:
        expected, actual = algorithm.lower(), str(call.payload.algorithm).lower()
        message = f"Checksum Type mismatch occurred, expected checksum Type: {expected}, actual checksum Type: {actual}"
        raise refusals.invalid_request(message)
    if algorithm:
        call.payload.calculate(algorithm)
    with state.blobs.receive(call.payload) as received:
        etag, checksum = call.payload.md5.hex(), call.payload.checksum
        part = Part(number, received.size, etag, checksum if algorithm else None, state.now(), received.pieces)
        _keep(state, call, part)
    told_checksum = {f"Checksum{call.payload.algorithm}": checksum} if checksum else {}
    return Answer({"ETag": f'"{etag}"', "ServerSideEncryption": "AES256", **told_checksum})


def upload_part_copy(state: State, call: Call) -> Answer:
    """Store a part of another object as a part; no byte is copied."""
    number, upload = _number(call), _upload(state, call)
    with state.database.transaction():
        bucket, source = find_source(state, call)
        asked = call.members.get("CopySourceRange")
        span = conditions.span(asked, source.stored.size)
        if asked and (span is None or f"bytes={span[0]}-{sum(span) - 1}" != asked):
            message = "The x-amz-copy-source-range value must be of the form bytes=first-last, inside of the source"
            raise refusals.invalid_argument(message, "x-amz-copy-source-range", asked)
        start, size = span or (0, source.stored.size)
        pieces = cut(source.stored.pieces, start, size)
        content = state.blobs.open(pieces)
    algorithm = upload.facts.get("checksum", [None])[0]
    md5, second = digests.new("MD5"), digests.new(algorithm or "CRC32")
    try:
        for data in content:
            md5.update(data)
            second.update(data)
        checksum = digests.written(second.digest()) if algorithm else None
        part = Part(number, size, md5.digest().hex(), checksum, state.now(), pieces)
        _keep(state, call, part)
    finally:
        content.close()
    result = {"ETag": f'"{part.etag}"', "LastModified": part.modified, **_part_checksum(algorithm, part)}
    return Answer({"CopyPartResult": result, "CopySourceVersionId": shown(bucket, source)})


def complete_multipart_upload(state: State, call: Call) -> Answer:
    """Make the object of its parts."""
    seen = place(state, call)
    asked = (call.document() or {}).get("Parts")
    if not asked:
        raise xml_documents.malformed()
    with state.database.transaction():
        upload = _upload(state, call)
        parts = _chosen(asked, {part.number: part for part in state.uploads.parts(upload)}, upload)
        stored = _joined(upload, parts, call.members)
        bucket, version = store(state, call, stored, "CompleteMultipartUpload", seen)
        state.uploads.end(upload)
    members = {"Location": f"/{call.bucket}/{call.key}", "Bucket": call.bucket, "Key": call.key}
    return Answer(members | told(bucket, version) | checksum_members(stored.facts) | {"ETag": f'"{stored.etag}"'})


def abort_multipart_upload(state: State, call: Call) -> Answer:
    """Forget an upload."""
    with state.database.transaction():
        state.uploads.end(_upload(state, call))
    return Answer()


def list_parts(state: State, call: Call) -> Answer:
    """List the parts of an upload."""
    upload = _upload(state, call)
    limit, after = min(call.members.get("MaxParts", 1000), 1000), call.members.get("PartNumberMarker", 0)
    algorithm, kind = upload.facts.get("checksum", (None, None))
    found = state.uploads.parts(upload, after, limit + 1)
    parts = [
        {"PartNumber": part.number, "LastModified": part.modified, "ETag": f'"{part.etag}"', "Size": part.size}
        | _part_checksum(algorithm, part)
        for part in found[:limit]
    ]
    members: dict[str, Any] = {
        "Bucket": call.bucket,
        "Key": call.key,
        "UploadId": upload.upload,
        "PartNumberMarker": after,
        "NextPartNumberMarker": parts[-1]["PartNumber"] if parts else 0,
        "MaxParts": limit,
        "IsTruncated": len(found) > limit,
        "Parts": parts,
        "Initiator": OWNER,
        "Owner": OWNER,
        "StorageClass": upload.facts["headers"].get("StorageClass", "STANDARD"),
    }
    return Answer({**members, "ChecksumAlgorithm": algorithm, "ChecksumType": kind})


def _number(call: Call) -> int:
    number: int = call.members["PartNumber"]
    if not 1 <= number <= _LAST_NUMBER:
        message = "Part number must be an integer between 1 and 10000, inclusive"
        raise refusals.invalid_argument(message, "partNumber", number)
    return number


def _upload(state: State, call: Call) -> Upload:
    state.buckets.get(call.bucket)
    return state.uploads.get(call.bucket, call.key, call.members["UploadId"])


def _keep(state: State, call: Call, part: Part) -> None:
    with state.database.transaction():
        state.uploads.put(_upload(state, call), part)


def _part_checksum(algorithm: str | None, part: Part) -> dict[str, str]:
    return {f"Checksum{algorithm}": part.checksum} if algorithm and part.checksum else {}


def _chosen(asked: Sequence[Mapping[str, Any]], parts: Mapping[int, Part], upload: Upload) -> list[Part]:
    """Return the parts that a request names; raises AwsError if it names others, or not in order."""
    numbers = [entry.get("PartNumber", 0) for entry in asked]
    if any(after <= before for before, after in pairwise(numbers)):
        message = (
            "The list of parts was not in ascending order. The parts list must be specified in order by part number."
        )
        raise AwsError("InvalidPartOrder", message, 400, {"UploadId": upload.upload})
    algorithm = upload.facts.get("checksum", [""])[0]
    chosen = []
    for entry in asked:
        part = parts.get(entry.get("PartNumber", 0))
        etag = entry.get("ETag", "").strip('"')
        if part is None or etag != part.etag or entry.get(f"Checksum{algorithm}", part.checksum) != part.checksum:
            message = (
                "One or more of the specified parts could not be found. The part may not have been uploaded, or the "
                "specified entity tag may not match the part's entity tag."
            )
            members = {"UploadId": upload.upload, "PartNumber": entry.get("PartNumber", 0), "ETag": etag}
            raise AwsError("InvalidPart", message, 400, members)
        chosen.append(part)
    for part in chosen[:-1]:
        if part.size < _SMALLEST:
            message = "Your proposed upload is smaller than the minimum allowed size"
            limits = {"ProposedSize": part.size, "MinSizeAllowed": _SMALLEST}
            raise AwsError("EntityTooSmall", message, 400, {**limits, "PartNumber": part.number, "ETag": part.etag})
    return chosen


def _joined(upload: Upload, parts: Sequence[Part], members: Mapping[str, Any]) -> Stored:
    """Describe the object that the parts make; raises AwsError if it is not what the request says."""
    size = sum(part.size for part in parts)
    if members.get("MpuObjectSize", size) != size:
        asked = members["MpuObjectSize"]
        message = f"The provided 'x-amz-mp-object-size' header value {asked} does not match what was computed: {size}"
        raise refusals.invalid_request(message)
    whole = digests.new("MD5")
    for part in parts:
        whole.update(bytes.fromhex(part.etag))
    kept = dict(upload.facts) | {"parts": [part.size for part in parts]}
    if "checksum" in kept:
        algorithm, kind = kept["checksum"]
        each = [(part.checksum or "", part.size) for part in parts]
        value = (
            digests.joined_crc32(each)
            if kind == "FULL_OBJECT"
            else digests.composite(algorithm, (checksum for checksum, _ in each))
        )
        if members.get(f"Checksum{algorithm}", value) not in {value, value.partition("-")[0]}:
            raise AwsError("BadDigest", f"The {algorithm} you specified did not match the calculated checksum.")
        kept["checksum"] = [algorithm, value, kind]
    pieces = tuple(piece for part in parts for piece in part.pieces)
    return Stored(pieces, size, f"{whole.digest().hex()}-{len(parts)}", kept)
