"""Problem documents: every error of the application has one, with the message a person would read."""

import json
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from chalicelib.adapters.calls import refusal_of
from chalicelib.core import errors, openapi
from chalicelib.handlers.answers import PROBLEMS
from chalicelib.pipelines import DEFAULT, PIPELINES
from tests.chalicelib.aws.account import When
from tests.chalicelib.aws.refusals import refused
from tests.chalicelib.aws.world import World
from tests.chalicelib.gateway import Gateway

JSON = {"Content-Type": "application/json"}
HOME = json.dumps({column.name: None for column in PIPELINES["housing"].columns}).encode()


def kinds(root: type[errors.FreshetError]) -> set[type[errors.FreshetError]]:
    return {root, *(kind for child in root.__subclasses__() for kind in kinds(child))}


def told(
    gateway: Gateway, body: bytes = b'{"text": "a"}', path: str = "/predict", headers: dict[str, str] | None = None
) -> dict[str, Any]:
    """Ask, and return the problem's members that matter, with the header that says when to come back."""
    response = gateway.ask("POST", path, body, {**JSON, **(headers or {})})
    assert response.content_type == "application/problem+json"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    problem: dict[str, Any] = json.loads(response.data)
    assert problem.keys() == {"type", "title", "status", "detail", "code", "request_id"}
    assert problem["status"] == response.status_code
    assert len(problem["request_id"]) == 36
    chosen = {name: problem[name] for name in ("status", "code", "detail")}
    return {**chosen, "retry": response.headers.get("Retry-After")}


def test_every_error_has_a_problem() -> None:
    """No error that a caller can meet is without a status and a code of its own."""
    answered = kinds(errors.InvalidRequestError) | kinds(errors.UnansweredError) - {errors.UnansweredError}
    assert answered | {errors.UnavailableError, errors.CapacityError, errors.DeniedError} == PROBLEMS.keys()
    assert len({problem.code for problem in PROBLEMS.values()}) == len(PROBLEMS)


def test_every_problem_is_described() -> None:
    """Each status that a problem has is in the description of some route."""
    paths = openapi.describe(PIPELINES, DEFAULT)["paths"].values()
    described = {status for path in paths for op in path.values() if "responses" in op for status in op["responses"]}
    assert {str(problem.status.value) for problem in PROBLEMS.values()} <= described


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        (b'{"text": "' + b"x" * 10_000_000 + b'"}', 413, "the body has 10000012 bytes; the limit is 6291456"),
        (json.dumps({"text": "x" * 70_000}).encode(), 413, "instance 0: 'text' has 70000 bytes; the limit is 65536"),
        (json.dumps({"instances": ["x"] * 1001}).encode(), 413, "the request has 1001 instances; the limit is 1000"),
        (b'{"text": "\\ud800"}', 400, "instance 0: 'text' holds half of a surrogate pair"),
        (b'{"a":' * 100_000, 400, "the JSON is nested too deeply: 8 levels are read"),
        (
            b'{"text": ' + b"9" * 5000 + b"}",
            400,
            "the body is not JSON that can be read: a number has too many digits",
        ),
        (b'{"text": NaN}', 400, "NaN is no JSON number"),
        (b'{"text": "a", "text": "b"}', 400, "an object of the JSON has a member twice"),
        (b"", 400, "the body is not JSON: line 1, column 1"),
        (b'{"text": 7}', 422, "instance 0: 'text' must be a string"),
        (b'{"texts": "a"}', 422, "instance 0 must be an object with exactly the members text"),
    ],
    ids=["10 MB", "text", "instances", "surrogate", "depth bomb", "digits", "NaN", "twice", "empty", "type", "member"],
)
def test_row_43(gateway: Gateway, body: bytes, status: int, detail: str) -> None:
    """Row 43: what cannot be read is refused with its status, and with what is wrong and where."""
    found = told(gateway, body)
    assert (found["status"], found["detail"], found["retry"]) == (status, detail, None)


def test_row_43_above_the_gateways_limit(gateway: Gateway) -> None:
    """Row 43: API Gateway itself refuses what is above its own limit."""
    response = gateway.ask("POST", "/predict", b"x" * 10_485_761, JSON)
    assert (response.status_code, json.loads(response.data)) == (
        413,
        {"message": "HTTP content length exceeded 10485760 bytes."},
    )


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        ({"Content-Encoding": "gzip"}, "send the body as it is, without a content encoding"),
        ({"Content-Type": "image/png"}, "send the content type application/json or text/plain"),
        ({"Content-Type": "application/xml"}, "send the content type application/json or text/plain"),
        ({"Content-Type": "text/plain; charset=latin-1"}, "send the body in UTF-8"),
    ],
)
def test_row_43_media_types(gateway: Gateway, headers: dict[str, str], detail: str) -> None:
    """Row 43: compressed bodies and other types are refused by us, not by Chalice in its own words."""
    found = told(gateway, headers=headers)
    assert (found["status"], found["code"], found["detail"]) == (415, "unsupported_media_type", detail)


def test_row_43_invalid_utf_8(gateway: Gateway, world: World) -> None:
    """Row 43: where bytes are not UTF-8 API Gateway puts U+FFFD before we see them, which is a text."""
    assert gateway.ask("POST", "/predict", b"a\xff", {"Content-Type": "text/plain"}).status_code == 200
    assert world.runtime.asked == [({"text": "a\ufffd"},)]


@pytest.mark.parametrize("text", ["", " \t\n", "\u200b\u200d\ufeff", "\u202eabc", "e\u0301" * 1000])
def test_row_43_odd_texts(gateway: Gateway, world: World, text: str) -> None:
    """Row 43: an empty, blank, invisible, right-to-left or combining text reaches the model as it is."""
    response = gateway.ask("POST", "/predict", json.dumps({"text": text}).encode(), JSON)
    assert response.status_code == 200
    assert world.runtime.asked == [({"text": text},)]


def aws_error(code: str, operation: str = "InvokeEndpoint", status: int = 400) -> errors.CallError:
    return refusal_of(operation, refused(code, status, "canary"))


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.NotReadyError("no model is live yet"), 503, "not_ready"),
        (errors.ModelFailedError("the model failed to answer"), 502, "model_failed"),
        (errors.ModelTimeoutError("the model did not answer in time"), 504, "model_timeout"),
    ],
)
def test_row_44(gateway: Gateway, world: World, error: Exception, status: int, code: str) -> None:
    """Row 44: a model that fails, is late or is not there is a 502, 504 or 503 of ours that says when to come back."""
    world.runtime.breaks = error
    assert told(gateway) == {"status": status, "code": code, "detail": str(error), "retry": "5"}


@pytest.mark.parametrize(
    "code",
    [
        "ExpiredTokenException",
        "AccessDeniedException",
        "RequestTimeTooSkewed",
        "InvalidSignatureException",
        "KMSDisabledException",
        "KMSAccessDeniedException",
        "KMS.DisabledException",
    ],
)
def test_row_45(gateway: Gateway, world: World, caplog: pytest.LogCaptureFixture, code: str) -> None:
    """Row 45: what a person must mend is a 503 that tells the caller nothing of our account, and the log AWS's code."""
    world.runtime.breaks = aws_error(code)
    assert told(gateway) == {
        "status": 503,
        "code": "access_refused",
        "detail": "the application may not use what it needs to answer; whoever runs it finds the reason in its log",
        "retry": "60",
    }
    (record,) = [record for record in caplog.records if record.message == "request_failed"]
    assert record.__dict__["aws"] == f"InvokeEndpoint answered {code}"
    assert "canary" not in str(record.__dict__)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ProvisionedThroughputExceededException", 400),
        ("ThrottlingException", 400),
        ("TransactionConflictException", 400),
        ("InternalServerError", 500),
        ("SlowDown", 503),
    ],
)
def test_row_46_busy(gateway: Gateway, world: World, monkeypatch: pytest.MonkeyPatch, code: str, status: int) -> None:
    """Row 46: a ledger that is throttled, in conflict or failing is a 503 worth another try, on any route."""

    def fail(*_: object) -> None:
        raise aws_error(code, "GetItem", status)

    monkeypatch.setattr(world.keys, "inference_key", fail)
    detail = "what the application needs to answer is busy or does not answer"
    assert told(gateway) == {"status": 503, "code": "unavailable", "detail": detail, "retry": "1"}


def test_a_time_out_of_any_service(gateway: Gateway, world: World) -> None:
    """A service that does not answer is told as one that is busy, also on a route that only reads."""

    def fail(when: When, number: int, operation: str) -> None:  # noqa: ARG001
        raise ReadTimeoutError(endpoint_url="http://127.0.0.1")

    world.account.fault = fail
    for path in ("/health", "/pipelines", "/pipelines/reviews"):
        response = gateway.ask("GET", path)
        assert (response.status_code, json.loads(response.data)["code"]) == (503, "unavailable")


@pytest.mark.parametrize("error", [ValueError("canary"), KeyError("canary"), aws_error("SomethingNew")])
def test_what_nobody_foresaw(
    gateway: Gateway, world: World, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    """A defect is a 500 problem, and the log holds its kind and place but not its message."""
    world.runtime.breaks = error
    found = told(gateway)
    assert (found["status"], found["code"]) == (500, "broken")
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert record.__dict__["error"] == type(error).__name__
    assert record.__dict__["raised_at"].startswith("fakes.py:")
    assert "canary" not in str(record.__dict__)


def test_unknown_pipeline(gateway: Gateway) -> None:
    """A pipeline that is none is told with those there are, on every route that names one."""
    detail = "no pipeline is called 'x'; there are reviews, housing, income"
    assert told(gateway, path="/pipelines/x/predict")["detail"] == detail
    response = gateway.ask("GET", "/pipelines/x")
    assert (response.status_code, json.loads(response.data)["detail"]) == (404, detail)


def test_a_bare_text_for_columns(gateway: Gateway) -> None:
    """A pipeline of many columns says which it reads."""
    found = told(gateway, b"hello", "/pipelines/housing/predict", {"Content-Type": "text/plain"})
    assert found["status"] == 422
    assert found["detail"].startswith("pipeline housing does not read one bare text: send application/json with")
    assert gateway.ask("POST", "/pipelines/housing/predict", HOME, JSON).status_code == 200


@pytest.mark.parametrize("content_type", ["text/html", "image/png", ""])
@pytest.mark.parametrize("path", ["/health", "/pipelines", "/openapi.json", "/"])
def test_reading_asks_for_no_type(gateway: Gateway, path: str, content_type: str) -> None:
    """A request without a body may say any content type."""
    assert gateway.ask("GET", path, headers={"Content-Type": content_type}).status_code == 200
