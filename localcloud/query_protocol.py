"""AWS's query protocol by botocore's service models: form parameters become a request, answers become XML.

A parameter's name is its way into the request: ``Tags.member.2.Key``, ``Attributes.entry.1.value``; a flattened list
or map leaves ``member`` and ``entry`` out. What the shapes say is checked as in `localcloud.protocol`. The price: a
control character that XML 1.0 cannot carry makes an answer that no client can read, as it does on AWS.
"""

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from botocore.model import ListShape, MapShape, Shape, StructureShape

from localcloud.errors import AwsError
from localcloud.protocol import Json, checked, model

_FAULT = "ValidationError"  # the code of the query protocol for what the JSON protocol calls ValidationException
Form = Mapping[str, str]


def parse(service: str, operation: str, form: Form) -> Json:
    """Read a form as the model of ``operation`` says it is.

    Raises
    ------
    AwsError
        UnknownOperationException; MalformedInput for a text that is none of its type's; or ValidationError naming
        each member and its limit.
    """
    shape = model(service, operation).input_shape
    if shape is None:
        return {}
    return checked(_structure(form, shape), shape, _FAULT)


def render(service: str, operation: str, answer: Mapping[str, Any], request_id: str) -> bytes:
    """Serialise an answer: the model's members, without ``None``."""
    described = model(service, operation)
    shape, result = described.output_shape, ""
    if shape is not None:
        wrapper = shape.serialization.get("resultWrapper", f"{operation}Result")
        result = f"<{wrapper}>{_members(answer, shape)}</{wrapper}>"
    metadata = f"<ResponseMetadata><RequestId>{escape(request_id)}</RequestId></ResponseMetadata>"
    namespace = described.service_model.metadata.get("xmlNamespace", "")
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{operation}Response xmlns="{escape(namespace)}">{result}{metadata}'
        f"</{operation}Response>"
    ).encode()


def _structure(form: Form, shape: StructureShape) -> Json:
    """Read the members that a form names; its names begin at this structure."""
    found = {}
    for name, member in shape.members.items():
        part = _part(form, member.serialization.get("name", name), member)
        if part is not None:
            found[name] = part
    return found


def _part(form: Form, name: str, shape: Shape) -> object:
    """Read one member; None if the form does not name it."""
    if isinstance(shape, ListShape):
        return _list(form, name, shape)
    if isinstance(shape, MapShape):
        return _map(form, name, shape)
    if isinstance(shape, StructureShape):
        below = _below(form, name)
        return _structure(below, shape) if below else None
    text = form.get(name)
    return None if text is None else _scalar(text, shape)


def _list(form: Form, name: str, shape: ListShape) -> list[object] | None:
    inner = shape.member.serialization.get("name")
    if shape.serialization.get("flattened"):
        prefix = name if inner is None else ".".join([*name.split(".")[:-1], inner])
    else:
        prefix = f"{name}.{inner or 'member'}"
    parts = [_part(form, entry, shape.member) for entry in _numbered(form, prefix)]
    return parts or ([] if form.get(name) == "" else None)


def _map(form: Form, name: str, shape: MapShape) -> dict[str, object] | None:
    prefix = name if shape.serialization.get("flattened") else f"{name}.entry"
    key, value = shape.key.serialization.get("name", "key"), shape.value.serialization.get("name", "value")
    found: dict[str, object] = {}
    for entry in _numbered(form, prefix):
        if (text := form.get(f"{entry}.{key}")) is None:
            raise AwsError("MalformedInput", f"{entry}.{key} is missing")
        found[text] = _part(form, f"{entry}.{value}", shape.value)
    return found or None


def _numbered(form: Form, prefix: str) -> Iterator[str]:
    """Yield the entries of a list or map that the form names, in the order of their numbers."""
    numbers = {rest.partition(".")[0] for rest in _below(form, prefix)}
    for number in sorted(int(number) for number in numbers if number.isascii() and number.isdigit()):
        yield f"{prefix}.{number}"


def _below(form: Form, name: str) -> Form:
    start = f"{name}."
    return {key[len(start) :]: text for key, text in form.items() if key.startswith(start)}


def _scalar(text: str, shape: Shape) -> object:
    read = _READERS.get(shape.type_name, str)
    try:
        return read(text)
    except (ValueError, binascii.Error) as error:
        raise AwsError("MalformedInput", f"{text[:100]!r} is no {shape.type_name}") from error


def _boolean(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError(text)
    return text == "true"


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


_READERS: Mapping[str, Callable[[str], object]] = {
    "boolean": _boolean,
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
    "timestamp": _time,
    "blob": lambda text: base64.b64decode(text, validate=True),
}


def _members(answer: Mapping[str, Any], shape: StructureShape) -> str:
    parts = [
        _written(answer[name], member, member.serialization.get("name", name))
        for name, member in shape.members.items()
        if answer.get(name) is not None
    ]
    return "".join(parts)


def _written(value: Any, shape: Shape, name: str) -> str:  # noqa: ANN401  whatever the shape says
    flat = shape.serialization.get("flattened")
    if isinstance(shape, StructureShape):
        return _element(name, _members(value, shape))
    if isinstance(shape, ListShape):
        inner = shape.member.serialization.get("name", name if flat else "member")
        entries = "".join(_written(part, shape.member, inner) for part in value)
        return entries if flat else _element(name, entries)
    if isinstance(shape, MapShape):
        names = shape.key.serialization.get("name", "key"), shape.value.serialization.get("name", "value")
        entries = "".join(
            _element(
                name if flat else "entry", _written(key, shape.key, names[0]) + _written(part, shape.value, names[1])
            )
            for key, part in value.items()
        )
        return entries if flat else _element(name, entries)
    return _element(name, escape(_text(value), {"\r": "&#13;"}))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return str(value)


def _element(name: str, content: str) -> str:
    return f"<{name}>{content}</{name}>"
