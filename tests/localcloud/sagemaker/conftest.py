import sys
import textwrap
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
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
from localcloud.sagemaker import SageMaker
from localcloud.settings import Delays, Image, Limits, Settings
from tests.localcloud.sagemaker.clouds import REGION, Cloud, Events
from tests.localcloud.sagemaker.containers import JOB, SERVER


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
