"""Facts that fit together."""

from tests.chalicelib.aws.account import When
from tests.chalicelib.aws.programs import finish
from tests.chalicelib.aws.world import PIPELINE, World


def test_decided_meanwhile(world: World) -> None:
    """Whoever gathers facts while another handler begins the run sees that run, not half of it."""
    world.drop("a.csv", "1")
    world.look()
    finish(world.account, world.jobs("prepare")[0])
    observer = world.services.pipelines.observer
    looked = False

    def look_meanwhile(when: When, number: int, operation: str) -> None:  # noqa: ARG001
        nonlocal looked
        if (when, operation) == ("before", "describe_processing_job") and not looked:
            looked = True
            world.look()

    world.account.fault = look_meanwhile
    facts = observer.pipeline(PIPELINE, world.account.clock())
    assert looked
    assert facts.head == world.head
    assert facts.run is not None


def test_story_of_a_run_that_begins(world: World) -> None:
    """Nobody is told that a run failed because another handler begins it just now."""
    world.drop("a.csv", "1")
    world.look()
    finish(world.account, world.jobs("prepare")[0])
    looked = False

    def look_meanwhile(when: When, number: int, operation: str) -> None:  # noqa: ARG001
        nonlocal looked
        if (when, operation) == ("after", "get_item") and not looked:
            looked = True
            world.look()

    world.account.fault = look_meanwhile
    (story,) = world.services.stories.runs(PIPELINE)
    assert not story.settled
