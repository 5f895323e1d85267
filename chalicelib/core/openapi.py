"""The HTTP routes as an OpenAPI 3.1 document, made from the pipelines' specs and the limits that the readers hold.

Only what our own code answers is described, and API Gateway's refusals where a route has an authorizer. The price of
writing it by hand rather than deriving it from the handlers is a test that holds the two together.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from chalicelib.core import bodies, feedback, predictions
from chalicelib.core.spec import Column, PipelineSpec
from chalicelib.core.values import MAX_NUMBER
from chalicelib.core.watched import VERDICTS

Json = dict[str, Any]

VERSION = "1.0.0"  # of the routes, not of the application
_PROBLEMS_OF_READING = (HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE)
_PROBLEMS_OF_BODIES = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    *_PROBLEMS_OF_READING,
)
_PROBLEMS_OF_MODELS = (HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT)
_PROBLEMS_OF_LABELS = (HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS)
_REFUSED_BY_GATEWAY = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


def describe(specs: Mapping[str, PipelineSpec], default: str) -> Json:
    """Return the document."""
    named = {"name": "pipeline", "in": "path", "required": True, "schema": {"enum": list(specs)}}
    unknown = {"parameters": [named]}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Freshet",
            "version": VERSION,
            "description": "Every error of the application is a problem document (RFC 9457) with a `code` and a "
            '`request_id`. API Gateway\'s own errors are `{"message": ...}`.',
        },
        "servers": [{"url": "./"}],
        "paths": {
            "/": {"get": _get("page", "A page to try the model.", {"text/html": {}}, problems=())},
            "/web/{name}": {
                "parameters": [{"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}],
                "get": _get("web", "A file of the page.", {"text/css": {}, "text/javascript": {}}, problems=(404,)),
            },
            "/health": {"get": _get("health", "Which pipelines can answer.", _json(_HEALTH))},
            "/openapi.json": {"get": _get("openapi", "This document.", _json({"type": "object"}))},
            "/pipelines": {
                "get": _get(
                    "pipelines",
                    "Every pipeline, and the one that `/predict` asks.",
                    _json(_object({"default": {"const": default}, "pipelines": _list(_ref("Pipeline"))})),
                )
            },
            "/pipelines/{pipeline}": {
                **unknown,
                "get": _get(
                    "pipeline", "One pipeline.", _json(_ref("Pipeline")), problems=(404, *_PROBLEMS_OF_READING)
                ),
            },
            "/pipelines/{pipeline}/runs": {**unknown, "get": _get_stories("runs", "runs", "Run")},
            "/pipelines/{pipeline}/checks": {**unknown, "get": _get_stories("checks", "drift checks", "Check")},
            "/predict": {"post": _predict("predict", {default: specs[default]}, ())},
            "/pipelines/{pipeline}/predict": {**unknown, "post": _predict("predict_with", specs, (404,))},
            "/feedback": {"post": _FEEDBACK_ROUTE},
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                **_SCHEMAS,
                **{
                    f"{name}.{part}": schema
                    for name, spec in specs.items()
                    for part, schema in _schemas_of(spec).items()
                },
            },
        },
    }


def _schemas_of(spec: PipelineSpec) -> dict[str, Json]:
    instance = _object({column.name: _value(column) for column in spec.columns}, closed=True)
    item = _ref(f"{spec.name}.Instance")
    items = {"anyOf": [item, _value(spec.columns[0])]} if spec.text_column else item
    many = _object({"instances": _list(items, 1, predictions.MAX_INSTANCES)}, closed=True)
    label = {"enum": list(spec.labels)}
    called = {"value": {"type": "number"}} if spec.regression else {"label": label, "score": {"type": "number"}}
    answer = {
        "pipeline": {"const": spec.name},
        "model_version": {"type": "string"},
        "variant": {"type": "string"},
        "inference_id": {"type": "string", "maxLength": 64},
        "predictions": _list(_object(called), 1, predictions.MAX_INSTANCES),
    }
    return {
        "Instance": {**instance, "title": spec.title},
        "Request": {"anyOf": [item, many]},
        "Answer": _object(answer),
        "Label": {"type": "number"} if spec.regression else label,
    }


def _value(column: Column) -> Json:
    match column.kind:
        case "text":
            return {"type": "string", "maxLength": predictions.MAX_TEXT}
        case "numeric":
            return {"type": ["number", "null"], "minimum": -MAX_NUMBER, "maximum": MAX_NUMBER}
        case "categorical":
            return {"type": ["string", "integer", "null"], "maxLength": predictions.MAX_TEXT}


def _predict(operation: str, specs: Mapping[str, PipelineSpec], more: tuple[int, ...]) -> Json:
    content = _json({"anyOf": [_ref(f"{name}.Request") for name in specs]})
    texts = [spec for spec in specs.values() if spec.text_column]
    if texts:
        content |= {"text/plain": {"schema": _value(texts[0].columns[0])}}
    answer = {"anyOf": [_ref(f"{name}.Answer") for name in specs]}
    return {
        "operationId": operation,
        "summary": f"Ask the live model. A body has at most {bodies.MAX_BODY} bytes; an empty text is a text.",
        "requestBody": {"required": True, "content": content},
        "responses": {
            "200": {"description": "One prediction for each instance, in order.", "content": _json(answer)},
            **_problems(*more, *_PROBLEMS_OF_BODIES, *_PROBLEMS_OF_MODELS),
        },
    }


def _get_stories(member: str, words: str, schema: str) -> Json:
    return _get(
        member,
        f"A pipeline's newest {words}, the newest first.",
        _json(_object({member: _list(_ref(schema))})),
        problems=(404, *_PROBLEMS_OF_READING),
    )


def _get(operation: str, summary: str, content: Json, problems: tuple[int, ...] = _PROBLEMS_OF_READING) -> Json:
    responses = {"200": {"description": summary, "content": content}, **_problems(*problems)}
    return {"operationId": operation, "summary": summary, "responses": responses}


def _problems(*statuses: int) -> Json:
    content = {"application/problem+json": {"schema": _ref("Problem")}}
    return {str(int(status)): {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def _object(members: Json, *, closed: bool = False) -> Json:
    schema: Json = {"type": "object", "required": list(members), "properties": members}
    return {**schema, "additionalProperties": False} if closed else schema


def _list(items: Json, least: int = 0, most: int | None = None) -> Json:
    return {"type": "array", "items": items, "minItems": least, **({} if most is None else {"maxItems": most})}


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


_TEXT: Json = {"type": "string"}
_HEALTH = _object({"status": {"const": "ok"}, "endpoints": {"type": "object", "additionalProperties": _TEXT}})
_RUN: Json = {
    "id": _TEXT,
    "run_id": {"type": ["string", "null"]},
    "state": _TEXT,
    "settled": {"type": "boolean"},
    "started": {"type": ["string", "null"]},
    "files": {"type": "integer"},
    "rows": {"type": "object", "additionalProperties": {"type": "integer"}},
    "metrics": {"type": "object", "additionalProperties": {"type": "number"}},
    "verdict": {"enum": ["PROMOTE", "REJECT", "HOLD", None]},
    "version": {"type": ["integer", "null"]},
}
_SCHEMAS: dict[str, Json] = {
    "Problem": _object(
        {
            "type": _TEXT,
            "title": _TEXT,
            "status": {"type": "integer"},
            "detail": _TEXT,
            "code": _TEXT,
            "request_id": _TEXT,
        }
    ),
    "Refusal": {"type": "object", "description": "API Gateway's own: a token is missing, or opens nothing."},
    "Feedback": _object(
        {
            "inference_id": {"type": "string", "maxLength": 64},
            "index": {"type": "integer", "minimum": 0, "maximum": predictions.MAX_INSTANCES - 1},
            "label": {"type": ["string", "number"]},
        },
        closed=True,
    ),
    "Receipt": _object({"taken": {"type": "integer"}, "repeated": {"type": "integer"}}),
    "Run": _object(_RUN),
    "Check": _object(
        {
            **_RUN,
            "state": {"enum": ["checking", *sorted(VERDICTS), "failed"]},
            "reason": {"type": ["string", "null"], "description": "Why, in words; null unless there is a verdict."},
            "report": {
                "type": ["string", "null"],
                "format": "uri",
                "description": "Where a person who may read the bucket opens the report with a browser.",
            },
        }
    ),
    "Pipeline": _object(
        {
            "name": _TEXT,
            "title": _TEXT,
            "task": _TEXT,
            "columns": _list(_object({"name": _TEXT, "kind": {"enum": ["text", "numeric", "categorical"]}}), 1),
            "target": _TEXT,
            "labels": _list(_TEXT),
            "endpoint": {"type": ["object", "null"]},
        }
    ),
}
_FEEDBACK_ROUTE: Json = {
    "operationId": "feedback",
    "summary": "Give labels of what was predicted, each once; the same label again is no error.",
    "security": [{"token": []}],
    "requestBody": {
        "required": True,
        "content": _json({"anyOf": [_ref("Feedback"), _list(_ref("Feedback"), 1, feedback.MAX_LABELS)]}),
    },
    "responses": {
        "200": {"description": "All labels are kept.", "content": _json(_ref("Receipt"))},
        **_problems(*_PROBLEMS_OF_BODIES, *_PROBLEMS_OF_LABELS),
        **{
            str(int(status)): {"description": status.phrase, "content": _json(_ref("Refusal"))}
            for status in _REFUSED_BY_GATEWAY
        },
    },
}
