"""Files to score, from the drop to the scores."""

from dataclasses import replace

import pytest

from chalicelib.core.errors import DeniedError
from chalicelib.core.ledger import BatchEnd
from chalicelib.pipelines import PIPELINES
from tests.chalicelib.aws.account import When
from tests.chalicelib.aws.refusals import refused
from tests.chalicelib.aws.world import PIPELINE, World, on

AREA = "batch/reviews/input"


def look(world: World) -> None:
    """Look at the batches, and let every job end well, until nothing moves."""
    for _ in range(5):
        world.services.batches.look(PIPELINE)
        if not world.finish_jobs():
            return


def ends(world: World) -> dict[str, BatchEnd]:
    """Return how batches ended, by their files' names."""
    found = world.services.batches.ledger.batches(PIPELINE).values()
    return {end.key.removeprefix(f"{AREA}/"): end for end in found}


@pytest.fixture
def live(world: World) -> World:
    """Give a world in which a model is live."""
    world.drop("a.csv", "1")
    world.walk()
    return world


def test_schedule() -> None:
    """Where a pipeline scores by schedule, a file waits for the slot after it, and a doubled tick does nothing."""
    spec = replace(PIPELINES[PIPELINE], batch_schedule="rate(6 hours)")
    world = World(specs={PIPELINE: spec})
    with on(world):
        world.drop("a.csv", "1")
        world.walk()
        world.drop("a.jsonl", "1", AREA)
        look(world)
        assert not world.jobs("shard")
        world.account.advance(6 * 3600)
        look(world)
        look(world)
        assert ends(world)["a.jsonl"].state == "scored"
        assert len(world.jobs("batch")) == 1


def test_scored(live: World) -> None:
    """A dropped file is sharded and scored once, by the model that was live when it came."""
    live.drop("a.jsonl", "1", AREA)
    look(live)
    look(live)
    assert ends(live)["a.jsonl"].state == "scored"
    (name,) = live.jobs("batch")
    assert live.account.machines.jobs[name]["ModelName"].endswith(str(live.live))


def test_one_in_trouble(live: World) -> None:
    """A file that AWS refuses to take up does not keep the others from being scored, and goes on when it may."""
    live.drop("a.jsonl", "1", AREA)
    live.drop("b.jsonl", "1", AREA)
    refusals = iter([refused("AccessDeniedException", 403)])

    def deny_first(when: When, number: int, operation: str) -> None:  # noqa: ARG001
        refusal = next(refusals, None) if (when, operation) == ("before", "create_processing_job") else None
        if refusal:
            raise refusal

    live.account.fault = deny_first
    with pytest.raises(DeniedError):
        live.services.batches.look(PIPELINE)
    assert len(live.jobs("shard")) == 1
    look(live)
    assert {end.state for end in ends(live).values()} == {"scored"}


def test_deleted(live: World) -> None:
    """A file that its owner deleted before it was scored is refused with that reason."""
    live.drop("a.jsonl", "1", AREA)
    live.account.objects.delete_object(Bucket="", Key=f"{AREA}/a.jsonl")
    look(live)
    assert ends(live)["a.jsonl"].reason == "its owner deleted it before it was scored"


@pytest.mark.parametrize(
    ("name", "content", "reason"), [("a.txt", "1", "file names must end in"), ("a.csv", "", "empty")]
)
def test_refused(live: World, name: str, content: str, reason: str) -> None:
    """A file that cannot be read is refused with its reason and starts no job."""
    live.drop(name, content, AREA)
    look(live)
    assert (ends(live)[name].state, reason in ends(live)[name].reason) == ("refused", True)
    assert not live.jobs("shard")
