"""What is to be done at its time, kept in the database: a row from the transaction that causes it until it is done.

A crash loses none, and what is removed in the transaction of its work is done exactly once. How often something is
tried, and what becomes of it then, is decided by whoever owns the outbox.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from localcloud import documents
from localcloud.clock import Clock
from localcloud.database import Database

_AGAIN = 30.0  # seconds after an attempt of which nothing could be written

Attempt = Callable[[int, Any], None]  # gets a row's number and its document, on the clock's thread


class Outbox:
    """One table of rows that wait; ``attempt`` removes a row, or puts it off. Safe to use from several threads."""

    def __init__(self, database: Database, clock: Clock, table: str, attempt: Attempt) -> None:
        self._database = database
        self._clock = clock
        self._table = table
        self._attempt = attempt
        self._started = False
        database.define(
            f"CREATE TABLE IF NOT EXISTS {table} (id INTEGER PRIMARY KEY AUTOINCREMENT, document TEXT, due TEXT)"
        )

    def add(self, document: object, delay: float = 0.0) -> None:
        """Add what is due ``delay`` seconds from now, in the transaction around; nothing if that is rolled back."""
        number = self._database.insert(
            f"INSERT INTO {self._table} (document, due) VALUES (?, ?)",  # noqa: S608  a constant of ours
            *(documents.dumps(document), self._due(delay)),
        )
        self._begin(number, delay)

    def put_off(self, number: int, document: object, delay: float) -> None:
        """Let a row be due again ``delay`` seconds from now, with another document."""
        with self._database.transaction():
            self._database.execute(
                f"UPDATE {self._table} SET document = ?, due = ? WHERE id = ?",  # noqa: S608  as above
                *(documents.dumps(document), self._due(delay), number),
            )
            self._begin(number, delay)

    def remove(self, number: int) -> None:
        """Remove a row, in the transaction around."""
        self._database.execute(f"DELETE FROM {self._table} WHERE id = ?", number)  # noqa: S608  as above

    def start(self) -> None:
        """Attempt what comes from now on, and what is there: what a stop or a crash left, and what came before."""
        with self._database.transaction():
            self._started = True
            rows = self._database.rows(f"SELECT id, due FROM {self._table} ORDER BY due, id")  # noqa: S608  as above
            for number, due in rows:
                self._begin(number, (datetime.fromisoformat(due) - self._clock.now()).total_seconds())

    def _due(self, delay: float) -> str:
        return (self._clock.now() + timedelta(seconds=delay)).isoformat()

    def _begin(self, number: int, delay: float) -> None:
        """Set a row's time once it is on the disk; before `start` it waits in its table alone."""

        def begin() -> None:
            if self._started:
                self._clock.after(max(delay, 0.0), lambda: self._look(number))

        self._database.after_commit(begin)

    @contextmanager
    def kept(self, number: int) -> Iterator[None]:
        """Attempt a row again where we fail ourselves, as by a full disk: it must not lie there until a restart."""
        try:
            yield
        except BaseException:  # raised on: whatever it is
            self._clock.after(_AGAIN, lambda: self._look(number))
            raise

    def _look(self, number: int) -> None:
        with self.kept(number):
            self._attempt_now(number)

    def _attempt_now(self, number: int) -> None:
        query = f"SELECT document FROM {self._table} WHERE id = ?"  # noqa: S608  as above
        if (row := self._database.row(query, number)) is not None:
            self._attempt(number, documents.loads(row[0]))
