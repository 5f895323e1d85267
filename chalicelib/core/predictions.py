"""A caller's request to predict, read strictly: what the model gets is what the spec's columns say.

Three body forms: one instance by its columns (``{"text": "..."}``, ``{"RM": 6.5, "CHAS": "0", ...}``), ``{"instances":
[...]}`` (many), and, for a pipeline that reads one text, ``text/plain``. A numeric column takes a JSON number, a
categorical one a string or a whole number, both null for a value that is missing. Limits: 64 KiB a text, 1,000
instances, 6 MB a body (Lambda's own payload limit).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.core.errors import (
    InvalidRequestError,
    PayloadTooLargeError,
    UnfitInstanceError,
    UnsupportedMediaTypeError,
)
from chalicelib.core.spec import Kind, PipelineSpec
from chalicelib.core.values import Value, to_number

MAX_BODY = 6 * 1024 * 1024  # bytes
MAX_TEXT = 64 * 1024  # bytes of UTF-8
MAX_INSTANCES = 1000

Instance = Mapping[str, Value]


@dataclass(frozen=True)
class Prediction:
    """What is answered: who predicted (pipeline, model version, variant) and what, under an inference id.

    A prediction is ``{"label", "score"}``, for a regression ``{"value"}``.
    """

    pipeline: str
    model_version: str
    variant: str
    inference_id: str
    predictions: tuple[Mapping[str, Any], ...]


def parse_instances(spec: PipelineSpec, content_type: str, body: bytes) -> tuple[Instance, ...]:
    """Read the instances of a request.

    Raises
    ------
    UnsupportedMediaTypeError, PayloadTooLargeError, UnfitInstanceError, InvalidRequestError
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
    if spec.text_column is None:
        names = ", ".join(column.name for column in spec.columns)
        raise UnfitInstanceError(
            f"pipeline {spec.name} does not read one bare text: send application/json with the members {names}"
        )
    return [{spec.text_column: text}]


_READERS: Mapping[str, Callable[[PipelineSpec, str], list[Any]]] = {
    "application/json": _read_json,
    "text/plain": _read_text,
}


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _instance(spec: PipelineSpec, index: int, row: Any) -> Instance:  # noqa: ANN401 - it is what is checked here
    if isinstance(row, str) and spec.text_column is not None:
        row = {spec.text_column: row}
    names = [column.name for column in spec.columns]
    if not isinstance(row, dict) or row.keys() != set(names):
        raise UnfitInstanceError(f"instance {index} must be an object with exactly the members {', '.join(names)}")
    return {
        column.name: _value(f"instance {index}: {column.name!r}", column.kind, row[column.name])
        for column in spec.columns
    }


def _value(where: str, kind: Kind, value: object) -> Value:
    """Return a column's value as a file would give it."""
    if kind != "text" and value is None:
        return None
    if kind == "numeric":
        number = None if isinstance(value, str) else to_number(value)
        if number is None:
            raise UnfitInstanceError(f"{where} must be a number within 32 bits, or null if it is missing")
        return number
    if kind == "categorical" and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        words = "a string" if kind == "text" else "a string, a whole number, or null if it is missing"
        raise UnfitInstanceError(f"{where} must be {words}")
    try:
        size = len(value.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise InvalidRequestError(f"{where} holds half of a surrogate pair") from error
    if size > MAX_TEXT:
        raise PayloadTooLargeError(f"{where} has {size} bytes; the limit is {MAX_TEXT}")
    return value
