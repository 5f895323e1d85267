"""The plain services, by moto: its WSGI application in this process, behind our front door.

moto is pinned, and a contract test holds what is used of it here. The price: moto's state is the process's, so a
process runs one local cloud at a time, and nothing of it survives the process.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.test import Client
from werkzeug.wrappers import Response

from localcloud import environment
from localcloud.errors import AwsError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SERVICES = frozenset({"dynamodb", "sqs", "sns", "iam", "sts", "logs", "cloudformation"})
# moto looks at these paths before it looks at the service: its own controls, which no AWS request may reach
_CONTROLS = ("/moto-api", "/latest/meta-data/", "/latest/api/", "/favicon.ico")

environment.forbid_moto_cors()

from moto.moto_server.werkzeug_app import (  # noqa: E402  see above
    DomainDispatcherApplication,
    create_backend_app,
)


class MotoServices:
    """A WSGI application that answers AWS requests for `SERVICES`."""

    def __init__(self) -> None:
        self._app = DomainDispatcherApplication(create_backend_app)
        self._client = Client(self._app, Response)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request; raises AwsError for what moto would answer wrongly."""
        if environ["PATH_INFO"].startswith(_CONTROLS):
            raise AwsError(
                "NotImplemented", f"the path {environ['PATH_INFO']} is not available on the local cloud", 501
            )
        return self._app(environ, start_response)  # type: ignore[no-any-return]  # moto has no types

    def reset(self) -> None:
        """Forget everything: moto's state is the process's, and a cloud neither finds nor leaves any."""
        self._client.post("/moto-api/reset")

    def warm(self) -> None:
        """Import the service that most first requests wait for: DynamoDB."""
        authorization = "AWS4-HMAC-SHA256 Credential=local/20000101/us-east-1/dynamodb/aws4_request, Signature=local"
        headers = {"Authorization": authorization, "X-Amz-Target": "DynamoDB_20120810.ListTables"}
        self._client.post("/", data=b"{}", headers=headers, content_type="application/x-amz-json-1.0")
