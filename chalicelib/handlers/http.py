"""The HTTP routes that anybody may ask: predict, what there is, health, and a page to try them."""

from dataclasses import asdict
from http import HTTPStatus

from chalice.app import Blueprint, Response

from chalicelib import bootstrap
from chalicelib.core import openapi
from chalicelib.core.spec import find
from chalicelib.handlers.answers import NO_SUCH_FILE, Routes, body_of, document, problem, request_id_of
from chalicelib.pipelines import DEFAULT, PIPELINES
from chalicelib.web import FILES, HEADERS

blueprint = Blueprint(__name__)
routes = Routes(blueprint)


@routes.add("POST", "/predict")
def predict() -> Response:
    """Predict with the default pipeline."""
    return _predict(DEFAULT)


@routes.add("POST", "/pipelines/{pipeline}/predict")
def predict_with(pipeline: str) -> Response:
    """Predict with a pipeline."""
    return _predict(pipeline)


@routes.add("GET", "/pipelines")
def pipelines() -> Response:
    """Describe every pipeline, and name the one that answers where none is named."""
    return document({"default": DEFAULT, "pipelines": bootstrap.services().catalogue.all()})


@routes.add("GET", "/pipelines/{pipeline}")
def pipeline_of(pipeline: str) -> Response:
    """Describe a pipeline."""
    return document(bootstrap.services().catalogue.one(pipeline))


@routes.add("GET", "/pipelines/{pipeline}/runs")
def runs_of(pipeline: str) -> Response:
    """Tell of a pipeline's newest runs."""
    find(PIPELINES, pipeline)
    return document({"runs": [story.in_public() for story in bootstrap.services().stories.runs(pipeline)]})


@routes.add("GET", "/pipelines/{pipeline}/checks")
def checks_of(pipeline: str) -> Response:
    """Tell of a pipeline's newest drift checks."""
    find(PIPELINES, pipeline)
    return document({"checks": [story.in_public() for story in bootstrap.services().checks.recent(pipeline)]})


@routes.add("GET", "/openapi.json")
def openapi_document() -> Response:
    """Describe the routes."""
    return document(openapi.describe(PIPELINES, DEFAULT))


@routes.add("GET", "/health")
def health() -> Response:
    """Say which pipelines can answer."""
    found = bootstrap.services().predictor.endpoints()
    endpoints = {name: endpoint.status if endpoint else "none" for name, endpoint in found.items()}
    return document({"status": "ok", "endpoints": endpoints})


@blueprint.route("/", content_types=[])
def page() -> Response:
    """Show the page; its addresses are relative, so it must be asked for with a trailing slash."""
    path = blueprint.current_request.context.get("path", "/")
    if not path.endswith("/"):
        return Response("", headers={"Location": f"{path}/"}, status_code=HTTPStatus.PERMANENT_REDIRECT)
    return _file("index.html")


@blueprint.route("/web/{name}", content_types=[])
def web(name: str) -> Response:
    """Give a file of the page."""
    if name not in FILES:
        return problem(NO_SUCH_FILE, "the page has no such file", request_id_of(blueprint.current_request))
    return _file(name)


def _predict(pipeline: str) -> Response:
    request = blueprint.current_request
    prediction = bootstrap.services().predictor.predict(pipeline, body_of(request), request_id_of(request))
    return document(asdict(prediction))


def _file(name: str) -> Response:
    body, content_type = FILES[name]
    return Response(body, headers={**HEADERS, "Content-Type": content_type}, status_code=HTTPStatus.OK)
