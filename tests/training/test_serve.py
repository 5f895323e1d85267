import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.training.sample import make_rows
from training.learners.model import load
from training.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
SECRET = "unmistakable-words-of-a-user"  # noqa: S105 - what must not be logged


@dataclass
class Server:
    """A running model server."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def post(self, body: bytes, kind: str) -> tuple[int, bytes]:
        with contextlib.closing(self.connect()) as connection:
            connection.request("POST", "/invocations", body, {"Content-Type": kind})
            response = connection.getresponse()
            return response.status, response.read()


def start(base: Path, log: Path) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "SAGEMAKER_BASE_DIR": str(base),
        "SAGEMAKER_BIND_TO_PORT": "0",
        "FRESHET_MODEL_VERSION": "42",
    }
    with log.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "training", "serve"], cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT
        )


@pytest.fixture
def server(trained: Settings, tmp_path: Path) -> Iterator[Server]:
    log = tmp_path / "log"
    process = start(trained.base, log)
    try:
        deadline = time.monotonic() + 60
        while (port := read_port(log)) is None:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        yield Server(process, port, log)
    finally:
        process.kill()
        process.wait(10)


def read_port(log: Path) -> int | None:
    """Return the port from the line that says that the server listens."""
    found = [line for line in log.read_text().splitlines() if line.startswith("serve.listening ")]
    return int(found[0].rpartition("=")[2]) if found else None


def test_one_text_one_score(server: Server, trained: Settings) -> None:
    """The training code, the JSON route and the JSON Lines route give a text the same score."""
    texts = [row["text"] for row in make_rows(60, 9)] + ["", "<b>Superb</b> &amp; caf\u00e9", "\ud800"]
    model = load(trained.model).model
    expected = model.score([{"text": text} for text in texts])
    status, body = server.post(
        json.dumps({"instances": [{"text": text} for text in texts]}).encode(), "application/json"
    )
    assert status == 200
    answer = json.loads(body)
    assert answer["model_version"] == "42"
    by_json = [prediction["score"] for prediction in answer["predictions"]]
    lines = "\n".join(json.dumps({"id": str(place), "text": text}) for place, text in enumerate(texts))
    status, body = server.post(lines.encode(), "application/jsonlines")
    rows = [json.loads(line) for line in body.splitlines()]
    assert [row["id"] for row in rows] == [str(place) for place in range(len(texts))]
    np.testing.assert_allclose(by_json, expected, rtol=0, atol=1e-6)
    np.testing.assert_allclose([row["score"] for row in rows], expected, rtol=0, atol=1e-6)


def test_requests_in_flight_are_answered_before_the_stop(server: Server) -> None:
    """After SIGTERM a request whose body is still coming is answered, idle connections close, the exit code is 0."""
    idle = server.connect()
    idle.request("GET", "/ping")
    assert idle.getresponse().read() == b""
    body = json.dumps({"instances": [{"text": SECRET}]}).encode()
    address = ("127.0.0.1", server.port)
    with contextlib.closing(idle), socket.create_connection(address, timeout=20) as flying:
        head = f"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        flying.sendall(head.encode() + b"Content-Type: application/json\r\nExpect: 100-continue\r\n\r\n")
        assert flying.recv(1000).startswith(b"HTTP/1.1 100")  # the request is being read
        server.process.send_signal(signal.SIGTERM)
        assert idle.sock is not None
        assert idle.sock.recv(1) == b""  # the stop has begun: idle connections are closed
        flying.sendall(body)
        answer = b""
        while chunk := flying.recv(65536):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 200")
    assert b'"model_version":"42"' in answer
    assert server.process.wait(20) == 0
    assert SECRET not in server.log.read_text()


def test_altered_model_is_not_served(trained: Settings, tmp_path: Path) -> None:
    """A server with a model that is not what was trained ends with code 1 and says which file."""
    shutil.copytree(trained.model, tmp_path / "model")
    (tmp_path / "model/booster.json").write_bytes(b"{}")
    process = start(tmp_path, tmp_path / "log")
    assert process.wait(60) == 1
    assert "booster.json is not the file that was trained" in (tmp_path / "log").read_text()


def test_server_starts_without_the_training_libraries() -> None:
    """Serving imports neither scikit-learn nor XGBoost nor scipy: they cost a second of start and 100 MB."""
    code = "import sys, training.serve; print({'sklearn', 'xgboost', 'scipy'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "set()\n"
