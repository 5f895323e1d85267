"""Changes of several requests in one transaction: one fsync for all who wait for it.

Who changes something in memory adds the change in the same order, under a lock of its own, and answers after `wait`.
One of those who wait commits for all. A change whose commit failed stays and is tried again with the next, so that
what is in memory and what is on the disk never part; its request is answered with an error, and may have had its
effect, as on AWS.
"""

import threading
from typing import Any

from localcloud.database import Database


class GroupCommit:
    """The changes of one part that are not in the database yet, in their order."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = threading.Lock()
        self._adding = threading.Lock()
        self._pending: list[tuple[str, tuple[Any, ...]]] = []
        self._added = 0
        self._committed = 0

    def add(self, statement: str, *values: Any) -> None:  # noqa: ANN401  whatever SQLite stores
        """Note one change."""
        with self._adding:
            self._pending.append((statement, values))
            self._added += 1

    @property
    def added(self) -> int:
        """How many changes were added until now: what `wait` is asked for."""
        return self._added

    def wait(self, count: int) -> None:
        """Return when the first ``count`` changes are on the disk; raises sqlite3.Error if they cannot be."""
        if self._committed >= count:
            return
        with self._turn:
            if self._committed >= count:
                return
            with self._adding:
                changes = self._pending[:]
            with self._database.transaction():
                for statement, values in changes:
                    self._database.execute(statement, *values)
            with self._adding:
                del self._pending[: len(changes)]
                self._committed += len(changes)
