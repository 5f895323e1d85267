"""Events that are tried in vain: how often, until when, and where they end."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localcloud.database import Database
from localcloud.settings import Delays
from tests.localcloud.functions.conftest import ONE_TRY, PREFIX, call, send
from tests.localcloud.functions.event_steps import HOUR, Notes, Start, Wait, advance


def test_an_old_event_is_given_up(start: Start, notes: Notes) -> None:
    """An event older than MaximumEventAgeInSeconds when its next try is due is given up without it.

    Source: Lambda Developer Guide, "Retaining records of asynchronous invocations": the condition EventAgeExceeded.
    """
    cloud = start(virtual_clock=True, delays=Delays(lambda_retries=(HOUR, HOUR)))
    cloud.client("lambda").put_function_event_invoke_config(
        FunctionName=f"{PREFIX}fails",
        MaximumEventAgeInSeconds=60,
        DestinationConfig={"OnFailure": {"Destination": arn("noted")}},
    )
    send(cloud, "fails", {"n": 1})
    advance(cloud, 2 * HOUR)
    assert len(notes("tried")) == 1
    context = json.loads(notes("noted")[0])["requestContext"]
    assert (context["condition"], context["approximateInvokeCount"]) == ("EventAgeExceeded", 1)


def test_a_throttled_event_waits(start: Start, notes: Notes, wait_for: Wait, open_gate: Callable[[], None]) -> None:
    """Events beyond the reserved concurrency are handled later; calls are refused meanwhile.

    Source: Lambda Developer Guide, "How Lambda handles errors and retries with asynchronous invocation".
    """
    delays = Delays(lambda_throttled=(0.05, 0.1))
    cloud = start(delays=delays, chalice_config={"stages": {"dev": {"reserved_concurrency": 1}}})
    for number in range(3):
        send(cloud, "gated", number)
    wait_for(lambda: notes("begun"))
    client = cloud.client("lambda")
    with pytest.raises(client.exceptions.TooManyRequestsException) as refused:
        client.invoke(FunctionName=f"{PREFIX}gated")
    assert refused.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert len(notes("begun")) == 1
    open_gate()
    wait_for(lambda: sorted(notes("handled")) == ["0", "1", "2"])


def test_no_concurrency_gives_up_at_once(start: Start, wait_for: Wait) -> None:
    """An event for a function whose reserved concurrency is 0 is given up without a try.

    Source: Lambda Developer Guide, "Configuring reserved concurrency for a function".
    """
    cloud = start()
    cloud.client("lambda").put_function_concurrency(FunctionName=f"{PREFIX}noted", ReservedConcurrentExecutions=0)
    send(cloud, "noted", {})
    letter = wait_for(lambda: cloud.page("dead-letters"))[0]
    assert (letter["error_type"], letter["tries"]) == ("ZeroReservedConcurrency", 0)


def test_records_of_failure(start: Start, wait_for: Wait, notes: Notes) -> None:
    """A function and an event bus that are the destination get Lambda's record, and no dead letter is kept.

    Source: Lambda Developer Guide, "Retaining records of asynchronous invocations".
    """
    cloud = start(delays=ONE_TRY)
    bus = "arn:aws:events:eu-central-1:123456789012:event-bus/default"
    client = cloud.client("lambda")
    for destination, name in ((arn("noted"), "noted"), (bus, "bus")):
        client.put_function_event_invoke_config(
            FunctionName=f"{PREFIX}fails", DestinationConfig={"OnFailure": {"Destination": destination}}
        )
        send(cloud, "fails", {"n": 1})
        wait_for(lambda name=name: notes(name))
    record, event = (json.loads(notes(name)[0]) for name in ("noted", "bus"))
    for each, request_id in zip((record, event["detail"]), notes("tried"), strict=True):
        assert each["requestContext"] == {
            "requestId": request_id,
            "functionArn": f"{arn('fails')}:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 1,
        }
        assert each["responseContext"] == {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        }
        assert each["responsePayload"]["errorMessage"] == "never"
        assert (each["version"], each["requestPayload"]) == ("1.0", {"n": 1})
    assert event["detail-type"] == "Lambda Function Invocation Result - Failure"
    assert event["resources"] == [bus, f"{arn('fails')}:$LATEST"]
    assert cloud.page("dead-letters") == []


def test_dead_letters_of_a_queue(start: Start, wait_for: Wait, notes: Notes) -> None:
    """A dead-letter queue gets the event as it was, and the error as attributes of the message.

    Source: Lambda Developer Guide, "Retaining records of asynchronous invocations": dead-letter queue attributes.
    """
    cloud = start(delays=ONE_TRY)
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="graves")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    cloud.client("lambda").update_function_configuration(
        FunctionName=f"{PREFIX}fails", DeadLetterConfig={"TargetArn": queue}
    )
    send(cloud, "fails", {"n": 1})
    (message,) = wait_for(lambda: sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get("Messages"))
    assert json.loads(message["Body"]) == {"n": 1}
    assert {name: tuple(value.values()) for name, value in message["MessageAttributes"].items()} == {
        "RequestID": (notes("tried")[0], "String"),
        "ErrorCode": ("200", "Number"),
        "ErrorMessage": ("never", "String"),
    }
    assert cloud.page("dead-letters") == []


def test_records_of_success(start: Start, wait_for: Wait, notes: Notes) -> None:
    """OnSuccess gets the function's result. Source: as above."""
    cloud = start()
    cloud.client("lambda").put_function_event_invoke_config(
        FunctionName=f"{PREFIX}echo", DestinationConfig={"OnSuccess": {"Destination": arn("noted")}}
    )
    send(cloud, "echo", {"n": 1})
    record = json.loads(wait_for(lambda: notes("noted"))[0])
    assert record["requestContext"]["condition"] == "Success"
    assert record["responsePayload"]["event"] == {"n": 1}


def test_an_unreachable_destination_keeps_a_dead_letter(start: Start, wait_for: Wait) -> None:
    """A record that its destination does not take is not lost: the event is kept as a dead letter (ours)."""
    cloud = start(delays=ONE_TRY)
    cloud.client("lambda").put_function_event_invoke_config(
        FunctionName=f"{PREFIX}fails", DestinationConfig={"OnFailure": {"Destination": arn("nobody")}}
    )
    send(cloud, "fails", {"n": 1})
    assert wait_for(lambda: cloud.page("dead-letters"))[0]["event"] == {"n": 1}


def test_dead_letters_are_replayed(start: Start, notes: Notes, wait_for: Wait, open_gate: Callable[[], None]) -> None:
    """A dead letter survives a restart; replayed it is a new event, deleted it is gone, and there is no other."""
    first = start(delays=ONE_TRY)
    for number in range(3):
        send(first, "hopes", number)
    wait_for(lambda: len(first.page("dead-letters")) == 3)
    first.cloud.stop()
    cloud = start(delays=ONE_TRY)
    letters = {letter["event"]: letter["id"] for letter in cloud.page("dead-letters")}
    open_gate()
    assert change(cloud, {"delete": letters[0]}) == (200, {"deleted": 1})
    assert change(cloud, {"replay": letters[1]}) == (200, {"replayed": 1})
    wait_for(lambda: notes("handled") == ["1"])
    assert change(cloud, {"replay": "all"}) == (200, {"replayed": 1})
    wait_for(lambda: notes("handled") == ["1", "2"])
    assert cloud.page("dead-letters") == []
    assert len(set(notes("tried"))) == 5
    assert change(cloud, {"replay": letters[1]})[0] == 400
    assert change(cloud, {"replay": 1, "delete": 1})[0] == 400


def test_a_function_that_is_gone(start: Start, wait_for: Wait, tmp_path: Path) -> None:
    """An event for a function that the application has no more is kept as a dead letter (ours)."""
    first = start()
    first.cloud.stop()
    database = Database(tmp_path / "state" / "state.db")
    database.execute("INSERT INTO lambda_events VALUES (1, 'called-dev-gone', CAST('{}' AS BLOB), 'id', 0, 0, 0)")
    database.close()
    second = start()
    assert wait_for(lambda: second.page("dead-letters"))[0]["function"] == "called-dev-gone"


def test_the_time_in_a_handler(start: Start) -> None:
    """With a virtual clock the handler's time of day is the cloud's, and its time limit stays real."""
    cloud = start(virtual_clock=True)
    before = time.time()
    advance(cloud, 7 * 24 * HOUR)
    told, _ = call(cloud, "clocks", {})
    assert 7 * 24 * HOUR <= told["time"] - before < 7 * 24 * HOUR + 60
    assert told["now"][:10] == cloud.page("clock")["now"][:10]
    assert 0 < told["left"] <= 60_000
    assert 0 <= told["real"] < 60


def arn(name: str) -> str:
    return f"arn:aws:lambda:eu-central-1:123456789012:function:{PREFIX}{name}"


def change(cloud: Any, asked: Any) -> tuple[int, Any]:
    status, _, body = cloud.request("POST", "/_localcloud/dead-letters", json.dumps(asked).encode())
    return status, json.loads(body)
