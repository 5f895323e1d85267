"""S3 as a container platform uses it: inputs down into a folder, outputs up from one, over the wire.

Where the file of a key lands is what is left of the key after the prefix. A key that would lie outside its folder, or
cannot be a file's name, fails the job. The price: objects come one after the other, in the order of their keys. A page
goes up as one, so that a browser shows it instead of storing it.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import boto3
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.client import Config
from botocore.exceptions import BotoCoreError, ClientError

from localcloud.errors import AwsError, DataError
from localcloud.sagemaker.archive import regular_files

_TRANSFER = TransferConfig(multipart_threshold=1 << 30, use_threads=False)
_TYPES = {".html": {"ContentType": "text/html"}}  # by suffix; S3's own default else
_ALL = slice(None)
_ERRORS = (BotoCoreError, ClientError, Boto3Error)


@dataclass(frozen=True)
class Location:
    """A key, or a prefix of keys, in a bucket."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> Self:
        """Read ``s3://bucket/key``; raises AwsError if it is none."""
        scheme, _, rest = uri.partition("://")
        bucket, _, key = rest.partition("/")
        if scheme != "s3" or not bucket:
            raise AwsError("ValidationException", f"{uri} is not a valid S3 URI: s3://bucket/key")
        return cls(bucket, key)

    def below(self, name: str) -> "Location":
        """Return the location of ``name`` in this folder."""
        return Location(self.bucket, f"{self.key.rstrip('/')}/{name}".lstrip("/"))

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True)
class Listed:
    """An object of a source, and its name there."""

    location: Location
    name: str


def connect(endpoint_url: str, region: str) -> "Objects":
    """Return the S3 of a region at an address; its calls are bounded in time."""
    config = Config(
        proxies={},  # none of the environment's: the address is on the loopback interface
        connect_timeout=5,  # ours, as the next two: the other side is this very process
        read_timeout=60,
        retries={"mode": "standard", "total_max_attempts": 3},
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    session = boto3.session.Session(
        aws_access_key_id="localcloud",
        aws_secret_access_key="localcloud",  # noqa: S106  no secret
        region_name=region,
    )
    return Objects(session.client("s3", endpoint_url=endpoint_url, config=config))


def relative_name(prefix: str, key: str) -> str:
    """Return the name below a channel's folder of a key that starts with ``prefix``."""
    if key == prefix:
        return key.rpartition("/")[2]
    if key.startswith(folder := prefix if prefix.endswith("/") or not prefix else f"{prefix}/"):
        return key[len(folder) :]
    return key[prefix.rfind("/") + 1 :]


def safe_path(folder: Path, name: str) -> Path:
    """Return the path of a key's remainder below ``folder``; raises DataError if it would not lie there."""
    parts = [part for part in name.split("/") if part not in {"", "."}]
    if not parts or ".." in parts or "\0" in name:
        raise DataError("ClientError: Data download failed: an object's key leads out of the channel's folder")
    return folder.joinpath(*parts)


class Objects:
    """The objects of one S3."""

    def __init__(self, client: Any) -> None:  # noqa: ANN401  boto3 makes its clients at run time
        self._client = client

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def keys(self, prefix: Location) -> Iterator[str]:
        """Yield the keys that start with a prefix, without the empty objects that stand for folders."""
        try:
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=prefix.bucket, Prefix=prefix.key):
                for item in page.get("Contents", []):
                    if not item["Key"].endswith("/"):
                        yield item["Key"]
        except _ERRORS as error:
            raise _download_error(prefix, error) from error

    def exists(self, location: Location) -> bool:
        """Say whether there is an object at exactly this key."""
        try:
            self._client.head_object(Bucket=location.bucket, Key=location.key)
        except _ERRORS:
            return False
        return True

    def download(self, location: Location, path: Path) -> None:
        """Copy an object into a file that does not exist yet."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            answer = self._client.get_object(Bucket=location.bucket, Key=location.key)
            with path.open("xb") as copy:
                shutil.copyfileobj(answer["Body"], copy, 1 << 20)
        except _ERRORS as error:
            raise _download_error(location, error) from error
        except OSError as error:
            reason = f"no file can have that name ({error.strerror})"
            raise DataError(f"ClientError: Data download failed: {location}: {reason}") from error

    def any_below(self, location: Location) -> bool:
        """Say whether a prefix has an object; of a bucket that cannot be listed the job itself will tell."""
        try:
            return any(True for _ in self.keys(location))
        except DataError:
            return True

    def listed(self, source: Location, data_type: str) -> list["Listed"]:
        """Return the objects of an S3Prefix or a ManifestFile, in the order of their keys; raises DataError.

        A manifest is ``[{"prefix": "s3://..."}, "relative", ...]``, and names its objects itself.
        """
        if data_type == "ManifestFile":
            return sorted(self._manifest(source), key=lambda found: found.location.key)
        return [Listed(Location(source.bucket, key), relative_name(source.key, key)) for key in self.keys(source)]

    def download_all(self, source: Location, data_type: str, folder: Path, share: slice = _ALL) -> None:
        """Copy the objects of a source into a folder, or a share of them in the order of their keys."""
        folder.mkdir(parents=True, exist_ok=True)
        found = self.listed(source, data_type)
        if not found and data_type == "S3Prefix":
            raise DataError(
                f"ClientError: Data download failed: "
                f'No S3 objects found under S3 URL "{source}" given in input data source'
            )
        for one in found[share]:
            self.download(one.location, safe_path(folder, one.name))

    def upload(self, path: Path, location: Location) -> None:
        """Copy a file to a key."""
        try:
            typed = _TYPES.get(path.suffix, {})
            self._client.upload_file(str(path), location.bucket, location.key, ExtraArgs=typed, Config=_TRANSFER)
        except _ERRORS as error:
            raise DataError(f"ClientError: Data upload failed: {location}: {_code(error)}") from error

    def upload_folder(self, folder: Path, prefix: Location) -> None:
        """Copy the files below a folder to keys below a prefix."""
        for path in regular_files(folder):
            self.upload(path, prefix.below(path.relative_to(folder).as_posix()))

    def _manifest(self, manifest: Location) -> list["Listed"]:
        try:
            body = self._client.get_object(Bucket=manifest.bucket, Key=manifest.key)["Body"].read()
        except _ERRORS as error:
            raise _download_error(manifest, error) from error
        try:
            head, *names = json.loads(body)
            prefix = Location.parse(head["prefix"])
            found = [
                Listed(Location(prefix.bucket, prefix.key + name), name) for name in names
            ]  # a name must be a string
        except (ValueError, TypeError, KeyError, AwsError) as error:
            raise DataError(
                f"ClientError: Data download failed: {manifest} is not a manifest file: "
                '[{"prefix": "s3://..."}, "relative name", ...]'
            ) from error
        return found


def _code(error: Exception) -> str:
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else type(error).__name__


def _download_error(location: Location, error: Exception) -> DataError:
    return DataError(f"ClientError: Data download failed: {location}: {_code(error)}")
