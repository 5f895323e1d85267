"""XML by botocore's shapes: documents of requests are read, those of answers written."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET

from botocore.model import ListShape, Shape, StructureShape

from localcloud.errors import AwsError
from localcloud.timestamps import milliseconds

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_REGIONS = "BucketLocationConstraint"  # a wrong one has a code of its own
_SPECIAL = re.compile(r"[&<>\"\x00-\x08\x0b-\x1f]")
_NAMES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


def read(text: bytes, shape: Shape, root: str) -> Any:  # noqa: ANN401  whatever the shape says
    """Read a document; what the shape does not know is dropped. Raises AwsError MalformedXML."""
    try:
        if b"<!DOCTYPE" in text:  # no document of S3 has one, and entities could make it endless
            raise malformed()
        element = ET.fromstring(text)  # noqa: S314  without a DOCTYPE, there are no entities
        if _local(element.tag) != root:
            raise malformed()
        return _value(element, shape)
    except (ET.ParseError, ValueError) as error:
        raise malformed() from error


def malformed() -> AwsError:
    """Return the refusal of a document that is not what its operation takes."""
    message = "The XML you provided was not well-formed or did not validate against our published schema"
    return AwsError("MalformedXML", message)


def write(root: str, members: Mapping[str, Any], shape: StructureShape) -> bytes:
    """Write a document with the members that are not None."""
    inner = "".join(_members(members, shape))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{NAMESPACE}">{inner}</{root}>'.encode()


def escape(text: str) -> str:
    """Write a text into XML; control characters become references, as S3 writes them."""
    return _SPECIAL.sub(lambda found: _NAMES.get(found[0]) or f"&#x{ord(found[0]):x};", text)


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _value(element: ET.Element, shape: Shape) -> Any:  # noqa: ANN401  whatever the shape says
    if isinstance(shape, StructureShape):
        found: dict[str, Any] = {}
        for name, member in shape.members.items():
            wire = member.serialization.get("name") or _flat_name(member) or name
            parts = [part for part in element if _local(part.tag) == wire]
            if parts:
                found[name] = _list(parts, member) if isinstance(member, ListShape) else _value(parts[0], member)
        if missing := [name for name in shape.required_members if name not in found and not _in_attribute(shape, name)]:
            raise ValueError(f"{missing[0]} is missing")
        return found
    text = element.text or ""
    if shape.type_name in {"integer", "long"}:
        return int(text)
    if shape.type_name == "boolean":
        return _boolean(text)
    if shape.type_name == "timestamp":
        return datetime.fromisoformat(text)
    choices = shape.metadata.get("enum")
    if choices and text not in choices and shape.name != _REGIONS:
        raise ValueError(f"{text} is none of {choices}")
    return text


def _in_attribute(shape: StructureShape, name: str) -> bool:
    return bool(shape.members[name].serialization.get("xmlAttribute"))


def _boolean(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError(f"{text} is no boolean")
    return text.lower() == "true"


def _flat_name(shape: Shape) -> str | None:
    if isinstance(shape, ListShape) and shape.serialization.get("flattened"):
        name: str | None = shape.serialization.get("name") or shape.member.serialization.get("name")
        return name
    return None


def _list(parts: list[ET.Element], shape: ListShape) -> list[Any]:
    items = parts if shape.serialization.get("flattened") else [item for part in parts for item in part]
    return [_value(item, shape.member) for item in items]


def _members(members: Mapping[str, Any], shape: StructureShape) -> list[str]:
    written = []
    for name, member in shape.members.items():
        value = members.get(name)
        if value is None or member.serialization.get("location"):
            continue
        wire = member.serialization.get("name", name)
        if isinstance(member, ListShape):
            item = member.member.serialization.get("name", "member")
            if member.serialization.get("flattened"):
                written += [_element(_flat_name(member) or wire, part, member.member) for part in value]
            else:
                written.append(f"<{wire}>{''.join(_element(item, part, member.member) for part in value)}</{wire}>")
        else:
            written.append(_element(wire, value, member))
    return written


def _element(name: str, value: Any, shape: Shape) -> str:  # noqa: ANN401  whatever the shape says
    return (
        f"<{name}>{''.join(_members(value, shape)) if isinstance(shape, StructureShape) else text_of(value)}</{name}>"
    )


def text_of(value: object) -> str:
    """Write a scalar."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return milliseconds(value) if isinstance(value, datetime) else escape(str(value))
