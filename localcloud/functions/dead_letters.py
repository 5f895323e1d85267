"""Events that no try could handle, and that have nowhere else to go: kept until somebody replays or deletes them."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from localcloud import documents
from localcloud.database import Database
from localcloud.errors import AdminError
from localcloud.functions.invocations import Failure

ALL = "all"


@dataclass(frozen=True)
class DeadLetter:
    """An event that was given up."""

    time: datetime
    function: str  # its full name
    request_id: str
    tries: int
    failure: Failure
    event: bytes
    id: int = 0  # given when it is kept


class DeadLetters:
    """The letters of one cloud; safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.define(
            "CREATE TABLE IF NOT EXISTS lambda_dead_letters (id INTEGER PRIMARY KEY AUTOINCREMENT,"
            " function TEXT NOT NULL, request_id TEXT NOT NULL, event BLOB NOT NULL, document TEXT NOT NULL)"
        )

    def keep(self, letter: DeadLetter) -> None:
        """Add a letter, in the transaction around if there is one."""
        document = documents.dumps({"time": letter.time, "tries": letter.tries, "failure": asdict(letter.failure)})
        self._database.insert(
            "INSERT INTO lambda_dead_letters (function, request_id, event, document) VALUES (?, ?, ?, ?)",
            *(letter.function, letter.request_id, letter.event, document),
        )

    def all(self) -> Sequence[DeadLetter]:
        """Return the letters in the order they were given up."""
        rows = self._database.rows(
            "SELECT id, function, request_id, event, document FROM lambda_dead_letters ORDER BY id"
        )
        return [_read(row) for row in rows]

    def remove(self, which: object, then: Callable[[DeadLetter], object] = lambda _: None) -> int:
        """Take a letter out by its id, or ``"all"``, and do something with it in the same transaction; how many.

        Raises
        ------
        AdminError
            If there is no such letter.
        """
        with self._database.transaction():
            letters = [letter for letter in self.all() if which in {ALL, letter.id}]
            if not letters and which != ALL:
                raise AdminError(f"there is no dead letter {which!r}")
            for letter in letters:
                self._database.execute("DELETE FROM lambda_dead_letters WHERE id = ?", letter.id)
                then(letter)
        return len(letters)


def _read(row: tuple[Any, ...]) -> DeadLetter:
    number, function, request_id, event, document = row
    told = documents.loads(document)
    failure = Failure(told["failure"]["kind"], told["failure"]["message"], tuple(told["failure"]["trace"]))
    return DeadLetter(told["time"], function, request_id, told["tries"], failure, event, number)
