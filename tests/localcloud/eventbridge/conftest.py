import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from localcloud.clock import Clock
from localcloud.database import Database
from localcloud.errors import AwsError
from localcloud.eventbridge import EventBridge
from localcloud.faults import Faults
from localcloud.history import History
from localcloud.settings import Delays, Settings
from localcloud.targets import NO_ATTRIBUTES, Attributes, Targets

REGION = "eu-central-1"
QUEUE = f"arn:aws:sqs:{REGION}:123456789012:q"
GRAVES = f"arn:aws:sqs:{REGION}:123456789012:graves"


@dataclass
class FakeQueues:
    """SQS's place among the targets: takes messages into the same database, or refuses as it was told to."""

    database: Database
    refuses: dict[str, AwsError] = field(default_factory=dict)  # by ARN
    asked: int = 0

    def __post_init__(self) -> None:
        self.database.define("CREATE TABLE IF NOT EXISTS taken (arn TEXT, message TEXT)")
        self.attributes: list[Mapping[str, str]] = []

    def take(self, arn: str, message: bytes, attributes: Attributes = NO_ATTRIBUTES) -> None:
        self.asked += 1
        self.database.execute("INSERT INTO taken VALUES (?, ?)", arn, message.decode())
        if arn in self.refuses:
            raise self.refuses[arn]
        if attributes:
            self.attributes.append({name: value["StringValue"] for name, value in attributes.items()})

    def messages(self, arn: str = QUEUE) -> list[str]:
        return [row[0] for row in self.database.rows("SELECT message FROM taken WHERE arn = ? ORDER BY rowid", arn)]


class Bridge:
    """An EventBridge on a virtual clock, without a server around it; started and stopped as a cloud would."""

    def __init__(self, state: Path, delays: Delays, *, at: datetime | None = None, new_id: Callable[[], str]) -> None:
        self._stack = ExitStack()
        self.database = Database(state / "state.db")
        self._stack.callback(self.database.close)
        self.database.define("CREATE TABLE IF NOT EXISTS clock (id INTEGER PRIMARY KEY, offset REAL)")
        row = self.database.row("SELECT offset FROM clock")
        self.clock = Clock(
            virtual=True,
            offset=(at - datetime.now(UTC)).total_seconds() if at else row[0] if row else 0.0,
            shifted=lambda offset: self.database.execute("INSERT OR REPLACE INTO clock VALUES (0, ?)", offset),
        )
        self.history_file = state / "history.jsonl"
        self.history = History(self.history_file, self.clock.now)
        self._stack.callback(self.history.close)
        self.queues = FakeQueues(self.database)
        targets = Targets()
        targets.add("sqs", self.queues.take)
        self.faults = Faults()
        settings = Settings(state=state, region=REGION, delays=delays)
        self.ids: list[str] = []

        def note_id() -> str:
            self.ids.append(new_id())
            return self.ids[-1]

        self.events = EventBridge(
            settings,
            self.database,
            clock=self.clock,
            targets=targets,
            lateness=self.faults.of_event,
            history=self.history,
            new_id=note_id,
        )
        self.clock.start()
        self._stack.callback(self.clock.stop)

    def stop(self) -> None:
        self._stack.close()

    def call(self, operation: str, **request: Any) -> Any:
        """Call the API as the front door does, without the network."""
        return json.loads(self.events.api.answer(operation, json.dumps(request).encode(), REGION))

    def rule(self, name: str = "r", *, pattern: str | None = '{"source": ["mine"]}', **more: Any) -> None:
        """Make a rule that sends to the queue."""
        target = {"Id": "t", "Arn": QUEUE, **more.pop("target", {})}
        self.call("PutRule", Name=name, **({"EventPattern": pattern} if pattern else {}), **more)
        self.call("PutTargets", Rule=name, Targets=[target])

    def publish(self, **more: Any) -> str:
        """Put an event on the bus; its id."""
        event = {"source": "mine", "detail_type": "Thing", "resources": ["arn:x"], "detail": {"a": 1}, "region": REGION}
        self.events.publish(**{**event, **more})
        return self.ids[-1]

    def waiting(self) -> int:
        return len(self.database.rows("SELECT id FROM events_deliveries"))


StartBridge = Callable[..., Bridge]


@pytest.fixture
def start_bridge(tmp_path: Path) -> Iterator[StartBridge]:
    """Start bridges, one after the other, on one state; ``at`` is the time of day, or it goes on where it stood."""
    with ExitStack() as stack:

        def start(*, at: datetime | None = None, delays: Delays | None = None) -> Bridge:
            numbers = count(1)
            delays = delays or Delays(event_delivery=0.5)
            bridge = Bridge(tmp_path, delays, at=at, new_id=lambda: f"id-{next(numbers)}")
            stack.callback(bridge.stop)
            return bridge

        yield start


@pytest.fixture
def bridge(start_bridge: StartBridge) -> Bridge:
    """Give a bridge that delivers."""
    bridge = start_bridge()
    bridge.events.start()
    return bridge
