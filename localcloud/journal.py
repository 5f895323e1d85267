"""Requests that changed something in moto, kept to be done again at the next start, with the same answers.

moto answers by the request, the time and chance, so all three are kept. The price: a start does every change again
that was ever made to what still exists, a few milliseconds each.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from localcloud.database import Database


@dataclass(frozen=True)
class Kept:
    """One request: ``subject`` is what it changed, ``target`` its X-Amz-Target."""

    service: str
    region: str
    subject: str
    target: str
    content_type: str
    body: bytes
    at: datetime
    seed: int


KEEP = "INSERT INTO journal VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)"
FORGET = "DELETE FROM journal WHERE service = ? AND region = ? AND subject = ?"


def define(database: Database) -> None:
    """Make the journal's table."""
    database.define(
        "CREATE TABLE IF NOT EXISTS journal (id INTEGER PRIMARY KEY, service TEXT, region TEXT, subject TEXT, "
        "target TEXT, content_type TEXT, body BLOB, at TEXT, seed INTEGER)"
    )


def values(kept: Kept) -> tuple[Any, ...]:
    """Give the values of `KEEP`."""
    at = kept.at.isoformat()
    return (kept.service, kept.region, kept.subject, kept.target, kept.content_type, kept.body, at, kept.seed)


def requests(database: Database, service: str) -> Iterator[Kept]:
    """Yield what was kept for a service, in its order."""
    columns = "region, subject, target, content_type, body, at, seed"
    rows = database.rows(f"SELECT {columns} FROM journal WHERE service = ? ORDER BY id", service)  # noqa: S608  constants
    for region, subject, target, content_type, body, at, seed in rows:
        yield Kept(service, region, subject, target, content_type, body, datetime.fromisoformat(at), seed)
