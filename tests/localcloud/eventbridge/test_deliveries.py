import json
from typing import Any

import pytest

from localcloud.errors import AwsError
from localcloud.settings import Delays
from tests.localcloud.eventbridge.conftest import GRAVES, QUEUE, REGION

RULE = f"arn:aws:events:{REGION}:123456789012:rule/r"
BUSY = AwsError("ServiceUnavailable", "busy", 503)
GONE = AwsError("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
DLQ = {"DeadLetterConfig": {"Arn": GRAVES}}


def outcomes(bridge: Any) -> list[str]:
    lines = (bridge.history_file).read_text().splitlines()
    return [line["status"] for line in map(json.loads, lines) if line["kind"] == "delivery"]


def test_refusal_takes_nothing_away(bridge: Any) -> None:
    """What a target did before it refused is undone, and the delivery is still there."""
    bridge.rule()
    bridge.queues.refuses[QUEUE] = BUSY
    bridge.publish()
    bridge.clock.advance(0.6)
    assert (bridge.queues.asked, bridge.queues.messages(), bridge.waiting()) == (1, [], 1)


def test_retries_with_growing_pauses(bridge: Any) -> None:
    """A target that fails is asked again after 1, 2, 4 seconds, and gets the event once it can (eb-rule-retry-policy).

    The length of the pauses is ours.
    """
    bridge.rule()
    bridge.queues.refuses[QUEUE] = BUSY
    bridge.publish()
    asked = []
    for _ in range(9):
        bridge.clock.advance(1.0)
        asked.append(bridge.queues.asked)
    assert asked == [1, 2, 2, 3, 3, 3, 3, 4, 4]
    bridge.queues.refuses.clear()
    bridge.clock.advance(8.0)
    assert (len(bridge.queues.messages()), bridge.waiting()) == (1, 0)


def test_a_retry_survives_a_restart(start_bridge: Any) -> None:
    """A delivery that waits for its next try is tried after a restart, and its tries go on counting."""
    first = start_bridge()
    first.events.start()
    first.rule(target={**DLQ, "RetryPolicy": {"MaximumRetryAttempts": 1}})
    first.queues.refuses[QUEUE] = BUSY
    first.publish()
    first.clock.advance(0.6)
    first.stop()
    second = start_bridge()
    second.queues.refuses[QUEUE] = BUSY
    second.events.start()
    second.clock.advance(3.0)
    assert second.queues.attributes[0]["RETRY_ATTEMPTS"] == "1"


def test_retries_are_counted(bridge: Any) -> None:
    """After MaximumRetryAttempts the event goes to the dead-letter queue, with why (eb-rule-dlq)."""
    bridge.rule(target={**DLQ, "RetryPolicy": {"MaximumRetryAttempts": 2}, "InputPath": "$.detail"})
    bridge.queues.refuses[QUEUE] = BUSY
    number = bridge.publish()
    bridge.clock.advance(60.0)
    assert bridge.queues.attributes == [
        {
            "RULE_ARN": RULE,
            "TARGET_ARN": QUEUE,
            "ERROR_CODE": "ERROR_FROM_TARGET",
            "ERROR_MESSAGE": "busy",
            "RETRY_ATTEMPTS": "2",
            "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
        }
    ]
    assert json.loads(bridge.queues.messages(GRAVES)[0])["id"] == number
    assert bridge.waiting() == 0


def test_age_is_limited(bridge: Any) -> None:
    """An event older than MaximumEventAgeInSeconds is tried no more (eb-rule-dlq)."""
    bridge.rule(target={**DLQ, "RetryPolicy": {"MaximumEventAgeInSeconds": 60}})
    bridge.queues.refuses[QUEUE] = AwsError("ThrottlingException", "slow down", 429)
    bridge.publish()
    bridge.clock.advance(61.0)
    told = bridge.queues.attributes[0]
    assert told["EXHAUSTED_RETRY_CONDITION"] == "MaximumEventAgeInSeconds"
    assert (told["ERROR_CODE"], told["RETRY_ATTEMPTS"]) == ("THROTTLING", "5")


def test_by_default_a_day(start_bridge: Any) -> None:
    """Where the target says nothing it is tried for 24 hours and at most 185 times (eb-rule-dlq)."""
    bridge = start_bridge(delays=Delays(event_delivery=0.0))
    bridge.events.start()
    bridge.rule(target=DLQ)
    bridge.queues.refuses[QUEUE] = BUSY
    bridge.publish()
    bridge.clock.advance(86_400.0 - 700.0)
    assert bridge.queues.attributes == []
    bridge.clock.advance(1400.0)
    assert bridge.queues.attributes[0]["EXHAUSTED_RETRY_CONDITION"] == "MaximumEventAgeInSeconds"
    assert 140 < int(bridge.queues.attributes[0]["RETRY_ATTEMPTS"]) <= 185


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (GONE, "NO_RESOURCE"),
        (AwsError("ResourceNotFoundException", "Function not found", 404), "NO_RESOURCE"),
        (AwsError("AccessDenied", "no", 403), "NO_PERMISSIONS"),
        (AwsError("InvalidParameterValue", "no", 400), "INVALID_PARAMETER"),
    ],
)
def test_what_will_not_pass_is_not_retried(bridge: Any, error: AwsError, code: str) -> None:
    """A target that does not exist, or may not be used, is not asked again (eb-rule-dlq)."""
    bridge.rule(target=DLQ)
    bridge.queues.refuses[QUEUE] = error
    bridge.publish()
    bridge.clock.advance(0.6)
    told = bridge.queues.attributes[0]
    assert (told["ERROR_CODE"], told["RETRY_ATTEMPTS"]) == (code, "0")
    assert "EXHAUSTED_RETRY_CONDITION" not in told
    assert outcomes(bridge) == ["dead-letter"]


def test_a_target_that_breaks_is_tried_again(bridge: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A target's own fault is a failure like any other: logged, and the event is delivered when it is mended."""
    bridge.rule()
    bridge.database.execute("ALTER TABLE taken RENAME TO hidden")
    bridge.publish()
    bridge.clock.advance(0.6)
    assert bridge.waiting() == 1
    assert f"target_failed target={QUEUE}" in caplog.text
    bridge.database.execute("ALTER TABLE hidden RENAME TO taken")
    bridge.clock.advance(1.0)
    assert len(bridge.queues.messages()) == 1


@pytest.mark.parametrize("target", [{}, DLQ])
def test_dropped(bridge: Any, target: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Without a dead-letter queue, or when that refuses too, the event is dropped; log and history say so."""
    bridge.rule(target=target)
    bridge.queues.refuses |= {QUEUE: GONE, GRAVES: GONE}
    number = bridge.publish()
    bridge.clock.advance(0.6)
    assert (bridge.queues.messages(), bridge.queues.messages(GRAVES), bridge.waiting()) == ([], [], 0)
    assert outcomes(bridge) == ["dropped"]
    assert f"event_not_delivered id={number} rule={RULE} target={QUEUE} tries=1" in caplog.text
