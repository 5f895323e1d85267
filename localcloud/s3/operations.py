"""Every operation that is emulated, with the members that it may have: the rest is refused by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from localcloud.errors import AwsError
from localcloud.s3 import (
    bucket_operations,
    configurations,
    deleting,
    list_operations,
    multipart,
    reading,
    refusals,
    tagging,
    writing,
)
from localcloud.s3.answers import Answer
from localcloud.s3.configurations import CLOSURE, CORS, ENCRYPTION, LIFECYCLE, OWNERSHIP, POLICY, TAGGING
from localcloud.s3.digests import KNOWN
from localcloud.s3.facts import OF_AN_OBJECT
from localcloud.s3.requests import Call
from localcloud.s3.state import State
from localcloud.settings import ACCOUNT_ID

_ALWAYS = "Bucket Key ExpectedBucketOwner RequestPayer ContentMD5 ChecksumAlgorithm ContentLength"
_CHECKSUMS = " ".join(f"Checksum{name}" for name in KNOWN)  # those that cannot be verified are refused with the body
_CONDITIONS = "IfMatch IfNoneMatch"
_READ_CONDITIONS = f"{_CONDITIONS} IfModifiedSince IfUnmodifiedSince"
_COPY = (
    "CopySource CopySourceIfMatch CopySourceIfModifiedSince CopySourceIfNoneMatch CopySourceIfUnmodifiedSince"
    " ExpectedSourceBucketOwner"
)
_READ = (
    f"{_READ_CONDITIONS} Range VersionId PartNumber ChecksumMode ResponseCacheControl ResponseContentDisposition"
    " ResponseContentEncoding ResponseContentLanguage ResponseContentType ResponseExpires"
)
_LISTED = "Prefix Delimiter EncodingType"


@dataclass(frozen=True)
class Emulated:
    """One operation: what does it, and its members."""

    do: Callable[[State, Call], Answer]
    members: frozenset[str]


def _of(do: Callable[[State, Call], Answer], members: str = "") -> Emulated:
    return Emulated(do, frozenset(f"{_ALWAYS} {members}".split()))


def _kept(kind: configurations.Kind, get: str, put: str, delete: str, put_members: str = "") -> dict[str, Emulated]:
    return {
        get: _of(partial(configurations.get, kind=kind)),
        put: _of(partial(configurations.put, kind=kind), put_members),
        delete: _of(partial(configurations.delete, kind=kind)),
    }


OPERATIONS: Mapping[str, Emulated] = {
    "ListBuckets": _of(bucket_operations.list_buckets, "MaxBuckets ContinuationToken Prefix BucketRegion"),
    "CreateBucket": _of(bucket_operations.create_bucket),
    "DeleteBucket": _of(bucket_operations.delete_bucket),
    "HeadBucket": _of(bucket_operations.head_bucket),
    "GetBucketLocation": _of(bucket_operations.get_bucket_location),
    "GetBucketVersioning": _of(bucket_operations.get_bucket_versioning),
    "PutBucketVersioning": _of(bucket_operations.put_bucket_versioning),
    "GetBucketNotificationConfiguration": _of(bucket_operations.get_bucket_notification),
    "PutBucketNotificationConfiguration": _of(bucket_operations.put_bucket_notification, "SkipDestinationValidation"),
    **_kept(ENCRYPTION, "GetBucketEncryption", "PutBucketEncryption", "DeleteBucketEncryption"),
    **_kept(
        LIFECYCLE,
        "GetBucketLifecycleConfiguration",
        "PutBucketLifecycleConfiguration",
        "DeleteBucketLifecycle",
        "TransitionDefaultMinimumObjectSize",
    ),
    **_kept(CLOSURE, "GetPublicAccessBlock", "PutPublicAccessBlock", "DeletePublicAccessBlock"),
    **_kept(OWNERSHIP, "GetBucketOwnershipControls", "PutBucketOwnershipControls", "DeleteBucketOwnershipControls"),
    **_kept(CORS, "GetBucketCors", "PutBucketCors", "DeleteBucketCors"),
    **_kept(POLICY, "GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy", "ConfirmRemoveSelfBucketAccess"),
    **_kept(TAGGING, "GetBucketTagging", "PutBucketTagging", "DeleteBucketTagging"),
    "PutObject": _of(writing.put_object, f"{OF_AN_OBJECT} {_CHECKSUMS} {_CONDITIONS}"),
    "CopyObject": _of(writing.copy_object, f"{OF_AN_OBJECT} {_COPY} {_CONDITIONS} MetadataDirective TaggingDirective"),
    "GetObject": _of(reading.get_object, _READ),
    "HeadObject": _of(reading.head_object, _READ),
    "GetObjectAttributes": _of(reading.get_object_attributes, "VersionId ObjectAttributes"),
    "DeleteObject": _of(deleting.delete_object, "VersionId IfMatch"),
    "DeleteObjects": _of(deleting.delete_objects),
    "GetObjectTagging": _of(tagging.get_object_tagging, "VersionId"),
    "PutObjectTagging": _of(tagging.put_object_tagging, "VersionId"),
    "DeleteObjectTagging": _of(tagging.delete_object_tagging, "VersionId"),
    "ListObjects": _of(list_operations.list_objects, f"{_LISTED} Marker MaxKeys"),
    "ListObjectsV2": _of(list_operations.list_objects_v2, f"{_LISTED} ContinuationToken StartAfter FetchOwner MaxKeys"),
    "ListObjectVersions": _of(list_operations.list_object_versions, f"{_LISTED} KeyMarker VersionIdMarker MaxKeys"),
    "CreateMultipartUpload": _of(multipart.create_multipart_upload, f"{OF_AN_OBJECT} ChecksumType"),
    "UploadPart": _of(multipart.upload_part, f"PartNumber UploadId {_CHECKSUMS}"),
    "UploadPartCopy": _of(multipart.upload_part_copy, f"PartNumber UploadId CopySourceRange {_COPY}"),
    "CompleteMultipartUpload": _of(
        multipart.complete_multipart_upload, f"UploadId ChecksumType MpuObjectSize {_CHECKSUMS} {_CONDITIONS}"
    ),
    "AbortMultipartUpload": _of(multipart.abort_multipart_upload, "UploadId"),
    "ListParts": _of(multipart.list_parts, "UploadId MaxParts PartNumberMarker"),
    "ListMultipartUploads": _of(
        list_operations.list_multipart_uploads, f"{_LISTED} KeyMarker UploadIdMarker MaxUploads"
    ),
}


def perform(state: State, call: Call) -> Answer:
    """Do what a call asks for; raises AwsError, 501 for what is not emulated."""
    name = call.operation.name
    emulated = OPERATIONS.get(name)
    if emulated is None:
        raise refusals.not_emulated(f"s3.{name}")
    for member in call.members:
        if member not in emulated.members:
            raise refusals.not_emulated(f"s3.{name}: {member}")
    for member in ("ExpectedBucketOwner", "ExpectedSourceBucketOwner"):
        if call.members.get(member, ACCOUNT_ID) != ACCOUNT_ID:
            raise AwsError("AccessDenied", "Access Denied", 403)
    return emulated.do(state, call)
