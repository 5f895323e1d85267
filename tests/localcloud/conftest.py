import http.client
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from localcloud.cloud import Cloud
from localcloud.database import Database
from localcloud.errors import AdminError, AwsError
from localcloud.settings import Delays, Settings
from tests.localcloud.cloud_process import client

T = TypeVar("T")

REGION = "eu-central-1"
QUICK = Delays(s3_event=0.0, event_delivery=0.0, lambda_retries=(0.0, 0.0), sns_retries=(0.0, 0.0, 0.0))


@dataclass(frozen=True)
class FakeAnswer:
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "text/plain"})
    body: bytes = b"answered"


class FakeSageMaker:
    """SageMaker's place in a cloud whose test is about something else: notes calls and answers plainly."""

    def __init__(self, settings: Settings, **parts: object) -> None:
        del settings, parts
        self.calls: list[tuple[str, bytes, str]] = []

    def start(self, endpoint_url: str) -> None:
        self.endpoint_url = endpoint_url

    def stop(self) -> None:
        pass

    def interruptible(self) -> list[tuple[str, str]]:
        return [("eu-central-1", "spot")]

    def interrupt(self, region: str, job_name: str) -> None:
        if (region, job_name) not in self.interruptible():
            raise AdminError(f"{job_name} is no managed spot training job")
        self.calls.append(("interrupt", job_name.encode(), region))

    def handle(self, operation: str, body: bytes, region: str) -> tuple[int, bytes]:
        self.calls.append((operation, body, region))
        if operation == "DescribeEndpoint":
            raise AwsError("ValidationException", 'Could not find endpoint "e".')
        return 200, b"{}"

    def invoke(self, endpoint_name: str, headers: Mapping[str, str], body: bytes, region: str) -> FakeAnswer:
        del headers
        if endpoint_name == "broken":
            raise AwsError("ModelError", "the model failed", 424, {"OriginalStatusCode": 500, "OriginalMessage": "no"})
        self.calls.append((endpoint_name, body, region))
        return FakeAnswer()


class RunningCloud:
    """A cloud in this process, with what tests do to one."""

    def __init__(self, cloud: Cloud, sagemaker: FakeSageMaker, state: Path, stack: ExitStack) -> None:
        self.cloud = cloud
        self.sagemaker = sagemaker
        self.state = state
        self._stack = stack

    def client(self, service: str, region: str = REGION, **config: Any) -> Any:
        return self._stack.enter_context(closing(client(service, self.cloud.endpoint_url, region, **config)))

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.cloud.port, timeout=30)) as connection:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()

    def advance(self, seconds: float) -> None:
        """Let time pass on a virtual clock, with all that is due on the way."""
        status, _, body = self.request("POST", "/_localcloud/clock", json.dumps({"advance": seconds}).encode())
        assert status == 200, body

    def page(self, name: str) -> Any:
        return json.loads(self.request("GET", f"/_localcloud/{name}")[2])

    def eventbridge_bucket(self, name: str, **extra: Any) -> Any:
        s3 = self.client("s3")
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_notification_configuration(
            Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}}, **extra
        )
        return s3

    def history(self, kind: str) -> list[dict[str, Any]]:
        lines = (self.state / "logs" / "history.jsonl").read_text().splitlines()
        return [line for line in map(json.loads, lines) if line["kind"] == kind]


def wait_for(look: Callable[[], T], seconds: float = 20.0) -> T:
    """Look until there is something; at most ``seconds``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.01)
    pytest.fail(f"nothing within {seconds} s")


@pytest.fixture(name="wait_for")
def wait_for_fixture() -> Callable[..., Any]:
    return wait_for


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(tmp_path / "state.db")) as database:
        yield database


StartCloud = Callable[..., RunningCloud]


@pytest.fixture
def start_cloud(tmp_path: Path) -> Iterator[StartCloud]:
    """Start clouds with a Chalice application given as source text (or none); stopped after the test."""
    with ExitStack() as stack:

        def start(source: str | None = None, *, chalice_config: Any = None, **changed: Any) -> RunningCloud:
            app_dir = tmp_path / "app"
            (app_dir / ".chalice").mkdir(parents=True, exist_ok=True)
            if source is not None:
                (app_dir / "app.py").write_text(source)
            if chalice_config is not None:
                (app_dir / ".chalice" / "config.json").write_text(json.dumps(chalice_config))
            settings = Settings(
                state=tmp_path / "state",
                port=0,
                app=None if source is None else "app:app",
                app_dir=app_dir,
                region=REGION,
                delays=QUICK,
            )
            settings = replace(settings, **changed)
            made: list[FakeSageMaker] = []

            def make(settings: Settings, **parts: Any) -> FakeSageMaker:
                made.append(FakeSageMaker(settings, **parts))
                return made[0]

            cloud = stack.enter_context(Cloud(settings, make))
            return RunningCloud(cloud, made[0], settings.state, stack)

        yield start


@pytest.fixture
def cloud(start_cloud: StartCloud) -> RunningCloud:
    """Give a cloud without an application."""
    return start_cloud()
