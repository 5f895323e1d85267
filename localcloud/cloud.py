"""The local cloud put together: the one place that knows all of its parts, and the order they start and stop in.

The port answers before the application is started, as the application calls it while being imported; the cloud is ready
when `start` returns. Stopping goes the other way round, and nothing that was started is left.
"""

import fcntl
import json
import logging
import os
import secrets
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from localcloud.admin import Admin, Interruptible
from localcloud.apigateway import ApiGateway
from localcloud.clock import Clock
from localcloud.cloudwatch import CloudWatch
from localcloud.database import Database
from localcloud.dynamodb import DynamoDb
from localcloud.errors import ConfigError
from localcloud.eventbridge import EventBridge
from localcloud.faults import Faults
from localcloud.frontdoor import FrontDoor, SageMakerApi
from localcloud.functions import Lambdas
from localcloud.functions.api import operations as lambda_operations
from localcloud.history import History
from localcloud.http_server import Server
from localcloud.iam import Iam
from localcloud.leftovers import Leftovers
from localcloud.logs import Logs
from localcloud.moto_services import SERVICES, MotoServices
from localcloud.processes import Processes
from localcloud.rest_json import RestJsonApi
from localcloud.s3 import S3
from localcloud.settings import Settings
from localcloud.sns import Sns
from localcloud.sqs import Sqs
from localcloud.targets import Targets

T = TypeVar("T")

log = logging.getLogger("localcloud")


class SageMakerService(SageMakerApi, Interruptible, Protocol):
    """What the cloud needs of SageMaker."""

    def start(self, endpoint_url: str) -> None:
        """Begin; S3 is at ``endpoint_url``."""

    def stop(self) -> None:
        """End every job and server."""


MakeSageMaker = Callable[..., SageMakerService]  # as `SageMaker` is made


def _sagemaker(settings: Settings, **parts: Any) -> SageMakerService:  # noqa: ANN401  `SageMaker` names their types
    from localcloud.sagemaker import SageMaker  # noqa: PLC0415  the base starts without it in its own tests

    return SageMaker(settings, **parts)


def _new_id() -> str:
    return str(uuid.uuid4())


class Cloud:
    """One local cloud; a process runs one at a time, as moto's state is the process's."""

    def __init__(self, settings: Settings, make_sagemaker: MakeSageMaker = _sagemaker) -> None:
        self._settings = settings
        self._make_sagemaker = make_sagemaker
        self._ready = False
        self._undo: list[Callable[[], object]] = []
        self.port = 0
        self.endpoint_url = ""
        self.api_url = ""

    def start(self) -> None:
        """Start everything; raises ConfigError when that cannot be done, and leaves nothing behind then."""
        try:
            self._start()
        except BaseException:  # raised on: also an interrupt must leave no process behind
            self.stop()
            raise
        self._ready = True

    def stop(self) -> None:
        """Stop everything, in the reverse order; safe to call again."""
        self._ready = False
        while self._undo:
            self._undo.pop()()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self) -> None:
        settings, logs = self._settings, self._settings.state / "logs"
        settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)  # jobs' data are nobody else's to read
        logs.mkdir(exist_ok=True)
        self._hold_state()
        self._log_to(logs / "cloud.log")
        database = self._keep(Database(settings.state / "state.db"), Database.close)
        clock = self._clock(database)
        history = self._keep(History(logs / "history.jsonl", clock.now), History.close)
        leftovers = Leftovers(database)
        leftovers.end()
        processes = self._keep(Processes(leftovers), Processes.close)
        clock.start()
        self._undo.append(clock.stop)
        moto = MotoServices()
        moto.reset()
        self._undo.append(moto.reset)
        faults = Faults()
        dynamodb = DynamoDb(moto, database, clock.now)
        dynamodb.restore()
        iam = Iam(moto, database, clock.now, lambda: secrets.randbits(32))
        iam.restore()
        targets = Targets()
        events = EventBridge(
            settings,
            database,
            clock=clock,
            targets=targets,
            lateness=faults.of_event,
            history=history,
            new_id=_new_id,
        )
        sqs = Sqs(database, clock, lambda: self.endpoint_url, _new_id)
        targets.add("sqs", sqs.take)
        log_groups = Logs(database, clock, settings.region)
        cloudwatch = CloudWatch(settings, database=database, clock=clock, publish=events.publish, targets=targets)
        lambdas = Lambdas(
            settings,
            processes=processes,
            clock=clock,
            database=database,
            history=history,
            targets=targets,
            publish=events.publish,
            append=log_groups.append,
            ingest=cloudwatch.ingest,
            record=cloudwatch.record,
        )
        targets.add("lambda", lambdas.take)
        sagemaker = self._make_sagemaker(
            settings,
            publish=events.publish,
            processes=processes,
            clock=clock,
            database=database,
            faults=faults,
            append=log_groups.append,
            record=cloudwatch.record,
        )
        sns = Sns(database, clock, targets, retries=settings.delays.sns_retries)
        targets.add("sns", sns.take)
        s3 = S3(
            settings.state / "objects",
            database,
            publish=events.publish,
            event_delay=settings.delays.s3_event,
            now=clock.now,
            new_id=lambda: uuid.uuid4().hex,
        )
        self._undo.append(s3.close)
        door = FrontDoor(
            stage=settings.stage,
            api=ApiGateway(
                settings.stage, settings.limits, wiring=lambda: lambdas.wiring, invoke=lambdas.invoke, now=clock.now
            ),
            pages=Admin(
                settings,
                lambdas,
                clock,
                faults,
                sagemaker=sagemaker,
                is_ready=lambda: self._ready,
                rules=events.page,
            ),
            sagemaker=sagemaker,
            services={
                **dict.fromkeys(SERVICES, moto),
                "s3": s3,
                "dynamodb": dynamodb,
                "events": events.api,
                "iam": iam,
                "sqs": sqs,
                "sns": sns.api,
                "logs": log_groups.api,
                "lambda": RestJsonApi("lambda", lambda_operations(lambdas, settings, clock.now)),
                "monitoring": cloudwatch,
            },
            links=sns.links,
            faults=faults,
            history=history,
            new_id=_new_id,
        )
        self._serve(door)
        self._undo.append(sqs.stop)
        self._undo.append(lambdas.stop)
        wiring = lambdas.start(self.endpoint_url, logs / "lambda.log")
        events.use(wiring)
        self._undo.append(cloudwatch.stop)
        cloudwatch.start()
        self._undo.append(sagemaker.stop)
        sagemaker.start(self.endpoint_url)
        self._undo.append(sns.stop)
        sns.start(self.endpoint_url)
        lambdas.resume()
        events.start()
        threading.Thread(target=moto.warm, name="warm", daemon=True).start()
        log.info("cloud_started endpoint_url=%s", self.endpoint_url)

    def _clock(self, database: Database) -> Clock:
        """Make the clock; a virtual one goes on from where it stood."""
        if not self._settings.virtual_clock:
            return Clock()
        database.define("CREATE TABLE IF NOT EXISTS clock (id INTEGER PRIMARY KEY CHECK (id = 0), offset REAL)")
        database.execute("INSERT OR IGNORE INTO clock VALUES (0, 0.0)")
        row = database.row("SELECT offset FROM clock")
        return Clock(
            virtual=True,
            offset=row[0] if row else 0.0,
            shifted=lambda offset: database.execute("UPDATE clock SET offset = ?", offset),
        )

    def _serve(self, door: FrontDoor) -> None:
        server = Server(door, self._settings.port)
        self._undo.append(lambda: server.stop(self._settings.limits.closing_grace))
        server.start()
        self.port = server.port
        self.endpoint_url = f"http://127.0.0.1:{self.port}"
        self.api_url = f"{self.endpoint_url}/{self._settings.stage}/"

    def _hold_state(self) -> None:
        """Let no second cloud use the same state."""
        held = (self._settings.state / "lock").open("a+")
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            held.close()
            raise ConfigError(
                f"another local cloud uses {self._settings.state}: choose another with --state"
            ) from error
        self._undo.append(held.close)

    def _log_to(self, path: Path) -> None:
        handler = logging.FileHandler(path, encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        before = log.level
        log.addHandler(handler)
        log.setLevel(logging.INFO)

        def detach() -> None:
            log.removeHandler(handler)
            log.setLevel(before)
            handler.close()

        self._undo.append(detach)

    def _keep(self, part: T, end: Callable[[T], object]) -> T:
        self._undo.append(lambda: end(part))
        return part


def announce(cloud: Cloud, state: Path) -> str:
    """Write ``cloud.json``, whole or not at all, for those who look for the cloud; the same as one line."""
    line = json.dumps(
        {
            "pid": os.getpid(),
            "port": cloud.port,
            "endpoint_url": cloud.endpoint_url,
            "api_url": cloud.api_url,
        }
    )
    new = state / "cloud.json.new"
    new.write_text(line + "\n", "utf-8")
    new.replace(state / "cloud.json")
    return line
