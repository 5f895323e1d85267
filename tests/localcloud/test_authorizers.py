"""Lambda authorizers: who reaches a route, by a function's policy."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from localcloud.authorizers import Authorizers, RefusedError, read_pass
from localcloud.errors import AwsError
from localcloud.functions.invocations import Failure, Outcome
from localcloud.settings import Limits
from localcloud.wiring import Authorizer

ARN = "arn:aws:execute-api:us-east-1:123456789012:local/dev/POST/feedback"
AUTHORIZER = Authorizer("authorize", "Authorization", 300)


def policy(*statements: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"principalId": "ann", "policyDocument": {"Version": "2012-10-17", "Statement": list(statements)}, **more}


def statement(effect: str, resource: Any, action: Any = "execute-api:Invoke") -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource}


@dataclass
class Function:
    """The function of an authorizer, and the time."""

    answers: Any
    events: list[dict[str, Any]] = field(default_factory=list)
    now: datetime = datetime(2026, 1, 2, tzinfo=UTC)

    def invoke(self, name: str, event: bytes, wait: float) -> Outcome:
        assert (name, wait) == ("authorize", 29.0)
        self.events.append(json.loads(event))
        if isinstance(self.answers, Exception):
            raise self.answers
        return self.answers if isinstance(self.answers, Outcome) else Outcome(self.answers)

    def made(self) -> Authorizers:
        return Authorizers("us-east-1", "dev", 29.0, invoke=self.invoke, now=lambda: self.now)


def refusal(authorizers: Authorizers, token: str | None = "t", authorizer: Authorizer = AUTHORIZER) -> RefusedError:  # noqa: S107 - no secret
    with pytest.raises(RefusedError) as refused:
        authorizers.admit(authorizer, "POST", "/feedback", token)
    return refused.value


@pytest.mark.parametrize("token", [None, ""])
def test_no_token(token: str | None) -> None:
    """Without a token the answer is 401, and the function is not called."""
    function = Function(policy(statement("Allow", "*")))
    refused = refusal(function.made(), token)
    assert (refused.status, refused.body, refused.kind) == (401, {"message": "Unauthorized"}, "UnauthorizedException")
    assert function.events == []


def test_event_and_context() -> None:
    """The function is told token and method; the integration is told the principal, and the context as strings."""
    function = Function(policy(statement("Allow", ARN), context={"a": "x", "n": 7, "b": True}))
    told = function.made().admit(AUTHORIZER, "POST", "/feedback", "Bearer t")
    assert function.events == [{"type": "TOKEN", "methodArn": ARN, "authorizationToken": "Bearer t"}]
    assert told == {"principalId": "ann", "a": "x", "n": "7", "b": "true"}


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        ([], ""),
        ([statement("Allow", "arn:aws:execute-api:us-east-1:123456789012:local/dev/GET/feedback")], ""),
        ([statement("Allow", "*", "s3:GetObject")], ""),
        ([statement("Allow", "*"), statement("Deny", "*")], " with an explicit deny"),
        ([statement("Allow", "*"), statement("Deny", "*/dev/POST/*")], " with an explicit deny"),
        ([statement("Deny", "*")], " with an explicit deny"),
    ],
)
def test_denied(statements: list[dict[str, Any]], words: str) -> None:
    """A policy that does not allow the method, or denies it, is a 403 that says which."""
    refused = refusal(Function(policy(*statements)).made())
    assert (refused.status, refused.kind) == (403, "AccessDeniedException")
    assert refused.body == {"Message": f"User is not authorized to access this resource{words}"}


@pytest.mark.parametrize(
    "resource",
    ["*", ARN, ARN.replace("POST", "*"), ARN.replace("POST/feedback", "*/*"), ARN[:-1] + "?", ["nothing", ARN]],
)
@pytest.mark.parametrize("action", ["execute-api:Invoke", "execute-api:*", "*", ["Execute-API:invoke"]])
def test_wildcards(resource: Any, action: Any) -> None:
    """Patterns of IAM let in what they stand for."""
    assert Function(policy(statement("Allow", resource, action))).made().admit(AUTHORIZER, "POST", "/feedback", "t")


def test_answers_are_kept_by_token() -> None:
    """An answer is kept for its time, by token; its policy decides each request by its own route."""
    function = Function(policy(statement("Allow", ARN)))
    authorizers = function.made()
    for _ in range(3):
        authorizers.admit(AUTHORIZER, "POST", "/feedback", "t")
    with pytest.raises(RefusedError):
        authorizers.admit(AUTHORIZER, "POST", "/elsewhere", "t")
    assert len(function.events) == 1
    authorizers.admit(AUTHORIZER, "POST", "/feedback", "another")
    assert len(function.events) == 2
    function.now += timedelta(seconds=299)
    authorizers.admit(AUTHORIZER, "POST", "/feedback", "t")
    assert len(function.events) == 2
    function.now += timedelta(seconds=1)
    authorizers.admit(AUTHORIZER, "POST", "/feedback", "t")
    assert len(function.events) == 3


def test_no_time_to_live() -> None:
    """With a time to live of 0 the function is asked each time."""
    function = Function(policy(statement("Allow", ARN)))
    authorizers = function.made()
    for _ in range(2):
        authorizers.admit(Authorizer("authorize", "Authorization", 0), "POST", "/feedback", "t")
    assert len(function.events) == 2


def test_kept_answers_are_bounded() -> None:
    """Any number of tokens leaves a bounded number of answers."""
    function = Function(policy(statement("Allow", ARN)))
    authorizers = function.made()
    for number in range(1_100):
        authorizers.admit(AUTHORIZER, "POST", "/feedback", str(number))
    asked = len(function.events)
    for number in range(1_100):
        authorizers.admit(AUTHORIZER, "POST", "/feedback", str(number))
    assert len(function.events) == asked + 100


@pytest.mark.parametrize(
    "answer",
    [
        TimeoutError(),
        AwsError("TooManyRequestsException", "busy", 429),
        Outcome(failure=Failure("RuntimeError", "no database")),
        Outcome(failure=Failure("Runtime.ExitError", "Unauthorized")),
        None,
        "no",
        {},
        {"principalId": "ann"},
        {"policyDocument": {"Statement": []}},
        policy({"Effect": "Allow", "Action": "*"}),
        policy({"Effect": "Maybe", "Action": "*", "Resource": "*"}),
        policy({"Effect": "Allow", "NotAction": "*", "Resource": "*"}),
        policy({**statement("Allow", "*"), "Condition": {}}),
        policy(statement("Allow", [7])),
        policy(statement("Allow", "*"), context={"list": []}),
    ],
)
def test_failing_authorizer(answer: Any) -> None:
    """A function that fails, or answers with no policy, opens nothing: 500, and nothing of it is kept."""
    function = Function(answer)
    authorizers = function.made()
    refused = refusal(authorizers)
    assert (refused.status, refused.body) == (500, {"message": None})
    refusal(authorizers)
    assert len(function.events) == 2


def test_unauthorized_by_error() -> None:
    """An error whose text is `Unauthorized` is a 401."""
    assert refusal(Function(Outcome(failure=Failure("Exception", "Unauthorized"))).made()).status == 401


def test_a_single_statement() -> None:
    """A policy may hold one statement that is no list."""
    given = read_pass({"principalId": "ann", "policyDocument": {"Statement": statement("Allow", "*")}})
    assert [one.allows for one in given.statements] == [True]


APP = """
from chalice import Chalice, AuthResponse, AuthRoute

app = Chalice(app_name="guarded")

@app.authorizer()
def guard(request):
    if request.token == "break":
        raise ValueError("a secret")
    if request.token == "unknown":
        raise Exception("Unauthorized")
    routes = {"all": ["*"], "one": [AuthRoute("/items/*", ["GET"])], "none": []}[request.token]
    return AuthResponse(routes=routes, principal_id="ann", context={"token": request.token})

@app.route("/items/{name}", methods=["GET", "POST"], authorizer=guard)
def item(name):
    return app.current_request.context["authorizer"]

@app.route("/open")
def open_to_all():
    return {}
"""


@pytest.fixture(scope="module")
def app_source() -> str:
    return APP


@pytest.fixture
def cloud(start_cloud: Callable[..., Any]) -> Any:
    return start_cloud(APP, limits=Limits(lambda_workers=2))


def test_over_http(cloud: Any) -> None:
    """A Chalice application's own authorizer lets in, refuses and fails as its answers say."""

    def ask(method: str, path: str, token: str | None = None) -> tuple[int, Any]:
        headers = {} if token is None else {"Authorization": token}
        status, _, body = cloud.request(method, f"/dev{path}", headers=headers)
        return status, json.loads(body)

    assert ask("GET", "/open") == (200, {})
    assert ask("GET", "/items/a") == (401, {"message": "Unauthorized"})
    assert ask("GET", "/items/a", "all") == (200, {"token": "all", "principalId": "ann"})
    assert ask("POST", "/items/a", "all")[0] == 200
    assert ask("GET", "/items/b", "one")[0] == 200
    refused = {"Message": "User is not authorized to access this resource"}
    assert ask("POST", "/items/b", "one") == (403, refused)
    assert ask("GET", "/items/a", "none") == (403, refused)
    assert ask("GET", "/items/a", "break") == (500, {"message": None})
    assert ask("GET", "/items/a", "unknown") == (401, {"message": "Unauthorized"})
    basic = "Basic " + base64.b64encode(b"a:b").decode()
    assert ask("GET", "/items/a", basic)[0] == 500
