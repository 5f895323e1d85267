import asyncio
import json
import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from chalicelib.core.spec import PipelineSpec
from chalicelib.core.values import Value
from training.learners.model import Loaded
from training.server import MAX_BODY, Routes, Served, create_app

JSON = [(b"content-type", b"application/json")]
BODY = b'{"instances":[{"text":"hello"}]}'


class Fake:
    """A model that does as it is told."""

    def __init__(self, gate: threading.Event | None = None, error: Exception | None = None) -> None:
        self.started = threading.Event()
        self.gate = gate
        self.error = error

    def score(self, rows: Sequence[Mapping[str, Value]]) -> npt.NDArray[np.float64]:
        self.started.set()
        if self.gate is not None:
            assert self.gate.wait(10)
        if self.error is not None:
            raise self.error
        return np.full(len(rows), 0.75)

    def to_files(self) -> dict[str, bytes]:
        return {}


async def call(app: Any, method: str, path: str, *chunks: bytes, headers: Any = ()) -> tuple[int, bytes]:
    """Send one request to an ASGI application, its body in chunks."""
    pending = list(chunks or (b"",))
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"type": "http.request", "body": pending.pop(0), "more_body": bool(pending)}

    async def send(message: dict[str, Any]) -> None:
        await asyncio.sleep(0)
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": list(headers), "query_string": b""}
    await app(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


def make(spec: PipelineSpec, model: Fake, **bounds: int) -> Any:
    return create_app(Routes(Served(Loaded(spec, model, 0.5), "7"), **bounds))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/ping", 200),
        ("GET", "/execution-parameters", 200),
        ("GET", "/invocations", 405),
        ("POST", "/ping", 405),
        ("GET", "/", 404),
    ],
)
def test_routes_answer(spec: PipelineSpec, method: str, path: str, status: int) -> None:
    """Each route answers its method only, and other paths are unknown."""
    assert asyncio.run(call(make(spec, Fake()), method, path))[0] == status


def test_prediction_has_version_label_and_score(spec: PipelineSpec) -> None:
    """A prediction says which model gave it."""
    status, body = asyncio.run(call(make(spec, Fake()), "POST", "/invocations", BODY[:9], BODY[9:], headers=JSON))
    assert (status, json.loads(body)) == (
        200,
        {"model_version": "7", "predictions": [{"label": "positive", "score": 0.75}]},
    )


def test_large_bodies_are_refused_while_they_come(spec: PipelineSpec) -> None:
    """A body past the limit is answered 413 without reading the rest."""
    chunks = [b"x" * (MAX_BODY // 2)] * 3 + [b"never read"] * 100
    status, body = asyncio.run(call(make(spec, Fake()), "POST", "/invocations", *chunks, headers=JSON))
    assert (status, json.loads(body)) == (413, {"error": f"the body has more than {MAX_BODY} bytes"})


def test_ping_answers_while_the_model_works(spec: PipelineSpec) -> None:
    """A slow prediction does not hold up the health check; what exceeds the bound is told 503."""
    gate = threading.Event()
    model = Fake(gate)
    app = make(spec, model, threads=1, max_waiting=1)

    async def scenario() -> tuple[int, int, int]:
        slow = asyncio.create_task(call(app, "POST", "/invocations", BODY, headers=JSON))
        assert await asyncio.to_thread(model.started.wait, 10)
        ping = (await call(app, "GET", "/ping"))[0]
        refused = (await call(app, "POST", "/invocations", BODY, headers=JSON))[0]
        gate.set()
        return ping, refused, (await slow)[0]

    assert asyncio.run(scenario()) == (200, 503, 200)


def test_defects_say_nothing_of_the_text(spec: PipelineSpec, caplog: pytest.LogCaptureFixture) -> None:
    """A defect is answered 500 without a traceback; the log has its type and no word of the user's."""
    app = make(spec, Fake(error=ValueError("hello from the user")))
    with caplog.at_level(logging.DEBUG), pytest.raises(ValueError, match="hello"):
        asyncio.run(call(app, "POST", "/invocations", BODY, headers=JSON))
    assert "hello" not in caplog.text
    assert "ValueError" in caplog.text
