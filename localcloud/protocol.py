"""AWS's JSON protocol by botocore's service models: requests are validated, answers serialised by shape.

botocore validates for clients, so its `ParamValidator` leaves out what only the service checks: enumerations,
patterns and upper bounds. `parse` adds them. Members the model does not know are dropped, as AWS drops them. The
price: patterns are Java's; the few that Python cannot compile are not checked.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, cast

import botocore.session
from botocore.exceptions import UnknownServiceError
from botocore.model import (
    ListShape,
    MapShape,
    OperationModel,
    OperationNotFoundError,
    ServiceModel,
    Shape,
    StructureShape,
)
from botocore.validate import ParamValidator

from localcloud.errors import AwsError

Json = dict[str, Any]
_NO_JSON_NUMBERS = ("NaN", "Infinity", "-Infinity")
_SHOWN = 1024  # characters of a value that a message repeats


def parse(service: str, operation: str, body: bytes, fault: str = "ValidationException") -> Json:
    """Read a request's body as the model of ``operation`` says it is.

    Raises
    ------
    AwsError
        UnknownOperationException, SerializationException, or ``fault`` naming each member and its limit.
    """
    shape = model(service, operation).input_shape
    request = read_object(body)
    return {} if shape is None else cast("Json", _read(checked(request, shape, fault), shape))


def read_object(body: bytes) -> Json:
    """Read a body as one JSON object, an empty one as an empty object; raises AwsError SerializationException."""
    try:
        request = json.loads(body or b"{}")
    except ValueError as error:
        raise AwsError("SerializationException", f"the request's body is not JSON: {error}") from error
    if not isinstance(request, dict):
        raise AwsError("SerializationException", "the request's body is not a JSON object")
    return request


def checked(request: Json, shape: Shape, code: str) -> Json:
    """Return a request without what its model does not know; raises AwsError ``code`` naming each fault.

    Timestamps and blobs may be as their protocol wrote them, or read already.
    """
    request = cast("Json", _known(request, shape))
    report = ParamValidator().validate(request, shape)
    faults = [report.generate_report()] if report.has_errors() else [*_faults(request, shape, "")]
    if faults:
        errors = "error" if len(faults) == 1 else "errors"
        raise AwsError(code, f"{len(faults)} validation {errors} detected: " + "; ".join(faults))
    return request


def render(service: str, operation: str, answer: Mapping[str, Any]) -> bytes:
    """Serialise an answer: the model's members, without ``None``; timestamps as epoch seconds, blobs as base64."""
    shape = model(service, operation).output_shape
    return b"{}" if shape is None else json.dumps(_written(answer, shape)).encode()


def render_error(error: AwsError) -> bytes:
    """Serialise an error as the JSON protocols do."""
    return json.dumps(
        {"__type": error.code, "message": error.message, "Message": error.message, **error.members}
    ).encode()


@cache
def model(service: str, operation: str) -> OperationModel:
    """Look up botocore's model of an operation; raises AwsError UnknownOperationException."""
    try:
        return service_model(service).operation_model(operation)
    except (OperationNotFoundError, UnknownServiceError) as error:
        raise AwsError("UnknownOperationException", f"{service} has no operation {operation}") from error


@cache
def service_model(service: str) -> ServiceModel:
    """Look up botocore's model of a service; raises botocore's UnknownServiceError."""
    return botocore.session.get_session().get_service_model(service)


def _known(value: object, shape: Shape) -> object:
    """Drop null members and those that the model does not have; read numbers that JSON writes as texts."""
    if isinstance(shape, StructureShape) and isinstance(value, dict) and not shape.is_document_type:
        known = shape.members
        return {name: _known(part, known[name]) for name, part in value.items() if name in known and part is not None}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_known(part, shape.member) for part in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {name: _known(part, shape.value) for name, part in value.items()}
    if shape.type_name in {"float", "double"} and value in _NO_JSON_NUMBERS:
        return float(str(value))
    return value


def _faults(value: Any, shape: Shape, name: str) -> Iterator[str]:  # noqa: ANN401  JSON, its types checked before
    """Yield what botocore's validator does not look at: upper bounds, enumerations, patterns, in AWS's words."""
    label = name.removeprefix(".") or "input"
    limit = shape.metadata.get("max")
    size = len(value) if isinstance(value, str | list | dict) else value
    if limit is not None and isinstance(size, int | float) and not isinstance(size, bool) and size > limit:
        what = "length" if isinstance(value, str | list | dict) else "value"
        told = f" '{value}'" if isinstance(value, str) and len(value) <= _SHOWN else ""
        yield (
            f"Value{told} at '{label}' failed to satisfy constraint: "
            f"Member must have {what} less than or equal to {limit}"
        )
    if isinstance(value, str):
        yield from _text_faults(value, shape, label)
    elif isinstance(shape, StructureShape) and not shape.is_document_type:
        for key, part in value.items():
            yield from _faults(part, shape.members[key], f"{name}.{_camel(key)}")
    elif isinstance(shape, ListShape):
        for index, part in enumerate(value):
            yield from _faults(part, shape.member, f"{name}.{index + 1}.member")
    elif isinstance(shape, MapShape):
        for key, part in value.items():
            yield from _faults(key, shape.key, f"{name} (key: {key})")
            yield from _faults(part, shape.value, f"{name}.{key}")


def _camel(member: str) -> str:
    return member[:1].lower() + member[1:]


def _text_faults(value: str, shape: Shape, label: str) -> Iterator[str]:
    choices = shape.metadata.get("enum")
    if choices and value not in choices:
        yield (
            f"Value '{value}' at '{label}' failed to satisfy constraint: Member must satisfy enum value set: {choices}"
        )
    pattern = _pattern(shape.metadata.get("pattern"))
    if pattern and not pattern.fullmatch(value):
        yield (
            f"Value '{value}' at '{label}' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {pattern.pattern}"
        )


@cache
def _pattern(pattern: str | None) -> re.Pattern[str] | None:
    if pattern is None:
        return None
    try:
        return re.compile(pattern)
    except re.error:  # a class such as \p{L}, which only Java knows
        return None


def _read(value: Any, shape: Shape) -> object:  # noqa: ANN401  JSON, its types checked before
    """Turn what JSON cannot say into Python's types: timestamps into aware datetimes, blobs into bytes."""
    if isinstance(shape, StructureShape) and not shape.is_document_type:
        return {name: _read(part, shape.members[name]) for name, part in value.items()}
    if isinstance(shape, ListShape):
        return [_read(part, shape.member) for part in value]
    if isinstance(shape, MapShape):
        return {name: _read(part, shape.value) for name, part in value.items()}
    if shape.type_name == "timestamp":
        return _time(value)
    if shape.type_name == "blob":
        try:
            return base64.b64decode(value, validate=True)
        except binascii.Error as error:
            raise AwsError("SerializationException", f"{shape.name} is not base64") from error
    return value


def _time(value: float | str) -> datetime:
    time = datetime.fromtimestamp(value, UTC) if isinstance(value, int | float) else datetime.fromisoformat(value)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _written(value: Any, shape: Shape) -> object:  # noqa: ANN401  whatever the shape says
    if isinstance(shape, StructureShape) and not shape.is_document_type:
        members = shape.members
        return {
            name: _written(part, members[name]) for name, part in value.items() if name in members and part is not None
        }
    if isinstance(shape, ListShape):
        return [_written(part, shape.member) for part in value]
    if isinstance(shape, MapShape):
        return {name: _written(part, shape.value) for name, part in value.items()}
    if shape.type_name == "timestamp":
        return value.timestamp() if isinstance(value, datetime) else float(value)
    if shape.type_name == "blob":
        return base64.b64encode(value).decode("ascii")
    return value
