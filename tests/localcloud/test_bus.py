import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from localcloud.bus import Bus
from localcloud.clock import Clock, Timer
from localcloud.errors import ConfigError
from localcloud.history import History
from localcloud.wiring import Rule

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


class AtOnce(Clock):
    """A clock that stands at noon, does not wait, and notes how long it should have."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def now(self) -> datetime:
        return NOON

    def after(self, seconds: float, action: Callable[[], object]) -> Timer:
        self.waits.append(seconds)
        action()
        return Timer(0.0, 0, action)


class Delivered:
    def __init__(self, history: History) -> None:
        self.events: list[tuple[str, bytes]] = []
        self.clock = AtOnce()
        self.bus = Bus(
            deliver=lambda function, event: self.events.append((function, event)),
            clock=self.clock,
            delay=0.5,
            history=history,
            new_id=lambda: "the-id",
        )


@pytest.fixture
def delivered(tmp_path: Path) -> Iterator[Delivered]:
    history = History(tmp_path / "history.jsonl", lambda: NOON)
    yield Delivered(history)
    history.close()


def publish(bus: Bus, detail: dict[str, object]) -> None:
    bus.publish(source="aws.x", detail_type="X Happened", resources=["arn:x"], detail=detail, region="eu-west-1")


def test_envelope(delivered: Delivered) -> None:
    """An event arrives in EventBridge's envelope, after the delay of a delivery."""
    delivered.bus.use([Rule("r", "f", {"source": ["aws.x"]})])
    publish(delivered.bus, {"a": 1})
    function, event = delivered.events[0]
    assert function == "f"
    assert json.loads(event) == {
        "version": "0",
        "id": "the-id",
        "detail-type": "X Happened",
        "source": "aws.x",
        "account": "123456789012",
        "time": "2026-01-02T12:00:00Z",
        "region": "eu-west-1",
        "resources": ["arn:x"],
        "detail": {"a": 1},
    }
    assert delivered.clock.waits == [0.5]


def test_each_matching_rule_gets_the_event_once(delivered: Delivered) -> None:
    """Every rule that matches is delivered to, the others are not."""
    rules = [Rule("1", "f", {"source": ["aws.x"]}), Rule("2", "g", {"detail": {"a": [2]}})]
    delivered.bus.use([*rules, Rule("3", "h", {"detail-type": ["X Happened"]})])
    publish(delivered.bus, {"a": 1})
    assert [function for function, _ in delivered.events] == ["f", "h"]


def test_event_is_kept_as_it_was(delivered: Delivered) -> None:
    """What the maker of an event does to it later does not reach the handler."""
    delivered.bus.use([Rule("r", "f", {"source": ["aws.x"]})])
    detail: dict[str, object] = {"a": 1}
    publish(delivered.bus, detail)
    detail["a"] = 2
    assert json.loads(delivered.events[0][1])["detail"] == {"a": 1}


def test_rule_with_an_unknown_comparison_is_refused(delivered: Delivered) -> None:
    """A rule whose pattern is not understood is refused when it is read, not when an event comes."""
    with pytest.raises(ConfigError, match="regex"):
        delivered.bus.use([Rule("r", "f", {"source": [{"regex": "aws.*"}]})])
