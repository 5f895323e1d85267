"""What the application says of itself, on the account in memory and on the local cloud alike."""

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.core.actions import Action, Publish, PutMetrics
from chalicelib.core.errors import CallError, DeniedError, RefusedCallError, UnavailableError
from tests.chalicelib.adapters.sides import Side
from tests.chalicelib.aws.account import When
from tests.chalicelib.aws.refusals import refused
from tests.chalicelib.aws.world import PIPELINE, STAGE, World
from tests.chalicelib.reliability.faults import Strike
from tests.chalicelib.reliability.refusals import COMMON, documented, kind

AT = "2026-11-12T03:20:00+00:00"


@pytest.fixture
def hour_ago() -> datetime:
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)


def statistics(side: Side, name: str, at: datetime) -> dict[str, Any] | None:
    """Return what the local cloud makes of a figure."""
    found = side.client("cloudwatch").get_metric_statistics(
        Namespace="Freshet",
        MetricName=name,
        Dimensions=[{"Name": "Pipeline", "Value": PIPELINE}, {"Name": "Stage", "Value": STAGE.name}],
        StartTime=at,
        EndTime=at + timedelta(hours=1),
        Period=3600,
        Statistics=["Maximum", "Average"],
    )["Datapoints"]
    return found[0] if found else None


def test_figures_arrive(local: Side, hour_ago: datetime) -> None:
    """A figure is found by stage and pipeline at the time it was put for, also if it was put twice."""
    action = PutMetrics({"Seen": 0.75}, hour_ago.isoformat())
    local.perform(action, action)
    found = statistics(local, "Seen", hour_ago)
    assert found is not None
    assert (found["Timestamp"], found["Maximum"], found["Average"]) == (hour_ago, 0.75, 0.75)


def test_no_numbers(side: Side) -> None:
    """A figure that is no number is left out, and the others are taken."""
    at = datetime.now(UTC).isoformat()
    side.perform(PutMetrics({"Odd": math.nan, "Odder": math.inf, "Even": 1.0, "Huge": 2.0**361}, at))
    side.perform(PutMetrics({"Odd": math.nan}, at))


def test_figures_of_one_call(world: World) -> None:
    """More figures than CloudWatch takes are several calls, each with its stage, pipeline and time."""
    world.services.pipelines.executor.perform(
        PIPELINE, [PutMetrics({f"m{number}": number for number in range(1001)}, AT)], lambda: True
    )
    assert world.account.history == ["put_metric_data"] * 2
    assert len(world.account.watch.figures) == 1001
    first = world.account.watch.figures[0]
    assert first["Dimensions"] == [{"Name": "Stage", "Value": "dev"}, {"Name": "Pipeline", "Value": PIPELINE}]
    assert (first["Namespace"], first["Timestamp"]) == ("Freshet", datetime(2026, 11, 12, 3, 20, tzinfo=UTC))


def test_late_figures(local: Side) -> None:
    """What CloudWatch refuses, figures older than two weeks for one, is a refused call."""
    with pytest.raises(RefusedCallError, match="PutMetricData answered InvalidParameterValue"):
        local.perform(PutMetrics({"Old": 1.0}, "2020-01-01T00:00:00+00:00"))


def test_notice_arrives(local: Side) -> None:
    """Whoever subscribed to the stage's topic is told subject and message."""
    sqs = local.client("sqs")
    url = sqs.create_queue(QueueName="people")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    local.client("sns").subscribe(TopicArn=STAGE.topic_arn, Protocol="sqs", Endpoint=arn)
    local.perform(Publish("reviews drifts", "how much"))
    (letter,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    told = json.loads(letter["Body"])
    assert (told["TopicArn"], told["Subject"], told["Message"]) == (STAGE.topic_arn, "reviews drifts", "how much")


def test_notice(world: World) -> None:
    """A notice is published on the stage's topic."""
    world.services.pipelines.executor.perform(PIPELINE, [Publish("reviews drifts", "how much")], lambda: True)
    assert world.account.topic.notices == [("reviews drifts", "how much")]


@pytest.mark.parametrize(
    ("code", "status", "ours"),
    [
        ("AuthorizationError", 403, DeniedError),
        ("KMSDisabled", 400, DeniedError),
        ("KMSThrottling", 400, UnavailableError),
        ("Throttled", 429, UnavailableError),
        ("InternalError", 500, UnavailableError),
        ("NotFound", 404, RefusedCallError),
    ],
)
def test_refusals(world: World, code: str, status: int, ours: type[CallError]) -> None:
    """What SNS answers is one of our errors, and names the call."""
    world.account.fault = Strike("publish", refused(code, status))
    with pytest.raises(ours, match=f"Publish answered {code}"):
        world.services.pipelines.executor.perform(PIPELINE, [Publish("s", "m")], lambda: True)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("operation", "action"),
    [("put_metric_data", PutMetrics({"Drift": 1.0}, AT)), ("publish", Publish("reviews drifts", "how much"))],
)
def test_every_documented_error(world: World, operation: str, action: Action, when: When) -> None:
    """Each error that AWS documents for these calls, before their effect or after, is one of ours."""
    codes = documented(operation)
    assert len(codes) > len(COMMON)
    for code, status in codes.items():
        world.account.fault = Strike(operation, refused(code, status), when)
        with pytest.raises(CallError) as raised:
            world.services.pipelines.executor.perform(PIPELINE, [action], lambda: True)
        assert type(raised.value) is kind(code, status)


def test_cloudwatch_is_away(world: World) -> None:
    """Figures that CloudWatch did not take are an error that passes."""
    world.account.fault = Strike("put_metric_data", refused("InternalServiceError", 500), "after")
    with pytest.raises(UnavailableError, match="PutMetricData answered InternalServiceError"):
        world.services.pipelines.executor.perform(PIPELINE, [PutMetrics({"Drift": 1.0}, AT)], lambda: True)
