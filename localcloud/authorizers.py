"""Lambda authorizers of kind TOKEN: who is let through to a route, decided by a function's policy as API Gateway does.

The header names the token; without it nobody is asked. The function's answer is kept for as long as the authorizer
says, by token, and its policy is evaluated anew for every request: one that names a single route lets nobody in
elsewhere. What an answer may hold and is not emulated (conditions, NotAction, NotResource) is a failure of the
authorizer here, never an open door.
"""

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from localcloud.errors import AwsError
from localcloud.functions.invocations import EXITED, Outcome
from localcloud.settings import ACCOUNT_ID
from localcloud.wiring import Authorizer

Invoke = Callable[[str, bytes, float], Outcome]
_ACTION = "execute-api:Invoke"
_STATEMENT = frozenset({"Sid", "Effect", "Action", "Resource"})
_KEPT_AT_MOST = 1_000  # answers; what is beyond is asked again


class RefusedError(Exception):
    """A request that does not reach its function; with API Gateway's status, body and error type."""

    def __init__(self, status: HTTPStatus, body: Mapping[str, str | None], kind: str) -> None:
        super().__init__(kind)
        self.status, self.body, self.kind = status, body, kind


@dataclass(frozen=True)
class Statement:
    """One statement of a policy: whether it allows, and the patterns of what it is about."""

    allows: bool
    actions: tuple[re.Pattern[str], ...]
    resources: tuple[re.Pattern[str], ...]

    def covers(self, arn: str) -> bool:
        """Tell whether it is about the invocation of a method."""
        return any(action.fullmatch(_ACTION) for action in self.actions) and any(
            resource.fullmatch(arn) for resource in self.resources
        )


@dataclass(frozen=True)
class Pass:
    """What an authorizer's function answered: its policy, and what the integration is told."""

    statements: tuple[Statement, ...]
    context: Mapping[str, Any]


class Authorizers:
    """The authorizers of one API; safe to use from several threads."""

    def __init__(self, region: str, stage: str, timeout: float, *, invoke: Invoke, now: Callable[[], datetime]) -> None:
        self._prefix = f"arn:aws:execute-api:{region}:{ACCOUNT_ID}:local/{stage}"
        self._timeout = timeout
        self._invoke = invoke
        self._now = now
        self._kept: dict[tuple[str, str], tuple[datetime, Pass]] = {}
        self._lock = threading.Lock()

    def admit(self, authorizer: Authorizer, method: str, path: str, token: str | None) -> Mapping[str, Any]:
        """Let a request through; return what its integration is told. Raises RefusedError."""
        if not token:
            raise RefusedError(HTTPStatus.UNAUTHORIZED, {"message": "Unauthorized"}, "UnauthorizedException")
        arn = f"{self._prefix}/{method}/{path.lstrip('/')}"
        held = self._held(authorizer, token) or self._asked(authorizer, token, arn)
        covering = [statement for statement in held.statements if statement.covers(arn)]
        if not covering:
            raise _denied("")
        if not all(statement.allows for statement in covering):
            raise _denied(" with an explicit deny")
        return held.context

    def _held(self, authorizer: Authorizer, token: str) -> Pass | None:
        with self._lock:
            until, held = self._kept.get((authorizer.name, token), (None, None))
        return held if until and self._now() < until else None

    def _asked(self, authorizer: Authorizer, token: str, arn: str) -> Pass:
        event = {"type": "TOKEN", "methodArn": arn, "authorizationToken": token}
        try:
            outcome = self._invoke(authorizer.name, json.dumps(event).encode(), self._timeout)
        except (TimeoutError, AwsError):
            raise _failed("AuthorizerFailureException") from None
        if outcome.failure and outcome.failure.kind != EXITED and outcome.failure.message == "Unauthorized":
            raise RefusedError(HTTPStatus.UNAUTHORIZED, {"message": "Unauthorized"}, "UnauthorizedException")
        if outcome.failure:
            raise _failed("AuthorizerFailureException")
        given = read_pass(outcome.result)
        if authorizer.ttl:
            self._keep(authorizer, token, given)
        return given

    def _keep(self, authorizer: Authorizer, token: str, given: Pass) -> None:
        now = self._now()
        with self._lock:
            if len(self._kept) >= _KEPT_AT_MOST:
                self._kept = {key: kept for key, kept in self._kept.items() if kept[0] > now}
            if len(self._kept) < _KEPT_AT_MOST:
                self._kept[authorizer.name, token] = (now + timedelta(seconds=authorizer.ttl), given)


def read_pass(result: object) -> Pass:
    """Read what an authorizer's function answered. Raises RefusedError for what is no answer."""
    match result:
        case {"principalId": str(principal), "policyDocument": {"Statement": statements}, **rest}:
            context = rest.get("context") or {}
            listed = statements if isinstance(statements, list) else [statements]
            if isinstance(context, Mapping) and all(isinstance(value, str | int | float) for value in context.values()):
                told = {name: _spelled(value) for name, value in context.items()}
                return Pass(tuple(map(_statement, listed)), {**told, "principalId": principal})
    raise _failed("AuthorizerConfigurationException")


def _statement(given: object) -> Statement:
    if not isinstance(given, Mapping) or given.keys() - _STATEMENT or given.get("Effect") not in {"Allow", "Deny"}:
        raise _failed("AuthorizerConfigurationException")
    return Statement(
        given["Effect"] == "Allow",
        tuple(_pattern(action, re.IGNORECASE) for action in _strings(given.get("Action"))),
        tuple(_pattern(resource) for resource in _strings(given.get("Resource"))),
    )


def _strings(given: object) -> list[str]:
    listed = [given] if isinstance(given, str) else given
    if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
        raise _failed("AuthorizerConfigurationException")
    return listed


def _pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    """Compile IAM's wildcards: ``*`` stands for any characters, slashes too, ``?`` for one."""
    return re.compile(re.escape(text).replace(r"\*", ".*").replace(r"\?", "."), flags | re.DOTALL)


def _spelled(value: str | float) -> str:
    """Write a value of the context as the integration is told it: always a string."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _denied(how: str) -> RefusedError:
    message = f"User is not authorized to access this resource{how}"
    return RefusedError(HTTPStatus.FORBIDDEN, {"Message": message}, "AccessDeniedException")


def _failed(kind: str) -> RefusedError:
    return RefusedError(HTTPStatus.INTERNAL_SERVER_ERROR, {"message": None}, kind)
