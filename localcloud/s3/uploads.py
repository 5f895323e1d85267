"""The rows of multipart uploads under way, and of their parts."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from localcloud import documents
from localcloud.database import Database
from localcloud.s3 import refusals
from localcloud.s3.blobs import Blobs, Piece
from localcloud.s3.versions import pieces_of


@dataclass(frozen=True)
class Upload:
    """One upload under way; ``facts`` as of `versions.Stored`, the ``checksum`` an algorithm and a type."""

    number: int
    upload: str
    bucket: str
    key: str
    initiated: datetime
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Part:
    """One part that was stored."""

    number: int
    size: int
    etag: str
    checksum: str | None
    modified: datetime
    pieces: tuple[Piece, ...]


class Uploads:
    """All uploads; changes are made in the transaction around."""

    def __init__(self, database: Database, blobs: Blobs, new_upload: Callable[[], str]) -> None:
        self._database = database
        self._blobs = blobs
        self._new_upload = new_upload
        database.define(
            "CREATE TABLE IF NOT EXISTS s3_uploads (number INTEGER PRIMARY KEY AUTOINCREMENT, upload TEXT UNIQUE,"
            " bucket TEXT NOT NULL, key TEXT NOT NULL, initiated TEXT NOT NULL, facts TEXT NOT NULL)",
            "CREATE INDEX IF NOT EXISTS s3_uploads_in_order ON s3_uploads (bucket, key, number)",
            "CREATE TABLE IF NOT EXISTS s3_parts (upload TEXT NOT NULL, number INTEGER NOT NULL, size INTEGER NOT NULL,"
            " etag TEXT NOT NULL, checksum TEXT, modified TEXT NOT NULL, pieces TEXT NOT NULL,"
            " PRIMARY KEY (upload, number))",
        )

    def begin(self, bucket: str, key: str, facts: Mapping[str, Any], initiated: datetime) -> str:
        """Begin an upload; its id."""
        upload = self._new_upload()
        self._database.execute(
            "INSERT INTO s3_uploads (upload, bucket, key, initiated, facts) VALUES (?, ?, ?, ?, ?)",
            *(upload, bucket, key, initiated.isoformat(), documents.dumps(facts)),
        )
        return upload

    def get(self, bucket: str, key: str, upload: str) -> Upload:
        """Return an upload; raises AwsError NoSuchUpload."""
        row = self._database.row(
            "SELECT * FROM s3_uploads WHERE upload = ? AND bucket = ? AND key = ?", upload, bucket, key
        )
        if row is None:
            raise refusals.no_such_upload(upload)
        return _upload(row)

    def put(self, upload: Upload, part: Part) -> None:
        """Keep a part instead of the one with its number."""
        self._blobs.take(part.pieces)
        for before in self.parts(upload, part.number - 1, 1):
            if before.number == part.number:
                self._blobs.drop(before.pieces)
        self._database.execute(
            "INSERT OR REPLACE INTO s3_parts VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(upload.upload, part.number, part.size, part.etag, part.checksum, part.modified.isoformat()),
            json.dumps(part.pieces),
        )

    def parts(self, upload: Upload, after: int = 0, limit: int = 10_000) -> list[Part]:
        """Return parts behind a number, in order."""
        rows = self._database.rows(
            "SELECT number, size, etag, checksum, modified, pieces FROM s3_parts"
            " WHERE upload = ? AND number > ? ORDER BY number LIMIT ?",
            *(upload.upload, after, limit),
        )
        return [
            Part(number, size, etag, checksum, datetime.fromisoformat(modified), pieces_of(pieces))
            for number, size, etag, checksum, modified, pieces in rows
        ]

    def end(self, upload: Upload) -> None:
        """Forget an upload and its parts."""
        for part in self.parts(upload):
            self._blobs.drop(part.pieces)
        self._database.execute("DELETE FROM s3_parts WHERE upload = ?", upload.upload)
        self._database.execute("DELETE FROM s3_uploads WHERE number = ?", upload.number)

    def page(self, bucket: str, first: str, after: int, end: str | None, limit: int) -> Sequence[Upload]:
        """Return uploads from the key ``first`` on, of that key only those behind ``after``, up to ``end``."""
        upper = "" if end is None else "AND key < ?"
        rows = self._database.rows(
            "SELECT * FROM s3_uploads WHERE bucket = ? AND key >= ? AND (key > ? OR number > ?)"  # noqa: S608  ours
            f" {upper} ORDER BY key, number LIMIT ?",
            *(bucket, first, first, after, *(() if end is None else (end,)), limit),
        )
        return [_upload(row) for row in rows]


def _upload(row: tuple[Any, ...]) -> Upload:
    number, upload, bucket, key, initiated, facts = row
    return Upload(number, upload, bucket, key, datetime.fromisoformat(initiated), documents.loads(facts))
