"""The application on an account in memory: what people drop, what ends by itself, and who looks."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from unittest.mock import patch

from chalicelib.adapters import alarms, events, executor, ledger, sagemaker, signals, storage, traffic
from chalicelib.adapters.alarms import CloudWatchAlarms
from chalicelib.adapters.events import EventBridgeBus
from chalicelib.adapters.executor import AwsExecutor
from chalicelib.adapters.ledger import DynamoLedger
from chalicelib.adapters.sagemaker import SageMakerReader
from chalicelib.adapters.storage import S3Storage
from chalicelib.adapters.traffic import CloudWatchTraffic
from chalicelib.bootstrap import Services
from chalicelib.core.ledger import Head
from chalicelib.core.spec import PipelineSpec
from chalicelib.core.stage import Stage
from chalicelib.pipelines import PIPELINES
from chalicelib.services.batches import Batches
from chalicelib.services.catalogue import Catalogue
from chalicelib.services.checks import Checks
from chalicelib.services.feedback import FeedbackDesk
from chalicelib.services.gatekeeper import Gatekeeper
from chalicelib.services.observer import Observer
from chalicelib.services.pipelines import Pipelines
from chalicelib.services.predictor import Predictor
from chalicelib.services.standings import Standings
from chalicelib.services.stories import Stories
from chalicelib.services.wishes import Wishes
from chalicelib.settings import Http
from tests.chalicelib.aws.account import Account
from tests.chalicelib.aws.programs import finish
from tests.chalicelib.fake_ledger import FakeKeys, FakeLabels, FakeTokens
from tests.chalicelib.fakes import FakeRuntime

STAGE = Stage(
    "dev",
    "freshet-dev-123456789012-eu-central-1",
    "arn:aws:iam::123456789012:role/freshet-dev",
    "123456789012.dkr.ecr.eu-central-1.amazonaws.com/freshet-training@sha256:" + "0" * 64,
    "freshet-dev-ledger",
    "arn:aws:sns:eu-central-1:123456789012:freshet-dev-notices",
)
PIPELINE = "reviews"


@dataclass
class World:
    """One account with the application's services on it."""

    account: Account = field(default_factory=lambda: Account(STAGE.bucket_name, STAGE.topic_arn))
    specs: Mapping[str, PipelineSpec] = field(default_factory=lambda: PIPELINES)
    runtime: FakeRuntime = field(default_factory=FakeRuntime)
    keys: FakeKeys = field(default_factory=FakeKeys)
    tokens: FakeTokens = field(default_factory=FakeTokens)
    labels: FakeLabels = field(default_factory=FakeLabels)
    handlers: int = 0  # that were started, where a test counts them

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Start the process anew: what it remembered is gone."""
        clock = self.account.clock
        store, reader, book = S3Storage(STAGE.bucket_name), SageMakerReader(), DynamoLedger(STAGE.table_name)
        observer = Observer(STAGE, self.specs, store, reader, book, CloudWatchAlarms(), CloudWatchTraffic())
        performer = AwsExecutor(STAGE, store, book)
        self.services = Services(
            stage=STAGE,
            pipelines=Pipelines(observer, store, book, performer, clock),
            batches=Batches(observer, store, book, performer, clock),
            wishes=Wishes(observer, reader, book, performer, clock),
            stories=Stories(observer, store, book, clock),
            checks=Checks(observer, store, book),
            standings=Standings(observer, book, clock),
            predictor=Predictor(STAGE, self.specs, reader, self.runtime, self.keys),
            bus=EventBridgeBus(STAGE.name),
            catalogue=Catalogue(STAGE, self.specs, reader),
            feedback=FeedbackDesk(self.specs, self.keys, self.labels, per_hour=200),
            gatekeeper=Gatekeeper(self.tokens, secrets.token_bytes),
            http=Http(frozenset({"https://pages.example"})),
        )

    @property
    def head(self) -> Head:
        """The pipeline's head."""
        return self.services.pipelines.ledger.head(PIPELINE)

    @property
    def live(self) -> str | None:
        """The run whose model answers."""
        endpoint = self.account.machines.endpoints.get(STAGE.names.endpoint(PIPELINE))
        return STAGE.names.parse_endpoint_config(PIPELINE, endpoint["EndpointConfigName"]) if endpoint else None

    def drop(self, name: str, content: str, area: str = "uploads/reviews") -> str:
        """Store a file as a person does; its event waits."""
        version = self.account.objects.put(f"{area}/{name}", content.encode())
        self.account.events.append(STAGE.names.endpoint(PIPELINE))
        return version

    def look(self, cause: str = "test") -> None:
        """Look at the pipeline once."""
        self.services.pipelines.look(PIPELINE, cause)

    def finish_jobs(self) -> int:
        """Let every running job complete; return how many."""
        running = self.account.machines.running()
        for name in running:
            finish(self.account, name)
        return len(running)

    def walk(self, steps: int = 20) -> None:
        """Look and let everything end well until nothing moves."""
        for _ in range(steps):
            self.look()
            moved = self.finish_jobs()
            before = len(self.account.events)
            self.account.machines.settle()
            if not moved and len(self.account.events) == before:
                return
        raise AssertionError("the pipeline does not come to rest")

    def jobs(self, step: str) -> list[str]:
        """Return the names of a step's jobs."""
        return [name for name in self.account.machines.jobs if f"-{step}-" in name]


@contextmanager
def on(world: World) -> Iterator[World]:
    """Let the adapters talk to a world's account."""
    with ExitStack() as stack:
        for module in (alarms, events, executor, ledger, sagemaker, signals, storage, traffic):
            stack.enter_context(patch.object(module, "client", world.account.client))
        yield world
