"""The kinds of faults, and how each is read from what somebody asked for.

A fault is asked for as JSON: what it is about (``call``, ``event``, ``job`` or ``endpoint``) and what happens to it.
Names may hold ``*`` and ``?``: ``{"call": "sagemaker.Create*"}``, ``{"job": "training-job/nightly-*"}``.
"""

import fnmatch
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.errors import AdminError, AwsError, ConfigError, CutError
from localcloud.patterns import compile_pattern

Asked = Mapping[str, Any]
About = Callable[[Mapping[str, Any]], bool]

_THROTTLED: Mapping[str, tuple[str, str, int]] = {
    "s3": ("SlowDown", "Please reduce your request rate.", 503),
    "dynamodb": (
        "ProvisionedThroughputExceededException",
        "The level of configured provisioned throughput for the table was exceeded.",
        400,
    ),
    "lambda": ("TooManyRequestsException", "Rate Exceeded.", 429),
}
_RATE_EXCEEDED = ("ThrottlingException", "Rate exceeded", 400)
_OUTCOMES = {"job": ("Failed", "Stopped"), "endpoint": ("SilentRollback", "Failed")}


@dataclass(frozen=True)
class CallFault:
    """What happens to one call, ``after`` its effect or before it; a ``delay`` is in real seconds and comes first."""

    after: bool = False
    delay: float = 0.0
    error: tuple[str, str, int] | None = None  # code, message, HTTP status
    throttle: bool = False
    drop: bool = False
    cut: bool = False
    duplicate: bool = False

    def strike(self, service: str) -> None:
        """Refuse the call or drop its connection, if that is the fault; raises AwsError or CutError."""
        if self.drop:
            raise CutError("the connection was dropped on request")
        error = _THROTTLED.get(service, _RATE_EXCEEDED) if self.throttle else self.error
        if error is not None:
            raise AwsError(*error)


@dataclass(frozen=True)
class EventFault:
    """What happens to one event: how often it is delivered to each target, and how much later each time, at most."""

    copies: int = 1
    delay: float = 0.0


@dataclass(frozen=True)
class OutcomeFault:
    """How one job or endpoint update ends: in place of its work, or ``after`` it."""

    outcome: str
    reason: str
    after: bool = False


def read_call(asked: Asked) -> tuple[About, CallFault]:
    """Read ``{"call": "service.Operation", ...}``; raises AdminError."""
    fault = CallFault(
        after=_after(asked),
        delay=number(asked, "delay", 0.0),
        error=_read_error(asked["error"]) if "error" in asked else None,
        **{name: asked.get(name) is True for name in ("throttle", "drop", "cut", "duplicate")},
    )
    if fault == CallFault(after=fault.after):
        raise AdminError("say what happens to the call: error, throttle, delay, drop, cut or duplicate")

    def about(what: Mapping[str, Any]) -> bool:
        name = f"{what['service']}.{what['operation']}"
        return fnmatch.fnmatchcase(name, str(asked["call"]))

    return about, fault


def read_event(asked: Asked) -> tuple[About, EventFault]:
    """Read ``{"event": pattern, ...}``; raises AdminError."""
    try:
        matches = compile_pattern(asked["event"])
    except ConfigError as error:
        raise AdminError(f"event is no EventBridge pattern: {error}") from error
    copies = 0 if asked.get("drop") is True else 1 + int(number(asked, "duplicate", 0))
    fault = EventFault(copies, number(asked, "delay", 0.0))
    if fault == EventFault():
        raise AdminError("say what happens to the event: drop, duplicate (how many more), delay (seconds, at most)")
    return matches, fault


def read_outcome(kind: str) -> Callable[[Asked], tuple[About, OutcomeFault]]:
    """Return the reader of ``{"job": "kind/name", ...}`` or ``{"endpoint": "name", ...}``; it raises AdminError."""

    def read(asked: Asked) -> tuple[About, OutcomeFault]:
        if asked.get("outcome") not in _OUTCOMES[kind]:
            raise AdminError(f"outcome is one of {', '.join(_OUTCOMES[kind])}")
        fault = OutcomeFault(str(asked["outcome"]), str(asked.get("reason", "")), _after(asked))
        return lambda what: fnmatch.fnmatchcase(what["name"], str(asked[kind])), fault

    return read


def number(asked: Asked, member: str, default: float) -> float:
    """Read a number of at least 0; raises AdminError."""
    value = asked.get(member, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise AdminError(f"{member} is a number of at least 0")
    return value


def _after(asked: Asked) -> bool:
    when = asked.get("when", "before")
    if when not in ("before", "after"):
        raise AdminError("when is before or after")
    return bool(when == "after")


def _read_error(told: object) -> tuple[str, str, int]:
    if not isinstance(told, dict) or not isinstance(told.get("code"), str):
        raise AdminError('error is {"code": text, "message": text, "status": number}')
    return told["code"], str(told.get("message", "asked for")), int(number(told, "status", 400))


READERS: Mapping[str, tuple[tuple[str, ...], Callable[[Asked], tuple[About, Any]]]] = {
    "call": (("when", "error", "throttle", "delay", "drop", "cut", "duplicate"), read_call),
    "event": (("drop", "duplicate", "delay"), read_event),
    "job": (("outcome", "reason", "when"), read_outcome("job")),
    "endpoint": (("outcome", "reason", "when"), read_outcome("endpoint")),
}
