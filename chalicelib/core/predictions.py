"""A caller's request to predict, read strictly: what the model gets is what the spec's columns say.

Three body forms: ``{"text": "..."}`` (one instance by its columns), ``{"instances": [...]}`` (many), ``text/plain``
(one text). Limits: 64 KiB a text, 1,000 instances, 6 MB a body (Lambda's own payload limit).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.core.errors import InvalidRequestError, PayloadTooLargeError, UnsupportedMediaTypeError
from chalicelib.core.spec import PipelineSpec

MAX_BODY = 6 * 1024 * 1024  # bytes
MAX_TEXT = 64 * 1024  # bytes of UTF-8
MAX_INSTANCES = 1000

Instance = Mapping[str, str]


@dataclass(frozen=True)
class Prediction:
    """What is answered: who predicted (pipeline, model version, variant) and what, under an inference id."""

    pipeline: str
    model_version: str
    variant: str
    inference_id: str
    predictions: tuple[Mapping[str, Any], ...]


def parse_instances(spec: PipelineSpec, content_type: str, body: bytes) -> tuple[Instance, ...]:
    """Read the instances of a request.

    Raises
    ------
    UnsupportedMediaTypeError, PayloadTooLargeError, InvalidRequestError
        With a message for the caller.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in _READERS:
        raise UnsupportedMediaTypeError(f"send {' or '.join(_READERS)}, not {media_type or 'nothing'}")
    if len(body) > MAX_BODY:
        raise PayloadTooLargeError(f"the body has {len(body)} bytes; the limit is {MAX_BODY}")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidRequestError(f"the body is not UTF-8: byte {error.start} cannot be read") from error
    rows = _READERS[media_type](spec, text)
    if not rows:
        raise InvalidRequestError("send at least one instance")
    if len(rows) > MAX_INSTANCES:
        raise PayloadTooLargeError(f"the request has {len(rows)} instances; the limit is {MAX_INSTANCES}")
    return tuple(_instance(spec, index, row) for index, row in enumerate(rows))


def _read_json(_spec: PipelineSpec, text: str) -> list[Any]:
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise InvalidRequestError("the JSON is nested too deeply") from error
    except ValueError as error:
        reason = f"line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else str(error)
        raise InvalidRequestError(f"the body is not JSON: {reason}") from error
    if not isinstance(document, dict):
        raise InvalidRequestError('send a JSON object: one instance, or {"instances": [...]}')
    if "instances" not in document:
        return [document]
    if document.keys() != {"instances"} or not isinstance(document["instances"], list):
        raise InvalidRequestError('"instances" must be a list, and the only member')
    return document["instances"]


def _read_text(spec: PipelineSpec, text: str) -> list[Any]:
    if len(spec.columns) != 1 or spec.columns[0].kind != "text":
        raise UnsupportedMediaTypeError(f"pipeline {spec.name} has more than one text column: send application/json")
    return [{spec.columns[0].name: text}]


_READERS: Mapping[str, Callable[[PipelineSpec, str], list[Any]]] = {
    "application/json": _read_json,
    "text/plain": _read_text,
}


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _instance(spec: PipelineSpec, index: int, row: Any) -> Instance:  # noqa: ANN401 - it is what is checked here
    columns = [column.name for column in spec.columns]
    if isinstance(row, str) and len(columns) == 1:
        row = {columns[0]: row}
    if not isinstance(row, dict) or row.keys() != set(columns):
        raise InvalidRequestError(f"instance {index} must be an object with exactly the members {columns}")
    for name, value in row.items():
        if not isinstance(value, str):
            raise InvalidRequestError(f"instance {index}: {name!r} must be a string")
        try:
            size = len(value.encode("utf-8"))
        except UnicodeEncodeError as error:
            raise InvalidRequestError(f"instance {index}: {name!r} holds half of a surrogate pair") from error
        if size > MAX_TEXT:
            raise PayloadTooLargeError(f"instance {index}: {name!r} has {size} bytes; the limit is {MAX_TEXT}")
    return row
