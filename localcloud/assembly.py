"""The services of one local cloud, made and wired: who knows whom, and in which order they begin and end.

A service is made with what it needs of the others as plain callables, so that none imports another. Beginning comes
after the port answers: the application calls the cloud while it is imported, and what an earlier cloud left undone
goes on only when everybody is there to take it. Ending goes the other way round.
"""

import secrets
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from localcloud.admin import Admin, Interruptible
from localcloud.apigateway import ApiGateway
from localcloud.clock import Clock
from localcloud.cloudwatch import CloudWatch
from localcloud.database import Database
from localcloud.dynamodb import DynamoDb
from localcloud.eventbridge import EventBridge
from localcloud.faults import Faults
from localcloud.frontdoor import FrontDoor, SageMakerApi
from localcloud.functions import Lambdas
from localcloud.functions.api import operations as lambda_operations
from localcloud.history import History
from localcloud.iam import Iam
from localcloud.logs import Logs
from localcloud.moto_services import MotoServices
from localcloud.processes import Processes
from localcloud.rest_json import RestJsonApi
from localcloud.s3 import S3
from localcloud.settings import Settings
from localcloud.sns import Sns
from localcloud.sqs import Sqs
from localcloud.targets import Targets

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class SageMakerService(SageMakerApi, Interruptible, Protocol):
    """What the others need of SageMaker."""

    def start(self, endpoint_url: str) -> None:
        """Begin; S3 is at ``endpoint_url``."""

    def stop(self) -> None:
        """End every job and server."""


Ending = Callable[[Callable[[], object]], None]  # takes what ends something, to be done in the reverse order
MakeSageMaker = Callable[..., SageMakerService]  # as `SageMaker` is made


@dataclass(frozen=True)
class Ground:
    """What every service stands on."""

    settings: Settings
    database: Database
    clock: Clock
    history: History
    processes: Processes


class Assembly:
    """All services; ``endpoint_url`` tells where the port answers, once it does."""

    def __init__(self, ground: Ground, endpoint_url: Callable[[], str], make_sagemaker: MakeSageMaker) -> None:
        self._ground = ground
        self._faults = Faults()
        self._targets = Targets()
        settings, database, clock = ground.settings, ground.database, ground.clock
        self._moto = MotoServices()
        self._warming = threading.Thread(target=self._moto.warm, name="warm", daemon=True)
        self._dynamodb = DynamoDb(self._moto, database, clock, settings.delays.item_expiry)
        self._iam = Iam(self._moto, database, clock.now, lambda: secrets.randbits(32))
        self._events = EventBridge(
            settings,
            database,
            clock=clock,
            targets=self._targets,
            lateness=self._faults.of_event,
            history=ground.history,
            new_id=_new_id,
        )
        publish = self._events.publish
        self._s3 = S3(
            settings.state / "objects",
            database,
            publish=publish,
            event_delay=settings.delays.s3_event,
            now=clock.now,
            new_id=lambda: uuid.uuid4().hex,
        )
        self._sqs = Sqs(database, clock, endpoint_url, _new_id)
        self._sns = Sns(database, clock, self._targets, retries=settings.delays.sns_retries)
        self._logs = Logs(database, clock, settings.region)
        self._cloudwatch = CloudWatch(settings, database=database, clock=clock, publish=publish, targets=self._targets)
        self._lambdas = Lambdas(
            settings,
            processes=ground.processes,
            clock=clock,
            database=database,
            history=ground.history,
            targets=self._targets,
            publish=publish,
            append=self._logs.append,
            ingest=self._cloudwatch.ingest,
            record=self._cloudwatch.record,
        )
        self._sagemaker = make_sagemaker(
            settings,
            publish=publish,
            processes=ground.processes,
            clock=clock,
            database=database,
            faults=self._faults,
            append=self._logs.append,
            record=self._cloudwatch.record,
        )
        self._targets.add("sqs", self._sqs.take)
        self._targets.add("sns", self._sns.take)
        self._targets.add("lambda", self._lambdas.take)

    def door(self, is_ready: Callable[[], bool]) -> FrontDoor:
        """Return the one application that answers for all of them."""
        settings, clock = self._ground.settings, self._ground.clock
        return FrontDoor(
            stage=settings.stage,
            api=ApiGateway(
                settings.stage,
                settings.limits,
                region=settings.region,
                wiring=lambda: self._lambdas.wiring,
                invoke=self._lambdas.invoke,
                now=clock.now,
            ),
            pages=Admin(
                settings,
                self._lambdas,
                clock,
                self._faults,
                sagemaker=self._sagemaker,
                is_ready=is_ready,
                rules=self._events.page,
            ),
            sagemaker=self._sagemaker,
            services=self._signed(),
            links=self._sns.links,
            faults=self._faults,
            history=self._ground.history,
            new_id=_new_id,
        )

    def restore(self, ending: Ending) -> None:
        """Forget what another cloud left in moto, and give moto back what this state holds; raises ConfigError."""
        ending(self._moto.reset)
        ending(self._s3.close)
        self._moto.reset()
        self._dynamodb.restore()
        self._iam.restore()

    def start(self, endpoint_url: str, lambda_log: Path, ending: Ending) -> None:
        """Begin everywhere; what ends it is told to ``ending`` just before. Raises ConfigError for the application."""
        ending(self._sqs.stop)
        ending(self._lambdas.stop)
        self._events.use(self._lambdas.start(endpoint_url, lambda_log))
        ending(self._cloudwatch.stop)
        self._cloudwatch.start()
        ending(self._sagemaker.stop)
        self._sagemaker.start(endpoint_url)
        ending(self._sns.stop)
        self._sns.start(endpoint_url)
        self._lambdas.resume()
        self._events.start()
        self._warming.start()
        ending(self._warming.join)  # an interpreter that ends during an import has been seen to abort

    def _signed(self) -> "Mapping[str, WSGIApplication]":
        """Return the services by the name in a signature's scope."""
        lambda_api = lambda_operations(self._lambdas, self._ground.settings, self._ground.clock.now)
        return {
            "dynamodb": self._dynamodb,
            "events": self._events.api,
            "iam": self._iam,
            "lambda": RestJsonApi("lambda", lambda_api),
            "logs": self._logs.api,
            "monitoring": self._cloudwatch,
            "s3": self._s3,
            "sns": self._sns.api,
            "sqs": self._sqs,
            "sts": self._moto,
        }


def _new_id() -> str:
    return str(uuid.uuid4())


def sagemaker(settings: Settings, **parts: Any) -> SageMakerService:  # noqa: ANN401  `SageMaker` names their types
    """Make the SageMaker of this project."""
    from localcloud.sagemaker import SageMaker  # noqa: PLC0415  the base starts without it in its own tests

    return SageMaker(settings, **parts)
