from datetime import UTC, datetime
from typing import Any

import pytest

from localcloud.clock import Clock
from localcloud.database import Database
from localcloud.logs import Logs

TIME = datetime(2028, 2, 29, 12, tzinfo=UTC)


def stored(database: Database) -> list[tuple[Any, ...]]:
    return list(
        database.rows(
            "SELECT g.region, g.name, s.name, e.time, e.message FROM logs_events e"
            " JOIN logs_streams s ON s.id = e.stream JOIN logs_groups g ON g.id = e.log_group ORDER BY e.id"
        )
    )


def test_lines_make_their_places(database: Database) -> None:
    """Group and stream are made with the first line, in the region asked for or the cloud's own; no line is empty."""
    logs = Logs(database, Clock(), "eu-west-1")
    logs.append("/aws/lambda/f", "s", [(TIME, "one"), (TIME, ""), (TIME, "two")])
    logs.append("/aws/lambda/f", "s", [(TIME, "three")])
    logs.append("/aws/lambda/f", "s", [(TIME, "elsewhere")], region="us-east-1")
    milliseconds = int(TIME.timestamp() * 1000)
    place = ("/aws/lambda/f", "s", milliseconds)
    assert stored(database) == [
        *(("eu-west-1", *place, text) for text in ("one", "two", "three")),
        ("us-east-1", *place, "elsewhere"),
    ]


def test_a_line_too_long_for_an_event(database: Database) -> None:
    """A line that is longer than an event may be becomes several, and nothing of it is lost."""
    line = "ü" * 1_000_001
    Logs(database, Clock(), "eu-west-1").append("g", "s", [(TIME, line)])
    texts = [row[-1] for row in stored(database)]
    assert "".join(texts) == line
    assert max(len(text.encode()) for text in texts) <= 1_048_576


def append_and_fail(logs: Logs, database: Database) -> None:
    with database.transaction():
        logs.append("g", "s", [(TIME, "never")])
        raise ZeroDivisionError


def test_part_of_the_callers_transaction(database: Database) -> None:
    """Lines that are added in a transaction which fails were never there, nor were their group and stream."""
    logs = Logs(database, Clock(), "eu-west-1")
    with pytest.raises(ZeroDivisionError):
        append_and_fail(logs, database)
    assert stored(database) == []
    assert database.row("SELECT count(*) FROM logs_groups") == (0,)
