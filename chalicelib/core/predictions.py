"""A caller's request to predict, read strictly: what the model gets is what the spec's columns say.

Three body forms: one instance by its columns (``{"text": "..."}``, ``{"RM": 6.5, "CHAS": "0", ...}``), ``{"instances":
[...]}`` (many), and, for a pipeline that reads one text, ``text/plain``. A numeric column takes a JSON number, a
categorical one a string or a whole number, both null for a value that is missing. Limits: 64 KiB a text, 1,000
instances, and those of `core.bodies`. An empty text is a text: the model answers what it says of one without a known
word. Texts go to the model as they came: no character is taken out, replaced or normalised.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.core.bodies import Body, read_json, read_text
from chalicelib.core.errors import InvalidRequestError, ModelFailedError, PayloadTooLargeError, UnfitInstanceError
from chalicelib.core.spec import Kind, PipelineSpec
from chalicelib.core.values import Value, to_number

MAX_TEXT = 64 * 1024  # bytes of UTF-8
MAX_INSTANCES = 1000

Instance = Mapping[str, Value]


@dataclass(frozen=True)
class Answer:
    """What a model said of a request's instances, in their order; the variant is the one that was asked."""

    model_version: str
    variant: str
    predictions: tuple[Mapping[str, Any], ...]


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


def parse_instances(spec: PipelineSpec, body: Body) -> tuple[Instance, ...]:
    """Read the instances of a request.

    Raises
    ------
    UnsupportedMediaTypeError, PayloadTooLargeError, UnfitInstanceError, InvalidRequestError
        With a message for the caller.
    """
    media_type, text = read_text(body, _READERS)
    rows = _READERS[media_type](spec, text)
    if not rows:
        raise InvalidRequestError("send at least one instance")
    if len(rows) > MAX_INSTANCES:
        raise PayloadTooLargeError(f"the request has {len(rows)} instances; the limit is {MAX_INSTANCES}")
    return tuple(_instance(spec, index, row) for index, row in enumerate(rows))


def parse_answer(data: bytes, variant: str, count: int) -> Answer:
    """Read what a model answered for so many instances.

    Raises
    ------
    ModelFailedError
        If it is not what the container promises.
    """
    try:
        document = json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ModelFailedError("the model answered with what is no JSON") from error
    match document:
        case {"model_version": str(version), "predictions": [*predictions]} if len(predictions) == count and all(
            isinstance(prediction, dict) for prediction in predictions
        ):
            return Answer(version, variant, tuple(predictions))
    raise ModelFailedError("the model did not answer with one prediction for each instance")


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _read_json(_spec: PipelineSpec, text: str) -> list[Any]:
    document = read_json(text)
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
