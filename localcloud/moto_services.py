"""The plain services, by moto: its WSGI application in this process, behind our front door.

moto's internals stay untouched but for two things: whether a bucket has EventBridge on, which moto stores and does not
answer, is read from its model; and its own S3 notifications are switched off, since
`localcloud.s3_events` announces objects exactly once and as S3 does. moto is pinned, and a contract test holds what
is used of it here. The price: moto's state is the process's, so a process runs one local cloud at a time, and nothing
of it survives the process.
"""

from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import TYPE_CHECKING

from werkzeug.test import Client
from werkzeug.wrappers import Response

from localcloud import environment
from localcloud.errors import AwsError
from localcloud.settings import ACCOUNT_ID

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SERVICES = frozenset({"s3", "dynamodb", "sqs", "iam", "sts", "cloudformation"})
# moto looks at these paths before it looks at the service: its own controls, which no AWS request may reach
_CONTROLS = ("/moto-api", "/latest/meta-data/", "/latest/api/", "/favicon.ico")
_OTHER_NOTIFICATIONS = (b"<QueueConfiguration", b"<TopicConfiguration", b"<CloudFunctionConfiguration")
_NOTIFICATIONS_LIMIT = 1_048_576

environment.forbid_moto_cors()

from moto.moto_server.werkzeug_app import (  # noqa: E402  see above
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.s3 import notifications  # noqa: E402
from moto.s3.models import s3_backends  # noqa: E402

RequestHandler = MotoRequestHandler  # for the HTTP server, which must not import moto before the line above has run


def _announce_nothing(*_: object, **__: object) -> None:
    """Take the place of moto's own notifications."""


class MotoServices:
    """A WSGI application that answers AWS requests for `SERVICES`."""

    def __init__(self) -> None:
        notifications.send_event = _announce_nothing
        self._app = DomainDispatcherApplication(create_backend_app)
        self._client = Client(self._app, Response)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request; raises AwsError for what moto would answer wrongly."""
        if environ["PATH_INFO"].startswith(_CONTROLS):
            raise AwsError(
                "NotImplemented", f"the path {environ['PATH_INFO']} is not available on the local cloud", 501
            )
        if _asks_for_notifications(environ):
            _refuse_other_targets(environ)
        return self._app(environ, start_response)  # type: ignore[no-any-return]  # moto has no types

    def s3(self, method: str, path: str, query: Mapping[str, str] | None = None) -> Response:
        """Send a small S3 request in process, past the front door: nothing is recorded or announced."""
        authorization = "AWS4-HMAC-SHA256 Credential=local/20000101/us-east-1/s3/aws4_request, Signature=local"
        return self._client.open(
            method=method, path=path, query_string=dict(query or {}), headers={"Authorization": authorization}
        )

    def has_eventbridge(self, bucket: str) -> bool:
        """Say whether the bucket sends its events to EventBridge."""
        found = s3_backends[ACCOUNT_ID]["aws"].buckets.get(bucket)
        configuration = found.notification_configuration if found else None
        return configuration is not None and configuration.event_bridge is not None

    def reset(self) -> None:
        """Forget everything: moto's state is the process's, and a cloud neither finds nor leaves any."""
        self._client.post("/moto-api/reset")

    def warm(self) -> None:
        """Import the services every first request waits for: S3 and DynamoDB."""
        self.s3("GET", "/")
        authorization = "AWS4-HMAC-SHA256 Credential=local/20000101/us-east-1/dynamodb/aws4_request, Signature=local"
        headers = {"Authorization": authorization, "X-Amz-Target": "DynamoDB_20120810.ListTables"}
        self._client.post("/", data=b"{}", headers=headers, content_type="application/x-amz-json-1.0")


def _asks_for_notifications(environ: "WSGIEnvironment") -> bool:
    parameters = environ["QUERY_STRING"].split("&")
    return environ["REQUEST_METHOD"] == "PUT" and any(part.partition("=")[0] == "notification" for part in parameters)


def _refuse_other_targets(environ: "WSGIEnvironment") -> None:
    body = environ["wsgi.input"].read(_NOTIFICATIONS_LIMIT)
    environ["wsgi.input"] = BytesIO(body)
    if any(target in body for target in _OTHER_NOTIFICATIONS):
        raise AwsError(
            "NotImplemented",
            "the local cloud sends S3 events to EventBridge only: set EventBridgeConfiguration, "
            "no queue, topic or function",
            501,
        )
