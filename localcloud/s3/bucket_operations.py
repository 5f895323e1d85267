"""Buckets: made, listed, found, removed; versioning, and what is sent about them."""

import re
from typing import TYPE_CHECKING, Any

from localcloud.errors import AwsError
from localcloud.s3 import refusals, xml_documents
from localcloud.s3.answers import Answer
from localcloud.s3.requests import Call
from localcloud.s3.state import OWNER, State

if TYPE_CHECKING:
    from localcloud.s3.buckets import Bucket

_FIRST_REGION = "us-east-1"  # whose endpoint was there before regions were: it has rules of its own
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d+|EU")
_MOST = 10_000


def list_buckets(state: State, call: Call) -> Answer:
    """List buckets by name."""
    asked = call.members
    limit = asked.get("MaxBuckets", _MOST)
    if not 1 <= limit <= _MOST:
        raise refusals.invalid_argument("Argument max-buckets must be between 1 and 10000", "max-buckets", limit)
    found: list[Bucket] = []
    after, prefix, region = asked.get("ContinuationToken", ""), asked.get("Prefix", ""), asked.get("BucketRegion")
    while len(found) <= limit and (batch := state.buckets.all(prefix, after, limit + 1)):
        after = batch[-1].name
        found += [bucket for bucket in batch if region in {None, bucket.region}]
    paged = "MaxBuckets" in asked or "Prefix" in asked or region is not None
    listed = [
        {"Name": each.name, "CreationDate": each.created, "BucketRegion": each.region if paged else None}
        for each in found[:limit]
    ]
    token = found[limit - 1].name if len(found) > limit else None
    return Answer({"Buckets": listed, "Owner": OWNER, "ContinuationToken": token, "Prefix": asked.get("Prefix")})


def create_bucket(state: State, call: Call) -> Answer:
    """Make a bucket in the region that the request was signed for, or, from us-east-1, in any.

    Source: API Reference, "CreateBucket".
    """
    asked = call.document() or {}
    if unknown := set(asked) - {"LocationConstraint"}:
        raise refusals.not_emulated(f"CreateBucketConfiguration.{min(unknown)}")
    region = _region(call.region, asked.get("LocationConstraint"))
    with state.database.transaction():
        found = state.buckets.find(call.bucket)
        if found is None:
            state.buckets.create(call.bucket, region, state.now())
        elif (found.region, call.region) != (_FIRST_REGION, _FIRST_REGION):
            message = "Your previous request to create the named bucket succeeded and you already own it."
            raise AwsError("BucketAlreadyOwnedByYou", message, 409, {"BucketName": call.bucket})
    return Answer({"Location": f"/{call.bucket}", "BucketArn": f"arn:aws:s3:::{call.bucket}"})


def delete_bucket(state: State, call: Call) -> Answer:
    """Remove an empty bucket."""
    state.buckets.delete(call.bucket)
    return Answer()


def head_bucket(state: State, call: Call) -> Answer:
    """Say that a bucket is there, and where."""
    return Answer({"BucketRegion": state.buckets.get(call.bucket).region})


def get_bucket_location(state: State, call: Call) -> Answer:
    """Say where a bucket is; nothing for us-east-1."""
    region = state.buckets.get(call.bucket).region
    inner = "" if region == _FIRST_REGION else region
    text = f'<LocationConstraint xmlns="{xml_documents.NAMESPACE}">{inner}</LocationConstraint>'.encode()
    return Answer(body=[text], content_type="application/xml")


def get_bucket_versioning(state: State, call: Call) -> Answer:
    """Say whether versions are kept; nothing if that was never asked for."""
    return Answer({"Status": state.buckets.get(call.bucket).versioning or None})


def put_bucket_versioning(state: State, call: Call) -> Answer:
    """Let versions be kept, or no more."""
    asked = call.document() or {}
    if asked.get("MFADelete", "Disabled") != "Disabled":
        raise refusals.not_emulated("VersioningConfiguration.MFADelete")
    if asked.get("Status") not in {"Enabled", "Suspended"}:
        raise AwsError("IllegalVersioningConfigurationException", "The Versioning element must be specified")
    state.buckets.set_versioning(call.bucket, asked["Status"])
    return Answer()


def get_bucket_notification(state: State, call: Call) -> Answer:
    """Say whether events are sent."""
    on = state.buckets.get(call.bucket).eventbridge
    return Answer({"EventBridgeConfiguration": {} if on else None})


def put_bucket_notification(state: State, call: Call) -> Answer:
    """Let events be sent to EventBridge, or not; other targets are refused."""
    asked: dict[str, Any] | None = call.document()
    if asked is None:
        raise xml_documents.malformed()
    if set(asked) - {"EventBridgeConfiguration"}:
        message = (
            "the local cloud sends S3 events to EventBridge only: set EventBridgeConfiguration, "
            "no queue, topic or function"
        )
        raise AwsError("NotImplemented", message, 501)
    state.buckets.set_eventbridge(call.bucket, on="EventBridgeConfiguration" in asked)
    return Answer()


def _region(signed_for: str, constraint: str | None) -> str:
    if constraint is not None and (constraint == _FIRST_REGION or not _REGION.fullmatch(constraint)):
        message = "The specified location-constraint is not valid"
        raise AwsError("InvalidLocationConstraint", message, 400, {"LocationConstraint": constraint})
    if signed_for == _FIRST_REGION:
        return constraint or signed_for
    if constraint != signed_for:
        which = constraint or "unspecified"
        message = (
            f"The {which} location constraint is incompatible for the region specific endpoint "
            "this request was sent to."
        )
        raise AwsError("IllegalLocationConstraintException", message)
    return signed_for
