"""S3: the stage's bucket, and the versions of what people dropped."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters.calls import translated
from chalicelib.adapters.clients import client
from chalicelib.core import addresses, digests
from chalicelib.core.actions import CopyVersion
from chalicelib.core.errors import GoneError
from chalicelib.core.facts import File, Upload, Version

_GONE = frozenset({"404", "NoSuchKey", "NoSuchVersion"})
_REMEMBERED = 50  # documents; a look reads about ten
_EVER = datetime.min.replace(tzinfo=UTC)
_UNVERSIONED = "null"  # how S3 lists the version of an object in a bucket that keeps none


@dataclass(frozen=True)
class S3Storage:
    """`services.ports.Storage`, and the executor's writes, over S3."""

    bucket: str
    _read: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def find_upload(self, bucket: str, key: str, version_id: str | None) -> Upload | None:
        """Return the facts of an object version (the current one for None); None if it is gone."""
        version = {"VersionId": version_id} if version_id else {}
        with translated("HeadObject"):
            try:
                head = client("s3").head_object(Bucket=bucket, Key=key, **version)
            except ClientError as error:
                if _gone(error):
                    return None
                raise
        return _upload(bucket, key, head.get("VersionId", version_id), head["ETag"], head["ContentLength"])

    def versions(self, prefix: str) -> Sequence[Version]:
        """List all object versions below a prefix: by key, each from its newest version to its oldest.

        S3 lists versions and delete markers apart, so which came first is told by their times, which are full seconds:
        of the same second, only the newest of all is known to be newer.
        """
        pages = client("s3").get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=prefix)
        listed: list[Mapping[str, Any]] = []
        deleted: dict[str, datetime] = {}  # when a key was deleted last
        with translated("ListObjectVersions"):
            for page in pages:
                listed += page.get("Versions", ())
                for marker in page.get("DeleteMarkers", ()):
                    deleted[marker["Key"]] = max(marker["LastModified"], deleted.get(marker["Key"], _EVER))
        # A key that ends in / is a folder, as the console makes them.
        return [self._version(entry, deleted) for entry in listed if not entry["Key"].endswith("/")]

    def _version(self, entry: Mapping[str, Any], deleted: Mapping[str, datetime]) -> Version:
        key, modified = entry["Key"], entry["LastModified"]
        upload = _upload(self.bucket, key, entry["VersionId"], entry["ETag"], entry["Size"])
        return Version(upload, modified, not entry["IsLatest"] and modified <= deleted.get(key, _EVER))

    def files(self, prefix: str, first: str, end: str) -> Mapping[str, File]:
        """List the files below a prefix, after one key and before another: by key, in their order."""
        pages = client("s3").get_paginator("list_objects_v2")
        found: dict[str, File] = {}
        with translated("ListObjectsV2"):
            for page in pages.paginate(Bucket=self.bucket, Prefix=prefix, StartAfter=first):
                for entry in page.get("Contents", ()):
                    if entry["Key"] >= end:
                        return found
                    found[entry["Key"]] = File(entry["ETag"], entry["Size"])
        return found

    def address(self, key: str) -> str | None:
        """Return where a person with rights opens a file with a browser; None if that is not known. Nothing is called.

        The bucket is in the region that is called: the template makes both in one.
        """
        meta = client("s3").meta
        of_s3 = {"endpoint_url": meta.endpoint_url, "partition": meta.partition, "region": meta.region_name}
        return addresses.of_object(self.bucket, key, **of_s3)

    def read_json(self, key: str) -> Any | None:  # noqa: ANN401 - JSON
        """Return a document; None if there is none. Documents never change, so one that was read is remembered."""
        if key in self._read:
            return self._read[key]
        with translated("GetObject"):
            try:
                answer = client("s3").get_object(Bucket=self.bucket, Key=key)
            except ClientError as error:
                if _gone(error):
                    return None
                raise
            document = json.load(answer["Body"])
        if len(self._read) >= _REMEMBERED:
            self._read.clear()
        self._read[key] = document
        return document

    def write_json_once(self, key: str, data: Any) -> None:  # noqa: ANN401 - JSON
        """Store a document unless the key holds one already."""
        body = json.dumps(data, indent=1, sort_keys=True).encode()
        with translated("PutObject"):
            try:
                client("s3").put_object(
                    Bucket=self.bucket, Key=key, Body=body, ContentType="application/json", IfNoneMatch="*"
                )
            except ClientError as error:
                if error.response["Error"]["Code"] != "PreconditionFailed":
                    raise

    def copy_version(self, action: CopyVersion) -> None:
        """Copy one object version on the server's side (in parts above 5 GB, as boto3's transfer manager does).

        Raises
        ------
        GoneError
            If it was deleted.
        """
        source = {"Bucket": action.source.bucket, "Key": action.source.key}
        if action.source.version_id:
            source["VersionId"] = action.source.version_id
        with translated("CopyObject"):
            try:
                client("s3").copy(source, self.bucket, action.key)
            except ClientError as error:
                if _gone(error):
                    raise GoneError(action.source.upload_id) from error
                raise


def _gone(error: ClientError) -> bool:
    return error.response["Error"]["Code"] in _GONE


def _upload(bucket: str, key: str, version_id: str | None, etag: str, size: int) -> Upload:
    version_id = None if version_id == _UNVERSIONED else version_id
    return Upload(digests.upload_id(bucket, key, version_id or etag), bucket, key, version_id, size)
