import threading
import time
from collections.abc import Iterator

import pytest

from localcloud.clock import Clock

HOUR = 3600.0


@pytest.fixture
def clock() -> Iterator[Clock]:
    clock = Clock()
    clock.start()
    yield clock
    clock.stop()


@pytest.fixture
def virtual() -> Iterator[Clock]:
    clock = Clock(virtual=True)
    clock.start()
    yield clock
    clock.stop()


def test_order(clock: Clock) -> None:
    """What is due first runs first; at the same time, what came first."""
    ran: list[str] = []
    done = threading.Event()

    def last() -> None:
        ran.append("late")
        done.set()

    clock.after(0.1, last)
    for name in ("a", "b", "c"):
        clock.after(0.0, lambda name=name: ran.append(name))  # type: ignore[misc]  # a default is this loop's value
    assert done.wait(10)
    assert ran == ["a", "b", "c", "late"]


def test_a_failed_action_does_not_stop_the_others(clock: Clock) -> None:
    """An action that fails is logged, and the next one runs."""
    done = threading.Event()
    clock.after(0.0, lambda: 1 // 0)
    clock.after(0.0, done.set)
    assert done.wait(10)


def test_stop_drops_what_is_to_come() -> None:
    """After a stop nothing runs, and the number of actions dropped is told."""
    clock = Clock()
    clock.start()
    ran: list[int] = []
    clock.after(60.0, lambda: ran.append(1))
    assert clock.stop() == 1
    assert ran == []


def test_a_cancelled_action_does_not_run(virtual: Clock) -> None:
    """What was cancelled before it was due never runs, and a second cancel says that there was nothing left."""
    ran: list[int] = []
    timer = virtual.after(HOUR, lambda: ran.append(1))
    assert virtual.cancel(timer)
    assert not virtual.cancel(timer)
    virtual.advance(2 * HOUR)
    assert ran == []


def test_an_advance_runs_what_is_due_at_its_own_time(virtual: Clock) -> None:
    """An action sees the time at which it was due, also one that a due action adds; what is later does not run."""
    seen: list[float] = []
    begun = virtual.seconds()

    def tick() -> None:
        seen.append(round((virtual.seconds() - begun) / HOUR, 2))
        virtual.after(HOUR, tick)

    virtual.after(HOUR, tick)
    virtual.advance(3.5 * HOUR)
    assert seen == [1.0, 2.0, 3.0]


def test_the_time_of_day_moves_with_the_seconds(virtual: Clock) -> None:
    """An advance moves the time of day by as much, give or take the real time it took."""
    before = virtual.now()
    after = virtual.advance(24 * HOUR)
    assert 24 * HOUR <= (after - before).total_seconds() < 24 * HOUR + 5


def test_an_advance_waits_for_the_work_it_caused(virtual: Clock) -> None:
    """Time does not go on to the next action while work that an earlier one caused is under way."""
    order: list[str] = []

    def work() -> None:
        time.sleep(0.2)
        order.append("worked")
        virtual.end()

    def begin() -> None:
        virtual.begin()
        threading.Thread(target=work).start()

    virtual.after(HOUR, begin)
    virtual.after(HOUR + 1, lambda: order.append("next"))
    virtual.advance(2 * HOUR)
    assert order == ["worked", "next"]


def test_an_advance_can_pass_work_that_does_not_end(virtual: Clock) -> None:
    """Without waiting, time passes work under way, so that its time limit can be reached."""
    virtual.begin()
    reached = threading.Event()
    virtual.after(HOUR, reached.set)
    virtual.advance(2 * HOUR, wait=False)
    assert reached.wait(10)


def test_patience_ends(virtual: Clock) -> None:
    """An advance gives up when work does not end, and the time has not passed."""
    virtual.begin()
    before = virtual.seconds()
    with pytest.raises(TimeoutError):
        virtual.advance(HOUR, patience=0.1)
    assert virtual.seconds() - before < HOUR


def test_work_that_sleeps_holds_no_time_up(virtual: Clock) -> None:
    """Work that waits for the cloud's time is no work under way; it goes on before time does."""
    order: list[str] = []
    asleep = threading.Event()

    def work() -> None:
        with virtual.work():
            asleep.set()
            virtual.sleep(HOUR, threading.Event())
            time.sleep(0.1)
            order.append("woke")

    thread = threading.Thread(target=work)
    thread.start()
    asleep.wait(10)
    virtual.after(HOUR + 1, lambda: order.append("next"))
    virtual.advance(2 * HOUR)
    thread.join()
    assert order == ["woke", "next"]


def test_a_sleep_ends_when_it_is_told_to(virtual: Clock) -> None:
    """A sleep that is told to stop says so at once, and is work under way again."""
    stop = threading.Event()
    stop.set()
    with virtual.work():
        assert virtual.sleep(HOUR, stop)
        with pytest.raises(TimeoutError):
            virtual.advance(1.0, patience=0.05)


def test_a_jump_goes_to_what_is_due_next(virtual: Clock) -> None:
    """A jump runs the next action and no other; with nothing to come it goes nowhere."""
    ran: list[str] = []
    virtual.after(HOUR, lambda: ran.append("first"))
    virtual.after(2 * HOUR, lambda: ran.append("second"))
    virtual.jump()
    assert ran == ["first"]
    virtual.jump()
    before = virtual.now()
    assert (virtual.jump() - before).total_seconds() < 5


def test_each_shift_is_told() -> None:
    """Who keeps the offset hears of it before the action that it makes due has run."""
    offsets: list[float] = []
    clock = Clock(virtual=True, offset=5.0, shifted=offsets.append)
    clock.start()
    clock.advance(HOUR)
    clock.stop()
    assert offsets
    assert round(offsets[-1]) == round(5.0 + HOUR)


def test_who_is_told_of_a_shift_may_wait_for_a_user_of_the_clock() -> None:
    """A shift is told without a lock of the clock's: the database behind it may be held by who asks for a timer."""
    database = threading.Lock()
    asking = threading.Event()

    def shifted(_: float) -> None:
        asking.set()
        with database:
            pass

    clock = Clock(virtual=True, shifted=shifted)
    with database:
        passing = threading.Thread(target=clock.advance, args=(60.0,), daemon=True)
        passing.start()
        assert asking.wait(10)
        using = threading.Thread(target=clock.after, args=(1000.0, list), daemon=True)
        using.start()
        using.join(10)
        assert not using.is_alive()
    passing.join(10)
    assert not passing.is_alive()
