"""The messages of all queues, in the database: each look at them and each change is by the cloud's time.

A message is sent, visible from some moment on, and taken: then it has the receipt of its last taker and is invisible
for a while. A message that is older than its queue keeps messages is nowhere to be seen, and removed by the next who
changes the queue. Source: SQS Developer Guide, "Visibility timeout", "Dead-letter queues", "FIFO queue delivery logic".
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from localcloud import documents
from localcloud.database import Database
from localcloud.sqs.contents import Content
from localcloud.sqs.queues import Queue, Queues

_COLUMNS = (
    "sequence, id, body, attributes, system, sent, visible, taken, receives, receives_here, first, receipt, "
    "message_group, deduplication, source"
)
_MESSAGES = (
    "CREATE TABLE IF NOT EXISTS sqs_messages (sequence INTEGER PRIMARY KEY AUTOINCREMENT, queue INTEGER, id TEXT, "
    "body TEXT, attributes TEXT, system TEXT, sent REAL, visible REAL, taken REAL, receives INTEGER, "
    "receives_here INTEGER, first REAL, receipt TEXT, message_group TEXT, deduplication TEXT, source TEXT)"
)
_DEDUPLICATIONS = (
    "CREATE TABLE IF NOT EXISTS sqs_deduplications (queue INTEGER, scope TEXT, id TEXT, until REAL, message TEXT, "
    "sequence INTEGER, PRIMARY KEY (queue, scope, id))"
)
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS sqs_messages_by_id ON sqs_messages (queue, id)",
    "CREATE INDEX IF NOT EXISTS sqs_messages_by_group ON sqs_messages (queue, message_group)",
    "CREATE INDEX IF NOT EXISTS sqs_messages_by_age ON sqs_messages (queue, sent)",
    "CREATE INDEX IF NOT EXISTS sqs_messages_in_order ON sqs_messages (queue, sequence)",
)
# of a FIFO queue's group nothing is given while something of it is with a taker, or an earlier message still delayed;
# the + keeps SQLite from looking by age, which is the whole queue
_GROUP_IS_FREE = (
    "NOT EXISTS (SELECT 1 FROM sqs_messages AS other WHERE other.queue = m.queue "
    "AND other.message_group = m.message_group AND other.visible > ?2 AND +other.sent > ?3 "
    "AND (other.receipt IS NOT NULL OR other.sequence < m.sequence))"
)


@dataclass(frozen=True)
class Message:
    """One message; times are seconds since 1970. ``receives`` counts in all queues, ``receives_here`` in this one."""

    sequence: int
    id: str
    content: Content
    sent: float
    visible: float
    taken: float | None
    receives: int
    receives_here: int
    first: float | None
    receipt: str | None
    group: str | None
    deduplication: str | None
    source: str | None


class Messages:
    """All messages; ``wake`` hears of each queue that may have something new to give."""

    def __init__(
        self,
        database: Database,
        queues: Queues,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
        wake: Callable[[int], object],
    ) -> None:
        self._database = database
        self._queues = queues
        self._now = now
        self._new_id = new_id
        self._wake = wake
        database.define(_MESSAGES, _DEDUPLICATIONS, *_INDEXES)

    def send(
        self, queue: Queue, content: Content, delay: float, group: str | None, deduplication: str | None
    ) -> tuple[str, int]:
        """Keep a message; its id and sequence number."""
        now, identity = self.time(), self._new_id()
        with self._database.transaction():
            self._expire(queue)
            sequence = self._database.insert(
                "INSERT INTO sqs_messages (queue, id, body, attributes, system, sent, visible, receives, "
                "receives_here, message_group, deduplication) VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?)",
                *(queue.id, identity, content.body, documents.dumps(content.attributes)),
                *(json.dumps(content.system), now, now + delay, group, deduplication),
            )
            self._database.after_commit(lambda: self._wake(queue.id))
        return identity, sequence

    def duplicate(self, queue: Queue, scope: str, deduplication: str) -> tuple[str, int] | None:
        """Find what was sent to a FIFO queue under a deduplication id that still counts."""
        row = self._database.row(
            "SELECT message, sequence FROM sqs_deduplications WHERE queue = ? AND scope = ? AND id = ? AND until > ?",
            *(queue.id, scope, deduplication, self.time()),
        )
        return None if row is None else (row[0], row[1])

    def remember(self, queue: Queue, scope: str, deduplication: str, sent: tuple[str, int], seconds: float) -> None:
        """Let a deduplication id count for a while."""
        now = self.time()
        self._database.execute("DELETE FROM sqs_deduplications WHERE queue = ? AND until <= ?", queue.id, now)
        self._database.execute(
            "INSERT OR REPLACE INTO sqs_deduplications VALUES (?, ?, ?, ?, ?, ?)",
            *(queue.id, scope, deduplication, now + seconds, *sent),
        )

    def take(self, queue: Queue, most: int, hidden: float) -> list[Message]:
        """Take what is visible, in the order it was sent; what was taken too often goes to the dead letters."""
        if not self._visible(queue, 0, most):
            return []
        taken: list[Message] = []
        with self._database.transaction():
            self._expire(queue)
            target, limit = self._dead_letters(queue)
            after = 0
            while len(taken) < most and (found := self._visible(queue, after, most - len(taken))):
                after = found[-1].sequence
                for message in found:
                    if target is not None and message.receives_here >= limit:
                        self._bury(queue, message, target)
                    else:
                        taken.append(self._taken(message, hidden))
        return taken

    def find(self, queue: Queue, identity: str) -> Message | None:
        """Find a message by its id."""
        row = self._database.row(
            f"SELECT {_COLUMNS} FROM sqs_messages WHERE queue = ? AND id = ? AND sent > ?",  # noqa: S608  constants
            *(queue.id, identity, self._oldest(queue)),
        )
        return None if row is None else _message(row)

    def hide(self, queue: Queue, message: Message, seconds: float) -> None:
        """Let a taken message be invisible for this long from now."""
        with self._database.transaction():
            self._database.execute(
                "UPDATE sqs_messages SET visible = ? WHERE sequence = ?", self.time() + seconds, message.sequence
            )
            self._database.after_commit(lambda: self._wake(queue.id))

    def delete(self, queue: Queue, message: Message) -> None:
        """Remove a message; another one of its group may be free then."""
        with self._database.transaction():
            self._database.execute("DELETE FROM sqs_messages WHERE sequence = ?", message.sequence)
            self._database.after_commit(lambda: self._wake(queue.id))

    def purge(self, queue: Queue) -> None:
        """Remove all messages of a queue."""
        self._database.execute("DELETE FROM sqs_messages WHERE queue = ?", queue.id)

    def forget(self, queue: Queue) -> None:
        """Remove all that is known of a queue."""
        self.purge(queue)
        self._database.execute("DELETE FROM sqs_deduplications WHERE queue = ?", queue.id)

    def counts(self, queue: Queue) -> tuple[int, int, int]:
        """Count the visible, the taken and the delayed messages."""
        row = self._database.row(
            "SELECT total(visible <= ?2), total(visible > ?2 AND receipt IS NOT NULL), "
            "total(visible > ?2 AND receipt IS NULL) FROM sqs_messages WHERE queue = ?1 AND sent > ?3",
            *(queue.id, self.time(), self._oldest(queue)),
        )
        visible, taken, delayed = row or (0, 0, 0)
        return int(visible), int(taken), int(delayed)

    def next_due(self, queue: Queue) -> float | None:
        """Give the seconds until the next message becomes visible, None if there is none to."""
        now = self.time()
        row = self._database.row(
            "SELECT min(visible) FROM sqs_messages WHERE queue = ? AND visible > ? AND sent > ?",
            *(queue.id, now, self._oldest(queue)),
        )
        return None if row is None or row[0] is None else row[0] - now

    def time(self) -> float:
        """Give the cloud's time in seconds since 1970."""
        return self._now().timestamp()

    def _visible(self, queue: Queue, after: int, most: int) -> Sequence[Message]:
        free = f"AND {_GROUP_IS_FREE}" if queue.fifo else ""
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM sqs_messages AS m WHERE queue = ?1 AND visible <= ?2 AND sent > ?3 "  # noqa: S608  constants
            f"AND sequence > ?4 {free} ORDER BY sequence LIMIT ?5",
            *(queue.id, self.time(), self._oldest(queue), after, most),
        )
        return [_message(row) for row in rows]

    def _taken(self, message: Message, hidden: float) -> Message:
        now = self.time()
        self._database.execute(
            "UPDATE sqs_messages SET visible = ?, taken = ?, receives = receives + 1, "
            "receives_here = receives_here + 1, first = coalesce(first, ?), receipt = ? WHERE sequence = ?",
            *(now + hidden, now, now, self._new_id(), message.sequence),
        )
        row = self._database.row(f"SELECT {_COLUMNS} FROM sqs_messages WHERE sequence = ?", message.sequence)  # noqa: S608  constants
        if row is None:
            raise AssertionError("a row that was updated in this transaction is not there")
        return _message(row)

    def _dead_letters(self, queue: Queue) -> tuple[Queue | None, int]:
        arn, limit = queue.redrive or (None, 0)
        return (self._queues.by_arn(arn) if arn else None), limit

    def _bury(self, queue: Queue, message: Message, target: Queue) -> None:
        sent = self.time() if queue.fifo else message.sent  # a FIFO queue counts the retention anew
        self._database.execute(
            "UPDATE sqs_messages SET queue = ?, visible = ?, sent = ?, receives_here = 0, receipt = NULL, "
            "taken = NULL, source = ? WHERE sequence = ?",
            *(target.id, self.time(), sent, queue.arn, message.sequence),
        )
        self._database.after_commit(lambda: self._wake(target.id))

    def _oldest(self, queue: Queue) -> float:
        return self.time() - queue.number("MessageRetentionPeriod")

    def _expire(self, queue: Queue) -> None:
        self._database.execute("DELETE FROM sqs_messages WHERE queue = ? AND sent <= ?", queue.id, self._oldest(queue))


def _message(row: tuple[Any, ...]) -> Message:
    sequence, identity, body, attributes, system, *facts = row
    return Message(sequence, identity, Content(body, documents.loads(attributes), json.loads(system)), *facts)
