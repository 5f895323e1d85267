"""The HTTP routes: predict, health, and a page to try them. Every error of ours is a problem document (RFC 9457)."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from chalice.app import Blueprint, Response

from chalicelib import bootstrap
from chalicelib.core import errors
from chalicelib.handlers.log import logger
from chalicelib.pipelines import DEFAULT
from chalicelib.web import FILES, HEADERS

blueprint = Blueprint(__name__)

_BODIES = ["application/json", "text/plain"]
_STATUSES: Mapping[type[errors.FreshetError], HTTPStatus] = {
    errors.UnsupportedMediaTypeError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.PayloadTooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.UnfitInstanceError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.UnknownPipelineError: HTTPStatus.NOT_FOUND,
    errors.InvalidRequestError: HTTPStatus.BAD_REQUEST,
    errors.NotReadyError: HTTPStatus.SERVICE_UNAVAILABLE,
}
_RETRY_AFTER_S = "5"


@blueprint.route("/predict", methods=["POST"], content_types=_BODIES)
def predict() -> Response:
    """Predict with the default pipeline."""
    return _predict(DEFAULT)


@blueprint.route("/pipelines/{pipeline}/predict", methods=["POST"], content_types=_BODIES)
def predict_with(pipeline: str) -> Response:
    """Predict with a pipeline."""
    return _predict(pipeline)


@blueprint.route("/health")
def health() -> Response:
    """Say which pipelines can answer."""
    found = bootstrap.services().predictor.endpoints()
    endpoints = {name: endpoint.status if endpoint else "none" for name, endpoint in found.items()}
    return _json({"status": "ok", "endpoints": endpoints})


@blueprint.route("/")
def page() -> Response:
    """Show the page; its addresses are relative, so it must be asked for with a trailing slash."""
    path = blueprint.current_request.context.get("path", "/")
    if not path.endswith("/"):
        return Response("", headers={"Location": f"{path}/"}, status_code=HTTPStatus.PERMANENT_REDIRECT)
    return _file("index.html")


@blueprint.route("/web/{name}")
def web(name: str) -> Response:
    """Give a file of the page."""
    if name not in FILES:
        return _problem(HTTPStatus.NOT_FOUND, "the page has no such file")
    return _file(name)


def _predict(pipeline: str) -> Response:
    request = blueprint.current_request
    request_id = blueprint.lambda_context.aws_request_id
    content_type = request.headers.get("content-type", "application/json")
    try:
        prediction = bootstrap.services().predictor.predict(pipeline, content_type, request.raw_body, request_id)
    except (errors.InvalidRequestError, errors.NotReadyError) as error:
        status = next(_STATUSES[kind] for kind in type(error).__mro__ if kind in _STATUSES)
        logger.info("predict_refused", extra={"request_id": request_id, "status": status.value})
        return _problem(status, str(error))
    return _json(asdict(prediction))


def _problem(status: HTTPStatus, detail: str) -> Response:
    retry = {"Retry-After": _RETRY_AFTER_S} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    document = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        "request_id": blueprint.lambda_context.aws_request_id,
    }
    return _json(document, status, {"Content-Type": "application/problem+json", **retry})


def _json(document: Any, status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> Response:  # noqa: ANN401
    base = {"Content-Type": "application/json", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    return Response(json.dumps(document), headers={**base, **(headers or {})}, status_code=status)


def _file(name: str) -> Response:
    body, content_type = FILES[name]
    return Response(body, headers={**HEADERS, "Content-Type": content_type}, status_code=HTTPStatus.OK)
