import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from localcloud.errors import AwsError
from localcloud.functions.invocations import Invocation, Outcome
from localcloud.functions.pool import Pool
from localcloud.wiring import Function


def function(name: str, reserved: int | None = None) -> Function:
    return Function(name, f"app-dev-{name}", f"app.{name}", 1.0, 128, reserved=reserved)


F, G, API = function("f"), function("g"), function("api")


def call(name: str, of: Function = F) -> Invocation:
    return Invocation(of, b"{}", name, waited_for=True)


def event(name: str, of: Function = F) -> Invocation:
    return Invocation(of, b"{}", name, waited_for=False)


@dataclass
class Now:
    """A clock of a test's own."""

    time: float = 0.0

    def __call__(self) -> float:
        return self.time


@dataclass
class Places:
    """The places of a pool, each with a thread; says which took what."""

    pool: Pool
    taken: dict[str, int] = field(default_factory=dict)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def serve(self, *places: int) -> None:
        """Let places take their next invocations."""
        for place in places:
            threading.Thread(target=self._take, args=(place,), daemon=True).start()

    def where(self, name: str) -> int:
        """Wait until an invocation was taken."""
        with self.changed:
            assert self.changed.wait_for(lambda: name in self.taken, 10)
            return self.taken[name]

    def _take(self, place: int) -> None:
        invocation = self.pool.take(place)
        with self.changed:
            self.taken[invocation.request_id if invocation else "closed"] = place
            self.changed.notify_all()


def taken(pool: Pool, place: int = 0) -> str:
    invocation = pool.take(place)
    assert invocation is not None
    return invocation.request_id


def test_callers_first() -> None:
    """A call that someone waits for goes before events that came earlier."""
    pool = Pool(1, waiting=9)
    pool.put(event("busy"))
    assert taken(pool) == "busy"
    for invocation in (event("e"), call("c1"), call("c2")):
        pool.put(invocation)
    order = []
    for _ in range(3):
        pool.done(0)
        order.append(taken(pool))
    assert order == ["c1", "c2", "e"]


def test_one_place_is_left_to_callers() -> None:
    """Events never take the last place: the second one waits until the first has ended."""
    now = Now()
    pool = Pool(2, waiting=9, seconds=now)
    pool.put(event("e1"))
    assert taken(pool, 0) == "e1"
    now.time = 60.0
    pool.put(event("e2"))
    pool.put(call("c", API))
    assert taken(pool, 1) == "c"
    pool.done(0)
    assert taken(pool, 0) == "e2"


def test_a_warm_sandbox_is_used_again() -> None:
    """Each function goes to the place that holds its sandbox."""
    pool = Pool(3, waiting=9)
    for place, of in enumerate((F, G)):
        pool.put(call(f"first {of.name}", of))
        assert taken(pool, place) == f"first {of.name}"
    for place in (0, 1):
        pool.done(place)
    pool.put(call("g", G))
    pool.put(call("f", F))
    assert (taken(pool, 1), taken(pool, 0)) == ("g", "f")


def test_a_further_sandbox_only_after_a_while() -> None:
    """A function that keeps callers waiting gets a second sandbox after a while, and a third not before that runs."""
    now = Now()
    pool = Pool(3, waiting=9, seconds=now)
    places = Places(pool)
    pool.put(call("c1"))
    assert taken(pool, 0) == "c1"
    pool.ready(0)
    for number in (2, 3):
        pool.put(call(f"c{number}"))
    pool.put(call("other", G))
    places.serve(1, 2)
    first = places.where("other")
    assert set(places.taken) == {"other"}
    now.time = 0.5
    second = places.where("c2")
    assert {first, second} == {1, 2}
    pool.done(first)
    now.time = 60.0
    places.serve(first)
    pool.put(call("another", function("h")))
    assert places.where("another") == first
    pool.ready(second)
    pool.done(second)
    places.serve(second)
    assert places.where("c3") == second


def test_the_last_sandbox_of_a_function_is_driven_out_later() -> None:
    """A further sandbox first takes what another function has to spare, and its last one only after longer."""
    now = Now()
    pool = Pool(2, waiting=9, seconds=now)
    places = Places(pool)
    for place, of in enumerate((F, G)):
        pool.put(call(of.name, of))
        assert taken(pool, place) == of.name
        pool.ready(place)
    pool.done(1)
    pool.put(call("waits"))
    now.time = 0.5
    places.serve(1)
    pool.put(call("again", G))
    assert places.where("again") == 1
    pool.done(1)
    places.serve(1)
    now.time = 2.0
    assert places.where("waits") == 1


def test_the_longest_idle_sandbox_gives_way() -> None:
    """Where all places are bound, the one that was idle for longest takes a new function; the kept one never does."""
    now = Now()
    pool = Pool(3, waiting=9, seconds=now)
    pool.bind(0, API.full_name, keep=True)
    for place, of in ((1, F), (2, G)):
        now.time += 1
        pool.put(call(of.name, of))
        assert taken(pool, place) == of.name
    for place in (2, 1):
        now.time += 1
        pool.done(place)
    pool.put(call("new", function("new")))
    assert taken(pool, 2) == "new"


def test_making_ready_takes_unused_places_only() -> None:
    """A sandbox that is only to be made ready takes an unused place, and drives nothing out."""
    pool = Pool(2, waiting=9)
    pool.bind(0, F.full_name, keep=False)
    pool.put(Invocation(G, None, "ready", waited_for=False))
    assert taken(pool, 1) == "ready"
    pool.done(1)
    pool.put(Invocation(API, None, "in vain", waited_for=False))
    pool.put(call("c", F))
    assert taken(pool, 0) == "c"
    assert [left.request_id for left in pool.close()] == []


def test_too_many_callers() -> None:
    """A caller who would wait behind too many others is refused at once; events are not."""
    pool = Pool(1, waiting=1)
    pool.put(call("busy"))
    assert taken(pool) == "busy"
    pool.put(call("c1"))
    with pytest.raises(AwsError) as refused:
        pool.put(call("c2"))
    assert (refused.value.code, refused.value.status) == ("TooManyRequestsException", 429)
    pool.put(event("e"))


@pytest.mark.parametrize("make", [call, event])
def test_reserved_concurrency(make: Callable[..., Any]) -> None:
    """A function gets no more than its reserved concurrency; what ended makes room again.

    Source: Lambda API Reference, TooManyRequestsException's Reason.
    """
    pool = Pool(4, waiting=9)
    one = function("one", reserved=1)
    pool.put(make("first", one))
    assert taken(pool) == "first"
    with pytest.raises(AwsError) as refused:
        pool.put(make("second", one))
    assert refused.value.members["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    pool.put(make("another's", F))
    pool.done(0)
    pool.put(make("third", one))
    assert taken(pool) == "third"


def test_callers_who_have_gone() -> None:
    """A call whose caller has given up is not made, and no longer counts."""
    pool = Pool(1, waiting=9)
    one = function("one", reserved=1)
    gone = call("gone", one)
    pool.put(gone)
    gone.future.cancel()
    pool.put(call("next"))
    assert taken(pool) == "next"
    pool.put(call("reserved", one))


def test_close() -> None:
    """A closed pool gives out nothing, and says what was left."""
    pool = Pool(1, waiting=9)
    left = event("e")
    pool.put(left)
    assert pool.close() == [left]
    assert pool.take(0) is None
    assert left.future.set_running_or_notify_cancel()
    left.future.set_result(Outcome())


def test_closed_pool_refuses() -> None:
    """Who comes after the end is told so at once, and does not wait for an answer that never comes."""
    pool = Pool(1, waiting=9)
    pool.close()
    for late in (call("c"), event("e")):
        with pytest.raises(AwsError, match="stopping"):
            pool.put(late)
