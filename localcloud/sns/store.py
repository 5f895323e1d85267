"""SNS's topics and subscriptions in the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from localcloud import documents
from localcloud.database import Database

_COLUMNS = "arn, topic, protocol, endpoint, confirmed, token, created, attributes"


@dataclass(frozen=True)
class Topic:
    """One topic; ``deleted`` counts the subscriptions that it had."""

    arn: str
    attributes: Mapping[str, str]
    tags: Mapping[str, str]
    deleted: int = 0


@dataclass(frozen=True)
class Subscription:
    """One subscription; ``token`` confirms it."""

    arn: str
    topic: str
    protocol: str
    endpoint: str
    confirmed: bool
    token: str
    created: datetime
    attributes: Mapping[str, str]


class Store:
    """Topics and subscriptions; what is one step is put in one transaction by who calls."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.define(
            "CREATE TABLE IF NOT EXISTS sns_topics (arn TEXT PRIMARY KEY, attributes TEXT, tags TEXT, deleted INTEGER)",
            "CREATE TABLE IF NOT EXISTS sns_subscriptions (arn TEXT PRIMARY KEY, topic TEXT, protocol TEXT,"
            " endpoint TEXT, confirmed INTEGER, token TEXT, created TEXT, attributes TEXT)",
            "CREATE INDEX IF NOT EXISTS sns_subscriptions_of ON sns_subscriptions (topic)",
        )

    def topic(self, arn: str) -> Topic | None:
        """Return a topic, or None."""
        row = self._database.row("SELECT arn, attributes, tags, deleted FROM sns_topics WHERE arn = ?", arn)
        return None if row is None else _topic(row)

    def topics(self, region: str, after: str, most: int) -> Sequence[Topic]:
        """Return topics of a region in the order of their ARNs, from behind ``after``."""
        start = f"arn:aws:sns:{region}:"
        rows = self._database.rows(
            "SELECT arn, attributes, tags, deleted FROM sns_topics WHERE substr(arn, 1, ?) = ? AND arn > ?"
            " ORDER BY arn LIMIT ?",
            *(len(start), start, after, most),
        )
        return [_topic(row) for row in rows]

    def put_topic(self, topic: Topic) -> None:
        """Add a topic, or replace it."""
        self._database.execute(
            "INSERT OR REPLACE INTO sns_topics VALUES (?, ?, ?, ?)",
            *(topic.arn, documents.dumps(dict(topic.attributes)), documents.dumps(dict(topic.tags)), topic.deleted),
        )

    def delete_topic(self, arn: str) -> None:
        """Remove a topic, if it is there, and its subscriptions."""
        with self._database.transaction():
            self._database.execute("DELETE FROM sns_topics WHERE arn = ?", arn)
            self._database.execute("DELETE FROM sns_subscriptions WHERE topic = ?", arn)

    def subscription(self, arn: str) -> Subscription | None:
        """Return a subscription, or None."""
        row = self._database.row(f"SELECT {_COLUMNS} FROM sns_subscriptions WHERE arn = ?", arn)  # noqa: S608  a constant
        return None if row is None else _subscription(row)

    def subscriptions(self, start: str, after: str = "", most: int = -1) -> Sequence[Subscription]:
        """Return those of a region or topic, whose ARNs begin with ``start``, from behind ``after``."""
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM sns_subscriptions WHERE substr(arn, 1, ?) = ? AND arn > ? ORDER BY arn LIMIT ?",  # noqa: S608  a constant
            *(len(start), start, after, most),
        )
        return [_subscription(row) for row in rows]

    def of_topic(self, topic: str) -> Sequence[Subscription]:
        """Return all of a topic."""
        rows = self._database.rows(f"SELECT {_COLUMNS} FROM sns_subscriptions WHERE topic = ? ORDER BY arn", topic)  # noqa: S608  a constant
        return [_subscription(row) for row in rows]

    def put_subscription(self, it: Subscription) -> None:
        """Add a subscription, or replace it."""
        self._database.execute(
            "INSERT OR REPLACE INTO sns_subscriptions VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            *(it.arn, it.topic, it.protocol, it.endpoint, it.confirmed, it.token, it.created.isoformat()),
            documents.dumps(dict(it.attributes)),
        )

    def delete_subscription(self, it: Subscription) -> None:
        """Remove a subscription and count it."""
        with self._database.transaction():
            if self._database.execute("DELETE FROM sns_subscriptions WHERE arn = ?", it.arn):
                self._database.execute("UPDATE sns_topics SET deleted = deleted + 1 WHERE arn = ?", it.topic)

    def forget_pending(self, before: datetime) -> None:
        """Remove what was not confirmed and is older than ``before``."""
        old = self._database.rows(
            "SELECT arn FROM sns_subscriptions WHERE confirmed = 0 AND created < ?", before.isoformat()
        )
        for (arn,) in old:
            self._database.execute("DELETE FROM sns_subscriptions WHERE arn = ?", arn)


def _topic(row: tuple[Any, ...]) -> Topic:
    arn, attributes, tags, deleted = row
    return Topic(arn, documents.loads(attributes), documents.loads(tags), deleted)


def _subscription(row: tuple[Any, ...]) -> Subscription:
    arn, topic, protocol, endpoint, confirmed, token, created, attributes = row
    return Subscription(
        *(arn, topic, protocol, endpoint, bool(confirmed), token),
        created=datetime.fromisoformat(created),
        attributes=documents.loads(attributes),
    )
