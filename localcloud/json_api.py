"""An AWS service that speaks JSON, as a WSGI application: its operations are functions from a request to an answer."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from localcloud import emulated
from localcloud.protocol import parse, render

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Data = Mapping[str, Any]
Operation = Callable[[Data, str], Data | None]  # the request, read and checked by its model; the region
REGION = "localcloud.region"  # in a WSGI environment: where the request was signed for


class JsonApi:
    """One service; ``service`` is botocore's name of its model, ``fault`` its code for what the model forbids."""

    def __init__(self, service: str, operations: Mapping[str, Operation], fault: str = "ValidationException") -> None:
        self._service = service
        self._fault = fault
        self._operations = operations

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request; raises AwsError."""
        request = Request(environ)
        operation = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
        body = self.answer(operation, request.get_data(cache=False), environ[REGION])
        headers = {"x-amzn-RequestId": str(uuid.uuid4())}
        answer: WSGIApplication = Response(body, headers=headers, content_type="application/x-amz-json-1.1")
        return answer(environ, start_response)

    def answer(self, operation: str, body: bytes, region: str) -> bytes:
        """Do one operation; raises AwsError as AWS would answer, 501 for an operation that is not emulated."""
        do = self._operations.get(operation)
        if do is None:
            raise emulated.unknown(f"{self._service}.{operation}")
        return render(self._service, operation, do(parse(self._service, operation, body, self._fault), region) or {})
