import http.server
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from localcloud.clock import Clock
from localcloud.database import Database
from localcloud.errors import AwsError
from localcloud.sns import Sns
from localcloud.targets import NO_ATTRIBUTES, Attributes, Targets

REGION = "eu-central-1"
QUEUE = "arn:aws:sqs:eu-central-1:123456789012:q"
DEAD = "arn:aws:sqs:eu-central-1:123456789012:dead"
FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:f"


@dataclass
class Subscriber:
    """A loopback HTTP server that keeps what it is sent; ``answers``: its next statuses, then 200."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    posts: list[tuple[Mapping[str, str], str]] = field(default_factory=list)

    def documents(self, kind: str) -> list[Any]:
        read = [json.loads(body) for headers, body in self.posts if headers["x-amz-sns-message-type"] == kind]
        assert all(document["Type"] == kind for document in read)
        return read


@pytest.fixture
def subscriber() -> Iterator[Subscriber]:
    found = Subscriber()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            found.posts.append((dict(self.headers), body))
            self.send_response(found.answers.pop(0) if found.answers else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}/in?key=1"
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Taker:
    """Queues and functions: keeps what it takes in the database, and refuses for ``refusals`` times."""

    database: Database
    refusals: list[AwsError] = field(default_factory=list)
    attributes: list[Attributes] = field(default_factory=list)

    def take(self, arn: str, message: bytes, attributes: Attributes = NO_ATTRIBUTES) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.database.execute("INSERT INTO taken VALUES (?, ?)", arn, message.decode())
        self.attributes.append(attributes)

    def taken(self, arn: str) -> list[str]:
        return [text for (text,) in self.database.rows("SELECT message FROM taken WHERE arn = ? ORDER BY rowid", arn)]


@dataclass
class Running:
    """An SNS in this process, on a virtual clock, with fake queues and functions."""

    sns: Sns
    clock: Clock
    database: Database
    taker: Taker
    close: Callable[[], object]

    def call(self, operation: str, **request: Any) -> Any:
        return self.sns.operations[operation](request, REGION) or {}

    def subscribed(self, topic: str, protocol: str, endpoint: str, **attributes: str) -> str:
        request = {"TopicArn": topic, "Protocol": protocol, "Endpoint": endpoint, "Attributes": attributes}
        arn: str = self.call("Subscribe", **request)["SubscriptionArn"]
        return arn

    def waiting(self) -> int:
        row = self.database.row("SELECT count(*) FROM sns_deliveries")
        assert row is not None
        return int(row[0])


RunSns = Callable[..., Running]


@pytest.fixture
def run_sns(tmp_path: Path) -> Iterator[RunSns]:
    """Run an SNS on the state of the one before, if there was one."""
    with ExitStack() as stack:

        def run(*, start: bool = True) -> Running:
            mine = stack.enter_context(ExitStack())
            database = Database(tmp_path / "state.db")
            mine.callback(database.close)
            database.define("CREATE TABLE IF NOT EXISTS taken (arn TEXT, message TEXT)")
            clock = Clock(virtual=True)
            clock.start()
            mine.callback(clock.stop)
            targets, taker = Targets(), Taker(database)
            targets.add("sqs", taker.take)
            targets.add("lambda", taker.take)
            sns = Sns(database, clock, targets, retries=(0.5, 1.0, 2.0))
            if start:
                sns.start("http://127.0.0.1:4566")
                mine.callback(sns.stop)
            return Running(sns, clock, database, taker, mine.close)

        yield run


@pytest.fixture
def running(run_sns: RunSns) -> Running:
    return run_sns()
