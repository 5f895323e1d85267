"""The model server's routes: `/ping`, `/invocations`, `/execution-parameters`.

Requests are read on the event loop and scored in one bounded pool of threads, so `/ping` stays quick whatever is being
scored, and no more work is admitted than can be answered in time: what comes on top waits its turn, and at the bound is
told 503. Nothing a user wrote is logged or repeated.
"""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from training.errors import RequestError
from training.instances import media_type, parse_request, render_answer
from training.learners.model import Loaded

MAX_BODY = 6_291_456  # bytes: what InvokeEndpoint and a transform's MaxPayloadInMB=6 let through
THREADS = 2
MAX_WAITING = 64  # requests read and not yet answered
TOO_LARGE = 413
UNAVAILABLE = 503

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Served:
    """What one server answers with."""

    loaded: Loaded
    version: str

    def answer(self, kind: str, body: bytes) -> bytes:
        """Return the answer to one request's body.

        Raises
        ------
        RequestError
            If the body cannot be read.
        """
        request = parse_request(self.loaded.spec, kind, body)
        scores = self.loaded.model.score(request.rows)
        return render_answer(self.loaded.spec, request, scores, threshold=self.loaded.threshold, version=self.version)


class Routes:
    """The routes over one loaded model."""

    def __init__(self, served: Served, *, threads: int = THREADS, max_waiting: int = MAX_WAITING) -> None:
        self._served = served
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="score")
        self._max_waiting = max_waiting
        self._waiting = 0

    async def ping(self, _: Request) -> Response:
        """Say that the model is loaded: there are no routes before it is."""
        return Response(status_code=200)

    async def execution_parameters(self, _: Request) -> Response:
        """Tell a batch transform how to send its records."""
        return JSONResponse({"MaxConcurrentTransforms": THREADS, "BatchStrategy": "MULTI_RECORD", "MaxPayloadInMB": 6})

    async def invocations(self, request: Request) -> Response:
        """Score the instances of one request."""
        if self._waiting >= self._max_waiting:
            return _error(UNAVAILABLE, "too many requests are waiting")
        self._waiting += 1
        try:
            kind = media_type(request.headers.get("content-type", ""))
            body = await _read(request)
            answer = await asyncio.get_running_loop().run_in_executor(self._pool, self._served.answer, kind, body)
        except RequestError as error:
            return _error(error.status, str(error))
        except ClientDisconnect:
            return _error(400, "the client went away")
        finally:
            self._waiting -= 1
        return Response(answer, media_type=kind)


def create_app(routes: Routes) -> Starlette:
    """Return the ASGI application."""
    return Starlette(
        routes=[
            Route("/ping", routes.ping, methods=["GET"]),
            Route("/invocations", routes.invocations, methods=["POST"]),
            Route("/execution-parameters", routes.execution_parameters, methods=["GET"]),
        ],
        exception_handlers={404: _not_found, 405: _not_found, 500: _defect},
    )


async def _read(request: Request) -> bytes:
    """Return the body, never holding more of it than is allowed."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise RequestError(TOO_LARGE, f"the body has more than {MAX_BODY} bytes")
    return bytes(body)


def _error(status: int, message: str) -> Response:
    return JSONResponse({"error": message}, status_code=status)


async def _not_found(_: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 404)
    return _error(status, "no such route" if status == 404 else "no such method for this route")  # noqa: PLR2004 - HTTP


async def _defect(_: Request, error: Exception) -> Response:
    # The message may hold a user's text: only the type is logged.
    logger.error("serve.defect type=%s", type(error).__name__)
    return _error(500, "the server failed")
