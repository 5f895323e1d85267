"""API Gateway (REST): an HTTP request becomes the event of a Lambda proxy integration, its result the answer.

What API Gateway itself answers is answered here in its words: an unknown route, a body too large, a result that is no
answer, a function that takes too long. Lambda authorizers decide as on AWS (`localcloud.authorizers`). IAM, Cognito and
API keys are not emulated: a route that asks for one refuses every caller, which is safe, and never lets one through as
`chalice local` does.
"""

import base64
import binascii
import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.wrappers import Request, Response

from localcloud.authorizers import Authorizers, RefusedError
from localcloud.errors import AwsError
from localcloud.functions.invocations import Outcome
from localcloud.routes import Found, find_route
from localcloud.settings import ACCOUNT_ID, Limits
from localcloud.wiring import API_HANDLER, Route, Wiring

Invoke = Callable[[str, bytes, float], Outcome]
_HEADER = re.compile(r"[\t\x20-\x7e\x80-\xff]*")  # what HTTP can carry
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})


@dataclass(frozen=True)
class Call:
    """What an event says of one request, beside the request itself."""

    stage: str
    path: str  # below the stage, percent-encoded
    request_id: str
    time: datetime


class ApiGateway:
    """The HTTP routes of one application, below ``/<stage>/``."""

    def __init__(
        self,
        stage: str,
        limits: Limits,
        *,
        region: str,
        wiring: Callable[[], Wiring],
        invoke: Invoke,
        now: Callable[[], datetime],
    ) -> None:
        self._stage = stage
        self._limits = limits
        self._wiring = wiring
        self._invoke = invoke
        self._now = now
        self._authorizers = Authorizers(region, stage, limits.api_timeout, invoke=invoke, now=now)

    def answer(self, request: Request, raw_path: str) -> Response:
        """Answer a request; ``raw_path`` is its path below the stage, percent-encoded and beginning with a slash."""
        call = Call(self._stage, raw_path, str(uuid.uuid4()), self._now())
        wiring = self._wiring()
        found = find_route(wiring.routes, request.method, raw_path)
        refusal = _refusal(found, request, wiring, self._limits)
        response = refusal or self._proxied(request, call, wiring, found)
        response.headers["x-amzn-RequestId"] = call.request_id
        return response

    def _proxied(self, request: Request, call: Call, wiring: Wiring, found: Found | None) -> Response:
        body = request.get_data(cache=False)
        if len(body) > self._limits.api_body:  # chunked: the size is known only now
            return _too_large(self._limits.api_body)
        if found is None:
            raise ValueError("a request without a route is refused before")
        event = event_of(request, body, call, found, wiring.binary_types)
        try:
            event["requestContext"] |= self._admitted(request, call, wiring, found.route)
        except RefusedError as error:
            return _told(error.status, error.body, error.kind)
        try:
            outcome = self._invoke(API_HANDLER, json.dumps(event).encode(), self._limits.api_timeout)
        except TimeoutError:
            return _own(HTTPStatus.GATEWAY_TIMEOUT, "Endpoint request timed out", "InternalServerErrorException")
        except AwsError as error:
            return _own(HTTPStatus(error.status), error.message, error.code)
        if outcome.failure:
            return _malformed()
        accepts = request.headers.get("Accept", "").partition(",")[0].partition(";")[0].strip()
        return response_of(outcome.result, binary=accepts in wiring.binary_types or "*/*" in wiring.binary_types)

    def _admitted(self, request: Request, call: Call, wiring: Wiring, route: Route) -> dict[str, Any]:
        """Ask the route's authorizer; what it adds to the event's context. Raises RefusedError."""
        if route.authorizer is None:
            return {}
        authorizer = wiring.authorizers[route.authorizer]
        token = request.headers.get(authorizer.header)
        return {"authorizer": dict(self._authorizers.admit(authorizer, request.method, call.path, token))}


def event_of(request: Request, body: bytes, call: Call, found: Found, binary_types: object) -> dict[str, Any]:
    """Make the event of a Lambda proxy integration (payload format 1.0)."""
    headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
    source = request.remote_addr or ""
    headers["X-Forwarded-For"] = source
    headers["X-Forwarded-Proto"] = request.scheme
    headers["X-Forwarded-Port"] = request.host.partition(":")[2] or "80"
    headers["X-Amzn-Trace-Id"] = f"Root=1-{int(call.time.timestamp()):08x}-{uuid.UUID(call.request_id).hex[:24]}"
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(request.query_string.decode("ascii", "replace"), keep_blank_values=True):
        query.setdefault(name, []).append(value)
    binary = isinstance(binary_types, list | tuple) and (request.mimetype in binary_types or "*/*" in binary_types)
    text = base64.b64encode(body).decode("ascii") if binary else body.decode("utf-8", "replace")
    return {
        "resource": found.route.path,
        "path": call.path,
        "httpMethod": request.method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": dict(found.parameters) or None,
        "stageVariables": None,
        "requestContext": _context(request, call, found, source),
        "body": text if body else None,
        "isBase64Encoded": binary and bool(body),
    }


def _context(request: Request, call: Call, found: Found, source: str) -> dict[str, Any]:
    return {
        "accountId": ACCOUNT_ID,
        "apiId": "local",
        "domainName": request.host,
        "domainPrefix": "local",
        "extendedRequestId": call.request_id,
        "httpMethod": request.method,
        "identity": {"sourceIp": source, "userAgent": request.headers.get("User-Agent")},
        "path": f"/{call.stage}{call.path}",
        "protocol": "HTTP/1.1",
        "requestId": call.request_id,
        "requestTime": call.time.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "requestTimeEpoch": int(call.time.timestamp() * 1000),
        "resourceId": "local",
        "resourcePath": found.route.path,
        "stage": call.stage,
    }


def response_of(result: object, *, binary: bool) -> Response:
    """Make the answer of a function's result; anything that is no answer is a 502, as on AWS."""
    if not isinstance(result, Mapping):
        return _malformed()
    status, body = result.get("statusCode"), result.get("body")
    single, multi = result.get("headers") or {}, result.get("multiValueHeaders") or {}
    try:
        code = int(status)  # type: ignore[arg-type]  # None and the like are caught below
    except (TypeError, ValueError):
        return _malformed()
    if not (_is_answer(code, body) and isinstance(single, Mapping) and isinstance(multi, Mapping)):
        return _malformed()
    data = (body or "").encode("utf-8", "replace")  # half a surrogate pair is a text in Python, and none in UTF-8
    if result.get("isBase64Encoded") and binary:
        try:
            data = base64.b64decode(data, validate=True)
        except binascii.Error:
            return _malformed()
    headers = _headers(single, multi)
    if not all(_HEADER.fullmatch(part) for header in headers for part in header):
        return _malformed()
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    return Response(data, status=code, headers=headers)


def _is_answer(code: int, body: object) -> bool:
    return HTTPStatus.OK <= code <= 599 and (body is None or isinstance(body, str))  # noqa: PLR2004  the last of HTTP's


def _headers(single: Mapping[str, Any], multi: Mapping[str, Any]) -> list[tuple[str, str]]:
    several = [(name, str(value)) for name, values in multi.items() for value in values]
    given = {name.lower() for name, _ in several}
    one = [(name, str(value)) for name, value in single.items() if name.lower() not in given]
    return [(name, value) for name, value in one + several if name.lower() not in _HOP_BY_HOP]


def _refusal(found: Found | None, request: Request, wiring: Wiring, limits: Limits) -> Response | None:
    if found is None:
        return _own(HTTPStatus.FORBIDDEN, "Missing Authentication Token", "MissingAuthenticationTokenException")
    if found.route.api_key_required:
        return _own(HTTPStatus.FORBIDDEN, "Forbidden", "ForbiddenException")
    if found.route.authorizer and found.route.authorizer not in wiring.authorizers:
        return _own(HTTPStatus.UNAUTHORIZED, "Unauthorized", "UnauthorizedException")
    if (request.content_length or 0) > limits.api_body:
        return _too_large(limits.api_body)
    return None


def _too_large(limit: int) -> Response:
    message = f"HTTP content length exceeded {limit} bytes."
    return _own(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message, "RequestTooLargeException")


def _malformed() -> Response:
    return _own(HTTPStatus.BAD_GATEWAY, "Internal server error", "InternalServerErrorException")


def _own(status: HTTPStatus, message: str, kind: str) -> Response:
    return _told(status, {"message": message}, kind)


def _told(status: HTTPStatus, document: Mapping[str, str | None], kind: str) -> Response:
    body = json.dumps(document)
    return Response(body, status=status, content_type="application/json", headers={"x-amzn-ErrorType": kind})
