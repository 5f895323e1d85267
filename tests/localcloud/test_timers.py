import threading
from collections.abc import Iterator

import pytest

from localcloud.timers import Timers


@pytest.fixture
def timers() -> Iterator[Timers]:
    timers = Timers()
    timers.start()
    yield timers
    timers.stop()


def test_order(timers: Timers) -> None:
    """What is due first runs first; at the same time, what came first."""
    ran: list[str] = []
    done = threading.Event()

    def last() -> None:
        ran.append("late")
        done.set()

    timers.after(0.1, last)
    for name in ("a", "b", "c"):
        timers.after(0.0, lambda name=name: ran.append(name))  # type: ignore[misc]  # a default is this loop's value
    assert done.wait(10)
    assert ran == ["a", "b", "c", "late"]


def test_a_failed_action_does_not_stop_the_others(timers: Timers) -> None:
    """An action that fails is logged, and the next one runs."""
    done = threading.Event()
    timers.after(0.0, lambda: 1 // 0)
    timers.after(0.0, done.set)
    assert done.wait(10)


def test_stop_drops_what_is_to_come() -> None:
    """After a stop nothing runs, and the number of actions dropped is told."""
    timers = Timers()
    timers.start()
    ran: list[int] = []
    timers.after(60.0, lambda: ran.append(1))
    assert timers.stop() == 1
    assert ran == []
