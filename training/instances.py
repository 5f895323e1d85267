"""Requests and answers of the model server: bytes to rows and scores to bytes, strictly, in the two content types.

JSON: ``{"instances": [{<column>: value, ...}, ...]}`` to ``{"model_version", "predictions": [{"label", "score"}]}``,
for a regression ``[{"value"}]``. JSON Lines: an instance a line, with an optional "id" that is given back, to ``{"id",
"label", "score", "model_version"}`` a line. A value is what a file may hold, a missing one null. Nothing of a request
is repeated in an error. Empty text is text: its score is what the model believes of a review without a word.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chalicelib.core import container
from chalicelib.core.spec import PipelineSpec
from chalicelib.core.values import Value
from training.channels import to_line
from training.errors import BadValueError, RequestError
from training.rows import parse_columns

BAD_REQUEST = 400
UNSUPPORTED_MEDIA_TYPE = 415
UNPROCESSABLE = 422


@dataclass(frozen=True)
class Request:
    """Instances to score: their columns, and the ids they came with (JSON Lines only)."""

    media_type: str
    rows: Sequence[Mapping[str, Value]]
    ids: Sequence[str | int | None]


def media_type(content_type: str) -> str:
    """Return the content type without parameters.

    Raises
    ------
    RequestError
        415, if it is none that the server reads, or in another encoding than UTF-8.
    """
    kind, _, parameters = content_type.partition(";")
    kind = kind.strip().lower()
    if kind not in {container.JSON, container.JSON_LINES}:
        raise RequestError(
            UNSUPPORTED_MEDIA_TYPE, f"the content type must be {container.JSON} or {container.JSON_LINES}"
        )
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in {"utf-8", "utf8"}:
            raise RequestError(UNSUPPORTED_MEDIA_TYPE, "the charset must be UTF-8")
    return kind


def parse_request(spec: PipelineSpec, kind: str, body: bytes) -> Request:
    """Read a request's body.

    Raises
    ------
    RequestError
        400, if it is not JSON in UTF-8; 422, if it is JSON of another shape than the spec asks for.
    """
    if kind == container.JSON:
        value = _json(body, "the body")
        instances = value.get("instances") if isinstance(value, dict) else None
        if not isinstance(instances, list) or not instances:
            raise RequestError(UNPROCESSABLE, 'the body must be {"instances": [...]} with at least one instance')
        named = [(f"instance {place}", instance) for place, instance in enumerate(instances)]
    else:
        lines = [(f"line {number}", line) for number, line in enumerate(body.split(b"\n"), start=1) if line.strip()]
        if not lines:
            raise RequestError(UNPROCESSABLE, "the body holds no line")
        named = [(name, _json(line, name)) for name, line in lines]
    pairs = [_instance(spec, name, value) for name, value in named]
    return Request(kind, [row for row, _ in pairs], [given for _, given in pairs])


def render_answer(
    spec: PipelineSpec, request: Request, scores: npt.NDArray[np.float64], *, threshold: float, version: str
) -> bytes:
    """Return the answer's body, in the request's content type; the positive label begins at the threshold."""
    numbers = np.asarray(scores, np.float64).tolist()
    called: list[dict[str, object]] = (
        [{"value": number} for number in numbers]
        if spec.regression
        else [{"label": spec.labels[number >= threshold], "score": number} for number in numbers]
    )
    if request.media_type == container.JSON:
        return to_line({"model_version": version, "predictions": called})
    return b"".join(
        to_line(({} if given is None else {"id": given}) | prediction | {"model_version": version})
        for given, prediction in zip(request.ids, called, strict=True)
    )


def _json(data: bytes, name: str) -> object:
    try:
        value: object = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # also UnicodeDecodeError, and numbers of thousands of digits
        raise RequestError(BAD_REQUEST, f"{name} is not JSON in UTF-8") from error
    return value


def _instance(spec: PipelineSpec, name: str, value: object) -> tuple[dict[str, Value], str | int | None]:
    if not isinstance(value, dict):
        raise RequestError(UNPROCESSABLE, f"{name} must be a JSON object")
    given = value.get("id")
    if isinstance(given, bool) or not isinstance(given, str | int | None):
        raise RequestError(UNPROCESSABLE, f"{name}: id must be text or a whole number")
    if unknown := len(value.keys() - {column.name for column in spec.columns} - {"id"}):
        raise RequestError(UNPROCESSABLE, f"{name} has {unknown} unknown fields")
    try:
        return parse_columns(spec, value, allow_empty=True), given
    except BadValueError as error:
        raise RequestError(UNPROCESSABLE, f"{name}: {error}") from error
