"""What people are told, on an account in memory."""

import pytest

from chalicelib.core.facts import Upload
from chalicelib.services.stories import Story
from tests.chalicelib.aws.account import When, no_fault
from tests.chalicelib.aws.world import PIPELINE, STAGE, World, on


def upload_of(world: World, name: str) -> Upload:
    """Find the newest version of a file that was dropped."""
    upload = world.services.stories.storage.find_upload(STAGE.bucket_name, f"uploads/reviews/{name}", None)
    assert upload
    return upload


def trained(world: World, name: str, content: str) -> Story:
    """Drop a file, let everything end well, and give its story."""
    world.drop(name, content)
    world.walk()
    told = world.services.stories.run_of(PIPELINE, upload_of(world, name))
    assert told
    return told


def test_wish_for_what_was_done(world: World) -> None:
    """A wish that would repeat what ended well starts nothing, and says so."""
    trained(world, "a.csv", "1")
    wish = world.services.wishes.retrain(PIPELINE, "wish-1", "a person", forced=False)
    assert world.services.stories.wished(PIPELINE, wish.id) is None
    world.walk()
    told = world.services.stories.wished(PIPELINE, wish.id)
    assert told is not None
    assert (told.state, told.settled) == ("not started", True)
    assert "nothing new to learn from" in told.reason


def test_forced_wish(world: World) -> None:
    """A forced wish is a run of its own, with the wish's cause."""
    first = trained(world, "a.csv", "1")
    world.services.wishes.retrain(PIPELINE, "wish-1", "a person", forced=True)
    world.walk()
    told = world.services.stories.wished(PIPELINE, "wish-1")
    assert told is not None
    assert (told.state, told.version, told.cause) == ("live", 2, "a person")
    assert told.run_id != first.run_id


def test_version_of(world: World) -> None:
    """A version is live, replaced by a newer one, or rolled back."""
    for number in (1, 2):
        trained(world, f"{number}.csv", f"1\n{number}")
    version_of = world.services.stories.version_of
    assert [version_of(PIPELINE, version).state for version in (1, 2)] == ["replaced", "live"]
    world.services.wishes.roll_back(PIPELINE, "a person")
    assert version_of(PIPELINE, 2).state == "rolled back"
    world.walk()
    assert version_of(PIPELINE, 1).state == "live"


def test_failed_run(world: World) -> None:
    """The story of a failed run says why it failed, not only that it did."""
    world.drop("a.csv", "1")
    world.look()
    world.finish_jobs()
    world.look()
    (job,) = world.jobs("train")
    world.account.machines.end_job(job, "Failed", FailureReason="AlgorithmError: out of memory")
    world.walk()
    told = world.services.stories.run_of(PIPELINE, upload_of(world, "a.csv"))
    assert told is not None
    assert told.state == "failed"
    assert "out of memory" in told.reason


def test_rejected_after_promotion(world: World) -> None:
    """A version that the gate promoted and a person rejected is told as rejected."""
    assert trained(world, "a.csv", "1").state == "live"
    world.services.wishes.judge(PIPELINE, 1, "a person", approved=False)
    told = world.services.stories.run_of(PIPELINE, upload_of(world, "a.csv"))
    assert told is not None
    assert (told.state, told.settled) == ("rejected", True)


def test_explain(world: World) -> None:
    """A run is explained with its own decisions from the first upload to the endpoint, and with no other run's."""
    first, second = trained(world, "a.csv", "1"), trained(world, "b.csv", "1\n2")
    found = world.services.stories.explain(PIPELINE, first.run_id or "")
    assert found is not None
    assert found.story.id == first.id
    states = [decision.state for decision in found.decisions]
    assert states[0] == "preparing"
    assert states[-1] == "live"
    assert "rolling out" in states
    assert {decision.run_id for decision in found.decisions} == {None, first.run_id}
    assert world.services.stories.explain(PIPELINE, second.id) != found
    assert world.services.stories.explain(PIPELINE, "unknown") is None


def read_with_a_look_after(boundary: int, place: int) -> tuple[Story | None, int]:
    """Read at a place on the way to a live model, with a look after the call of this number; how many were made."""
    world = World()
    with on(world):
        world.drop("a.csv", "1")
        for _ in range(place):
            world.look()
            world.finish_jobs()
        upload = upload_of(world, "a.csv")
        began = world.account.calls

        def look_between(when: When, number: int, operation: str) -> None:  # noqa: ARG001 - as every fault
            if (when, number) == ("after", began + boundary):
                world.account.fault = no_fault
                world.look()

        world.account.fault = look_between
        told = world.services.stories.run_of(PIPELINE, upload)
        return told, world.account.calls - began


@pytest.mark.parametrize("place", range(5))
def test_reading_while_others_act(place: int) -> None:
    """Whoever reads while a look acts, between whichever two calls, is told of no end that is none."""
    boundary, calls = 1, 1
    while boundary <= calls:
        told, calls = read_with_a_look_after(boundary, place)
        assert told is None or not told.settled, (boundary, told)
        boundary += 1
