"""The front door: one WSGI application that hands each request to the service it was signed for.

Unsigned requests go to the application's HTTP routes below ``/<stage>/`` and to the cloud's own pages, and a person
opens an object by ``/<bucket>/<key>``, as on AWS on its console; everything else is AWS's API. A web page must not
reach in: another ``Host`` than the loopback's is refused (DNS rebinding), as is a foreign ``Origin`` anywhere but on
the application's own routes, which are public on AWS too, and no page may embed or fetch an object by its address. The
price: a program that forgot to sign reads objects here, and is refused on AWS.
"""

import json
import logging
import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import escape

from werkzeug.exceptions import ClientDisconnected
from werkzeug.wrappers import Request, Response

from localcloud import admin, emulated, operation_names, protocol
from localcloud.admin import Admin
from localcloud.apigateway import ApiGateway
from localcloud.errors import AwsError, CutError
from localcloud.faults import CallFault, Faults
from localcloud.faults.answers import cut, kept_body
from localcloud.history import History
from localcloud.json_api import REGION
from localcloud.signature import Scope, scope_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
_NAME = "localcloud.name"  # in a WSGI environment: which resource the request is about
_NAMED = re.compile(rb'"\w+Name": ?"(?P<name>[\w/-]{1,256})"')
_OPENED = re.compile(r"/[^/]+/.+", re.DOTALL)  # the address of an object
# An object shares its origin with the application here, which on AWS it does not: what it holds may not run, nor be
# taken for another type than it was stored with.
_SANDBOX = (("Content-Security-Policy", "sandbox"), ("X-Content-Type-Options", "nosniff"))
_INVOCATIONS = re.compile(r"/endpoints/(?P<name>[^/]+)/invocations")

log = logging.getLogger(__name__)


class InvokeAnswer(Protocol):
    """What a model server answered."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers that SageMaker sets."""

    @property
    def body(self) -> bytes:
        """The model's answer."""


class SageMakerApi(Protocol):
    """What the front door needs of SageMaker."""

    def handle(self, operation: str, body: bytes, region: str) -> tuple[int, bytes]:
        """Answer a call of the control plane; raises AwsError."""

    def invoke(self, endpoint_name: str, headers: Mapping[str, str], body: bytes, region: str) -> InvokeAnswer:
        """Answer a call of the runtime; raises AwsError."""


class FrontDoor:
    """A WSGI application for one local cloud; ``services`` are named as in the scope of a signature.

    ``links``: by its Action, what a link in a service's message leads to, which nobody signs.
    """

    def __init__(
        self,
        *,
        stage: str,
        api: ApiGateway,
        pages: Admin,
        sagemaker: SageMakerApi,
        services: "Mapping[str, WSGIApplication]",
        links: "Mapping[str, WSGIApplication]",
        faults: Faults,
        history: History,
        new_id: Callable[[], str],
    ) -> None:
        self._stage = stage
        self._api = api
        self._pages = pages
        self._sagemaker = sagemaker
        self._services = services
        self._links = links
        self._faults = faults
        self._history = history
        self._new_id = new_id

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request and write it into the history; raises CutError if its connection is to end."""
        begun = time.monotonic()
        request = Request(environ)
        scope = scope_of(environ.get("HTTP_AUTHORIZATION", ""), environ["QUERY_STRING"])
        service = scope.service if scope else ""
        operation = operation_names.name_of(request, service)
        fault = self._faults.of_call(service or "http", operation)
        try:
            answer = self._answer(request, scope, operation, fault)
        except CutError:
            self._history.record("call", service or "http", operation, "cut", time.monotonic() - begun)
            raise
        told: dict[str, str] = {}

        def noted(code: str, headers: list[tuple[str, str]], exc_info: object = None, /) -> Callable[[bytes], object]:
            del exc_info
            told.update({name.lower(): value for name, value in headers}, status=code.partition(" ")[0])
            return start_response(code, headers)

        body = answer(environ, noted)
        self._history.record(
            *("call", service or "http", operation, int(told.get("status", 0)), time.monotonic() - begun),
            name=environ.get(_NAME),
            error=told.get("x-amzn-errortype"),
            request_id=told.get("x-amzn-requestid") or told.get("x-amz-request-id"),
        )
        return body

    def _answer(self, request: Request, scope: Scope | None, operation: str, fault: CallFault) -> "WSGIApplication":
        """Answer a request with all that goes wrong with it, by itself or on request; raises CutError."""
        service = scope.service if scope else ""
        try:
            time.sleep(fault.delay)
            if not fault.after:
                fault.strike(service)
            answer = self._route_twice(request, scope) if fault.duplicate else self._route(request, scope)
            fault.strike(service)
        except AwsError as error:
            answer = self._refused(error, service, request)
        except ClientDisconnected:
            gone = AwsError("RequestTimeout", "the client went away before it had sent all of its request")
            answer = self._refused(gone, service, request)
        except CutError:
            raise
        except Exception:  # the outermost edge: whatever a service did not foresee is a 500, as on AWS
            log.exception("request_failed operation=%s", operation)
            failure = AwsError("InternalFailure", "the local cloud failed; see cloud.log", 500)
            answer = self._refused(failure, service, request)
        return cut(answer) if fault.cut else answer

    def _route_twice(self, request: Request, scope: Scope | None) -> "WSGIApplication":
        with kept_body(request.environ) as body:
            self._route(request, scope)
            body.seek(0)
            return self._route(Request(request.environ), scope)

    def _route(self, request: Request, scope: Scope | None) -> "WSGIApplication":
        environ = request.environ
        _check_host(environ.get("HTTP_HOST", ""))
        raw_path = (
            urlsplit("//host" + environ["REQUEST_URI"]).path if environ["REQUEST_URI"].startswith("/") else request.path
        )
        if scope is None or scope.service == "execute-api":
            return self._unsigned(request, raw_path, environ)
        _check_origin(request)
        environ[REGION] = scope.region
        if scope.service == "sagemaker":
            return self._to_sagemaker(request, scope)
        service = self._services.get(scope.service)
        if service is None or (scope.presigned and scope.service != "s3"):
            raise emulated.unknown(scope.service)
        return _called(service, environ)

    def _unsigned(self, request: Request, raw_path: str, environ: "WSGIEnvironment") -> "WSGIApplication":
        if request.path.startswith(admin.PREFIX):
            _check_origin(request)
            return self._pages.answer(request.method, request.path, request.get_data(cache=False))
        first, slash, rest = raw_path.lstrip("/").partition("/")
        if unquote(first) == self._stage:
            if not slash and request.method in {"GET", "HEAD"}:
                return Response(status=301, headers={"Location": f"/{self._stage}/"})
            return self._api.answer(request, "/" + rest)
        link = self._links.get(request.args.get("Action", ""))
        if link is not None and request.path == "/" and request.method == "GET":
            _check_origin(request)
            return _called(link, environ)
        if request.method in {"GET", "HEAD"} and not request.query_string and _OPENED.fullmatch(raw_path):
            _check_origin(request)
            _check_opened(request)
            return _called(self._services["s3"], environ, *_SANDBOX)
        raise AwsError("MissingAuthenticationTokenException", "Missing Authentication Token", 403)

    def _to_sagemaker(self, request: Request, scope: Scope) -> Response:
        body = request.get_data(cache=False)
        if found := _INVOCATIONS.fullmatch(request.path):
            request.environ[_NAME] = found["name"]
            if request.method != "POST":
                raise AwsError("UnknownOperationException", "an endpoint is invoked by POST", 404)
            invoked = self._sagemaker.invoke(found["name"], dict(request.headers), body, scope.region)
            headers = {**invoked.headers, "x-amzn-RequestId": self._new_id()}
            return Response(invoked.body, status=invoked.status, headers=headers)
        service, _, operation = request.headers.get("X-Amz-Target", "").partition(".")
        if service != "SageMaker" or not operation:
            raise AwsError("UnknownOperationException", "no X-Amz-Target names an operation of SageMaker", 400)
        request.environ[_NAME] = _name_in(body)
        status, answer = self._sagemaker.handle(operation, body, scope.region)
        headers = {"x-amzn-RequestId": self._new_id()}
        return Response(answer, status=status, headers=headers, content_type="application/x-amz-json-1.1")

    def _refused(self, error: AwsError, service: str, request: Request) -> Response:
        request_id = self._new_id()
        headers = {"x-amzn-RequestId": request_id, "x-amzn-ErrorType": error.code}
        if error.query_code is not None:
            headers["x-amzn-query-error"] = f"{error.query_code};Sender"
        code, message = escape(error.code), escape(error.message)
        if service == "s3":
            body = f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{request_id}</RequestId></Error>"
            return Response(body, status=error.status, headers=headers, content_type="application/xml")
        if service and request.mimetype == "application/x-www-form-urlencoded":
            inner = f"<Error><Code>{code}</Code><Message>{message}</Message></Error><RequestId>{request_id}</RequestId>"
            body = f"<ErrorResponse>{inner}</ErrorResponse>"
            return Response(body, status=error.status, headers=headers, content_type="text/xml")
        if not service:
            plain = json.dumps({"message": error.message})
            return Response(plain, status=error.status, headers=headers, content_type="application/json")
        return Response(
            protocol.render_error(error),
            status=error.status,
            headers=headers,
            content_type="application/x-amz-json-1.1",
        )


def _called(app: "WSGIApplication", environ: "WSGIEnvironment", *more: tuple[str, str]) -> "WSGIApplication":
    """Call a service now, so that what it raises is answered like any refusal, and replay its answer.

    ``more``: headers beside the answer's own.
    """
    begun: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: object = None, /
    ) -> Callable[[bytes], object]:
        del exc_info
        begun[:] = [(status, [*headers, *more])]
        return lambda _: None

    body = app(environ, start_response)

    def replay(_: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        start(*begun[0])
        return body

    return replay


def _name_in(body: bytes) -> str | None:
    """Return what a call of SageMaker's control plane is about: the first name in its request."""
    found = _NAMED.search(body)
    return found["name"].decode() if found else None


def _check_host(host: str) -> None:
    name = host.rpartition(":")[0] if re.search(r":\d+$", host) else host
    if name.lower() not in _LOOPBACK:
        message = f"the local cloud answers for 127.0.0.1 and localhost only, not for {host!r}"
        raise AwsError("MisdirectedRequest", message, 421)


def _check_origin(request: Request) -> None:
    origin = request.headers.get("Origin")
    if origin is not None and origin.partition("://")[2] != request.host:
        raise AwsError("AccessDenied", f"a web page of {origin} may not call the local cloud", 403)


def _check_opened(request: Request) -> None:
    """Let people who follow a link to an object pass, and programs; browsers tell what else a page does with it."""
    if request.headers.get("Sec-Fetch-Dest", "document") != "document":
        raise AwsError("AccessDenied", "a web page may lead to an object, and not embed or fetch it", 403)
