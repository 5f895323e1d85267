"""One invocation of a function, and how it ended."""

import json
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from localcloud.wiring import Function

EXITED = "Runtime.ExitError"  # Lambda's errorType of a process that ended during an invocation


@dataclass(frozen=True)
class Failure:
    """Why an invocation gave no result."""

    kind: str  # Lambda's errorType
    message: str
    trace: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """How an invocation ended: a result, or a failure; ``log`` is the end of what it printed, where asked for."""

    result: Any = None
    failure: Failure | None = None
    log: str = ""
    request_id: str = ""  # where a caller is told


@dataclass(frozen=True, eq=False)
class Invocation:
    """One invocation to be made; without an event the function's sandbox is only made ready."""

    function: Function
    event: bytes | None  # JSON
    request_id: str
    waited_for: bool
    tail: bool = False  # the end of the log is wanted
    future: "Future[Outcome]" = field(default_factory=Future)


def payload_of(outcome: Outcome, request_id: str) -> object:
    """Return what Lambda answers with: the result, or the description of an error as its Python runtime writes it."""
    failure = outcome.failure
    if failure is None:
        return outcome.result
    described: dict[str, object] = {"errorMessage": failure.message, "errorType": failure.kind}
    if failure.trace:
        described |= {"requestId": request_id, "stackTrace": list(failure.trace)}
    return described


def json_of(event: bytes) -> Any:  # noqa: ANN401  JSON
    """Read an event."""
    return json.loads(event)


def to_json(payload: object) -> bytes:
    """Write what Lambda answers with."""
    return json.dumps(payload).encode()
