"""IAM's WSGI application: moto's, with every change kept and done again at the next start, to the same ids and dates.

The price: a start takes a few milliseconds for each change ever made. When something was last used, and reports, are
forgotten at a stop.
"""

import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from werkzeug.wrappers import Request, Response

from localcloud import journal
from localcloud.database import Database
from localcloud.errors import AwsError
from localcloud.journal import Kept
from localcloud.json_api import REGION
from localcloud.moto_services import MotoServices, with_body

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_READS = ("Get", "List", "Generate", "Simulate")


class Iam:
    """One IAM; ``now`` and ``new_seed`` decide dates and ids."""

    def __init__(
        self, moto: MotoServices, database: Database, now: Callable[[], datetime], new_seed: Callable[[], int]
    ) -> None:
        self._moto = moto
        self._database = database
        self._now = now
        self._new_seed = new_seed
        self._lock = threading.Lock()
        journal.define(database)

    def restore(self) -> None:
        """Do all changes again; raises ConfigError if moto refuses one."""
        for kept in journal.requests(self._database, "iam"):
            self._moto.again(kept)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        body, content_type = request.get_data(cache=False), request.headers.get("Content-Type", "")
        environ, region = with_body(environ, body), environ[REGION]
        (action,) = parse_qs(body.decode("utf-8", "replace")).get("Action", [""])[:1]
        if not action:
            raise AwsError(
                "NotImplemented", "the local cloud reads a request to IAM from a form that names its Action", 501
            )
        with self._lock:
            at, seed = self._now(), self._new_seed()
            with self._moto.repeatable(at, seed):
                answer = Response.from_app(self._moto, environ, buffered=True)
            if answer.status_code == HTTPStatus.OK and not action.startswith(_READS):
                kept = Kept("iam", region, action, "", content_type, body, at, seed)
                self._database.execute(journal.KEEP, *journal.values(kept))
        return answer(environ, start_response)
