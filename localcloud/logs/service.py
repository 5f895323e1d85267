"""CloudWatch Logs put together: its operations, and the way in for what the cloud itself logs."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from localcloud.clock import Clock
from localcloud.database import Database
from localcloud.json_api import JsonApi, Operation
from localcloud.logs.events import Events
from localcloud.logs.groups import Groups
from localcloud.logs.store import Store

_MOST_CHARACTERS = 200_000  # ours: a line that is longer becomes several events


class Logs:
    """One CloudWatch Logs; ``region``: of groups that the cloud itself logs to without saying another."""

    def __init__(self, database: Database, clock: Clock, region: str) -> None:
        self._database = database
        self._region = region
        self._store = Store(database, clock)
        self.api = JsonApi("logs", self._operations(), fault="InvalidParameterException")

    def append(
        self, group: str, stream: str, lines: Sequence[tuple[datetime, str]], *, region: str | None = None
    ) -> None:
        """Add lines to a stream, made with its group where it is missing; part of the transaction around, if any.

        An empty line is left out, as no event is empty.
        """
        events = [
            (round(time.timestamp() * 1000), line[start : start + _MOST_CHARACTERS])
            for time, line in lines
            for start in range(0, len(line), _MOST_CHARACTERS)
        ]
        place = region or self._region
        with self._database.transaction():
            found = self._store.find_group(place, group) or self._store.add_group(place, group, {})
            into = self._store.find_stream(found, stream) or self._store.add_stream(found, stream)
            self._store.add_events(found, into, events)

    def _operations(self) -> Mapping[str, Operation]:
        groups, events = Groups(self._database, self._store), Events(self._database, self._store)
        return {
            "CreateLogGroup": groups.create_group,
            "DeleteLogGroup": groups.delete_group,
            "DescribeLogGroups": groups.describe_groups,
            "PutRetentionPolicy": groups.set_retention,
            "DeleteRetentionPolicy": groups.delete_retention,
            "CreateLogStream": groups.create_stream,
            "DeleteLogStream": groups.delete_stream,
            "DescribeLogStreams": groups.describe_streams,
            "TagResource": groups.tag,
            "UntagResource": groups.untag,
            "ListTagsForResource": groups.tags,
            "PutLogEvents": events.put,
            "GetLogEvents": events.get,
            "FilterLogEvents": events.filter,
        }
