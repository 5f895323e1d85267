"""An AWS service that speaks the query protocol, as a WSGI application, as `localcloud.json_api` is for JSON."""

import uuid
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from localcloud import emulated
from localcloud.json_api import REGION, Operation
from localcloud.query_protocol import Form, parse, render

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class QueryApi:
    """One service; ``service`` is botocore's name of its model."""

    def __init__(self, service: str, operations: Mapping[str, Operation]) -> None:
        self._service = service
        self._operations = operations

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request, its parameters a form or, of a link, the query; raises AwsError."""
        request = Request(environ)
        request.max_form_memory_size = None  # the service's own limits are smaller
        form = (request.form if request.method == "POST" else request.args).to_dict()
        request_id = str(uuid.uuid4())
        body = self.answer(form, environ.get(REGION, ""), request_id)
        headers = {"x-amzn-RequestId": request_id}
        answer: WSGIApplication = Response(body, headers=headers, content_type="text/xml")
        return answer(environ, start_response)

    def answer(self, form: Form, region: str, request_id: str) -> bytes:
        """Do one operation; raises AwsError as AWS would answer, 501 for an operation that is not emulated."""
        operation = form.get("Action", "")
        do = self._operations.get(operation)
        if do is None:
            raise emulated.unknown(f"{self._service}.{operation}")
        answer = do(parse(self._service, operation, form), region) or {}
        return render(self._service, operation, answer, request_id)
