"""The events of S3 on EventBridge: "Object Created" and "Object Deleted", each in the transaction of its change.

Source: S3 User Guide, "EventBridge event message structure". They are sent for buckets with an
EventBridgeConfiguration only; the key is not encoded, and the region is the bucket's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.publish import Publish
from localcloud.s3.buckets import Bucket
from localcloud.s3.requests import Call
from localcloud.s3.versions import NULL, Version, sequencer
from localcloud.settings import ACCOUNT_ID


@dataclass(frozen=True)
class Announcer:
    """Announces changes of objects, ``delay`` seconds after them."""

    publish: Publish
    delay: float

    def created(self, call: Call, bucket: Bucket, version: Version, reason: str) -> None:
        """Announce an object that was stored."""
        described = {"key": version.key, "size": version.stored.size, "etag": version.stored.etag}
        self._announce(call, bucket, "Object Created", _named(described, bucket, version), {"reason": reason})

    def deleted(self, call: Call, bucket: Bucket, version: Version, number: int) -> None:
        """Announce a version that was removed, or a delete marker that was made, by the change ``number``."""
        kind = "Delete Marker Created" if version.marker and version.number == number else "Permanently Deleted"
        described = {"key": version.key, "etag": version.stored.etag}
        facts = {"reason": "DeleteObject", "deletion-type": kind}
        self._announce(
            call, bucket, "Object Deleted", _named(described, bucket, version) | {"sequencer": sequencer(number)}, facts
        )

    def _announce(
        self, call: Call, bucket: Bucket, detail_type: str, described: Mapping[str, Any], facts: Mapping[str, str]
    ) -> None:
        if not bucket.eventbridge:
            return
        detail = {
            "version": "0",
            "bucket": {"name": bucket.name},
            "object": described,
            "request-id": call.request_id,
            "requester": ACCOUNT_ID,
            "source-ip-address": call.address,
            **facts,
        }
        resources = [f"arn:aws:s3:::{bucket.name}"]
        self.publish(
            source="aws.s3",
            detail_type=detail_type,
            resources=resources,
            detail=detail,
            region=bucket.region,
            delay=self.delay,
        )


def _named(described: dict[str, Any], bucket: Bucket, version: Version) -> dict[str, Any]:
    named = {"version-id": version.version} if bucket.versioning or version.version != NULL else {}
    return {**described, **named, "sequencer": version.sequencer}
