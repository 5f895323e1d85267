"""From a figure that the application puts to the function that hears of it: the real application on a local cloud."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import boto3
import pytest

from chalicelib import settings
from chalicelib.adapters import clients
from chalicelib.adapters.alarms import CloudWatchAlarms
from chalicelib.bootstrap import services_of
from chalicelib.core.actions import PutMetrics
from chalicelib.core.stage import Stage
from infra import resources
from tests.contract.clouds import REGION, ROOT, LocalCloud

PIPELINE = "reviews"
DRIFT, QUALITY = "freshet-dev-reviews-drift", "freshet-dev-reviews-quality"
MINUTE_S, DAY_S, PATIENCE_S = 60, 86_400, 60


@dataclass
class Deployed:
    """The application on a local cloud whose time passes when it is told to."""

    cloud: LocalCloud
    stage: Stage

    def put(self, **figures: float) -> None:
        """Put figures as a decision of the application does, and let CloudWatch evaluate."""
        at = datetime.fromisoformat(self.cloud.page("clock")["now"]).isoformat()
        services_of(self.stage).pipelines.executor.perform(PIPELINE, [PutMetrics(figures, at)], lambda: True)
        self.cloud.advance(2 * MINUTE_S)

    def states(self) -> tuple[str, ...]:
        """Return the states of the pipeline's alarms, drift and quality."""
        found = CloudWatchAlarms().states([DRIFT, QUALITY])
        return tuple(found[name].state for name in (DRIFT, QUALITY))

    def heard(self) -> list[Any]:
        """Return what the function that hears of alarms has logged."""
        events = clients.client("logs").filter_log_events(logGroupName="/aws/lambda/freshet-dev-on_alarm")["events"]
        lines = [event["message"] for event in events if event["message"].startswith("{")]
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalCloud, Stage]]:
    folder = tmp_path_factory.mktemp("watching")
    template = resources.read_template()
    variables = resources.environment(template, stage="dev", region=REGION, image_uri="i@sha256:" + "0" * 64)
    path = folder / "environment.json"
    path.write_text(json.dumps(variables))
    cloud = LocalCloud(
        folder, "--app-dir", str(ROOT), "--stage", "dev", "--environment", str(path), "--clock", "virtual"
    )

    def client(service: str) -> Any:
        return boto3.client(  # type: ignore[call-overload] # the stubs want a literal
            service,
            endpoint_url=cloud.endpoint_url,
            region_name=REGION,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 - the local cloud has no secrets
        )

    try:
        resources.create(template, stage="dev", client=client)
        yield cloud, settings.stage(variables)
    finally:
        cloud.end()


@pytest.fixture
def deployed(cloud: tuple[LocalCloud, Stage], monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud[0].endpoint_url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    clients.client.cache_clear()
    yield Deployed(*cloud)
    clients.client.cache_clear()


def eventually(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_drift_is_heard(deployed: Deployed) -> None:
    """A figure of drift makes the pipeline's alarm change, and the function that hears of it looks at the pipeline."""
    deployed.put(DriftConfirmed=1.0, QualityWorse=0.0)
    assert deployed.states() == ("ALARM", "OK")
    eventually(lambda: len(deployed.heard()) >= 2)
    assert {(line["message"], line["pipeline"]) for line in deployed.heard()} == {("pipeline_looked_at", PIPELINE)}


def test_silence_says_nothing(deployed: Deployed) -> None:
    """Days without a check leave an alarm as it is, raised or not; a check that finds no drift ends it."""
    events = clients.client("events")
    for rule in events.list_rules()["Rules"]:
        if "ScheduleExpression" in rule:
            events.disable_rule(Name=rule["Name"])  # four days of sweeps are not what this is about
    deployed.put(DriftConfirmed=1.0, QualityWorse=0.0)
    deployed.cloud.advance(4 * DAY_S)
    assert deployed.states() == ("ALARM", "OK")
    deployed.put(DriftConfirmed=0.0)
    assert deployed.states() == ("OK", "OK")
