import pytest

from localcloud.errors import AwsError
from localcloud.invocations import Invocation, InvocationQueue, Outcome
from localcloud.wiring import Function

FUNCTION = Function("f", "app-dev-f", "app.f", 1.0, 128)


def call(name: str) -> Invocation:
    return Invocation(FUNCTION, b"{}", name, waited_for=True)


def event(name: str) -> Invocation:
    return Invocation(FUNCTION, b"{}", name, waited_for=False)


def taken(queue: InvocationQueue) -> str:
    invocation = queue.take()
    assert invocation is not None
    return invocation.request_id


def test_callers_first() -> None:
    """A call that someone waits for goes before events that came earlier."""
    queue = InvocationQueue(workers=2, waiting=9)
    for invocation in (event("e"), call("c1"), call("c2")):
        queue.put(invocation)
    assert [taken(queue) for _ in range(3)] == ["c1", "c2", "e"]


def test_one_worker_is_left_to_callers() -> None:
    """Events never take the last worker: the second one waits until the first has ended."""
    queue = InvocationQueue(workers=2, waiting=9)
    first, second = event("e1"), event("e2")
    queue.put(first)
    queue.put(second)
    assert queue.take() is first
    queue.put(call("c"))
    assert taken(queue) == "c"
    queue.done(first)
    assert queue.take() is second


def test_one_worker_takes_both() -> None:
    """With one worker events are handled too."""
    queue = InvocationQueue(workers=1, waiting=9)
    queue.put(event("e"))
    assert taken(queue) == "e"


def test_too_many_callers() -> None:
    """A caller who would wait behind too many others is refused at once; events are not."""
    queue = InvocationQueue(workers=1, waiting=1)
    queue.put(call("c1"))
    with pytest.raises(AwsError) as refused:
        queue.put(call("c2"))
    assert (refused.value.code, refused.value.status) == ("TooManyRequestsException", 429)
    queue.put(event("e"))


def test_callers_who_have_gone() -> None:
    """A call whose caller has given up is not made."""
    queue = InvocationQueue(workers=1, waiting=9)
    gone = call("gone")
    queue.put(gone)
    queue.put(call("next"))
    gone.future.cancel()
    assert taken(queue) == "next"


def test_close() -> None:
    """A closed queue gives out nothing, and says what was left."""
    queue = InvocationQueue(workers=1, waiting=9)
    left = event("e")
    queue.put(left)
    assert queue.close() == [left]
    assert queue.take() is None
    assert left.future.set_running_or_notify_cancel()
    left.future.set_result(Outcome())


def test_closed_queue_refuses() -> None:
    """Who comes after the end is told so at once, and does not wait for an answer that never comes."""
    queue = InvocationQueue(workers=1, waiting=9)
    queue.close()
    for late in (call("c"), event("e")):
        with pytest.raises(AwsError, match="stopping"):
            queue.put(late)
