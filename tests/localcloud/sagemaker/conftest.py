import json
import sys
import textwrap
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest

from localcloud.clock import Clock
from localcloud.database import Database
from localcloud.faults import Faults
from localcloud.http_server import Server
from localcloud.logs import Logs
from localcloud.processes import Processes
from localcloud.s3 import S3
from localcloud.sagemaker import InvokeAnswer, SageMaker
from localcloud.settings import Delays, Image, Limits, Settings
from tests.localcloud.sagemaker.containers import JOB, SERVER

REGION = "eu-west-1"
ROLE = "arn:aws:iam::123456789012:role/anyone"
DEADLINE = 30.0


@dataclass
class Events:
    """A bus that keeps what is put on it."""

    events: list[dict[str, Any]] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def publish(self, **event: Any) -> None:
        with self.changed:
            self.events.append(event)
            self.changed.notify_all()


@dataclass
class Cloud:
    """A SageMaker to call, the S3 it works on, and every event it sent."""

    sagemaker: SageMaker
    s3: Any
    bucket: str
    state: Path
    sent: Events
    again: Callable[[], SageMaker]
    clock: Clock
    faults: Faults
    logs: Logs
    recorded: list[tuple[Any, ...]]  # what became metrics: the arguments of each value

    def restart(self) -> None:
        """Stop SageMaker as it stands, forget its events, and start another one on what is stored."""
        self.sagemaker.stop()
        with self.sent.changed:
            self.sent.events.clear()
        self.sagemaker = self.again()

    @property
    def events(self) -> list[dict[str, Any]]:
        return self.sent.events

    def call(self, operation: str, **request: Any) -> Any:
        status, body = self.sagemaker.handle(operation, json.dumps(request).encode(), REGION)
        assert status == 200
        return json.loads(body)

    def invoke(self, body: bytes, endpoint: str = "e", **headers: str) -> InvokeAnswer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.sagemaker.invoke(endpoint, sent, body, REGION)

    def logged(self, group: str) -> dict[str, list[str]]:
        """Give the messages of each stream of a log group."""
        found: dict[str, list[str]] = {}
        groups = json.loads(self.logs.api.answer("DescribeLogGroups", b"{}", REGION))["logGroups"]
        if group not in {each["logGroupName"] for each in groups}:
            return found
        request = json.dumps({"logGroupName": group}).encode()
        answer = json.loads(self.logs.api.answer("FilterLogEvents", request, REGION))
        for event in answer["events"]:
            found.setdefault(event["logStreamName"], []).append(event["message"])
        return found

    def uri(self, key: str = "") -> str:
        return f"s3://{self.bucket}/{key}"

    def put(self, key: str, body: bytes = b"x") -> str:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return self.uri(key)

    def read(self, key: str) -> bytes:
        body: bytes = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return body

    def content_type(self, key: str) -> str:
        return str(self.s3.head_object(Bucket=self.bucket, Key=key)["ContentType"])

    def keys(self, prefix: str) -> list[str]:
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        return [item["Key"] for item in found]

    def details(self, name: str) -> list[dict[str, Any]]:
        """Return the details of the events about whatever has that name."""
        with self.sent.changed:
            return [event["detail"] for event in self.events if name in event["detail"].values()]

    def wait(self, name: str, *states: str) -> dict[str, Any]:
        """Wait for an event that says one of the states, and return its detail."""

        def there() -> list[dict[str, Any]]:
            return [detail for detail in self.details(name) if set(states) & {str(v) for v in detail.values()}]

        with self.sent.changed:
            assert self.sent.changed.wait_for(there, DEADLINE), f"{name} never was {states}: {self.details(name)}"
            return there()[-1]

    # what the tests ask for, with the members that AWS requires

    def train(self, name: str, hyperparameters: Mapping[str, str] | None = None, **more: Any) -> Any:
        return self.call(
            "CreateTrainingJob",
            **{
                "TrainingJobName": name,
                "RoleArn": ROLE,
                "AlgorithmSpecification": {"TrainingImage": "job", "TrainingInputMode": "File"},
                "HyperParameters": dict(hyperparameters or {}),
                "OutputDataConfig": {"S3OutputPath": self.uri("models")},
                "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
                "StoppingCondition": {"MaxRuntimeInSeconds": 60},
                **more,
            },
        )

    def process(self, name: str, *arguments: str, **more: Any) -> Any:
        return self.call(
            "CreateProcessingJob",
            **{
                "ProcessingJobName": name,
                "RoleArn": ROLE,
                "AppSpecification": {"ImageUri": "job", "ContainerArguments": list(arguments)},
                "ProcessingResources": {
                    "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
                },
                "StoppingCondition": {"MaxRuntimeInSeconds": 60},
                **more,
            },
        )

    def model(self, name: str, image: str = "server", **container: Any) -> Any:
        return self.call(
            "CreateModel", ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": image, **container}
        )

    def config(self, name: str, *variants: Mapping[str, Any]) -> Any:
        defaults = {"VariantName": "all", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        return self.call(
            "CreateEndpointConfig",
            EndpointConfigName=name,
            ProductionVariants=[{**defaults, **variant} for variant in variants],
        )

    def version(self, name: str, **container: Any) -> None:
        """Make a model and an endpoint config of that name, whose server tells the name as its version."""
        environment = {"VERSION": name, **container.pop("Environment", {})}
        self.model(name, Environment=environment, **container)
        self.config(name, {"ModelName": name})

    def transform(self, name: str, model: str, **more: Any) -> Any:
        request = {
            "TransformJobName": name,
            "ModelName": model,
            "TransformInput": {
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": self.uri("in/")}},
                "ContentType": "text/plain",
                "SplitType": "Line",
            },
            "TransformOutput": {"S3OutputPath": self.uri("out"), "Accept": "text/plain", "AssembleWith": "Line"},
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        }
        return self.call("CreateTransformJob", **{**request, **more})


def s3_input(name: str, uri: str, path: str, data_type: str = "S3Prefix", **more: str) -> dict[str, Any]:
    return {
        "InputName": name,
        "S3Input": {"S3Uri": uri, "LocalPath": path, "S3DataType": data_type, "S3InputMode": "File", **more},
    }


def channel(name: str, uri: str, data_type: str = "S3Prefix") -> dict[str, Any]:
    return {"ChannelName": name, "DataSource": {"S3DataSource": {"S3DataType": data_type, "S3Uri": uri}}}


@pytest.fixture(scope="session")
def s3_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("s3")
    with closing(Database(folder / "state.db")) as database:
        s3 = S3(
            folder / "objects",
            database,
            publish=lambda **_: None,
            event_delay=0.0,
            now=lambda: datetime.now(UTC),
            new_id=lambda: uuid.uuid4().hex,
        )
        server = Server(s3, 0)
        server.start()
        yield f"http://127.0.0.1:{server.port}"
        server.stop(1.0)
        s3.close()


@pytest.fixture
def settings(tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """Give settings; a test's own parameters replace some of them."""
    for name, program in (("job", JOB), ("server", SERVER)):
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(program))
    images = {
        name: Image((sys.executable, str(tmp_path / f"{name}.py")), env={"IMAGE": name}) for name in ("job", "server")
    }
    delays = Delays(
        job_start=0.0,
        job_end=0.0,
        endpoint_start=0.0,
        health_check=0.02,
        model_package=0.0,
        data_capture=0.05,
        tuning=0.02,
        invocation_metrics=0.05,
    )
    limits = Limits(ping_deadline=20.0, invocation=20.0, server_stop=5.0, job_stop=5.0, parallel_jobs=2)
    (tmp_path / "state").mkdir(exist_ok=True)
    changed = getattr(request, "param", {})
    return Settings(state=tmp_path / "state", images=images, delays=delays, limits=limits, **changed)


@contextmanager
def running_clock(*, virtual: bool) -> Iterator[Clock]:
    clock = Clock(virtual=virtual)
    clock.start()
    yield clock
    clock.stop()


@pytest.fixture
def make_cloud(s3_url: str, settings: Settings) -> Iterator[Callable[..., Cloud]]:
    """Start a cloud; keyword arguments replace limits, and those of ``delays`` delays."""
    started: list[Cloud] = []
    with Processes() as processes, ExitStack() as stack:

        def make(delays: Mapping[str, Any] | None = None, *, virtual: bool = False, **limits: Any) -> Cloud:
            s3 = boto3.client(
                "s3",
                endpoint_url=s3_url,
                region_name="us-east-1",
                aws_access_key_id="x",
                aws_secret_access_key="x",  # noqa: S106
            )
            bucket = f"b-{uuid.uuid4().hex}"
            s3.create_bucket(Bucket=bucket)
            chosen = replace(
                settings,
                limits=replace(settings.limits, **limits),
                delays=replace(settings.delays, **(delays or {})),
            )
            events = Events()
            clock = stack.enter_context(running_clock(virtual=virtual))
            database = stack.enter_context(closing(Database(settings.state / f"{bucket}.db")))
            logs = Logs(database, clock, REGION)
            faults = Faults()
            recorded: list[tuple[Any, ...]] = []

            def again() -> SageMaker:
                made = SageMaker(
                    chosen,
                    publish=lambda **event: database.after_commit(partial(events.publish, **event)),
                    processes=processes,
                    clock=clock,
                    database=database,
                    faults=faults,
                    append=logs.append,
                    record=lambda *value, region=None: recorded.append((*value, region)),
                )
                made.start(s3_url)
                return made

            cloud = Cloud(again(), s3, bucket, settings.state, events, again, clock, faults, logs, recorded)
            started.append(cloud)
            return cloud

        yield make
        for cloud in started:
            cloud.sagemaker.stop()
            cloud.s3.close()


@pytest.fixture
def cloud(make_cloud: Callable[..., Cloud]) -> Cloud:
    return make_cloud()
