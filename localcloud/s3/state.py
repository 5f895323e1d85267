"""What every operation works on, and how it finds an object."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from localcloud.database import Database
from localcloud.errors import AwsError
from localcloud.s3 import refusals
from localcloud.s3.answers import http_date
from localcloud.s3.blobs import Blobs
from localcloud.s3.buckets import Bucket, Buckets
from localcloud.s3.events import Announcer
from localcloud.s3.uploads import Uploads
from localcloud.s3.versions import NULL, Version, Versions

OWNER = {"ID": "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a"}  # of everything: one account's id


@dataclass(frozen=True)
class State:
    """One S3."""

    database: Database
    blobs: Blobs
    buckets: Buckets
    versions: Versions
    uploads: Uploads
    announcer: Announcer
    now: Callable[[], datetime]

    def find(self, bucket: Bucket, key: str, version: str | None) -> Version:
        """Return the current or the named version of an object; raises AwsError as a reader gets it."""
        if version is None:
            found = self.versions.current(bucket.name, key)
            if found is None or found.marker:
                error = refusals.no_such_key(key)
                if found:
                    error.members |= {"x-amz-delete-marker": "true", "x-amz-version-id": found.version}
                raise error
            return found
        found = self.versions.find(bucket.name, key, version)
        if found is None:
            raise refusals.no_such_version(key, version)
        if found.marker:
            members: dict[str, object] = {
                "Method": "GET",
                "ResourceType": "DeleteMarker",
                "allow": "DELETE",
                "x-amz-delete-marker": "true",
                "x-amz-version-id": found.version,
                "last-modified": http_date(found.modified),
            }
            message = "The specified method is not allowed against this resource."
            raise AwsError("MethodNotAllowed", message, 405, members)
        return found


def shown(bucket: Bucket, version: Version) -> str | None:
    """Return the version's id as answers have it: None in a bucket that never kept versions."""
    return version.version if bucket.versioning or version.version != NULL else None


def checksum_members(facts: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
    """Return the members of an answer that tell the checksum, if there is one."""
    if "checksum" not in facts:
        return {}
    algorithm, value, kind = facts["checksum"]
    return {f"Checksum{algorithm}": value, "ChecksumType": kind}
