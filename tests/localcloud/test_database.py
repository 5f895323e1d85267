import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from localcloud.database import Database
from localcloud.errors import ConfigError
from tests.localcloud.full_disk import files_up_to


@pytest.fixture
def database(database: Database) -> Database:
    database.define("CREATE TABLE things (name TEXT)")
    return database


def names(database: Database) -> list[str]:
    return [name for (name,) in database.rows("SELECT name FROM things ORDER BY rowid")]


def add_and_fail(database: Database, name: str, followed: list[str]) -> None:
    with database.transaction():
        database.execute("INSERT INTO things VALUES (?)", name)
        database.after_commit(lambda: followed.append(name))
        raise ZeroDivisionError


def add(database: Database, name: str, followed: list[str]) -> None:
    with database.transaction():
        database.execute("INSERT INTO things VALUES (?)", name)
        database.after_commit(lambda: followed.append(name))


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    """What a transaction changed is undone when it fails, and what should follow from it does not happen."""
    followed: list[str] = []
    with pytest.raises(ZeroDivisionError):
        add_and_fail(database, "a", followed)
    assert names(database) == []
    assert followed == []


def test_an_inner_failure_that_is_caught_leaves_the_outer_part(database: Database) -> None:
    """Of a transaction inside another one that fails and is caught, only its own part is undone."""
    followed: list[str] = []
    with database.transaction():
        database.execute("INSERT INTO things VALUES ('outer')")
        database.after_commit(lambda: followed.append("outer"))
        with pytest.raises(ZeroDivisionError):
            add_and_fail(database, "inner", followed)
        assert followed == []
    assert names(database) == ["outer"]
    assert followed == ["outer"]


def test_what_follows_sees_what_was_committed(database: Database) -> None:
    """Actions after a commit run once, in their order, and find the change there."""
    followed: list[list[str]] = []
    with database.transaction():
        database.execute("INSERT INTO things VALUES ('a')")
        database.after_commit(lambda: followed.append(names(database)))
    database.after_commit(lambda: followed.append([]))
    assert followed == [["a"], []]


def test_a_commit_that_fails_leaves_nothing(tmp_path: Path, database: Database) -> None:
    """Of a transaction that finds no place on the disk nothing stays, and nothing follows, also not from the next."""
    followed: list[str] = []
    with files_up_to((tmp_path / "state.db-wal").stat().st_size), pytest.raises(sqlite3.OperationalError):
        add(database, "lost" * 100_000, followed)
    add(database, "kept", followed)
    assert names(database) == followed == ["kept"]


def test_what_fails_after_a_commit_keeps_nothing_else_from_following(database: Database) -> None:
    """An action that fails does not say to the caller that the change was not made, and the others run."""
    followed: list[str] = []
    with database.transaction():
        database.execute("INSERT INTO things VALUES ('a')")
        database.after_commit(lambda: 1 / 0)
        database.after_commit(lambda: followed.append("b"))
    assert followed == ["b"]


def test_kill_9_loses_no_transaction_that_returned(tmp_path: Path) -> None:
    """A process that is killed right after a transaction returned finds it again, and nothing of a later one."""
    program = textwrap.dedent("""
        import os, signal, sys
        from pathlib import Path
        from localcloud.database import Database
        database = Database(Path(sys.argv[1]))
        database.define("CREATE TABLE things (name TEXT)")
        database.execute("INSERT INTO things VALUES ('kept')")
        with database.transaction():
            database.execute("INSERT INTO things VALUES ('lost')")
            os.kill(os.getpid(), signal.SIGKILL)
    """)
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "state.db")], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    database = Database(tmp_path / "state.db")
    assert names(database) == ["kept"]
    database.close()


def test_a_foreign_layout_is_refused(tmp_path: Path) -> None:
    """A file that another version wrote is refused with a word about what to do, and so is one that is no database."""
    database = Database(tmp_path / "state.db")
    database.define("CREATE TABLE things (name TEXT)")
    database.execute("PRAGMA user_version=77")
    database.close()
    with pytest.raises(ConfigError, match="--state"):
        Database(tmp_path / "state.db")
    (tmp_path / "text.db").write_text("no database, but long enough to be read as one" * 100)
    with pytest.raises(ConfigError, match="text"):
        Database(tmp_path / "text.db")
