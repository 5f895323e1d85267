"""The queues of all regions, in the database."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from localcloud.database import Database
from localcloud.settings import ACCOUNT_ID
from localcloud.sqs import attributes
from localcloud.sqs.refusals import invalid, no_queue, refused

_COLUMNS = "id, region, name, created, modified, attributes, tags"


@dataclass(frozen=True)
class Queue:
    """One queue; ``created`` and ``modified`` are seconds since 1970."""

    id: int
    region: str
    name: str
    created: float
    modified: float
    attributes: Mapping[str, str]
    tags: Mapping[str, str]

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:sqs:{self.region}:{ACCOUNT_ID}:{self.name}"

    @property
    def fifo(self) -> bool:
        """Whether it keeps the order of its groups, and drops duplicates."""
        return self.name.endswith(".fifo")

    @property
    def redrive(self) -> tuple[str, int] | None:
        """Where messages go that were received too often, and how often that is."""
        policy = json.loads(self.attributes.get("RedrivePolicy") or "{}")
        return (policy["deadLetterTargetArn"], policy["maxReceiveCount"]) if policy else None

    def number(self, attribute: str) -> int:
        """Give an attribute that is a number."""
        return int(self.attributes[attribute])

    def lets(self, source: "Queue") -> bool:
        """Say whether ``source`` may send its dead letters here."""
        policy = json.loads(self.attributes.get("RedriveAllowPolicy") or '{"redrivePermission":"allowAll"}')
        permission = policy["redrivePermission"]
        return permission == "allowAll" or (permission == "byQueue" and source.arn in policy.get("sourceQueueArns", ()))


class Queues:
    """All queues."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        database.define(
            "CREATE TABLE IF NOT EXISTS sqs_queues (id INTEGER PRIMARY KEY AUTOINCREMENT, region TEXT, name TEXT, "
            "created REAL, modified REAL, attributes TEXT, tags TEXT, UNIQUE (region, name))"
        )

    def create(self, region: str, name: str, given: Mapping[str, str], tags: Mapping[str, str]) -> Queue:
        """Make a queue, or give the one of that name if it has those attributes; raises AwsError otherwise."""
        attributes.check_name(name, given)
        fifo = name.endswith(".fifo")
        wanted = attributes.parse(given, fifo=fifo)
        with self._database.transaction():
            if there := self._find(region, name):
                for key, value in wanted.items():
                    if there.attributes.get(key, "") != value:
                        raise refused(
                            "QueueNameExists",
                            f"A queue already exists with the same name and a different value for attribute {key}",
                        )
                return there
            now = self._now().timestamp()
            self._database.insert(
                "INSERT INTO sqs_queues VALUES (NULL, ?, ?, ?, ?, '{}', ?)",
                *(region, name, now, now, json.dumps(dict(tags))),
            )
            self.change(self.get(region, name), {**attributes.defaults(fifo=fifo), **wanted})
            return self.get(region, name)

    def get(self, region: str, url: str) -> Queue:
        """Find a queue by its name or URL, of which the last part counts; raises AwsError QueueDoesNotExist."""
        found = self._find(region, url.rpartition("/")[2])
        if found is None:
            raise no_queue()
        return found

    def by_arn(self, arn: str) -> Queue | None:
        """Find a queue by its ARN."""
        *_, region, _, name = arn.split(":")
        found = self._find(region, name)
        return found if found and found.arn == arn else None

    def all(self, region: str) -> list[Queue]:
        """List the queues of a region by name."""
        rows = self._database.rows(f"SELECT {_COLUMNS} FROM sqs_queues WHERE region = ? ORDER BY name", region)  # noqa: S608  constants
        return [_queue(row) for row in rows]

    def set(self, queue: Queue, given: Mapping[str, str]) -> None:
        """Set attributes; raises AwsError."""
        if "FifoQueue" in given:
            raise refused("InvalidAttributeName", "Unknown Attribute FifoQueue.")
        self.change(queue, attributes.parse(given, fifo=queue.fifo))

    def change(self, queue: Queue, wanted: Mapping[str, str]) -> None:
        """Set attributes that were read; an empty one is removed."""
        if wanted.get("RedrivePolicy"):
            self._check_redrive(queue, wanted["RedrivePolicy"])
        kept = {name: value for name, value in {**queue.attributes, **wanted}.items() if value}
        self._database.execute(
            "UPDATE sqs_queues SET attributes = ?, modified = ? WHERE id = ?",
            *(json.dumps(kept), self._now().timestamp(), queue.id),
        )

    def tag(self, queue: Queue, tags: Mapping[str, str]) -> None:
        """Set all tags."""
        self._database.execute("UPDATE sqs_queues SET tags = ? WHERE id = ?", json.dumps(dict(tags)), queue.id)

    def delete(self, queue: Queue) -> None:
        """Remove a queue; its messages are somebody else's."""
        self._database.execute("DELETE FROM sqs_queues WHERE id = ?", queue.id)

    def _find(self, region: str, name: str) -> Queue | None:
        row = self._database.row(f"SELECT {_COLUMNS} FROM sqs_queues WHERE region = ? AND name = ?", region, name)  # noqa: S608  constants
        return None if row is None else _queue(row)

    def _check_redrive(self, queue: Queue, policy: str) -> None:
        target = self.by_arn(json.loads(policy)["deadLetterTargetArn"])
        if target is None or target.region != queue.region:
            raise invalid(policy, "RedrivePolicy", "Dead letter target does not exist.")
        if target.fifo != queue.fifo:
            raise invalid(policy, "RedrivePolicy", "Dead-letter queue must be same type of queue as the source.")
        if not target.lets(queue):
            raise invalid(policy, "RedrivePolicy", "The dead-letter queue does not let this queue redrive to it.")


def _queue(row: tuple[Any, ...]) -> Queue:
    identity, region, name, created, modified, found, tags = row
    return Queue(identity, region, name, created, modified, json.loads(found), json.loads(tags))
