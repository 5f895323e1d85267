"""Every resource, and the one place where their state changes and the event of the change is sent.

A resource is the data that its Describe answers, as an immutable mapping that each change replaces; members that
AWS's shape does not have are ours and never leave. A change and its event are one transaction of the database, so
neither is ever there without the other, and events are in the order of the states. The price: every read is a query,
and lists are filtered here, which is quick for thousands of resources and not for millions.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from localcloud.database import Database
from localcloud.documents import dumps, loads
from localcloud.errors import AwsError
from localcloud.publish import Publish
from localcloud.sagemaker.events import state_change
from localcloud.sagemaker.resource_kinds import Kind

Data = Mapping[str, Any]
Change = Callable[[Data], Data]
Now = Callable[[], datetime]


class Store:
    """The resources, by kind, region and name; names differ also when only their case does not."""

    def __init__(self, database: Database, *, publish: Publish, now: Now) -> None:
        database.define(
            "CREATE TABLE IF NOT EXISTS sagemaker_resources (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, "
            "region TEXT NOT NULL, name TEXT NOT NULL, arn TEXT NOT NULL, data TEXT NOT NULL, "
            "UNIQUE (kind, region, name))",
            "CREATE INDEX IF NOT EXISTS sagemaker_arns ON sagemaker_resources (arn)",
        )
        self._database = database
        self._publish = publish
        self._now = now

    def transaction(self) -> AbstractContextManager[None]:
        """Let several calls be one step: nobody else reads or changes meanwhile, and all of it stays or nothing."""
        return self._database.transaction()

    def create(self, kind: Kind, region: str, name: str, data: Data) -> Data:
        """Add a resource; its name, ARN and times are set here.

        Raises
        ------
        AwsError
            If the name is taken, as AWS words it for that kind.
        """
        with self.transaction():
            if self.find(kind, region, name) is not None:
                raise kind.taken(region, name)
            now, arn = self._now(), kind.arn_of(region, name)
            row = {**data, kind.name: name, kind.arn: arn, "CreationTime": now, "LastModifiedTime": now}
            self._database.execute(
                "INSERT INTO sagemaker_resources (kind, region, name, arn, data) VALUES (?, ?, ?, ?, ?)",
                *(kind.prefix, region, name.lower(), arn, dumps(row)),
            )
            self._tell(kind, region, {}, row)
            return row

    def find(self, kind: Kind, region: str, name: str) -> Data | None:
        """Return a resource, or None."""
        found = self._database.row(
            "SELECT data FROM sagemaker_resources WHERE kind = ? AND region = ? AND name = ?",
            *(kind.prefix, region, name.lower()),
        )
        return None if found is None else _read(found[0])

    def get(self, kind: Kind, region: str, name: str) -> Data:
        """Return a resource; raises AwsError as AWS words it if there is none."""
        row = self.find(kind, region, name)
        if row is None:
            raise kind.missing(region, name)
        return row

    def list(self, kind: Kind, region: str) -> list[Data]:
        """Return all resources of a kind, oldest first."""
        found = self._database.rows(
            "SELECT data FROM sagemaker_resources WHERE kind = ? AND region = ? ORDER BY id", kind.prefix, region
        )
        return [_read(data) for (data,) in found]

    def everywhere(self, kind: Kind) -> Sequence[tuple[str, Data]]:
        """Return all resources of a kind with their regions, oldest first."""
        found = self._database.rows(
            "SELECT region, data FROM sagemaker_resources WHERE kind = ? ORDER BY id", kind.prefix
        )
        return [(region, _read(data)) for region, data in found]

    def update(self, kind: Kind, region: str, name: str, change: Change) -> Data:
        """Replace a resource by what ``change`` makes of it, which may raise to refuse; a new state sends its event."""
        with self.transaction():
            before = self.get(kind, region, name)
            row = {**change(before), "LastModifiedTime": self._now()}
            self._database.execute(
                "UPDATE sagemaker_resources SET data = ? WHERE kind = ? AND region = ? AND name = ?",
                *(dumps(row), kind.prefix, region, name.lower()),
            )
            self._tell(kind, region, before, row)
            return row

    def delete(self, kind: Kind, region: str, name: str) -> None:
        """Remove a resource; raises AwsError if there is none."""
        with self.transaction():
            self.get(kind, region, name)
            self._database.execute(
                "DELETE FROM sagemaker_resources WHERE kind = ? AND region = ? AND name = ?",
                *(kind.prefix, region, name.lower()),
            )

    def by_arn(self, kinds: tuple[Kind, ...], region: str, arn: str) -> tuple[Kind, Data]:
        """Find a resource of any of ``kinds`` by its ARN; raises AwsError if there is none."""
        found = self._database.row(
            "SELECT kind, data FROM sagemaker_resources WHERE region = ? AND arn = ?", region, arn
        )
        for kind in kinds:
            if found is not None and found[0] == kind.prefix:
                return kind, _read(found[1])
        raise AwsError("ValidationException", f"Could not find resource with ARN {arn}.")

    def _tell(self, kind: Kind, region: str, before: Data, after: Data) -> None:
        detail_type, detail = kind.detail_type, state_change(kind, before, after)
        if detail_type is not None and detail is not None:
            self._publish(
                source="aws.sagemaker",
                detail_type=detail_type,
                resources=[after[kind.arn]],
                detail=detail,
                region=region,
            )


def _read(text: str) -> Data:
    data: Data = loads(text)
    return data
