"""Raw AWS payloads in, looks at pipelines out."""

from collections.abc import Callable
from typing import Any

import pytest
from chalice.test import Client

from chalicelib.core.errors import DeniedError, UnavailableError
from tests.chalicelib.aws.account import When
from tests.chalicelib.aws.refusals import refused
from tests.chalicelib.aws.world import PIPELINE, STAGE, World

Event = Callable[[str], dict[str, Any]]
READS = ("get_", "head_", "describe_", "list_", "query")


def changes(world: World) -> list[str]:
    """Return the calls so far that are no reads."""
    return [operation for operation in world.account.history if not operation.startswith(READS)]


def test_upload_starts_prepare(client: Client, world: World, event: Event) -> None:
    """An "Object Created" under uploads/ starts the prepare job, and the decision names the event."""
    world.drop("a.csv", "1")
    payload = event("s3_object_created")
    client.lambda_.invoke("on_upload", payload)
    assert len(world.jobs("prepare")) == 1
    first = world.services.pipelines.ledger.decisions(PIPELINE)[0]
    assert first.cause == f"Object Created {payload['id']}"


@pytest.mark.parametrize(
    ("bucket", "key"),
    [("freshet-dev-another-bucket", "uploads/reviews/a.csv"), (STAGE.bucket_name, "models/reviews/a.csv")],
)
def test_foreign_objects(client: Client, world: World, event: Event, bucket: str, key: str) -> None:
    """An object of another bucket, or one of our own outputs, makes nobody look."""
    payload = event("s3_object_created")
    payload["detail"]["bucket"]["name"], payload["detail"]["object"]["key"] = bucket, key
    client.lambda_.invoke("on_upload", payload)
    assert not world.account.history


def test_batch_input(client: Client, world: World, event: Event) -> None:
    """A file to score that came before any model was live is refused, and how it ended is written down."""
    world.drop("a.csv", "1", "batch/reviews/input")
    payload = event("s3_object_created")
    payload["detail"]["object"]["key"] = "batch/reviews/input/a.csv"
    client.lambda_.invoke("on_upload", payload)
    (end,) = world.services.pipelines.ledger.batches(PIPELINE).values()
    assert (end.state, end.reason) == ("refused", "no model was live yet")


@pytest.mark.parametrize("name", ["processing_job", "training_job", "transform_job", "model_package", "endpoint"])
def test_changes(client: Client, world: World, event: Event, name: str) -> None:
    """A job's, package's or endpoint's event looks at its pipeline, whatever state the event itself tells."""
    client.lambda_.invoke("on_change", event(name))
    assert not changes(world)
    world.drop("a.csv", "1")
    client.lambda_.invoke("on_change", event(name))
    assert len(world.jobs("prepare")) == 1


@pytest.mark.parametrize("state", ["ALARM", "OK", "INSUFFICIENT_DATA"])
def test_alarm(client: Client, world: World, event: Event, state: str) -> None:
    """An alarm's change, into whatever state, looks at the pipeline that it watches, and the decision names it."""
    world.drop("a.csv", "1")
    payload = event("alarm")
    payload["detail"]["state"]["value"] = state
    client.lambda_.invoke("on_alarm", payload)
    assert len(world.jobs("prepare")) == 1
    first = world.services.pipelines.ledger.decisions(PIPELINE)[0]
    assert first.cause == f"CloudWatch Alarm State Change {payload['id']}"


@pytest.mark.parametrize(
    "name", ["freshet-dev-reviews-errors", "freshet-prod-reviews-drift", "freshet-dev-nobody-drift"]
)
def test_foreign_alarms(client: Client, world: World, event: Event, name: str) -> None:
    """An alarm that watches something else, or a pipeline that is none of ours, makes nobody look."""
    payload = event("alarm")
    payload["detail"]["alarmName"] = name
    client.lambda_.invoke("on_alarm", payload)
    assert not world.account.history


def test_wish(client: Client, world: World) -> None:
    """Somebody's wish makes us look at the pipeline at once."""
    world.drop("a.csv", "1")
    detail = {"stage": "dev", "pipeline": PIPELINE}
    client.lambda_.invoke("on_wish", client.events.generate_cw_event("freshet", "Freshet Look Wanted", detail, []))
    assert len(world.jobs("prepare")) == 1


def test_unknown_pipeline(client: Client, world: World, event: Event) -> None:
    """A file for no pipeline of ours is ignored."""
    payload = event("s3_object_created")
    payload["detail"]["object"]["key"] = "uploads/nobody/a.csv"
    client.lambda_.invoke("on_upload", payload)
    assert not world.account.history


def test_sweep(client: Client, world: World) -> None:
    """The sweep takes up what no event told of, in every pipeline."""
    world.drop("a.csv", "1")
    world.drop("b.csv", "1", "uploads/housing")
    client.lambda_.invoke("sweep", client.events.generate_cw_event("aws.events", "Scheduled Event", {}, []))
    assert len(world.jobs("prepare")) == 2


def test_sweep_goes_on(client: Client, world: World) -> None:
    """A pipeline that cannot be looked at does not keep the sweep from the others, and is told of in the end."""
    world.drop("b.csv", "1", "uploads/housing")

    def fail_once(when: When, number: int, operation: str) -> None:  # noqa: ARG001
        if number == 1:
            raise refused("InternalServerError", 500)

    world.account.fault = fail_once
    with pytest.raises(UnavailableError):
        client.lambda_.invoke("sweep", client.events.generate_cw_event("aws.events", "Scheduled Event", {}, []))
    assert len(world.jobs("prepare")) == 1


def test_missing_permission_is_named(client: Client, world: World, event: Event) -> None:
    """An error tells which permission is missing, and nothing of what was sent."""

    def deny(when: When, number: int, operation: str) -> None:  # noqa: ARG001
        message = "User: arn is not authorized to perform: s3:ListBucketVersions on resource: arn:aws:s3:::b/secret.csv"
        raise refused("AccessDenied", 403, message)

    world.account.fault = deny
    with pytest.raises(DeniedError) as raised:
        client.lambda_.invoke("on_upload", event("s3_object_created"))
    assert "the role lacks s3:ListBucketVersions" in str(raised.value)
    assert "secret" not in str(raised.value)
