"""Writes answers and refusals: status, headers and body by the operation's output shape."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any

from botocore.model import StructureShape

from localcloud.errors import AwsError
from localcloud.s3 import xml_documents
from localcloud.s3.model import Operation

_XML = ("Content-Type", "application/xml")
_ROOTS = {  # where the document's element is not called as botocore's shape
    "CompleteMultipartUpload": "CompleteMultipartUploadResult",
    "CreateMultipartUpload": "InitiateMultipartUploadResult",
    "DeleteObjects": "DeleteResult",
    "GetBucketVersioning": "VersioningConfiguration",
    "GetObjectAttributes": "GetObjectAttributesResponse",
    "GetObjectTagging": "Tagging",
    "ListBuckets": "ListAllMyBucketsResult",
    "ListMultipartUploads": "ListMultipartUploadsResult",
    "ListObjectVersions": "ListVersionsResult",
    "ListObjects": "ListBucketResult",
    "ListObjectsV2": "ListBucketResult",
    "ListParts": "ListPartsResult",
}


@dataclass(frozen=True)
class Answer:
    """What an operation answers: members of its output, or a body that is no document of its shape."""

    members: Mapping[str, Any] = field(default_factory=dict)
    status: int | None = None  # the operation's own if None
    body: Iterable[bytes] | None = None
    content_type: str | None = None  # of ``body``


@dataclass(frozen=True)
class Response:
    """An answer as HTTP has it."""

    status: int
    headers: list[tuple[str, str]]
    body: Iterable[bytes]

    @property
    def line(self) -> str:
        """The status with its phrase."""
        return f"{self.status} {HTTPStatus(self.status).phrase}"


def write(operation: Operation, answer: Answer) -> Response:
    """Write an answer."""
    status = answer.status or operation.status
    shape = operation.output
    headers = _headers(answer.members, shape) if shape else []
    if answer.body is not None:
        return Response(
            status, headers + ([("Content-Type", answer.content_type)] if answer.content_type else []), answer.body
        )
    text = _document(operation, shape, answer.members) if shape else None
    if text is None:
        return Response(status, headers if status == HTTPStatus.NO_CONTENT else [*headers, ("Content-Length", "0")], [])
    return Response(status, [*headers, _XML, ("Content-Length", str(len(text)))], [text])


def refuse(error: AwsError, request_id: str, resource: str, *, bodiless: bool) -> Response:
    """Write a refusal; members whose names begin with ``x-amz-`` and the like are headers."""
    headers = [(name, str(value)) for name, value in error.members.items() if name.islower()]
    members = {"Code": error.code, "Message": error.message}
    members |= {name: str(value) for name, value in error.members.items() if not name.islower()}
    members |= {"Resource": resource, "RequestId": request_id}
    inner = "".join(f"<{name}>{xml_documents.escape(text)}</{name}>" for name, text in members.items())
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inner}</Error>'.encode()
    if bodiless:
        return Response(error.status, headers, [])
    return Response(error.status, [*headers, _XML, ("Content-Length", str(len(text)))], [text])


def http_date(moment: datetime) -> str:
    """Write a time as HTTP does."""
    return format_datetime(moment, usegmt=True)


def _headers(members: Mapping[str, Any], shape: StructureShape) -> list[tuple[str, str]]:
    headers: list[tuple[str, str]] = []
    for name, value in members.items():
        place = shape.members[name].serialization if name in shape.members else {}
        if value is None:
            continue
        if place.get("location") == "header":
            headers.append((place["name"], http_date(value) if isinstance(value, datetime) else _text(value)))
        elif place.get("location") == "headers":
            headers += [(place["name"] + key, text) for key, text in value.items()]
    return headers


def _text(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _document(operation: Operation, shape: StructureShape, members: Mapping[str, Any]) -> bytes | None:
    payload = shape.serialization.get("payload")
    if payload is not None:
        inner = shape.members[payload]
        if not isinstance(inner, StructureShape) or payload not in members:
            return None
        return xml_documents.write(payload, members[payload], inner)
    if all("location" in member.serialization for member in shape.members.values()):
        return None
    return xml_documents.write(_ROOTS.get(operation.name, shape.name), members, shape)
