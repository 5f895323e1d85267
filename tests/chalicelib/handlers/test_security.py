"""What must hold over all routes: who is let in, what is described, and what never reaches a log."""

import json
import logging
from datetime import UTC, datetime

import pytest

from chalicelib.bootstrap import Services
from chalicelib.core.openapi import describe
from chalicelib.pipelines import DEFAULT, PIPELINES
from tests.chalicelib.aws.world import World
from tests.chalicelib.gateway import Gateway

OPEN = {
    ("GET", "/"),
    ("GET", "/web/{name}"),
    ("GET", "/health"),
    ("GET", "/openapi.json"),
    ("GET", "/pipelines"),
    ("GET", "/pipelines/{pipeline}"),
    ("GET", "/pipelines/{pipeline}/runs"),
    ("GET", "/pipelines/{pipeline}/checks"),
    ("POST", "/predict"),
    ("POST", "/pipelines/{pipeline}/predict"),
}
CANARY = "canary-8161-é"
JSON = "application/json"


def test_only_these_are_open(gateway: Gateway) -> None:
    """Every route has the authorizer but those that read and those that predict; a preflight asks for nothing."""
    routes = {(route.method, route.path): route.authorizer for route in gateway.wiring.routes}
    unguarded = {route for route, authorizer in routes.items() if authorizer is None and route[0] != "OPTIONS"}
    assert unguarded == OPEN
    assert {authorizer for route, authorizer in routes.items() if route not in OPEN and route[0] != "OPTIONS"} == {
        "authorize"
    }
    assert not [route for route, authorizer in routes.items() if route[0] == "OPTIONS" and authorizer]


def test_every_route_is_described(gateway: Gateway) -> None:
    """`GET /openapi.json` names each route with its method and its authorizer, and no other."""
    document = json.loads(gateway.ask("GET", "/openapi.json").data)
    assert document == json.loads(json.dumps(describe(PIPELINES, DEFAULT)))
    described = {
        (method.upper(), path): bool(operation.get("security"))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method != "parameters"
    }
    routes = {
        (route.method, route.path): bool(route.authorizer)
        for route in gateway.wiring.routes
        if route.method != "OPTIONS"
    }
    assert described == routes


def test_no_debug() -> None:
    """Chalice's debug mode, which answers with tracebacks, is off."""
    from app import app  # noqa: PLC0415 - after the stage's name is set

    assert app.debug is False


def test_no_word_reaches_a_log(
    gateway: Gateway,
    world: World,
    services: Services,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Text, labels, headers, queries and paths of a caller are in no log, whether answered, refused or broken."""
    caplog.set_level(logging.DEBUG)
    token = services.gatekeeper.create("ann", datetime.now(UTC))
    predict = json.dumps({"text": CANARY}).encode()
    bodies = [predict, b'{"' + CANARY.encode() + b'": 1}', predict[:-1], CANARY.encode(), b"", b"\xff" + predict]
    types = [JSON, "text/plain", CANARY.encode().decode("latin-1"), f"{JSON}; charset=canary-8161"]
    paths = ["/predict", "/feedback", "/canary-8161", "/pipelines/canary-8161/predict", "/web/canary-8161"]
    failures = [None, ValueError(CANARY), KeyError(CANARY), RuntimeError(predict)]
    for failure in failures:
        world.runtime.breaks = failure
        for path in paths:
            for body in bodies:
                for kind in types:
                    headers = {"Content-Type": kind, "Authorization": f"Bearer {token}", "X-Own": "canary-8161"}
                    gateway.ask("POST", path, body, headers, query="a=canary-8161")
                    gateway.ask("GET", path, b"", {"Authorization": "Bearer canary-8161"})
    assert world.runtime.asked
    label = {"inference_id": "canary-8161", "index": 0, "label": "canary-8161"}
    world.labels.broken = True
    world.runtime.breaks = None
    inference_id = json.loads(gateway.ask("POST", "/predict", predict, {"Content-Type": JSON}).data)["inference_id"]
    for row in (
        label,
        {**label, "inference_id": inference_id},
        {**label, "inference_id": inference_id, "label": "positive"},
    ):
        headers = {"Content-Type": JSON, "Authorization": f"Bearer {token}"}
        gateway.ask("POST", "/feedback", json.dumps(row).encode(), headers)
    lines = [*(str(record.__dict__) for record in caplog.records), *capfd.readouterr()]
    for event in ("request_refused", "request_broke"):
        assert any(event in line for line in lines)
    assert [line for line in lines if "canary-8161" in line] == []
