"""Files to and from S3, streamed: a file of any size is put without being held, in parts when it is large.

boto3's transfer manager does not say which version it made, and asking afterwards could find another person's; so the
version is taken from the answer of the call that made it.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cli.errors import CloudError

_PART_BYTES = 64 * 1024 * 1024  # smaller files go in one call
_CHUNK_BYTES = 1024 * 1024
_CREATING = ("PutObject", "CompleteMultipartUpload")
OnBytes = Callable[[int], None]


def _new_client() -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    import boto3  # noqa: PLC0415 - costs 0.1 s, and most commands put nothing
    from botocore.config import Config  # noqa: PLC0415

    return boto3.client("s3", config=Config(retries={"mode": "standard", "total_max_attempts": 4}))


class Store:
    """S3, for files."""

    def __init__(self, new_client: Callable[[], Any] = _new_client) -> None:
        self._new_client = new_client

    def put(self, path: Path, bucket: str, key: str, on_bytes: OnBytes) -> str | None:
        """Put a file; return the version it became (None in a bucket without versions).

        Raises
        ------
        CloudError
            If a part of a large file cannot be put.
        """
        from boto3.exceptions import S3UploadFailedError  # noqa: PLC0415 - see `_new_client`
        from boto3.s3.transfer import TransferConfig  # noqa: PLC0415

        client, made = self._new_client(), []
        for operation in _CREATING:
            client.meta.events.register(
                f"after-call.s3.{operation}", lambda parsed, **_: made.append(parsed.get("VersionId"))
            )
        try:
            client.upload_file(
                str(path),
                bucket,
                key,
                Callback=on_bytes,
                Config=TransferConfig(multipart_threshold=_PART_BYTES, multipart_chunksize=_PART_BYTES),
            )
        except S3UploadFailedError as error:
            raise CloudError(str(error)) from error
        return made[-1] if made else None

    def fetch(self, bucket: str, prefix: str, target: Path) -> int:
        """Write the objects below a prefix, in the order of their names, to one file; return its number of lines.

        The file appears when it is whole.
        """
        client, lines = self._new_client(), 0
        partial = target.with_name(f"{target.name}.part")
        with partial.open("wb") as file:
            for key in _keys(client, bucket, prefix):
                for line in client.get_object(Bucket=bucket, Key=key)["Body"].iter_lines(_CHUNK_BYTES):
                    if line:  # a transform that assembles by line may end its records with another newline
                        file.write(line + b"\n")
                        lines += 1
        partial.replace(target)
        return lines


def _keys(client: Any, bucket: str, prefix: str) -> Iterator[str]:  # noqa: ANN401 - a boto3 client
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    found = [stored["Key"] for page in pages for stored in page.get("Contents", [])]
    yield from sorted(found, key=lambda key: (len(key), key))  # part-100000 comes after part-99999
