import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localcloud.database import Database
from localcloud.http_server import Server
from localcloud.s3 import S3


@dataclass
class Service:
    """An S3 of its own: its address, the events it sent, and the time that it is told."""

    folder: Path
    database: Database
    events: list[dict[str, Any]] = field(default_factory=list)
    ahead: timedelta = timedelta()
    url: str = ""

    def publish(self, **event: Any) -> None:
        self.events.append(event)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def open(self) -> S3:
        return S3(
            self.folder / "objects",
            self.database,
            publish=self.publish,
            event_delay=0.25,
            now=self.now,
            new_id=lambda: uuid.uuid4().hex,
        )

    def client(self, region: str = "us-east-1", **config: Any) -> Any:
        make: Any = boto3.client  # its overloads know literal names of services only
        return make(
            "s3",
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106  no secret: the cloud takes any
            config=Config(retries={"total_max_attempts": 1}, **config),
        )

    def files(self) -> set[str]:
        return {path.name for path in (self.folder / "objects").iterdir()}


@dataclass(frozen=True)
class Bucket:
    """A new bucket, and a client."""

    service: Service
    s3: Any
    name: str

    def put(self, key: str, body: bytes = b"x", **more: Any) -> Any:
        return self.s3.put_object(Bucket=self.name, Key=key, Body=body, **more)

    def get(self, key: str, **more: Any) -> bytes:
        with closing(self.s3.get_object(Bucket=self.name, Key=key, **more)["Body"]) as body:
            content: bytes = body.read()
            return content

    def call(self, operation: str, **members: Any) -> Any:
        return getattr(self.s3, operation)(Bucket=self.name, **members)

    def refused(self, operation: str, **members: Any) -> tuple[int, str]:
        """Make a call that is refused; status and code."""
        with pytest.raises(ClientError) as refusal:
            self.call(operation, **members)
        answer: Any = refusal.value.response
        return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]

    def keep_versions(self, status: str = "Enabled") -> None:
        self.call("put_bucket_versioning", VersioningConfiguration={"Status": status})

    def announce(self) -> None:
        configuration: dict[str, Any] = {"EventBridgeConfiguration": {}}
        self.call("put_bucket_notification_configuration", NotificationConfiguration=configuration)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for event in self.service.events if event["detail"]["bucket"]["name"] == self.name]

    def send(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Send a request as it is."""
        address = urlsplit(self.service.url)
        with closing(HTTPConnection(address.hostname or "", address.port, timeout=30)) as connection:
            connection.request(method, path, body, headers or {})
            response: HTTPResponse = connection.getresponse()
            return response.status, response.read()


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("s3")
    with closing(Database(folder / "state.db")) as database:
        service = Service(folder, database)
        with closing(service.open()) as s3:
            server = Server(s3, 0)
            server.start()
            service.url = f"http://127.0.0.1:{server.port}"
            yield service
            server.stop(1.0)


@pytest.fixture(scope="session")
def shared_client(service: Service) -> Iterator[Any]:
    client = service.client()
    yield client
    client.close()


@pytest.fixture
def bucket(service: Service, shared_client: Any) -> Bucket:
    name = f"b-{uuid.uuid4().hex}"
    shared_client.create_bucket(Bucket=name)
    service.ahead = timedelta()
    return Bucket(service, shared_client, name)
