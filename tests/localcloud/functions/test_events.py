import contextlib
import json
import os
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.clock import Clock
from localcloud.database import Database
from localcloud.functions.configs import Configs
from localcloud.functions.dead_letters import DeadLetters
from localcloud.functions.destinations import Destinations
from localcloud.functions.events import Events, Host, pause_before
from localcloud.functions.invocations import Invocation, Outcome
from localcloud.settings import Delays
from localcloud.targets import Targets
from localcloud.wiring import Function
from tests.localcloud.cloud_process import CloudProcess, client
from tests.localcloud.full_disk import no_change_of
from tests.localcloud.functions.conftest import APP, ONE_TRY, PREFIX, call, send

Notes = Callable[[str], list[str]]
Start = Callable[..., Any]
Wait = Callable[..., Any]
HOUR = 3600.0


@given(st.lists(st.floats(0, 1e6), max_size=3).map(tuple), st.none() | st.integers(0, 2))
def test_schedule(pauses: tuple[float, ...], retries: int | None) -> None:
    """A function's own number of retries is made, else one for each pause and two at most; each pause is one of ours.

    Source: Lambda API Reference, PutFunctionEventInvokeConfig: 0 to 2, by default 2.
    """
    made = [pause for number in range(2, 6) if (pause := pause_before(number, pauses, retries)) is not None]
    assert len(made) == (min(len(pauses), 2) if retries is None else retries)
    assert all(pause in pauses or (pause == 0 and not pauses) for pause in made)
    assert made == [*pauses, *pauses[-1:] * 2][: len(made)] or not pauses


def test_waiting_events_survive_a_restart(
    start: Start, notes: Notes, wait_for: Wait, open_gate: Callable[[], None]
) -> None:
    """An event that waits for its second try when the cloud stops has it after the next start, at its time."""
    delays = Delays(lambda_retries=(HOUR, HOUR))
    first = start(virtual_clock=True, delays=delays)
    send(first, "hopes", {"n": 1})
    wait_for(lambda: tried(first) == [1])
    first.cloud.stop()
    open_gate()
    second = start(virtual_clock=True, delays=delays)
    advance(second, HOUR - 60)
    assert notes("handled") == []
    advance(second, 60)
    assert [json.loads(line) for line in notes("handled")] == [{"n": 1}]
    assert len(set(notes("tried"))) == 1
    assert tried(second) == []


def test_events_under_way_survive_a_restart(
    start: Start, notes: Notes, wait_for: Wait, open_gate: Callable[[], None]
) -> None:
    """A stop during an event is no failed try: the event is handled after the next start."""
    first = start(delays=ONE_TRY)
    send(first, "gated", "once more")
    wait_for(lambda: notes("begun"))
    first.cloud.stop()
    open_gate()
    second = start(delays=ONE_TRY)
    wait_for(lambda: notes("handled") == ['"once more"'])
    wait_for(lambda: tried(second) == [])
    assert second.page("dead-letters") == []


def test_a_killed_process_is_a_failed_try(
    start: Start, notes: Notes, wait_for: Wait, open_gate: Callable[[], None]
) -> None:
    """A process that is killed during an event fails that try, and the event is handled at the next one."""
    cloud = start()
    send(cloud, "gated", "again")
    victim = int(wait_for(lambda: notes("begun"))[0])
    open_gate()
    os.kill(victim, signal.SIGKILL)
    wait_for(lambda: notes("handled") == ['"again"'] and notes("begun")[1:])


def test_the_cloud_is_killed(tmp_path: Path, notes: Notes, wait_for: Wait, open_gate: Callable[[], None]) -> None:
    """A cloud that is killed with events waiting and under way loses none that was accepted."""
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "environment.json").write_text(json.dumps({"NOTES": str(tmp_path / "notes")}))
    arguments = ["--app", "app:app", "--app-dir", str(tmp_path), "--environment", str(tmp_path / "environment.json")]
    with CloudProcess(tmp_path / "state", *arguments) as cloud:
        with contextlib.closing(client("lambda", cloud.url, "us-east-1")) as caller:
            for number in range(20):
                caller.invoke(FunctionName=f"{PREFIX}gated", InvocationType="Event", Payload=str(number).encode())
        wait_for(lambda: notes("begun"))
    open_gate()
    with CloudProcess(tmp_path / "state", *arguments):
        wait_for(lambda: set(notes("handled")) == {str(number) for number in range(20)})


def events_of(database: Database, clock: Clock, execute: Callable[[Invocation], object]) -> Events:
    function = Function("f", "app-dev-f", "app.f", 1.0, 128)
    destinations = Destinations(Targets(), lambda **_: None, "", lambda *_: None)
    host = Host(
        *(database, clock, Delays(), Configs(database), DeadLetters(database), destinations),
        find=lambda _: function,
        arn=lambda name: name,
        execute=execute,
    )
    events = Events(host)
    events.resume()
    return events


def test_an_outcome_that_cannot_be_written_is_written_later(tmp_path: Path) -> None:
    """An event whose outcome finds no place on the disk ends when there is place again, and is not executed twice."""
    database, clock, executed = Database(tmp_path / "db"), Clock(virtual=True), list[Invocation]()
    clock.start()
    events_of(database, clock, executed.append).accept("app-dev-f", b"1", "once")
    with no_change_of(database, "lambda_events"):
        executed[0].future.set_result(Outcome())
    assert len(database.rows("SELECT * FROM lambda_events")) == 1
    clock.advance(30.0)
    assert (database.rows("SELECT * FROM lambda_events"), len(executed)) == ([], 1)
    clock.stop()
    database.close()


def test_an_event_is_part_of_its_senders_transaction(tmp_path: Path) -> None:
    """An event is executed once its sender's transaction is on the disk; if that is rolled back it never was."""
    database, executed = Database(tmp_path / "db"), list[Invocation]()
    events = events_of(database, Clock(), executed.append)
    with contextlib.suppress(ZeroDivisionError), database.transaction():
        events.accept("app-dev-f", b"1", "never")
        raise ZeroDivisionError
    with database.transaction():
        events.accept("app-dev-f", b"2", "committed")
        assert executed == []
    assert [invocation.request_id for invocation in executed] == ["committed"]
    executed[0].future.set_result(Outcome())
    assert database.rows("SELECT * FROM lambda_events") == []
    database.close()


def test_an_advance_waits_for_events(start: Start, notes: Notes) -> None:
    """A virtual clock passes an hour only when the event under way, and all of its tries, have ended."""
    cloud = start(virtual_clock=True, delays=Delays(lambda_retries=(60.0, 120.0)))
    send(cloud, "fails", {})
    advance(cloud, HOUR)
    assert len(notes("tried")) == 3
    assert [letter["tries"] for letter in cloud.page("dead-letters")] == [3]


def test_the_functions_own_number_of_retries(start: Start, notes: Notes, wait_for: Wait) -> None:
    """MaximumRetryAttempts 0 gives a failed event up at once."""
    cloud = start()
    cloud.client("lambda").put_function_event_invoke_config(FunctionName=f"{PREFIX}fails", MaximumRetryAttempts=0)
    send(cloud, "fails", {})
    assert wait_for(lambda: cloud.page("dead-letters"))[0]["tries"] == 1
    assert len(notes("tried")) == 1


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


def advance(cloud: Any, seconds: float) -> None:
    status, _, body = cloud.request("POST", "/_localcloud/clock", json.dumps({"advance": seconds}).encode())
    assert status == 200, body


def change(cloud: Any, asked: Any) -> tuple[int, Any]:
    status, _, body = cloud.request("POST", "/_localcloud/dead-letters", json.dumps(asked).encode())
    return status, json.loads(body)


def tried(cloud: Any) -> list[int]:
    """How often each event that waits was tried."""
    with contextlib.closing(sqlite3.connect(cloud.state / "state.db")) as connection:
        return [tries for (tries,) in connection.execute("SELECT tries FROM lambda_events")]
