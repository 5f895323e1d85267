"""The alarms of all regions with their history and tags: in the database, and the alarms in memory besides.

What an evaluation looks at is in memory; a change is made in both, in memory once it is on the disk. History is kept
for 30 days (Source: CloudWatch User Guide, "Common features of CloudWatch alarms").
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from localcloud import documents
from localcloud.cloudwatch.alarm import Alarm, State, read_alarm
from localcloud.database import Database

Key = tuple[str, str]  # region and name
_KEPT = timedelta(days=30)

_TABLES = (
    "CREATE TABLE IF NOT EXISTS cloudwatch_alarms (region TEXT, name TEXT, body TEXT, PRIMARY KEY (region, name))",
    """CREATE TABLE IF NOT EXISTS cloudwatch_history (
        id INTEGER PRIMARY KEY, region TEXT, name TEXT, kind TEXT, time REAL, summary TEXT, data TEXT)""",
    "CREATE INDEX IF NOT EXISTS cloudwatch_history_by_time ON cloudwatch_history (region, time)",
    "CREATE TABLE IF NOT EXISTS cloudwatch_tags (arn TEXT, key TEXT, value TEXT, PRIMARY KEY (arn, key))",
)


@dataclass(frozen=True)
class HistoryItem:
    """One line of an alarm's history; ``data`` is JSON."""

    name: str
    kind: str  # ConfigurationUpdate, StateUpdate or Action
    time: datetime
    summary: str
    data: str


class AlarmStore:
    """Safe to use from several threads; changes belong into a transaction of the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.define(*_TABLES)
        self._alarms: dict[Key, Alarm] = {}
        for region, body in database.rows("SELECT region, body FROM cloudwatch_alarms ORDER BY region, name"):
            alarm = _read(region, documents.loads(body))
            self._alarms[alarm.key] = alarm

    def all(self) -> Sequence[Alarm]:
        """Give every alarm, of all regions."""
        return list(self._alarms.values())

    def of_region(self, region: str) -> Sequence[Alarm]:
        """Give the alarms of a region, by name."""
        return sorted((alarm for alarm in self.all() if alarm.region == region), key=lambda alarm: alarm.name)

    def find(self, region: str, name: str) -> Alarm | None:
        """Give an alarm, or None."""
        return self._alarms.get((region, name))

    def put(self, alarm: Alarm) -> None:
        """Store an alarm in place of the one of that name."""
        body = documents.dumps({"members": alarm.members, "configured": alarm.configured, "state": asdict(alarm.state)})
        self._database.execute("INSERT OR REPLACE INTO cloudwatch_alarms VALUES (?, ?, ?)", *alarm.key, body)
        self._database.after_commit(lambda: self._alarms.__setitem__(alarm.key, alarm))

    def delete(self, alarm: Alarm) -> None:
        """Forget an alarm and its tags; its history stays."""
        self._database.execute("DELETE FROM cloudwatch_alarms WHERE (region, name) = (?, ?)", *alarm.key)
        self._database.execute("DELETE FROM cloudwatch_tags WHERE arn = ?", alarm.arn)
        self._database.after_commit(lambda: self._alarms.pop(alarm.key, None))

    def note(self, alarm: Alarm, kind: str, summary: str, data: Mapping[str, Any], now: datetime) -> None:
        """Add to an alarm's history."""
        self._database.execute(
            "INSERT INTO cloudwatch_history (region, name, kind, time, summary, data) VALUES (?, ?, ?, ?, ?, ?)",
            *alarm.key,
            kind,
            now.timestamp(),
            summary[:255],
            json.dumps(data)[:4095],
        )
        self._database.execute(
            "DELETE FROM cloudwatch_history WHERE region = ? AND time < ?", alarm.region, (now - _KEPT).timestamp()
        )

    def history(
        self, region: str, name: str | None, kind: str | None, start: float, end: float
    ) -> Sequence[HistoryItem]:
        """Give a region's history between two times, the newest first."""
        rows = self._database.rows(
            "SELECT name, kind, time, summary, data FROM cloudwatch_history WHERE region = ?1 AND time >= ?4"
            " AND time <= ?5 AND (?2 IS NULL OR name = ?2) AND (?3 IS NULL OR kind = ?3) ORDER BY time DESC, id DESC",
            *(region, name, kind, start, end),
        )
        return [
            HistoryItem(row[0], row[1], datetime.fromtimestamp(row[2], UTC), summary=row[3], data=row[4])
            for row in rows
        ]

    def tags(self, arn: str) -> Mapping[str, str]:
        """Give the tags of an alarm."""
        return dict(self._database.rows("SELECT key, value FROM cloudwatch_tags WHERE arn = ? ORDER BY key", arn))

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Set tags of an alarm."""
        for key, value in tags.items():
            self._database.execute("INSERT OR REPLACE INTO cloudwatch_tags VALUES (?, ?, ?)", arn, key, value)

    def untag(self, arn: str, keys: Sequence[str]) -> None:
        """Remove tags of an alarm."""
        for key in keys:
            self._database.execute("DELETE FROM cloudwatch_tags WHERE (arn, key) = (?, ?)", arn, key)


def _read(region: str, body: Mapping[str, Any]) -> Alarm:
    return read_alarm(body["members"], region, body["configured"], State(**body["state"]))
