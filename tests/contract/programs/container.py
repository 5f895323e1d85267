"""A container that knows only SageMaker's documented contract, and does what a test's program says.

`train`: the hyperparameter `program`; `serve`: a server that answers as its environment says; anything else: a
processing job, whose arguments are the lines of its program. A program finds `base`, the folder that is ``/opt/ml``.
"""

import http.server
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

BASE = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))


def train() -> None:
    hyperparameters = json.loads((BASE / "input/config/hyperparameters.json").read_text())
    run(json.loads(hyperparameters["program"]), hyperparameters)


def run(program: str, hyperparameters: Any) -> None:
    folder = "input/config" if (BASE / "input/config").exists() else "config"
    resources = json.loads((BASE / folder / "resourceconfig.json").read_text())
    names = {"base": BASE, "host": resources["current_host"], "hosts": resources["hosts"], "hp": hyperparameters}
    exec(program, names)  # noqa: S102  the test's own text


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one packet

    def do_GET(self) -> None:
        wanted = os.environ.get("PARAMETERS")
        if self.path == "/ping":
            self.answer(503 if os.environ.get("SICK") else 200, b"")
        elif self.path == "/execution-parameters" and wanted:
            self.answer(200, wanted.encode())
        else:
            self.answer(404, b"")

    def do_POST(self) -> None:
        body = self.chunks() if self.headers.get("Transfer-Encoding") == "chunked" else self.whole()
        word, _, rest = body[:100].decode("latin-1").partition(" ")
        if word == "sleep":
            time.sleep(float(rest))
        if word == "die":
            os._exit(1)
        if word == "status":
            self.answer(int(rest), b"because")
        elif word in {"describe", "sleep"}:
            model = BASE / "model/model.json"
            told = {
                "model": model.read_text() if model.exists() else None,
                "headers": {name.lower(): value for name, value in self.headers.items()},
                "environment": dict(os.environ),
                "pid": os.getpid(),
            }
            self.answer(200, json.dumps(told).encode())
        elif os.environ.get("MODE") == "echo":
            self.answer(200, body)
        elif os.environ.get("MODE") == "lengths":
            self.answer(200, b"%d:%d" % (len(body), body.count(b"\n")))
        else:
            self.answer(200, os.environ.get("VERSION", "").encode() + b"|" + body)

    def whole(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def serve() -> None:
    if os.environ.get("DIE"):
        sys.exit(3)
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    server = http.server.ThreadingHTTPServer(("", port), Handler)
    server.daemon_threads = True
    server.serve_forever()


if sys.argv[1:] == ["train"]:
    train()
elif sys.argv[1:] == ["serve"]:
    serve()
else:
    run("\n".join(sys.argv[1:]), {})
