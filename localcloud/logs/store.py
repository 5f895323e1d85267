"""Log groups, their streams and events in the database; times are milliseconds since the epoch, as the API has them.

Every event has a number that grows; a position in a stream or group is the time and number of an event, so that
events which come late, with an earlier time, move no position. What is older than its group's retention is deleted
when somebody next looks at the group.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localcloud import documents
from localcloud.clock import Clock
from localcloud.database import Database
from localcloud.logs.refusals import missing
from localcloud.settings import ACCOUNT_ID

Position = tuple[int, int]  # just before the event with this time and number
START: Position = (-1, 0)
_DAY = 86_400_000
_GROUP = "id, region, name, created, retention, tags"
_STREAM = "id, name, created, first, last, ingested"


@dataclass(frozen=True)
class Group:
    """One log group; ``retention`` in days, None: for ever."""

    id: int
    region: str
    name: str
    created: int
    retention: int | None
    tags: Mapping[str, str]

    @property
    def arn(self) -> str:
        """Its ARN, without the ``:*`` that stands for its streams."""
        return f"arn:aws:logs:{self.region}:{ACCOUNT_ID}:log-group:{self.name}"


@dataclass(frozen=True)
class Stream:
    """One log stream; ``first`` and ``last``: times of its events."""

    id: int
    name: str
    created: int
    first: int | None
    last: int | None
    ingested: int | None


@dataclass(frozen=True)
class Event:
    """One log event."""

    id: int
    stream: int
    time: int
    ingested: int
    message: str

    @property
    def size(self) -> int:
        """Bytes as AWS counts them: 26 more than the text's."""
        return len(self.message.encode()) + 26

    @property
    def after(self) -> Position:
        """The position behind it."""
        return (self.time, self.id + 1)


class Store:
    """The groups of all regions."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        database.define(
            "CREATE TABLE IF NOT EXISTS logs_groups (id INTEGER PRIMARY KEY AUTOINCREMENT, region TEXT, name TEXT,"
            " created INTEGER, retention INTEGER, tags TEXT, UNIQUE (region, name))",
            "CREATE TABLE IF NOT EXISTS logs_streams (id INTEGER PRIMARY KEY AUTOINCREMENT, log_group INTEGER,"
            " name TEXT, created INTEGER, first INTEGER, last INTEGER, ingested INTEGER, UNIQUE (log_group, name))",
            "CREATE TABLE IF NOT EXISTS logs_events (id INTEGER PRIMARY KEY AUTOINCREMENT, log_group INTEGER,"
            " stream INTEGER, time INTEGER, ingested INTEGER, message TEXT)",
            "CREATE INDEX IF NOT EXISTS logs_events_of_group ON logs_events (log_group, time, id)",
            "CREATE INDEX IF NOT EXISTS logs_events_of_stream ON logs_events (stream, time, id)",
        )

    def now(self) -> int:
        """Give the time."""
        return round(self._clock.now().timestamp() * 1000)

    def find_group(self, region: str, name: str) -> Group | None:
        """Return a group, or None; what it no longer retains goes now."""
        row = self._database.row(f"SELECT {_GROUP} FROM logs_groups WHERE region = ? AND name = ?", region, name)  # noqa: S608  a constant
        if row is None:
            return None
        group = _group(row)
        self._forget_old(group)
        return group

    def group(self, region: str, name: str) -> Group:
        """Return a group; raises AwsError."""
        found = self.find_group(region, name)
        if found is None:
            raise missing("log group")
        return found

    def groups(self, region: str) -> Sequence[Group]:
        """Return the groups of a region by name."""
        rows = self._database.rows(f"SELECT {_GROUP} FROM logs_groups WHERE region = ? ORDER BY name", region)  # noqa: S608  a constant
        return [_group(row) for row in rows]

    def stored_bytes(self, group: Group) -> int:
        """Add up the sizes of a group's events."""
        self._forget_old(group)
        row = self._database.row(
            "SELECT sum(length(CAST(message AS BLOB)) + 26) FROM logs_events WHERE log_group = ?", group.id
        )
        return 0 if row is None or row[0] is None else int(row[0])

    def add_group(self, region: str, name: str, tags: Mapping[str, str]) -> Group:
        """Make a group."""
        self._database.execute(
            "INSERT INTO logs_groups (region, name, created, tags) VALUES (?, ?, ?, ?)",
            *(region, name, self.now(), documents.dumps(dict(tags))),
        )
        return self.group(region, name)

    def change_group(self, group: Group, retention: int | None, tags: Mapping[str, str]) -> None:
        """Set what can change of a group."""
        self._database.execute(
            "UPDATE logs_groups SET retention = ?, tags = ? WHERE id = ?",
            *(retention, documents.dumps(dict(tags)), group.id),
        )

    def delete_group(self, group: Group) -> None:
        """Remove a group with all that it holds."""
        with self._database.transaction():
            for table, column in (("logs_events", "log_group"), ("logs_streams", "log_group"), ("logs_groups", "id")):
                self._database.execute(f"DELETE FROM {table} WHERE {column} = ?", group.id)  # noqa: S608  constants

    def find_stream(self, group: Group, name: str) -> Stream | None:
        """Return a stream, or None."""
        row = self._database.row(
            f"SELECT {_STREAM} FROM logs_streams WHERE log_group = ? AND name = ?",  # noqa: S608  a constant
            *(group.id, name),
        )
        return None if row is None else Stream(*row)

    def stream(self, group: Group, name: str) -> Stream:
        """Return a stream; raises AwsError."""
        found = self.find_stream(group, name)
        if found is None:
            raise missing("log stream")
        return found

    def streams(self, group: Group) -> Sequence[Stream]:
        """Return the streams of a group by name."""
        rows = self._database.rows(f"SELECT {_STREAM} FROM logs_streams WHERE log_group = ? ORDER BY name", group.id)  # noqa: S608  a constant
        return [Stream(*row) for row in rows]

    def add_stream(self, group: Group, name: str) -> Stream:
        """Make a stream."""
        self._database.execute(
            "INSERT INTO logs_streams (log_group, name, created) VALUES (?, ?, ?)", group.id, name, self.now()
        )
        return self.stream(group, name)

    def delete_stream(self, stream: Stream) -> None:
        """Remove a stream with its events."""
        with self._database.transaction():
            self._database.execute("DELETE FROM logs_events WHERE stream = ?", stream.id)
            self._database.execute("DELETE FROM logs_streams WHERE id = ?", stream.id)

    def add_events(self, group: Group, stream: Stream, events: Sequence[tuple[int, str]]) -> None:
        """Add events, each a time and a message, in one transaction."""
        if not events:
            return
        now, times = self.now(), [time for time, _ in events]
        with self._database.transaction():
            for time, message in events:
                self._database.execute(
                    "INSERT INTO logs_events (log_group, stream, time, ingested, message) VALUES (?, ?, ?, ?, ?)",
                    *(group.id, stream.id, time, now, message),
                )
            self._database.execute(
                "UPDATE logs_streams SET first = min(coalesce(first, ?1), ?1), last = max(coalesce(last, ?2), ?2),"
                " ingested = ?3 WHERE id = ?4",
                *(min(times), max(times), now, stream.id),
            )

    def forward(self, group: Group, stream: Stream | None, start: Position, end: int, most: int) -> Sequence[Event]:
        """Return events of a group, or of one stream, from a position on and before the time ``end``."""
        column, whose = ("log_group", group.id) if stream is None else ("stream", stream.id)
        return self._events(
            f"WHERE {column} = ? AND (time, id) >= (?, ?) AND time < ? ORDER BY time, id LIMIT ?",
            *(whose, *start, end, most),
        )

    def backward(self, stream: Stream, start: int, end: Position, most: int) -> Sequence[Event]:
        """Return the last events of a stream from the time ``start`` on and before a position, oldest first."""
        found = self._events(
            "WHERE stream = ? AND time >= ? AND (time, id) < (?, ?) ORDER BY time DESC, id DESC LIMIT ?",
            *(stream.id, start, *end, most),
        )
        return found[::-1]

    def _events(self, where: str, *values: int) -> Sequence[Event]:
        rows = self._database.rows(f"SELECT id, stream, time, ingested, message FROM logs_events {where}", *values)  # noqa: S608  constants
        return [Event(*row) for row in rows]

    def _forget_old(self, group: Group) -> None:
        if group.retention is None:
            return
        before = self.now() - group.retention * _DAY
        if self._database.row("SELECT 1 FROM logs_events WHERE log_group = ? AND time < ?", group.id, before):
            self._database.execute("DELETE FROM logs_events WHERE log_group = ? AND time < ?", group.id, before)


def _group(row: tuple[Any, ...]) -> Group:
    group_id, region, name, created, retention, tags = row
    return Group(group_id, region, name, created, retention, documents.loads(tags))
