"""The rows of buckets, and of the configurations that a bucket keeps."""

import re
from dataclasses import dataclass
from datetime import datetime

from localcloud.database import Database
from localcloud.errors import AwsError
from localcloud.s3 import refusals

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")


@dataclass(frozen=True)
class Bucket:
    """One bucket; ``versioning`` is empty as long as it never was asked for."""

    name: str
    region: str
    created: datetime
    versioning: str
    eventbridge: bool


class Buckets:
    """All buckets; what is given a bucket's name raises AwsError NoSuchBucket."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.define(
            "CREATE TABLE IF NOT EXISTS s3_buckets (name TEXT PRIMARY KEY, region TEXT NOT NULL, created TEXT NOT NULL,"
            " versioning TEXT NOT NULL DEFAULT '', eventbridge INTEGER NOT NULL DEFAULT 0)",
            "CREATE TABLE IF NOT EXISTS s3_configurations (bucket TEXT NOT NULL, kind TEXT NOT NULL,"
            " document BLOB NOT NULL, PRIMARY KEY (bucket, kind))",
        )

    def find(self, name: str) -> Bucket | None:
        """Return a bucket, or None."""
        row = self._database.row("SELECT * FROM s3_buckets WHERE name = ?", name)
        return _bucket(row) if row else None

    def get(self, name: str) -> Bucket:
        """Return a bucket."""
        if found := self.find(name):
            return found
        raise refusals.no_such_bucket(name)

    def all(self, prefix: str, after: str, limit: int) -> list[Bucket]:
        """Return buckets behind a name, in the order of their names."""
        rows = self._database.rows(
            "SELECT * FROM s3_buckets WHERE name > ? AND substr(name, 1, ?) = ? ORDER BY name LIMIT ?",
            *(after, len(prefix), prefix, limit),
        )
        return [_bucket(row) for row in rows]

    def create(self, name: str, region: str, created: datetime) -> None:
        """Add a bucket, whose name must not be taken; raises AwsError for a name that no bucket can have."""
        if not _NAME.fullmatch(name) or _ADDRESS.fullmatch(name) or ".-" in name or "-." in name:
            message = "The specified bucket is not valid."
            raise AwsError("InvalidBucketName", message, 400, {"BucketName": name})
        self._database.execute(
            "INSERT INTO s3_buckets (name, region, created) VALUES (?, ?, ?)", name, region, created.isoformat()
        )

    def delete(self, name: str) -> None:
        """Remove a bucket and its configurations; raises AwsError BucketNotEmpty."""
        with self._database.transaction():
            self.get(name)
            for table in ("s3_versions", "s3_uploads"):
                if self._database.row(f"SELECT 1 FROM {table} WHERE bucket = ? LIMIT 1", name):  # noqa: S608  ours
                    message = "The bucket you tried to delete is not empty"
                    raise AwsError("BucketNotEmpty", message, 409, {"BucketName": name})
            self._database.execute("DELETE FROM s3_configurations WHERE bucket = ?", name)
            self._database.execute("DELETE FROM s3_buckets WHERE name = ?", name)

    def set_versioning(self, name: str, status: str) -> None:
        """Let versions be kept, or no more."""
        with self._database.transaction():
            self.get(name)
            self._database.execute("UPDATE s3_buckets SET versioning = ? WHERE name = ?", status, name)

    def set_eventbridge(self, name: str, *, on: bool) -> None:
        """Let events be sent, or not."""
        with self._database.transaction():
            self.get(name)
            self._database.execute("UPDATE s3_buckets SET eventbridge = ? WHERE name = ?", on, name)

    def configuration(self, name: str, kind: str) -> bytes | None:
        """Return a configuration as it came, or None."""
        self.get(name)
        row = self._database.row("SELECT document FROM s3_configurations WHERE bucket = ? AND kind = ?", name, kind)
        return bytes(row[0]) if row else None

    def configure(self, name: str, kind: str, document: bytes | None) -> None:
        """Keep a configuration instead of the one before; None for none."""
        with self._database.transaction():
            self.get(name)
            self._database.execute("DELETE FROM s3_configurations WHERE bucket = ? AND kind = ?", name, kind)
            if document is not None:
                self._database.execute("INSERT INTO s3_configurations VALUES (?, ?, ?)", name, kind, document)


def _bucket(row: tuple[str, str, str, str, int]) -> Bucket:
    name, region, created, versioning, eventbridge = row
    return Bucket(name, region, datetime.fromisoformat(created), versioning, bool(eventbridge))
