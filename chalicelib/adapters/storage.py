"""S3: the stage's bucket, and the versions of what people dropped."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters.clients import client
from chalicelib.core import digests
from chalicelib.core.actions import CopyVersion
from chalicelib.core.facts import Upload

_GONE = frozenset({"404", "NoSuchKey", "NoSuchVersion"})


@dataclass(frozen=True)
class S3Storage:
    """`services.ports.Storage`, and the executor's writes, over S3."""

    bucket: str

    def find_upload(self, bucket: str, key: str, version_id: str | None) -> Upload | None:
        """Return the facts of an object version (the current one for None); None if it is gone."""
        version = {"VersionId": version_id} if version_id else {}
        try:
            head = client("s3").head_object(Bucket=bucket, Key=key, **version)
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return None
            raise
        found = head.get("VersionId", version_id)
        upload_id = digests.upload_id(bucket, key, found or head["ETag"])
        return Upload(upload_id, bucket, key, found, head["ContentLength"])

    def read_json(self, key: str) -> Any | None:  # noqa: ANN401 - JSON
        """Return a document; None if there is none."""
        try:
            answer = client("s3").get_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return None
            raise
        return json.load(answer["Body"])

    def write_json_once(self, key: str, data: Any) -> None:  # noqa: ANN401 - JSON
        """Store a document unless the key holds one already."""
        body = json.dumps(data, indent=1, sort_keys=True).encode()
        try:
            client("s3").put_object(
                Bucket=self.bucket, Key=key, Body=body, ContentType="application/json", IfNoneMatch="*"
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "PreconditionFailed":
                raise

    def copy_version(self, action: CopyVersion) -> None:
        """Copy one object version on the server's side (in parts above 5 GB, as boto3's transfer manager does)."""
        source = {"Bucket": action.source.bucket, "Key": action.source.key}
        if action.source.version_id:
            source["VersionId"] = action.source.version_id
        client("s3").copy(source, self.bucket, action.key)

    def newest_folders(self, prefix: str, file_name: str, limit: int) -> Sequence[str]:
        """Return the names of the folders below a prefix that hold the file, by its time, newest first."""
        pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        found = [
            (stored["LastModified"], stored["Key"].removeprefix(prefix).removesuffix(f"/{file_name}"))
            for page in pages
            for stored in page.get("Contents", [])
            if stored["Key"].endswith(f"/{file_name}")
        ]
        return [name for _, name in sorted(found, reverse=True)[:limit]]
