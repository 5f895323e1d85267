import sqlite3
import threading

import pytest

from localcloud.database import Database
from localcloud.group_commit import GroupCommit

ADD = "INSERT INTO things VALUES (?)"


def names(database: Database) -> list[str]:
    return [name for (name,) in database.rows("SELECT name FROM things ORDER BY rowid")]


def test_who_waited_finds_all_until_then(database: Database) -> None:
    """After a wait the changes asked for are there in their order, and a wait for none does nothing."""
    database.define("CREATE TABLE things (name TEXT)")
    changes = GroupCommit(database)
    changes.add(ADD, "a")
    changes.add(ADD, "b")
    changes.wait(0)
    assert names(database) == []
    changes.wait(changes.added)
    assert names(database) == ["a", "b"]


def test_many_at_once(database: Database) -> None:
    """Of many who add and wait at once, each finds its own, and nothing is there twice."""
    database.define("CREATE TABLE things (name TEXT)")
    changes, missing = GroupCommit(database), list[str]()

    def write(mark: int) -> None:
        for number in range(20):
            changes.add(ADD, f"{mark}-{number}")
            changes.wait(changes.added)
            if f"{mark}-{number}" not in names(database):
                missing.append(f"{mark}-{number}")

    writers = [threading.Thread(target=write, args=(mark,)) for mark in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert missing == []
    assert len(names(database)) == len(set(names(database))) == 160


def test_a_commit_that_failed_is_tried_again(database: Database) -> None:
    """A change that could not be written is not dropped: it is there after the next wait that succeeds."""
    changes = GroupCommit(database)
    changes.add(ADD, "a")
    with pytest.raises(sqlite3.Error):
        changes.wait(changes.added)
    database.define("CREATE TABLE things (name TEXT)")
    changes.add(ADD, "b")
    changes.wait(changes.added)
    assert names(database) == ["a", "b"]
