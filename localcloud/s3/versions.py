"""The rows of object versions and delete markers, in the order of their making.

Every change of an object gets the next number of one count, which never goes back: it orders the versions of a key,
and is the sequencer of the events.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from localcloud import documents
from localcloud.database import Database
from localcloud.s3.blobs import Blobs, Piece
from localcloud.s3.buckets import Bucket

NULL = "null"  # the version of what was stored while versions were not kept
_COLUMNS = "number, bucket, key, version, latest, marker, size, etag, modified, pieces, facts"


@dataclass(frozen=True)
class Stored:
    """What an object is, wherever it is: its content, and what its headers say.

    ``facts``: ``headers`` by members' names, ``metadata``, ``tags``, ``checksum`` (algorithm, value, type) and
    ``parts`` (sizes), each only if there is any.
    """

    pieces: tuple[Piece, ...]
    size: int
    etag: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Version:
    """One version of an object, or a delete marker."""

    number: int
    bucket: str
    key: str
    version: str
    latest: bool
    marker: bool
    modified: datetime
    stored: Stored

    @property
    def sequencer(self) -> str:
        """The number as S3's events have it: texts that grow with it."""
        return sequencer(self.number)


def sequencer(number: int) -> str:
    """Write the number of a change as S3's events do."""
    return f"{number:018X}"


class Versions:
    """All versions of all objects; changes are made in the transaction around."""

    def __init__(self, database: Database, blobs: Blobs, new_version: Callable[[], str]) -> None:
        self._database = database
        self._blobs = blobs
        self._new_version = new_version
        database.define(
            "CREATE TABLE IF NOT EXISTS s3_count (id INTEGER PRIMARY KEY CHECK (id = 0), number INTEGER NOT NULL)",
            "INSERT OR IGNORE INTO s3_count VALUES (0, 0)",
            "CREATE TABLE IF NOT EXISTS s3_versions (number INTEGER PRIMARY KEY, bucket TEXT NOT NULL,"
            " key TEXT NOT NULL, version TEXT NOT NULL, latest INTEGER NOT NULL, marker INTEGER NOT NULL,"
            " size INTEGER NOT NULL, etag TEXT NOT NULL, modified TEXT NOT NULL, pieces TEXT NOT NULL,"
            " facts TEXT NOT NULL, UNIQUE (bucket, key, version))",
            "CREATE INDEX IF NOT EXISTS s3_versions_in_order ON s3_versions (bucket, key, number)",
            "CREATE INDEX IF NOT EXISTS s3_versions_latest ON s3_versions (bucket, key) WHERE latest = 1",
        )

    def next_number(self) -> int:
        """Count one change."""
        row = self._database.row("UPDATE s3_count SET number = number + 1 RETURNING number")
        return int(row[0]) if row else 0

    def current(self, bucket: str, key: str) -> Version | None:
        """Return the latest version, which may be a delete marker."""
        return self._one("bucket = ? AND key = ? AND latest = 1", bucket, key)

    def find(self, bucket: str, key: str, version: str) -> Version | None:
        """Return a version."""
        return self._one("bucket = ? AND key = ? AND version = ?", bucket, key, version)

    def add(self, bucket: Bucket, key: str, stored: Stored, modified: datetime, *, marker: bool = False) -> Version:
        """Make the latest version of a key, instead of the null version where the bucket keeps no versions."""
        version = self._new_version() if bucket.versioning == "Enabled" else NULL
        self._blobs.take(stored.pieces)
        if version == NULL and (before := self.find(bucket.name, key, NULL)):
            self._delete(before)
        if bucket.versioning:
            self._database.execute(
                "UPDATE s3_versions SET latest = 0 WHERE bucket = ? AND key = ? AND latest = 1", bucket.name, key
            )
        added = Version(self.next_number(), bucket.name, key, version, True, marker, modified, stored)
        self._database.execute(
            f"INSERT INTO s3_versions ({_COLUMNS}) VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?)",  # noqa: S608  ours
            *(added.number, bucket.name, key, version, marker, stored.size, stored.etag, modified.isoformat()),
            *(json.dumps(stored.pieces), documents.dumps(stored.facts)),
        )
        return added

    def remove(self, version: Version) -> None:
        """Remove a version for ever; if it was the latest, the one before it is."""
        self._delete(version)
        if version.latest:
            self._database.execute(
                "UPDATE s3_versions SET latest = 1 WHERE number ="
                " (SELECT max(number) FROM s3_versions WHERE bucket = ? AND key = ?)",
                *(version.bucket, version.key),
            )

    def set_facts(self, version: Version, facts: Mapping[str, Any]) -> None:
        """Replace what is kept beside the content."""
        self._database.execute(
            "UPDATE s3_versions SET facts = ? WHERE number = ?", documents.dumps(facts), version.number
        )

    def page(
        self, bucket: str, first: str, before: int, end: str | None, limit: int, *, all_versions: bool
    ) -> Sequence[Version]:
        """Return versions from the key ``first`` on, of that key only numbers below ``before``, up to ``end``.

        Keys go up, a key's versions from new to old; without ``all_versions``, what a plain listing shows.
        """
        shown = "" if all_versions else "AND latest = 1 AND marker = 0"
        upper = "" if end is None else "AND key < ?"
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM s3_versions WHERE bucket = ? AND key >= ? AND (key > ? OR number < ?)"  # noqa: S608  ours
            f" {upper} {shown} ORDER BY key, number DESC LIMIT ?",
            *(bucket, first, first, before, *(() if end is None else (end,)), limit),
        )
        return [_version(row) for row in rows]

    def _one(self, condition: str, *values: str) -> Version | None:
        row = self._database.row(f"SELECT {_COLUMNS} FROM s3_versions WHERE {condition}", *values)  # noqa: S608  ours
        return _version(row) if row else None

    def _delete(self, version: Version) -> None:
        self._database.execute("DELETE FROM s3_versions WHERE number = ?", version.number)
        self._blobs.drop(version.stored.pieces)


def _version(row: tuple[Any, ...]) -> Version:
    number, bucket, key, version, latest, marker, size, etag, modified, pieces, facts = row
    stored = Stored(pieces_of(pieces), size, etag, documents.loads(facts))
    return Version(number, bucket, key, version, bool(latest), bool(marker), datetime.fromisoformat(modified), stored)


def pieces_of(text: str) -> tuple[Piece, ...]:
    """Read pieces from a row."""
    return tuple(Piece(*piece) for piece in json.loads(text))
