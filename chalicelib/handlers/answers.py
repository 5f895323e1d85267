"""What the HTTP routes answer: documents, and for every error a problem document (RFC 9457) with a request id.

A view is registered with `Routes.add`, which turns our errors into problems and answers the preflight of the
same path. What Chalice answers by itself, when a view breaks, becomes a problem in `as_problem`.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import Any

from chalice.app import Blueprint, Response

from chalicelib.core import errors
from chalicelib.core.bodies import Body
from chalicelib.handlers.log import logger

View = Callable[..., Response]
_PROBLEM = "application/problem+json"


@dataclass(frozen=True)
class Problem:
    """How an error is answered: its status, its code for programs, and after how many seconds to try again.

    ``detail`` is what the caller is told where the error's own message is for those who run the application.
    """

    status: HTTPStatus
    code: str
    retry_after_s: int | None = None
    detail: str | None = None


_BUSY = "what the application needs to answer is busy or does not answer"
_DENIED = "the application may not use what it needs to answer; whoever runs it finds the reason in its log"
PROBLEMS: Mapping[type[errors.FreshetError], Problem] = {
    errors.InvalidRequestError: Problem(HTTPStatus.BAD_REQUEST, "invalid_request"),
    errors.UnsupportedMediaTypeError: Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"),
    errors.PayloadTooLargeError: Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large"),
    errors.UnfitInstanceError: Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "unfit_instance"),
    errors.UnfitLabelError: Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "unfit_label"),
    errors.UnknownPipelineError: Problem(HTTPStatus.NOT_FOUND, "unknown_pipeline"),
    errors.LabelTakenError: Problem(HTTPStatus.CONFLICT, "label_taken"),
    errors.LimitReachedError: Problem(HTTPStatus.TOO_MANY_REQUESTS, "limit_reached"),
    errors.NotReadyError: Problem(HTTPStatus.SERVICE_UNAVAILABLE, "not_ready", 5),
    errors.ModelFailedError: Problem(HTTPStatus.BAD_GATEWAY, "model_failed", 5),
    errors.ModelTimeoutError: Problem(HTTPStatus.GATEWAY_TIMEOUT, "model_timeout", 5),
    errors.UnavailableError: Problem(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", 1, _BUSY),
    errors.CapacityError: Problem(HTTPStatus.SERVICE_UNAVAILABLE, "at_capacity", 60, _BUSY),
    errors.DeniedError: Problem(HTTPStatus.SERVICE_UNAVAILABLE, "access_refused", 60, _DENIED),
}
BROKEN = Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "broken")
NO_SUCH_FILE = Problem(HTTPStatus.NOT_FOUND, "no_such_file")


class Routes:
    """The routes of a blueprint."""

    def __init__(self, blueprint: Blueprint) -> None:
        self._blueprint = blueprint

    def add(self, method: str, path: str, *, authorizer: Any = None) -> Callable[[View], View]:  # noqa: ANN401 - Chalice's
        """Register a view and the preflight of its path, which needs no authorizer.

        Chalice checks no content type of theirs: a view that reads a body does, and answers with a problem.
        """

        def register(view: View) -> View:
            edged = self._edged(view)
            self._blueprint.route(path, methods=[method], content_types=[], authorizer=authorizer)(edged)
            self._blueprint.route(path, methods=["OPTIONS"], content_types=[], name=f"{view.__name__}_preflight")(
                lambda **_: Response("", status_code=HTTPStatus.NO_CONTENT, headers={"Allow": f"{method}, OPTIONS"})
            )
            return edged

        return register

    def _edged(self, view: View) -> View:
        @wraps(view)
        def edged(**parameters: str) -> Response:
            try:
                return view(**parameters)
            except errors.FreshetError as error:
                return self._refused(error)

        return edged

    def _refused(self, error: errors.FreshetError) -> Response:
        found = next((PROBLEMS[kind] for kind in type(error).__mro__ if kind in PROBLEMS), None)
        if found is None:
            raise error
        request = self._blueprint.current_request
        request_id = request_id_of(request)
        extra = {"request_id": request_id, "route": request.path, "status": found.status.value, "code": found.code}
        if isinstance(error, errors.CallError | errors.UnansweredError):
            log = logger.error if isinstance(error, errors.DeniedError) else logger.warning
            aws = str(error) if isinstance(error, errors.CallError) else error.aws_code
            log("request_failed", extra={**extra, "aws": aws})
        else:
            logger.info("request_refused", extra=extra)
        retry = error.retry_after_s if isinstance(error, errors.LimitReachedError) else found.retry_after_s
        return problem(found, found.detail or str(error), request_id, retry)


def request_id_of(request: Any) -> str:  # noqa: ANN401 - Chalice's request
    """Return the id under which Lambda logs a request; `Request.path` is the route's, without its values."""
    return str(request.lambda_context.aws_request_id)


def body_of(request: Any) -> Body:  # noqa: ANN401 - Chalice's request
    """Return the body of a request, with what its headers say of it."""
    headers = request.headers
    return Body(headers.get("content-type", "application/json"), request.raw_body, headers.get("content-encoding", ""))


def document(data: object, status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with JSON."""
    base = {"Content-Type": "application/json", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    return Response(json.dumps(data), headers={**base, **(headers or {})}, status_code=status)


def problem(kind: Problem, detail: str, request_id: str, retry_after_s: int | None = None) -> Response:
    """Answer with a problem document."""
    told = {
        "type": "about:blank",
        "title": kind.status.phrase,
        "status": kind.status.value,
        "detail": detail,
        "code": kind.code,
        "request_id": request_id,
    }
    retry = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    return document(told, kind.status, {"Content-Type": _PROBLEM, **retry})


def as_problem(response: Response, request_id: str) -> Response:
    """Return our problem document in place of an error that Chalice made up."""
    if response.status_code < HTTPStatus.BAD_REQUEST or response.headers.get("Content-Type") == _PROBLEM:
        return response
    return problem(BROKEN, "the application failed; the request id leads to its log", request_id)
