import json
import sqlite3
from datetime import UTC, datetime
from typing import Any

import pytest

from localcloud.errors import ConfigError
from localcloud.wiring import Function, Rule, Schedule, Wiring
from tests.localcloud.eventbridge.conftest import QUEUE, REGION
from tests.localcloud.full_disk import no_change_of

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
WIRED = {"f": Function("f", "app-dev-f", "app.f", 60.0, 128)}


def wiring(rules: Any = (), schedules: Any = ()) -> Wiring:
    return Wiring(functions=WIRED, rules=rules, schedules=schedules)


def test_envelope(bridge: Any) -> None:
    """An event arrives in EventBridge's envelope, after the delay of a delivery (User Guide, "Events")."""
    bridge.rule()
    before = bridge.clock.now().replace(microsecond=0)
    number = bridge.publish()
    assert bridge.queues.messages() == []
    bridge.clock.advance(0.5)
    event = json.loads(bridge.queues.messages()[0])
    assert before <= datetime.fromisoformat(event.pop("time")) <= bridge.clock.now()
    assert event == {
        "version": "0",
        "id": number,
        "detail-type": "Thing",
        "source": "mine",
        "account": "123456789012",
        "region": REGION,
        "resources": ["arn:x"],
        "detail": {"a": 1},
    }
    assert bridge.waiting() == 0


def test_time_and_delay_of_ones_own(bridge: Any) -> None:
    """An event can say when it happened, and be delivered later than others."""
    bridge.rule()
    bridge.publish(time=NOON, delay=10.0)
    bridge.publish(detail={"second": True})
    bridge.clock.advance(5.0)
    assert len(bridge.queues.messages()) == 1
    bridge.clock.advance(6.0)
    assert json.loads(bridge.queues.messages()[1])["time"] == "2026-01-02T12:00:00Z"


def test_each_matching_rule_gets_the_event_once(bridge: Any) -> None:
    """Every rule of the event's region that matches and is enabled is delivered to, the others are not."""
    bridge.rule("matches")
    bridge.rule("too", pattern='{"detail-type": ["Thing"]}')
    bridge.rule("other", pattern='{"detail": {"a": [2]}}')
    bridge.rule("off", State="DISABLED")
    bridge.rule("schedule", pattern=None, ScheduleExpression="rate(1 day)")
    bridge.publish()
    bridge.publish(region="eu-west-1")
    bridge.clock.advance(1.0)
    assert len(bridge.queues.messages()) == 2


def test_event_is_kept_as_it_was(bridge: Any) -> None:
    """What the maker of an event does to it later does not reach the target."""
    bridge.rule()
    detail: dict[str, object] = {"a": 1}
    bridge.publish(detail=detail)
    detail["a"] = 2
    bridge.clock.advance(1.0)
    assert json.loads(bridge.queues.messages()[0])["detail"] == {"a": 1}


def test_events_come_in_their_order(bridge: Any) -> None:
    """Events with the same delay arrive in the order they were published in."""
    bridge.rule()
    with bridge.database.transaction():
        numbers = [bridge.publish() for _ in range(20)]
    bridge.clock.advance(1.0)
    assert [json.loads(text)["id"] for text in bridge.queues.messages()] == numbers


def test_rolled_back_event_never_was(bridge: Any) -> None:
    """An event published in a transaction that fails is neither delivered nor in the history (outbox)."""
    bridge.rule()

    def publish_and_fail() -> None:
        with bridge.database.transaction():
            bridge.publish()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        publish_and_fail()
    assert bridge.waiting() == 0
    bridge.publish()
    bridge.clock.advance(1.0)
    assert [json.loads(text)["id"] for text in bridge.queues.messages()] == ["id-2"]


def test_all_deliveries_or_none(bridge: Any) -> None:
    """When one of an event's deliveries cannot be written there is none of them, and its maker is told."""
    bridge.rule("1")
    bridge.rule("2")
    bridge.database.execute(
        "CREATE TRIGGER broken BEFORE INSERT ON events_deliveries WHEN NEW.rule LIKE '%/2'"
        " BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
    )
    with pytest.raises(sqlite3.Error):
        bridge.publish()
    assert bridge.waiting() == 0


def test_a_delivery_that_cannot_be_written_is_made_later(bridge: Any) -> None:
    """A delivery whose end finds no place on the disk is made when there is place again, without a restart."""
    bridge.rule()
    with no_change_of(bridge.database, "events_deliveries"):
        bridge.publish()
        bridge.clock.advance(1.0)
    assert (bridge.queues.messages(), bridge.waiting()) == ([], 1)
    bridge.clock.advance(30.0)
    assert (len(bridge.queues.messages()), bridge.waiting()) == (1, 0)


def test_restart_delivers_what_was_left(start_bridge: Any) -> None:
    """What was published and not delivered when the cloud stopped is delivered after the next start, once."""
    first = start_bridge()
    first.events.start()
    first.rule()
    numbers = [first.publish(), first.publish(delay=100.0)]
    first.stop()
    second = start_bridge()
    assert second.queues.messages() == []
    second.events.start()
    second.clock.advance(2.0)
    assert [json.loads(text)["id"] for text in second.queues.messages()] == numbers[:1]
    second.clock.advance(100.0)
    assert [json.loads(text)["id"] for text in second.queues.messages()] == numbers
    assert second.waiting() == 0


def test_nothing_is_delivered_before_the_targets_are_ready(start_bridge: Any) -> None:
    """Events published before the start wait for it, as functions are not there yet."""
    bridge = start_bridge()
    bridge.rule()
    bridge.publish()
    bridge.clock.advance(1.0)
    assert bridge.queues.asked == 0
    bridge.events.start()
    bridge.clock.advance(1.0)
    assert len(bridge.queues.messages()) == 1


def test_faults_on_request(bridge: Any) -> None:
    """An event can be lost, repeated and late, as somebody asked for (ours; AWS: at least once, in any order)."""
    bridge.rule("r", pattern='{"source": [{"exists": true}]}')
    bridge.faults.add({"event": {"source": ["lost"]}, "drop": True})
    bridge.faults.add({"event": {"source": ["twice"]}, "duplicate": 1, "delay": 60.0})
    bridge.publish(source="lost")
    number = bridge.publish(source="twice")
    bridge.clock.advance(0.6)
    assert len(bridge.queues.messages()) < 2
    bridge.clock.advance(60.0)
    assert [json.loads(text)["id"] for text in bridge.queues.messages()] == [number, number]


def test_wiring_becomes_rules(bridge: Any) -> None:
    """What the application declares is there as rules with the function's ARN as target."""
    bridge.events.use(wiring([Rule("w", "f", {"source": ["mine"]})], [Schedule("s", "f", "rate(1 hour)")]))
    arn = f"arn:aws:lambda:{REGION}:123456789012:function:app-dev-f"
    assert [(rule["name"], rule["state"], rule["schedule"], rule["targets"]) for rule in bridge.events.page()] == [
        ("s", "ENABLED", "rate(1 hour)", [arn]),
        ("w", "ENABLED", None, [arn]),
    ]


def test_wiring_at_the_next_start(start_bridge: Any) -> None:
    """A rule no longer declared goes; a changed one changes; one that a person disabled stays so; theirs stay."""
    first = start_bridge()
    first.rule("a-persons")
    declared = [Rule(name, "f", {"source": ["mine"]}) for name in ("gone", "changed", "disabled")]
    first.events.use(wiring(declared, [Schedule("hourly", "f", "rate(1 hour)")]))
    first.call("DisableRule", Name="disabled")
    next_firing = {rule["name"]: rule["next"] for rule in first.events.page()}["hourly"]
    first.stop()
    second = start_bridge()
    changed = [Rule("changed", "f", {"source": ["other"]}), Rule("disabled", "f", {"source": ["mine"]})]
    second.events.use(wiring(changed, [Schedule("hourly", "f", "rate(1 hour)")]))
    rules = {rule["name"]: rule for rule in second.events.page()}
    assert set(rules) == {"a-persons", "changed", "disabled", "hourly"}
    assert rules["changed"]["pattern"] == {"source": ["other"]}
    assert rules["disabled"]["state"] == "DISABLED"
    assert rules["hourly"]["next"] == next_firing


@pytest.mark.parametrize(
    ("declared", "part"),
    [
        (wiring([Rule("r", "f", {"source": [{"regex": "aws.*"}]})]), "function f: .*regex"),
        (wiring(schedules=[Schedule("s", "f", "rate(1 hours)")]), r"function f: rate\(1 hours\): Parameter Schedule"),
    ],
)
def test_wiring_that_aws_would_refuse(bridge: Any, declared: Wiring, part: str) -> None:
    """A pattern or schedule that EventBridge would refuse stops the start, and says whose it is."""
    with pytest.raises(ConfigError, match=part):
        bridge.events.use(declared)


def test_what_a_target_gets(bridge: Any) -> None:
    """Input replaces the event, InputPath gives a part of it; a path that names nothing gives null."""
    for name, target in (
        ("1", {"Input": '{"mine": true}'}),
        ("2", {"InputPath": "$.detail['some thing'][1].x-y"}),
        ("3", {"InputPath": "$.detail.none.there"}),
        ("4", {"InputPath": "$.source"}),
    ):
        bridge.rule(name, target=target)
    bridge.publish(detail={"some thing": [0, {"x-y": [1, "z"]}]})
    bridge.clock.advance(1.0)
    assert bridge.queues.messages() == ['{"mine": true}', '[1, "z"]', "null", '"mine"']
    assert bridge.queues.messages(QUEUE + "-other") == []
