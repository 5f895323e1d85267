"""Steps of tests of asynchronous invocations."""

import contextlib
import json
import sqlite3
from collections.abc import Callable
from typing import Any

Notes = Callable[[str], list[str]]
Start = Callable[..., Any]
Wait = Callable[..., Any]
HOUR = 3600.0


def advance(cloud: Any, seconds: float) -> None:
    status, _, body = cloud.request("POST", "/_localcloud/clock", json.dumps({"advance": seconds}).encode())
    assert status == 200, body


def tried(cloud: Any) -> list[int]:
    """How often each event that waits was tried."""
    with contextlib.closing(sqlite3.connect(cloud.state / "state.db")) as connection:
        return [tries for (tries,) in connection.execute("SELECT tries FROM lambda_events")]
