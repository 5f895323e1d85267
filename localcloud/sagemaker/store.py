"""Every resource, and the one place where their state changes and the event of the change is sent.

A resource is the data that its Describe answers, as an immutable mapping that each change replaces; members that
AWS's shape does not have are ours and never leave. A change and its event are one step under one lock, so events are
in the order of the states. The price: held in memory, a restart forgets everything; a durable form fits behind the
same interface.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from localcloud.errors import AwsError
from localcloud.sagemaker.events import state_change
from localcloud.sagemaker.resource_kinds import Kind

Data = Mapping[str, Any]
Change = Callable[[Data], Data]
Publish = Callable[..., object]
Clock = Callable[[], datetime]


class Store:
    """The resources, by kind, region and name; names differ also when only their case does not."""

    def __init__(self, *, publish: Publish, now: Clock) -> None:
        self._lock = threading.RLock()
        self._rows: dict[tuple[str, str, str], Data] = {}
        self._publish = publish
        self._now = now

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Let nobody else read or change while several calls are one step."""
        with self._lock:
            yield

    def create(self, kind: Kind, region: str, name: str, data: Data) -> Data:
        """Add a resource; its name, ARN and times are set here.

        Raises
        ------
        AwsError
            If the name is taken, as AWS words it for that kind.
        """
        with self._lock:
            key = (kind.prefix, region, name.lower())
            if key in self._rows:
                raise kind.taken(region, name)
            now = self._now()
            row = {
                **data,
                kind.name: name,
                kind.arn: kind.arn_of(region, name),
                "CreationTime": now,
                "LastModifiedTime": now,
            }
            self._rows[key] = row
            self._tell(kind, region, {}, row)
            return row

    def find(self, kind: Kind, region: str, name: str) -> Data | None:
        """Return a resource, or None."""
        with self._lock:
            return self._rows.get((kind.prefix, region, name.lower()))

    def get(self, kind: Kind, region: str, name: str) -> Data:
        """Return a resource; raises AwsError as AWS words it if there is none."""
        row = self.find(kind, region, name)
        if row is None:
            raise kind.missing(region, name)
        return row

    def list(self, kind: Kind, region: str) -> list[Data]:
        """Return all resources of a kind, oldest first."""
        with self._lock:
            return [row for (prefix, place, _), row in self._rows.items() if (prefix, place) == (kind.prefix, region)]

    def update(self, kind: Kind, region: str, name: str, change: Change) -> Data:
        """Replace a resource by what ``change`` makes of it, which may raise to refuse; a new state sends its event."""
        with self._lock:
            before = self.get(kind, region, name)
            row = {**change(before), "LastModifiedTime": self._now()}
            self._rows[(kind.prefix, region, name.lower())] = row
            self._tell(kind, region, before, row)
            return row

    def delete(self, kind: Kind, region: str, name: str) -> None:
        """Remove a resource; raises AwsError if there is none."""
        with self._lock:
            self.get(kind, region, name)
            del self._rows[(kind.prefix, region, name.lower())]

    def by_arn(self, kinds: tuple[Kind, ...], region: str, arn: str) -> tuple[Kind, Data]:
        """Find a resource of any of ``kinds`` by its ARN; raises AwsError if there is none."""
        for kind in kinds:
            for row in self.list(kind, region):
                if row[kind.arn] == arn:
                    return kind, row
        raise AwsError("ValidationException", f"Could not find resource with ARN {arn}.")

    def _tell(self, kind: Kind, region: str, before: Data, after: Data) -> None:
        detail = state_change(kind, before, after)
        if detail is not None:
            self._publish(
                source="aws.sagemaker",
                detail_type=kind.detail_type,
                resources=[after[kind.arn]],
                detail=detail,
                region=region,
            )
