"""Requests at random (T6): none breaks the application, none grows it, and each is answered in words that are ours.

`make soak` sends a hundred thousand; every test run some.
"""

import http.client
import json
import logging
import random
import resource
import socket
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis import checks as checking
from werkzeug.wrappers import Request, Response

from chalicelib import bootstrap
from chalicelib.bootstrap import Services
from chalicelib.core.predictions import Answer, Instance
from chalicelib.services.feedback import FeedbackDesk
from localcloud.http_server import Server
from tests.chalicelib.aws.world import World
from tests.chalicelib.gateway import Gateway
from tests.chalicelib.handlers.requests_at_random import Asked, request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

GROWTH = 50 * 1024 * 1024
MEGABYTE = 1024 * 1024
UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass
class Model:
    """A model that answers, and fails where a text could not be sent to one."""

    def invoke(self, endpoint: str, instances: Sequence[Instance], inference_id: str) -> Answer:
        assert len(json.dumps(list(instances), ensure_ascii=False, allow_nan=False).encode()) < 6 * MEGABYTE
        assert len(inference_id) <= 64
        called = {"value": 1.5} if endpoint.endswith("housing") else {"label": _label_of(endpoint), "score": 0.75}
        return Answer("3", "AllTraffic", tuple(called for _ in instances))


def _label_of(endpoint: str) -> str:
    return ">50K" if endpoint.endswith("income") else "positive"


@pytest.fixture
def gateway(services: Services, gateway: Gateway, world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """Give the application with a model, no limit of labels, and no log: pytest would keep every record of it."""
    predictor = replace(services.predictor, runtime=Model())
    desk = FeedbackDesk(services.feedback.specs, world.keys, world.labels, per_hour=10**9)
    given = replace(services, predictor=predictor, feedback=desk)
    monkeypatch.setattr(bootstrap, "services", lambda: given)
    logging.disable(logging.CRITICAL)
    yield gateway
    logging.disable(logging.NOTSET)


@pytest.fixture
def token(services: Services) -> str:
    return services.gatekeeper.create("ann", datetime.now(UTC))


def judge(asked: Asked, status: int, content_type: str, body: bytes) -> None:
    """Hold an answer to what all answers are."""
    assert status < 500, asked
    if status < 400:
        return
    document = json.loads(body)
    if content_type == "application/problem+json":
        assert (document["status"], bool(document["code"]), bool(document["detail"])) == (status, True, True), asked
    else:  # API Gateway's own
        assert document.keys() <= {"message", "Message"}, asked
        assert status in {401, 403, 413}, asked


def test_in_process(gateway: Gateway, token: str, pytestconfig: pytest.Config) -> None:
    """However many requests: no failure, each refusal a problem, every kind of answer seen, and memory flat."""
    dice, seen, count = random.Random(20261127), Counter[int](), pytestconfig.getoption("--requests")  # noqa: S311
    grown = 0
    for number in range(count):
        if number == count // 10:
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        asked = request(dice, token)
        response = gateway.ask(asked.method, asked.path, asked.body, asked.headers, asked.query)
        judge(asked, response.status_code, response.content_type or "", response.data)
        seen[response.status_code] += 1
    assert {200, 204, 400, 401, 403, 413, 415, 422} <= seen.keys(), seen
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - grown) * UNIT < GROWTH
    sys.stdout.write(f"answers: {dict(sorted(seen.items()))}\n")


def served(gateway: Gateway) -> "WSGIApplication":
    """Make a WSGI application of the gateway."""

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        raw = environ.get("RAW_URI") or environ.get("REQUEST_URI") or environ["PATH_INFO"]
        response: Response = gateway.answer(Request(environ), raw.partition("?")[0] or "/")
        return response(environ, start_response)

    return application


@pytest.fixture
def server(gateway: Gateway) -> Iterator[Server]:
    server = Server(served(gateway), 0)
    server.start()
    yield server
    server.stop(2.0)


def test_over_http(server: Server, token: str, pytestconfig: pytest.Config) -> None:
    """The same over connections that stay open: every request has its answer on its connection."""
    dice = random.Random(20261128)  # noqa: S311 - repeatable
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection:
        for _ in range(pytestconfig.getoption("--requests") // 10):
            asked = request(dice, token)
            headers = {name: value.encode("utf-8").decode("latin-1") for name, value in asked.headers.items()}
            connection.request(asked.method, asked.path, asked.body, headers)
            with connection.getresponse() as response:
                body = response.read()
            if asked.method != "HEAD":
                judge(asked, response.status, response.headers.get("Content-Type", ""), body)


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "99999999999999999999", "10485761", "", "+5", "5, 5", "\u0665"])
def test_row_43_content_length(server: Server, length: str) -> None:
    """Row 43: a Content-Length that is none, or above the limit, is refused before anything else is sent."""
    with closing(socket.create_connection(("127.0.0.1", server.port), 30)) as connection:
        head = f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\n\r\n"
        connection.sendall(head.encode())
        status = int(connection.recv(65_536).split()[1])
    assert status in {400, 413}


def test_from_the_description(gateway: Gateway, token: str, pytestconfig: pytest.Config) -> None:
    """What schemathesis makes of `/openapi.json`, right and wrong: no failure, and answers as they are described."""
    schema = schemathesis.openapi.from_wsgi("/openapi.json", served(gateway))
    schema.config.update(base_url="http://localhost/")
    answers = [checking.not_a_server_error]
    described = [checking.CHECKS.get_one(name) for name in ("content_type_conformance", "response_schema_conformance")]
    conform = [*answers, *described, checking.CHECKS.get_one("status_code_conformance")]
    examples = max(5, pytestconfig.getoption("--requests") // 400)
    operations: list[Any] = [result.ok() for result in schema.get_all_operations()]  # type: ignore[union-attr] # or fails
    assert len(operations) == 10  # all but the description's own
    for operation in operations:
        _run(operation, GenerationMode.POSITIVE, conform, examples, token)
        if operation.body:  # a path can hardly be wrong
            _run(operation, GenerationMode.NEGATIVE, answers, examples, token)


def _run(operation: Any, mode: GenerationMode, checks: list[Any], examples: int, token: str) -> None:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def check(case: Any) -> None:
        case.call_and_validate(checks=checks, headers={"Authorization": f"Bearer {token}"})

    check()
