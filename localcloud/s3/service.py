"""S3 as a WSGI application: reads a request, has it done, writes the answer.

Objects are files below ``<folder>``, everything else rows of the database; what was answered is on the disk. Only
addresses with the bucket in the path are read.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud.database import Database
from localcloud.errors import AwsError
from localcloud.publish import Publish
from localcloud.s3 import answers, requests
from localcloud.s3.answers import Response
from localcloud.s3.blobs import Blobs
from localcloud.s3.buckets import Buckets
from localcloud.s3.events import Announcer
from localcloud.s3.model import Model
from localcloud.s3.operations import OPERATIONS, perform
from localcloud.s3.state import State
from localcloud.s3.uploads import Uploads
from localcloud.s3.versions import Versions

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger(__name__)


class S3:
    """One S3; ``new_id`` gives hexadecimal texts that nobody gives again."""

    def __init__(
        self,
        folder: Path,
        database: Database,
        *,
        publish: Publish,
        event_delay: float,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        """Open what is there; files that no row names are removed."""
        self._new_id = new_id
        self._now = now
        self._model = Model(OPERATIONS)
        blobs = Blobs(folder, database, new_id)
        self._state = State(
            database=database,
            blobs=blobs,
            buckets=Buckets(database),
            versions=Versions(database, blobs, new_id),
            uploads=Uploads(database, blobs, new_id),
            announcer=Announcer(publish, event_delay),
            now=now,
        )

    def close(self) -> None:
        """Let go of the files."""
        self._state.blobs.close()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        request_id = self._new_id()[:16].upper()
        response = self._answer(environ, request_id)
        headers = [("x-amz-request-id", request_id), ("x-amz-id-2", request_id), *response.headers]
        start_response(response.line, headers)
        return response.body

    def _answer(self, environ: "WSGIEnvironment", request_id: str) -> Response:
        try:
            call = requests.read(environ, self._model, self._now(), request_id)
            return answers.write(call.operation, perform(self._state, call))
        except AwsError as error:
            return answers.refuse(
                error,
                request_id,
                environ["REQUEST_URI"].partition("?")[0],
                bodiless=environ["REQUEST_METHOD"] == "HEAD",
            )
