"""The state of a cloud: one SQLite file, in which a change and what follows from it are one transaction.

A transaction that returned is on the disk (write-ahead log, ``synchronous=FULL``), so ``kill -9`` loses nothing that
was answered. What other threads do when a change is there, they are told by `Database.after_commit`. Every part makes
its own tables. The price: one writer at a time, and every reader waits for it; a commit costs an fsync.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from localcloud.errors import ConfigError

_LAYOUT = 1  # of all tables together: a state with another number is refused, never misread
Action = Callable[[], object]

log = logging.getLogger(__name__)


class Database:
    """One open file; safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Open or make the file; raises ConfigError if it is none of ours."""
        self._lock = threading.RLock()
        self._depth = 0
        self._afterwards: list[Action] = []
        try:
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            (layout,) = self._connection.execute("PRAGMA user_version").fetchone()
            (tables,) = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if tables and layout != _LAYOUT:
                self._connection.close()
                raise ConfigError(
                    f"{path} was written by another version of the local cloud: choose another folder with --state"
                )
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.execute(f"PRAGMA user_version={_LAYOUT}")
        except sqlite3.Error as error:
            raise ConfigError(f"{path} cannot be used: {error}") from error

    def define(self, *statements: str) -> None:
        """Make a part's tables and indexes where they are missing."""
        with self.transaction():
            for statement in statements:
                self._connection.execute(statement)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Let what is executed inside be there whole or not at all; one inside another is a part of it."""
        with self._lock:
            name, before = f"depth_{self._depth}", len(self._afterwards)
            self._connection.execute(f"SAVEPOINT {name}" if self._depth else "BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
                self._connection.execute(f"RELEASE {name}" if self._depth > 1 else "COMMIT")
            except BaseException:  # raised on: whatever it is, also of the commit, nothing of this transaction stays
                del self._afterwards[before:]
                self._roll_back(name)
                raise
            finally:
                self._depth -= 1
            if not self._depth:
                actions, self._afterwards = self._afterwards, []
                for action in actions:
                    _follow(action)

    def _roll_back(self, name: str) -> None:
        if not self._connection.in_transaction:  # SQLite did it by itself, as when the disk is full
            return
        if self._depth == 1:
            self._connection.execute("ROLLBACK")
        else:
            self._connection.execute(f"ROLLBACK TO {name}")
            self._connection.execute(f"RELEASE {name}")

    def execute(self, statement: str, *values: Any) -> int:  # noqa: ANN401  whatever SQLite stores
        """Change something; how many rows it changed, of one's own transaction or the one around it."""
        with self.transaction():
            return self._connection.execute(statement, values).rowcount

    def insert(self, statement: str, *values: Any) -> int:  # noqa: ANN401  as above
        """Add a row; its rowid."""
        with self.transaction():
            return self._connection.execute(statement, values).lastrowid or 0

    def rows(self, statement: str, *values: Any) -> Sequence[tuple[Any, ...]]:  # noqa: ANN401  as above
        """Return all rows of a query."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def row(self, statement: str, *values: Any) -> tuple[Any, ...] | None:  # noqa: ANN401  as above
        """Return the first row of a query, or None."""
        with self._lock:
            found: tuple[Any, ...] | None = self._connection.execute(statement, values).fetchone()
            return found

    def after_commit(self, action: Action) -> None:
        """Run ``action`` when the transaction around is on the disk; never, if it is rolled back.

        It runs in the order of the commits, before anyone else can change anything, so it must be quick and wait for
        nobody: put something on a queue, set an event, start a timer. If it fails, that is logged: the change is
        there all the same, and so is what else follows from it.
        """
        with self._lock:
            if self._depth:
                self._afterwards.append(action)
            else:
                _follow(action)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()


def _follow(action: Action) -> None:
    try:
        action()
    except Exception:  # whatever it is, the change that it follows was made and answered for
        log.exception("after_commit_failed")
