"""The application behind the local cloud's own API Gateway, in this process: HTTP requests in, HTTP answers out."""

import importlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

from localcloud.apigateway import ApiGateway
from localcloud.functions.invocations import Failure, Outcome
from localcloud.functions.runtime import declared_by
from localcloud.settings import Limits
from localcloud.wiring import API_HANDLER, ChaliceConfig, read_wiring


@dataclass(frozen=True)
class Context:
    """What Lambda tells a function of its invocation."""

    aws_request_id: str


class Gateway:
    """One application with its routes and authorizers."""

    def __init__(self, app: Any) -> None:
        self._app = app
        declared = declared_by(app, "app", "app")
        self.wiring = read_wiring(declared, ChaliceConfig({}, "dev"), timeout=60, environment={})
        self._api = ApiGateway(
            "dev",
            Limits(),
            region="us-east-1",
            wiring=lambda: self.wiring,
            invoke=self._invoke,
            now=lambda: datetime.now(UTC),
        )

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None, query: str = ""
    ) -> Response:
        """Answer a request; the path is below the stage, percent-encoded."""
        environ = EnvironBuilder(path="/", method=method, data=body, query_string=query).get_environ()
        environ.pop("CONTENT_TYPE", None)
        for name, value in (headers or {}).items():
            key = name.upper().replace("-", "_")
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        environ["REMOTE_ADDR"] = "127.0.0.1"
        return self.answer(Request(environ), path)

    def answer(self, request: Request, path: str) -> Response:
        """Answer a request that came over HTTP."""
        return self._api.answer(request, path)

    def _invoke(self, name: str, event: bytes, wait: float) -> Outcome:  # noqa: ARG002 - the gateway's interface
        module, _, attribute = self.wiring.functions[name].handler.rpartition(".")
        handler = self._app if name == API_HANDLER else getattr(importlib.import_module(module), attribute)
        try:
            return Outcome(json.loads(json.dumps(handler(json.loads(event), Context(str(uuid.uuid4()))))))
        except Exception as error:  # noqa: BLE001 - Lambda's edge: a handler's error is an outcome
            return Outcome(failure=Failure(type(error).__name__, str(error)))
