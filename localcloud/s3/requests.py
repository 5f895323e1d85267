"""Reads a request's line and headers into a call of an operation; keys are decoded exactly once, from the raw line."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote_to_bytes

from botocore.model import Shape

from localcloud.errors import AwsError
from localcloud.http_server import HEADERS
from localcloud.json_api import REGION
from localcloud.s3 import presigned, refusals, xml_documents
from localcloud.s3.model import Model, Operation
from localcloud.s3.payload import Payload

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_KEY_BYTES = 1024
_METADATA = "x-amz-meta-"
_METADATA_BYTES = 2048
_NUMBER = re.compile(r"-?\d{1,18}")


@dataclass(frozen=True)
class Call:
    """One call: the operation, its members by botocore's names, and who asks."""

    operation: Operation
    bucket: str
    key: str
    members: Mapping[str, Any]
    payload: Payload
    region: str
    address: str
    request_id: str
    unsized: bool  # the request says nothing about the length of its body
    resource: str  # the raw path, for the answer

    def document(self) -> Any:  # noqa: ANN401  whatever the shape says
        """Read the XML of the body by its shape, None if there is none; raises AwsError."""
        text = self.payload.document()
        if self.operation.payload is None or not text:
            return None
        name, shape = self.operation.payload
        return xml_documents.read(text, shape, shape.serialization.get("name", name))


def read(environ: "WSGIEnvironment", model: Model, now: datetime, request_id: str) -> Call:
    """Read a request; raises AwsError for what no operation takes."""
    path, _, query = _line(environ).partition("?")
    parameters = _parameters(query)
    presigned.check(parameters, now)
    headers: dict[str, str] = {}
    for name, value in environ[HEADERS]:
        lower = name.lower()
        headers[lower] = f"{headers[lower]},{value}" if lower in headers else value
    headers.update({name.lower(): value for name, value in parameters.items() if _signed_header(name, headers)})
    raw_bucket, _, raw_key = path.lstrip("/").partition("/") if path != "/" else ("", "", "")
    bucket, key = _decoded(raw_bucket), _decoded(raw_key)
    if len(key.encode()) > _KEY_BYTES:
        members: dict[str, object] = {"Size": len(key.encode()), "MaxSizeAllowed": _KEY_BYTES}
        raise AwsError("KeyTooLongError", "Your key is too long", 400, members)
    level = 2 if key else 1 if bucket else 0
    operation = model.find(environ["REQUEST_METHOD"], level, parameters, headers)
    return Call(
        operation=operation,
        bucket=bucket,
        key=key,
        members=_members(operation, parameters, headers),
        payload=Payload(
            environ["wsgi.input"], headers, verified=operation.name != "CompleteMultipartUpload"
        ),  # there, the checksum is the object's
        region=environ.get(REGION, "us-east-1"),
        address=environ.get("REMOTE_ADDR", ""),
        request_id=request_id,
        unsized="content-length" not in headers and "transfer-encoding" not in headers,
        resource=path,
    )


def source_of(text: str) -> tuple[str, str, str | None]:
    """Split ``x-amz-copy-source`` into bucket, key and version; raises AwsError."""
    path, found, version = text.partition("?versionId=")
    bucket, _, key = _decoded(path).removeprefix("/").partition("/")
    if not bucket or not key or bucket.startswith("arn:"):
        message = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey"
        raise refusals.invalid_argument(message, "x-amz-copy-source", text)
    return bucket, key, version if found else None


def _line(environ: "WSGIEnvironment") -> str:
    uri: str = environ["REQUEST_URI"]
    if not uri.startswith("/"):  # the absolute form, which proxies are sent
        uri = "/" + uri.partition("://")[2].partition("/")[2]
    return uri


def _parameters(query: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(query, keep_blank_values=True, errors="strict"))
    except UnicodeDecodeError as error:
        raise AwsError("InvalidURI", "Couldn't parse the specified URI.") from error


def _signed_header(name: str, headers: Mapping[str, str]) -> bool:
    """Say whether a parameter stands for a header: signers put headers into a presigned address."""
    lower = name.lower()
    return lower.startswith("x-amz-") and lower not in headers


def _decoded(raw: str) -> str:
    try:
        return unquote_to_bytes(raw.encode("latin-1")).decode("utf-8")
    except UnicodeError as error:
        raise AwsError("InvalidURI", "Couldn't parse the specified URI.") from error


def _members(operation: Operation, parameters: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for fields, given in ((operation.parameters, parameters), (operation.headers, headers)):
        for wire, text in given.items():
            if field := fields.get(wire):
                name, shape = field
                members[name] = _value(text, shape, wire)
    metadata = {name[len(_METADATA) :]: text for name, text in headers.items() if name.startswith(_METADATA)}
    if sum(len(name) + len(text) for name, text in metadata.items()) > _METADATA_BYTES:
        message = "Your metadata headers exceed the maximum allowed metadata size"
        raise AwsError("MetadataTooLarge", message, 400, {"MaxSizeAllowed": _METADATA_BYTES})
    if metadata:
        members["Metadata"] = metadata
    return members


def _value(text: str, shape: Shape, wire: str) -> object:
    if shape.type_name in {"integer", "long"}:
        if not _NUMBER.fullmatch(text):
            raise refusals.invalid_argument(f"Provided {wire} not an integer or within integer range", wire, text)
        return int(text)
    if shape.type_name == "boolean":
        return text.lower() == "true"
    if shape.type_name == "timestamp":
        return text if wire.lower() in {"expires", "response-expires"} else _time(text)  # S3 gives Expires back as is
    if shape.type_name == "list":
        return [part.strip() for part in text.split(",")]
    return text


def _time(text: str) -> datetime | None:
    """Read a time of HTTP; None, as if it was not given, for what is none (RFC 9110)."""
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
