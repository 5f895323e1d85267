"""The services together, on fakes: from a dropped file to a live model, one event at a time."""

from collections.abc import Callable
from functools import partial

import pytest

from chalicelib.bootstrap import Services
from chalicelib.core import places
from chalicelib.core.actions import Plan
from chalicelib.core.findings import Finding
from chalicelib.services.progress import Rejected
from tests.chalicelib.fakes import STAGE, World

KEY = "uploads/reviews/a.csv"


def walk(world: World, services: Services, *, key: str = KEY, content: str = "c" * 64, repeat: int = 1) -> list[str]:
    """Drop a file and let every step end well, each event delivered ``repeat`` times; give the states on the way."""
    event = world.drop(key)
    states: list[str] = []

    def deliver(look: Callable[[], Plan]) -> None:
        states.extend(look().state for _ in range(repeat))

    deliver(lambda: services.datasets.accept("reviews", event))
    dataset_id = world.end("prepare", content=content).rsplit("-", 1)[-1]
    deliver(lambda: services.datasets.advance("reviews", dataset_id))
    for step in ("train", "score", "evaluate"):
        run_id = world.end(step).rsplit("-", 1)[-1]
        deliver(partial(services.runs.advance, "reviews", run_id))
    deliver(lambda: services.rollouts.advance("reviews"))
    world.settle_endpoint()
    deliver(lambda: services.rollouts.advance("reviews"))
    return states


def test_whole_path(world: World, services: Services) -> None:
    """Each event takes one step, and the last finds the model live."""
    states = walk(world, services)
    assert states == ["preparing", "prepared", "scoring", "evaluating", "registering", "rolling out", "live"]
    assert world.executor.performed == [
        "create_processing_job",
        "create_training_job",
        "create_model",
        "create_transform_job",
        "create_processing_job",
        "create_model_package_group",
        "create_model_package",
        "create_model",
        "create_endpoint_config",
        "create_endpoint",
    ]


def test_repeated_events(world: World, services: Services) -> None:
    """Events delivered three times each start each job once and register one version."""
    walk(world, services, repeat=3)
    assert len(world.sagemaker.jobs) == 4
    assert len(world.sagemaker.packages) == 1


def test_second_upload_updates(world: World, services: Services) -> None:
    """Other content trains another model, and the endpoint is updated to it, not created again."""
    walk(world, services)
    walk(world, services, key="uploads/reviews/b.csv", content="d" * 64)
    assert world.executor.performed[-1] == "update_endpoint"
    stories = list(services.progress.runs("reviews"))
    assert [(story.version, story.state) for story in stories] == [(2, "live"), (1, "replaced")]


def test_same_content_twice(world: World, services: Services) -> None:
    """The same rows in another file are prepared but not trained again, and its story is that of the first run."""
    walk(world, services)
    event = world.drop("uploads/reviews/copy.csv")
    services.datasets.accept("reviews", event)
    services.datasets.advance("reviews", world.end("prepare").rsplit("-", 1)[-1])
    assert sum("-train-" in name for name in world.sagemaker.jobs) == 1
    newest, first = services.progress.runs("reviews")
    assert newest.run_id == first.run_id
    assert newest.state == "live"


@pytest.mark.parametrize(("key", "size"), [("uploads/reviews/a.txt", 10), (KEY, 0)])
def test_refused(world: World, services: Services, key: str, size: int) -> None:
    """A file that cannot be read is refused with its reason, starts nothing, and is still told of."""
    plan = services.datasets.accept("reviews", world.drop(key, size=size))
    assert plan.state == "refused"
    assert not world.executor.performed
    (story,) = services.progress.runs("reviews")
    assert (story.state, story.settled, story.reason) == ("refused", True, plan.reason)


def test_rows_set_aside(world: World, services: Services) -> None:
    """A story tells which rows were set aside, by the name that the file's owner gave it."""
    services.datasets.accept("reviews", world.drop(KEY))
    name = world.end("prepare")
    folder = STAGE.bucket.dataset("reviews", name.rsplit("-", 1)[-1])
    (story,) = services.progress.runs("reviews")
    raw = places.raw_name(story.upload.upload_id, KEY)
    world.storage.documents[folder.key("prepared", "summary.json")]["rejected"] = [
        {"file": raw, "reason": "not JSON", "lines": [3, 9], "rows": 2}
    ]
    (story,) = services.progress.runs("reviews")
    assert story.rejected == (Rejected("a.csv", Finding("not JSON", (3, 9), 2)),)


def test_gone(world: World, services: Services) -> None:
    """A file that was deleted before it was read is ignored, and nothing fails."""
    event = world.drop(KEY)
    world.storage.objects.clear()
    assert services.datasets.accept("reviews", event).state == "ignored"


def test_unknown_pipeline(world: World, services: Services) -> None:
    """A file for no pipeline of ours is ignored."""
    assert services.datasets.accept("nobody", world.drop("uploads/nobody/a.csv")).state == "ignored"
    assert services.rollouts.advance("nobody").state == "ignored"


def test_failed_job(world: World, services: Services) -> None:
    """A failed job ends its dataset version with the job's own reason."""
    services.datasets.accept("reviews", world.drop(KEY))
    dataset_id = world.end("prepare", "Failed").rsplit("-", 1)[-1]
    assert services.datasets.advance("reviews", dataset_id).state == "failed"
    (story,) = services.progress.runs("reviews")
    assert "the file has no rows" in story.reason


def test_update_while_updating(world: World, services: Services) -> None:
    """A version that comes during an update waits, and the end of that update takes it up."""
    walk(world, services)
    world.settle_endpoint("Updating")
    event = world.drop("uploads/reviews/b.csv")
    services.datasets.accept("reviews", event)
    services.datasets.advance("reviews", world.end("prepare", content="d" * 64).rsplit("-", 1)[-1])
    for step in ("train", "score", "evaluate"):
        services.runs.advance("reviews", world.end(step).rsplit("-", 1)[-1])
    assert services.rollouts.advance("reviews").actions == ()
    world.settle_endpoint()
    assert services.rollouts.advance("reviews").state == "rolling out"
    assert world.executor.performed[-1] == "update_endpoint"


def test_failed_update_is_not_repeated(world: World, services: Services) -> None:
    """An endpoint that returned to its old config is left there, so that a bad model cannot loop."""
    walk(world, services)
    endpoint = services.stage.names.endpoint("reviews")
    old = world.sagemaker.endpoints[endpoint]
    walk(world, services, key="uploads/reviews/b.csv", content="d" * 64)
    world.settle_endpoint()
    new = world.sagemaker.endpoints[endpoint]
    world.sagemaker.endpoints[endpoint] = type(new)(new.name, "InService", old.config_name, new.changed, "no ping")
    performed = len(world.executor.performed)
    plan = services.rollouts.advance("reviews")
    assert plan.state == "failed"
    assert "no ping" in plan.reason
    assert len(world.executor.performed) == performed


def test_batch(world: World, services: Services) -> None:
    """A file to score is turned into shards and scored by the model that was live when it came."""
    walk(world, services)
    champion = world.sagemaker.configs[world.sagemaker.endpoints["freshet-dev-reviews"].config_name].model_name
    event = world.drop("batch/reviews/input/new.csv")
    assert services.batches.accept("reviews", event).state == "sharding"
    batch_id = world.end("shard").rsplit("-", 1)[-1]
    assert services.batches.advance("reviews", batch_id).state == "scoring"
    world.end("batch")
    upload = world.storage.find_upload(STAGE.bucket_name, event.key, event.version_id)
    assert upload is not None
    story = services.progress.batch_of("reviews", upload)
    assert story is not None
    assert (story.state, story.reason) == ("scored", f"scored by {champion}")


def test_batch_without_model(world: World, services: Services) -> None:
    """A file to score before any model is live is refused and says so."""
    plan = services.batches.accept("reviews", world.drop("batch/reviews/input/new.csv"))
    assert (plan.state, plan.reason) == ("refused", "no model was live yet")
