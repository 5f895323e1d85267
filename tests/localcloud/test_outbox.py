from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.clock import Clock
from localcloud.database import Database
from localcloud.outbox import Outbox


class Work:
    """The owner of an outbox: does a document once it was put off as often as the document says."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.outbox = Outbox(database, clock, "work", self._attempt)
        self.database = database
        self.done: list[str] = []

    def _attempt(self, number: int, document: Any) -> None:
        if document["again"]:
            self.outbox.put_off(number, {**document, "again": document["again"] - 1}, 1.0)
        else:
            self.outbox.remove(number)
            self.done.append(document["name"])

    def add(self, name: str, delay: float = 0.0, again: int = 0) -> None:
        self.outbox.add({"name": name, "again": again}, delay)

    def add_and_fail(self, name: str) -> None:
        with self.database.transaction():
            self.add(name)
            raise ZeroDivisionError


@pytest.fixture
def clock() -> Iterator[Clock]:
    clock = Clock(virtual=True)
    clock.start()
    yield clock
    clock.stop()


def test_each_at_its_time(database: Database, clock: Clock) -> None:
    """What waits is done in the order of its times, what is put off later, and each once."""
    work = Work(database, clock)
    work.outbox.start()
    for name, delay, again in (("late", 2.5, 0), ("put off", 0.0, 2), ("now", 0.0, 0)):
        work.add(name, delay, again)
    clock.advance(0.5)
    assert work.done == ["now"]
    clock.advance(9.0)
    assert work.done == ["now", "put off", "late"]


def test_part_of_a_transaction(database: Database, clock: Clock) -> None:
    """What was added in a transaction that failed was never there."""
    work = Work(database, clock)
    work.outbox.start()
    with pytest.raises(ZeroDivisionError):
        work.add_and_fail("never")
    clock.advance(1.0)
    assert work.done == []


def test_what_was_left(database: Database, clock: Clock) -> None:
    """What a stop left, and what came before the start, is done after it, at the time it was put off to."""
    earlier = Clock(virtual=True)
    earlier.start()
    left = Work(database, earlier)
    left.outbox.start()
    left.add("put off", again=1)
    earlier.advance(0.0)
    earlier.stop()
    work = Work(database, clock)
    work.add("early")
    clock.advance(0.0)
    assert work.done == []
    work.outbox.start()
    clock.advance(0.0)
    assert work.done == ["early"]
    clock.advance(1.0)
    assert (left.done, work.done) == ([], ["early", "put off"])
    assert database.rows("SELECT * FROM work") == []
