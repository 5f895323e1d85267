"""An AWS service that speaks REST with JSON bodies, as a WSGI application; its operations are as in `JsonApi`.

Which operation a request asks for, and where each member is (path, query, header, status or body), is read from
botocore's model of the service. Only what Lambda's API needs is here: no streams, no maps in headers.
"""

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urlsplit

from botocore.model import OperationModel, Shape
from werkzeug.wrappers import Request, Response

from localcloud import emulated, protocol
from localcloud.errors import AwsError
from localcloud.json_api import REGION, Operation

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_PARAMETER = re.compile(r"\\{(\w+)(\\\+)?\\}")  # as re.escape writes {Name} and {Name+}


class _Texts(Protocol):
    def get(self, key: str, /) -> str | None: ...


@dataclass(frozen=True)
class Found:
    """The operation that a method and a path mean, with the members in the path."""

    operation: str
    members: Mapping[str, str]


class RestJsonApi:
    """One service; ``service`` is botocore's name of its model."""

    def __init__(self, service: str, operations: Mapping[str, Operation]) -> None:
        self._service = service
        self._operations = operations

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request; raises AwsError, 501 for an operation that is not emulated."""
        request = Request(environ)
        found = find(self._service, request.method, urlsplit("//host" + environ["REQUEST_URI"]).path)
        if found is None:
            raise AwsError("UnknownOperationException", f"{self._service} has no operation at {request.path}", 404)
        do = self._operations.get(found.operation)
        if do is None:
            raise emulated.unknown(f"{self._service}.{found.operation}")
        model = protocol.model(self._service, found.operation)
        answer = do(read(request, model, found.members), environ[REGION]) or {}
        response: WSGIApplication = written(answer, self._service, model)
        return response(environ, start_response)


def find(service: str, method: str, path: str) -> Found | None:
    """Look for the operation of a method and a percent-encoded path."""
    for operation, verb, pattern in _routes(service):
        matched = pattern.fullmatch(path.rstrip("/")) if verb == method else None
        if matched:
            return Found(operation, {name: unquote(value) for name, value in matched.groupdict().items()})
    return None


def read(request: Request, model: OperationModel, in_path: Mapping[str, str]) -> protocol.Json:
    """Gather and check the members of a request; raises AwsError, as `protocol.parse` does."""
    shape = model.input_shape
    if shape is None:
        return {}
    places: dict[str, _Texts] = {"uri": in_path, "querystring": request.args, "header": request.headers}
    payload = shape.serialization.get("payload")
    body = request.get_data(cache=False)
    members: dict[str, Any] = {} if payload else protocol.read_object(body)
    for name, member in shape.members.items():
        place = places.get(member.serialization.get("location", ""))
        if place is not None:
            members.pop(name, None)
            text = place.get(member.serialization.get("name", name))
            if text is not None:
                members[name] = _value(text, member, name)
    checked = protocol.checked(members, shape, "ValidationException")
    return {**checked, payload: body} if payload else checked


def written(answer: Mapping[str, Any], service: str, model: OperationModel) -> Response:
    """Serialise an answer: a status, headers, and a JSON body or a blob."""
    status, headers, shape = (
        model.http.get("responseCode", 200),
        {"x-amzn-RequestId": str(uuid.uuid4())},
        model.output_shape,
    )
    if shape is None:
        return Response(status=status, headers=headers)
    elsewhere = set()
    for name, member in shape.members.items():
        location = member.serialization.get("location")
        if location:
            elsewhere.add(name)
        if location == "statusCode":
            status = answer.get(name, status)
        elif location == "header" and answer.get(name) is not None:
            headers[member.serialization["name"]] = str(answer[name])
    if payload := shape.serialization.get("payload"):
        body = answer.get(payload, b"")
    else:
        rest = {name: value for name, value in answer.items() if name not in elsewhere}
        body = protocol.render(service, model.name, rest)
    return Response(body, status=status, headers=headers, content_type="application/json")


def _value(text: str, shape: Shape, name: str) -> object:
    if shape.type_name in {"integer", "long"}:
        try:
            return int(text)
        except ValueError as error:
            raise AwsError("SerializationException", f"{name} is not a number: {text}") from error
    return text == "true" if shape.type_name == "boolean" else text


@cache
def _routes(service: str) -> list[tuple[str, str, re.Pattern[str]]]:
    model = protocol.service_model(service)
    routes = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        path = http["requestUri"].partition("?")[0].rstrip("/")
        pattern = _PARAMETER.sub(lambda found: f"(?P<{found[1]}>{'.+' if found[2] else '[^/]+'})", re.escape(path))
        routes.append((name, http["method"], re.compile(pattern)))
    return routes
