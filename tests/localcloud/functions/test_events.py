import contextlib
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

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
from tests.localcloud.functions.conftest import APP, ONE_TRY, PREFIX, send
from tests.localcloud.functions.event_steps import HOUR, Notes, Start, Wait, advance, tried


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
