"""Announces stored objects on the event bus, as S3 does for a bucket with EventBridge on: one event each.

The front door lets S3 requests through here to moto. Whether a request stores an object is read from its line and
headers alone, as bodies come in AWS's own chunked coding; what was stored is read back from moto once it has
answered. The price: a HEAD per stored object, and of two concurrent writes to one key of an unversioned bucket both
events may describe the later one.
"""

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs, quote

from localcloud.moto_services import MotoServices
from localcloud.settings import ACCOUNT_ID

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_EVENTBRIDGE = (
    b'<NotificationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    b"<EventBridgeConfiguration/></NotificationConfiguration>"
)
_SIGNING = ("X-Amz-", "AWSAccessKeyId", "Signature", "Expires", "x-id")


class Publish(Protocol):
    """How an event is put on the bus."""

    def __call__(
        self, *, source: str, detail_type: str, resources: list[str], detail: Mapping[str, Any], region: str
    ) -> None:
        """Take an event."""


@dataclass(frozen=True)
class Stored:
    """A request that stores an object."""

    bucket: str
    key: str
    reason: str  # the API operation, as S3 writes it into the event


class Sequencer:
    """Gives texts that grow in the order they were asked for, as the sequencer of S3's events."""

    def __init__(self, clock: Callable[[], int] = time.time_ns) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last = 0

    def __call__(self) -> str:
        """Give the next: 18 hexadecimal digits."""
        with self._lock:
            self._last = max(self._last + 1, self._clock())
            return f"{self._last:018X}"


class S3Events:
    """The WSGI application of S3: moto's, with the events that moto's answers cause."""

    def __init__(self, moto: MotoServices, publish: Publish, later: Callable[[Callable[[], object]], object]) -> None:
        self._moto = moto
        self._publish = publish
        self._later = later  # runs its argument once the answer is on its way
        self._sequencer = Sequencer()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        if self._asks_for_notifications(environ):
            start_response("200 OK", [("Content-Type", "application/xml")])
            return [_EVENTBRIDGE]
        stored = stored_by(environ)
        if stored is None:
            return self._moto(environ, start_response)
        status, headers, body = self._ask(environ)
        if status.startswith("200"):
            version = dict(headers).get("x-amz-version-id", "null")
            region, address = environ.get("localcloud.region", ""), environ.get("REMOTE_ADDR", "")
            self._announce(stored, version if version != "null" else None, region=region, address=address)
        start_response(status, headers)
        return [body]

    def _ask(self, environ: "WSGIEnvironment") -> tuple[str, list[tuple[str, str]], bytes]:
        begun: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None, /) -> Any:  # noqa: ANN401  WSGI
            del exc_info
            begun[:] = [(status, headers)]

        body = b"".join(self._moto(environ, start_response))
        status, headers = begun[0]
        return status, [(name.lower(), value) for name, value in headers], body

    def _announce(self, stored: Stored, version: str | None, *, region: str, address: str) -> None:
        if not self._moto.has_eventbridge(stored.bucket):
            return
        path = f"/{stored.bucket}/{quote(stored.key)}"
        facts = self._moto.s3("HEAD", path, {"versionId": version} if version else None)
        if facts.status_code != HTTPStatus.OK:
            return  # deleted in the meantime: there is nothing left to describe
        described: dict[str, Any] = {
            "key": stored.key,
            "size": int(facts.headers["Content-Length"]),
            "etag": facts.headers["ETag"].strip('"'),
            "sequencer": self._sequencer(),
        }
        if version:
            described["version-id"] = version
        detail = {
            "version": "0",
            "bucket": {"name": stored.bucket},
            "object": described,
            "request-id": uuid.uuid4().hex[:16].upper(),
            "requester": ACCOUNT_ID,
            "source-ip-address": address,
            "reason": stored.reason,
        }
        resources = [f"arn:aws:s3:::{stored.bucket}"]
        self._later(
            lambda: self._publish(
                source="aws.s3", detail_type="Object Created", resources=resources, detail=detail, region=region
            )
        )

    def _asks_for_notifications(self, environ: "WSGIEnvironment") -> bool:
        """Say whether moto would leave EventBridge out of its answer; no other target is accepted here."""
        names = parse_qs(environ["QUERY_STRING"], keep_blank_values=True)
        if environ["REQUEST_METHOD"] != "GET" or "notification" not in names:
            return False
        return self._moto.has_eventbridge(environ["PATH_INFO"].strip("/"))


def stored_by(environ: "WSGIEnvironment") -> Stored | None:
    """Say which object a request stores, should it succeed; None for all other requests."""
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")  # WSGI's way of writing UTF-8
    bucket, _, key = path.lstrip("/").partition("/")
    parameters = {
        name for name in parse_qs(environ["QUERY_STRING"], keep_blank_values=True) if not name.startswith(_SIGNING)
    }
    if not (bucket and key):
        return None
    if environ["REQUEST_METHOD"] == "PUT" and not parameters:
        return Stored(bucket, key, "CopyObject" if "HTTP_X_AMZ_COPY_SOURCE" in environ else "PutObject")
    if environ["REQUEST_METHOD"] == "POST" and parameters == {"uploadId"}:
        return Stored(bucket, key, "CompleteMultipartUpload")
    return None
