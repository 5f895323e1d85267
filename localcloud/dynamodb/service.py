"""DynamoDB's WSGI application: moto answers, and what it changed is on the disk before the caller hears of it.

Requests are answered by moto one at a time. The items a write is about are looked at before and after: what changed
after a success is kept, what changed after a refusal is put back, as DynamoDB changes nothing then. Changes to tables
are kept as requests, and done again at the start. No answer, not even a read's, leaves before all that it may have
seen is on the disk; requests that wait for that share one fsync. Items whose time to live has passed are looked for now
and then, as DynamoDB does, so they can be read for a while. The price: an item is written twice as JSON, and a
transaction copies its tables, as moto does that to be able to go back.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from localcloud import journal
from localcloud.clock import Clock
from localcloud.database import Database
from localcloud.dynamodb import emulated, tables
from localcloud.dynamodb.tables import Table
from localcloud.dynamodb.touched import WRITES, Item, touched
from localcloud.emulated import unknown
from localcloud.errors import AwsError
from localcloud.group_commit import GroupCommit
from localcloud.journal import Kept
from localcloud.json_api import REGION
from localcloud.moto_services import MotoServices, with_body
from localcloud.protocol import parse

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_TARGET = "DynamoDB_20120810"
_CONTENT_TYPE = "application/x-amz-json-1.0"
_PUT = (
    "INSERT INTO dynamodb_items (region, name, key, item) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (region, name, key) DO UPDATE SET item = excluded.item"
)
_REMOVE = "DELETE FROM dynamodb_items WHERE region = ? AND name = ? AND key = ?"
_REMOVE_ALL = "DELETE FROM dynamodb_items WHERE region = ? AND name = ?"


class DynamoDb:
    """One DynamoDB for all regions; ``expiry`` are the seconds between two looks for items that have expired."""

    def __init__(self, moto: MotoServices, database: Database, clock: Clock, expiry: float) -> None:
        self._moto = moto
        self._database = database
        self._clock = clock
        self._expiry = expiry
        self._lock = threading.Lock()
        self._disk = GroupCommit(database)
        journal.define(database)
        database.define(
            "CREATE TABLE IF NOT EXISTS dynamodb_items (position INTEGER PRIMARY KEY AUTOINCREMENT, region TEXT, "
            "name TEXT, key TEXT, item TEXT, UNIQUE (region, name, key))"
        )

    def restore(self) -> None:
        """Make the tables and put the items that were there; raises ConfigError if moto does not take them."""
        for kept in journal.requests(self._database, "dynamodb"):
            self._moto.again(kept)
        found: dict[tuple[str, str], Table | None] = {}
        for region, name, item in self._database.rows(
            "SELECT region, name, item FROM dynamodb_items ORDER BY position"
        ):
            if (region, name) not in found:
                found[region, name] = tables.find(region, name)
            if table := found[region, name]:
                table.put(item)
        self._clock.after(self._expiry, self._expire)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request; raises AwsError for what is not emulated."""
        wsgi_request = Request(environ)
        target, _, operation = wsgi_request.headers.get("X-Amz-Target", "").partition(".")
        if target != _TARGET or operation not in emulated.OPERATIONS | emulated.PARTIQL:
            raise unknown(f"dynamodb.{operation}")
        body = wsgi_request.get_data(cache=False)
        environ, region = with_body(environ, body), environ[REGION]
        if operation in emulated.READS:
            with self._lock:
                answer, seen = self._asked(environ), self._disk.added
        else:
            request = parse("dynamodb", operation, body)
            emulated.check(operation, request)
            with self._lock:
                if operation in WRITES:
                    answer = self._write(environ, region, operation, request)
                elif operation in emulated.TABLE_CHANGES:
                    answer = self._change_table(environ, region, operation, request, body)
                else:
                    answer = self._asked(environ)
                seen = self._disk.added
        self._disk.wait(seen)
        return answer(environ, start_response)

    def _expire(self) -> None:
        """Delete the items whose time to live has passed, and look again later."""
        with self._lock:
            now = self._clock.now().timestamp()
            for region, table in tables.every():
                for item in table.expired(now):
                    table.remove(item)
                    self._disk.add(_REMOVE, region, table.name, table.key(item))
            seen = self._disk.added
        self._disk.wait(seen)
        self._clock.after(self._expiry, self._expire)

    def _asked(self, environ: "WSGIEnvironment") -> Response:
        return Response.from_app(self._moto, environ, buffered=True)

    def _write(self, environ: "WSGIEnvironment", region: str, operation: str, request: Mapping[str, Any]) -> Response:
        before = {
            (table.name, table.key(item)): (item, table.get(item)) for table, item in _found(region, operation, request)
        }
        answer = self._asked(environ)
        done = answer.status_code == HTTPStatus.OK
        for (name, key), (item, was) in before.items():
            table = tables.find(region, name)
            if table is None or (now := table.get(item)) == was:
                continue
            if not done:
                _put_back(table, item, was)
            elif now is None:
                self._disk.add(_REMOVE, region, name, key)
            else:
                self._disk.add(_PUT, region, name, key, now)
        return answer

    def _change_table(
        self, environ: "WSGIEnvironment", region: str, operation: str, request: Mapping[str, Any], body: bytes
    ) -> Response:
        named = request.get("TableName") or request["ResourceArn"]
        table = tables.find(region, named)
        if table is None and "ResourceArn" in request:
            raise AwsError("ResourceNotFoundException", f"Requested resource not found: ResourceArn: {named} not found")
        name, at = table.name if table else named, self._clock.now()
        with self._moto.repeatable(at, seed=0):
            answer = self._asked(environ)
        if answer.status_code != HTTPStatus.OK:
            return answer
        if operation == "DeleteTable":
            self._disk.add(_REMOVE_ALL, region, name)
            self._disk.add(journal.FORGET, "dynamodb", region, name)
        else:
            kept = Kept("dynamodb", region, name, f"{_TARGET}.{operation}", _CONTENT_TYPE, body, at, seed=0)
            self._disk.add(journal.KEEP, *journal.values(kept))
        return answer


def _found(region: str, operation: str, request: Mapping[str, Any]) -> Iterator[tuple[Table, Item]]:
    """Yield the items a write is about; raises AwsError for a key that is none of its table.

    A table that is not there, and an item without a key, moto refuses in DynamoDB's words.
    """
    for one in touched(operation, request):
        table = tables.find(region, one.table)
        if table is None:
            continue
        if table.has_key(one.item, whole=one.whole):
            yield table, one.item
        elif not one.whole:
            raise AwsError("ValidationException", "The provided key element does not match the schema")


def _put_back(table: Table, item: Item, was: str | None) -> None:
    if was is None:
        table.remove(item)
    else:
        table.put(was)
