import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.localcloud.eventbridge.conftest import REGION

START = datetime(2026, 11, 21, 9, 30, 30, tzinfo=UTC)
HOUR = 3600.0
ARN = f"arn:aws:events:{REGION}:123456789012:rule/s"


@pytest.fixture
def bridge(start_bridge: Any) -> Any:
    bridge = start_bridge(at=START)
    bridge.events.start()
    return bridge


def schedule(bridge: Any, expression: str, **more: Any) -> None:
    bridge.rule("s", pattern=None, ScheduleExpression=expression, **more)


def fired(bridge: Any) -> list[str]:
    return [json.loads(text)["time"] for text in bridge.queues.messages()]


def next_slot(bridge: Any) -> Any:
    return bridge.events.page()[0]["next"]


def test_event(bridge: Any) -> None:
    """A schedule sends AWS's "Scheduled Event" with the rule's ARN (User Guide, "Scheduled rules", sample event)."""
    schedule(bridge, "cron(0 10 * * ? *)")
    bridge.clock.advance(HOUR)
    event = json.loads(bridge.queues.messages()[0])
    assert event == {
        "version": "0",
        "id": "id-1",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": "2026-11-21T10:00:00Z",
        "region": REGION,
        "resources": [ARN],
        "detail": {},
    }


def test_only_the_rules_own_targets(bridge: Any) -> None:
    """Another rule whose pattern would match a scheduled event does not get it (ours: AWS says it of none)."""
    bridge.rule("spy", pattern='{"source": ["aws.events"]}')
    schedule(bridge, "rate(1 minute)")
    bridge.clock.advance(61.0)
    assert len(fired(bridge)) == 1


def test_rate_counts_from_the_rules_creation(bridge: Any) -> None:
    """A rate fires first one period after its rule was made (User Guide, "Rate expressions")."""
    schedule(bridge, "rate(5 minutes)")
    made = bridge.clock.now()
    bridge.clock.advance(11 * 60.0)
    first, second = map(datetime.fromisoformat, fired(bridge))
    assert abs(first - made - timedelta(minutes=5)) < timedelta(seconds=2)
    assert second - first == timedelta(minutes=5)


def test_a_week_of_hours(bridge: Any) -> None:
    """A virtual week of an hourly schedule fires 168 times, each slot once, with one timer at a time."""
    schedule(bridge, "cron(0 * * * ? *)")
    bridge.clock.advance(7 * 24 * HOUR)
    slots = [datetime(2026, 11, 21, 10, tzinfo=UTC) + timedelta(hours=hour) for hour in range(168)]
    assert fired(bridge) == [slot.strftime("%Y-%m-%dT%H:%M:%SZ") for slot in slots]


def test_time_that_passes_at_once(bridge: Any) -> None:
    """Slots that the time passed while the cloud ran are fired all the same (ours)."""
    schedule(bridge, "cron(0 * * * ? *)")
    bridge.clock.advance(5 * HOUR, wait=False)
    bridge.clock.advance(10.0)
    assert [slot[11:16] for slot in fired(bridge)] == ["10:00", "11:00", "12:00", "13:00", "14:00"]


def test_the_same_rate_again(bridge: Any) -> None:
    """Putting a rule again with the same rate does not begin it anew (ours)."""
    schedule(bridge, "rate(1 hour)")
    before = next_slot(bridge)
    bridge.clock.advance(HOUR / 2)
    schedule(bridge, "rate(1 hour)", Description="the same")
    assert next_slot(bridge) == before


def test_disabled_does_not_fire(bridge: Any) -> None:
    """A disabled schedule has no next time; enabled again it counts from then (ours)."""
    schedule(bridge, "rate(1 hour)", State="DISABLED")
    assert next_slot(bridge) is None
    bridge.clock.advance(2 * HOUR)
    bridge.call("EnableRule", Name="s")
    bridge.clock.advance(HOUR - 60)
    assert fired(bridge) == []
    bridge.clock.advance(61.0)
    assert len(fired(bridge)) == 1
    bridge.call("DisableRule", Name="s")
    bridge.clock.advance(2 * HOUR)
    assert len(fired(bridge)) == 1


def test_deleted_does_not_fire(bridge: Any) -> None:
    """A rule that is gone fires no more."""
    schedule(bridge, "rate(1 minute)")
    bridge.call("RemoveTargets", Rule="s", Ids=["t"])
    bridge.call("DeleteRule", Name="s")
    bridge.clock.advance(200.0)
    assert fired(bridge) == []


def test_changed_fires_by_its_new_schedule(bridge: Any) -> None:
    """A new expression takes the place of the old one; the same one again changes nothing (ours)."""
    schedule(bridge, "rate(1 minute)")
    schedule(bridge, "cron(0 12 * * ? *)")
    bridge.clock.advance(2 * HOUR)
    assert fired(bridge) == []
    schedule(bridge, "cron(0 12 * * ? *)", Description="the same")
    assert next_slot(bridge) == "2026-11-21T12:00:00+00:00"


def test_a_schedule_with_a_pattern_does_both(bridge: Any) -> None:
    """A rule can have both: it gets its events and fires besides (API Reference, PutRule)."""
    bridge.rule("s", ScheduleExpression="rate(1 minute)")
    bridge.publish()
    bridge.clock.advance(61.0)
    assert [json.loads(text)["source"] for text in bridge.queues.messages()] == ["mine", "aws.events"]


def test_restart_within_the_slots_minute(start_bridge: Any) -> None:
    """A slot that was not fired when the cloud was killed is fired within its minute, once (AWS fires within it)."""
    first = start_bridge(at=START)
    first.events.start()
    schedule(first, "cron(0 10 * * ? *)")
    first.stop()
    second = start_bridge(at=datetime(2026, 11, 21, 10, 0, 40, tzinfo=UTC))
    second.events.start()
    second.clock.advance(HOUR)
    assert fired(second) == ["2026-11-21T10:00:00Z"]
    second.stop()
    third = start_bridge(at=datetime(2026, 11, 21, 10, 0, 50, tzinfo=UTC))
    third.events.start()
    third.clock.advance(HOUR)
    assert fired(third) == ["2026-11-21T10:00:00Z"]


def test_slots_while_the_cloud_was_off(start_bridge: Any) -> None:
    """Slots whose minute passed while the cloud was off are not made up; the next one fires (ours)."""
    first = start_bridge(at=START)
    first.events.start()
    schedule(first, "cron(0 * * * ? *)")
    first.stop()
    second = start_bridge(at=datetime(2026, 11, 21, 13, 30, tzinfo=UTC))
    second.events.start()
    second.clock.advance(HOUR)
    assert fired(second) == ["2026-11-21T14:00:00Z"]


def test_a_slot_and_its_event_are_one(bridge: Any) -> None:
    """When the slot after cannot be written there is no event either, and the slot is fired when it can be."""
    schedule(bridge, "rate(1 minute)")
    before = next_slot(bridge)
    bridge.database.execute(
        "CREATE TRIGGER broken BEFORE INSERT ON events_rules BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
    )
    bridge.clock.advance(62.0)
    assert (bridge.waiting(), fired(bridge), next_slot(bridge)) == (0, [], before)
    bridge.database.execute("DROP TRIGGER broken")
    bridge.clock.advance(32.0)
    assert [datetime.fromisoformat(slot) for slot in fired(bridge)] == [datetime.fromisoformat(before)]
