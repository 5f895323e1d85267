"""The plain services, by moto: its WSGI application in this process, behind our front door.

What is used of moto's internals is named here, and nowhere else: the time and chance that IAM and DynamoDB's tables
see, so that a request can be done again with the same answer; DynamoDB's tables, for `localcloud.dynamodb`. moto is
pinned, and contract tests hold it. The price: moto's state is the process's, so a process runs one local cloud at a
time, and what survives the process is what somebody else keeps.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING

from werkzeug.test import Client
from werkzeug.wrappers import Response

from localcloud import environment
from localcloud.errors import AwsError, ConfigError
from localcloud.journal import Kept

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SERVICES = frozenset({"dynamodb", "iam", "sts"})
# moto looks at these paths before it looks at the service: its own controls, which no AWS request may reach
_CONTROLS = ("/moto-api", "/latest/meta-data/", "/latest/api/", "/favicon.ico")

environment.forbid_moto_cors()

from moto.dynamodb.models import dynamo_type as dynamodb_types  # noqa: E402
from moto.dynamodb.models import dynamodb_backends  # noqa: E402
from moto.dynamodb.models import table as dynamodb_table  # noqa: E402
from moto.iam import models as iam_models  # noqa: E402
from moto.iam import utils as iam_utils  # noqa: E402
from moto.moto_api._internal import MotoRandom  # noqa: E402
from moto.moto_server.werkzeug_app import (  # noqa: E402  see above
    DomainDispatcherApplication,
    create_backend_app,
)

__all__ = ["SERVICES", "MotoServices", "dynamodb_backends", "dynamodb_types", "with_body"]

_repeated = threading.local()  # its `at`: the time that moto's IAM and tables see in a thread
_chance = MotoRandom()  # of moto's IAM alone, so that no other service draws between two of its draws


def _utcnow() -> datetime:
    at: datetime = getattr(_repeated, "at", None) or datetime.now(UTC)
    return at.replace(tzinfo=None)


class MotoServices:
    """A WSGI application that answers AWS requests for `SERVICES`."""

    def __init__(self) -> None:
        iam_models.random = iam_utils.random = _chance
        iam_models.utcnow = dynamodb_table.utcnow = _utcnow
        self._app = DomainDispatcherApplication(create_backend_app)
        self._client = Client(self._app, Response)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request; raises AwsError for what moto would answer wrongly."""
        if environ["PATH_INFO"].startswith(_CONTROLS):
            raise AwsError(
                "NotImplemented", f"the path {environ['PATH_INFO']} is not available on the local cloud", 501
            )
        return self._app(environ, start_response)  # type: ignore[no-any-return]  # moto has no types

    @contextmanager
    def repeatable(self, at: datetime, seed: int) -> Iterator[None]:
        """Let moto's IAM and tables answer by this time and seed in this thread; IAM in one thread at a time."""
        _chance.seed(seed)
        _repeated.at = at
        try:
            yield
        finally:
            _repeated.at = None

    def again(self, kept: Kept) -> None:
        """Do a request again, as it was; raises ConfigError if it is refused now."""
        with self.repeatable(kept.at, kept.seed):
            answer = self._request(kept.service, kept.region, kept.target, kept.content_type, kept.body)
        if answer.status_code != HTTPStatus.OK:
            what = kept.target or kept.body.decode("utf-8", "replace").partition("&")[0]
            raise ConfigError(f"the state cannot be restored: moto refuses {what} for {kept.subject} in {kept.region}")

    def _request(self, service: str, region: str, target: str, content_type: str, body: bytes) -> Response:
        credential = f"Credential=local/20000101/{region}/{service}/aws4_request"
        headers = {"Authorization": f"AWS4-HMAC-SHA256 {credential}, Signature=local", "X-Amz-Target": target}
        return self._client.post("/", data=body, headers=headers, content_type=content_type)

    def reset(self) -> None:
        """Forget everything: moto's state is the process's, and a cloud neither finds nor leaves any."""
        self._client.post("/moto-api/reset")

    def warm(self) -> None:
        """Import the service that most first requests wait for: DynamoDB."""
        self._request("dynamodb", "us-east-1", "DynamoDB_20120810.ListTables", "application/x-amz-json-1.0", b"{}")


def with_body(environ: "WSGIEnvironment", body: bytes) -> "WSGIEnvironment":
    """Return a request's environment with its body, which was read, to be read again."""
    return {**environ, "wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
