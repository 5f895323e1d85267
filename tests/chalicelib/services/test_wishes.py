"""What people want of a pipeline."""

from dataclasses import replace

import pytest

from chalicelib.core.errors import WishError
from chalicelib.core.ledger import Pin
from tests.chalicelib.aws.world import PIPELINE, STAGE, World


@pytest.fixture
def three(world: World) -> World:
    """Give a pipeline whose third version is live."""
    for number in range(3):
        world.drop(f"{number}.csv", f"1\nrow {number}")
        world.walk()
    return world


def run_of(world: World, version: int) -> str:
    """Return the run of a version."""
    return next(str(story.run_id) for story in world.services.stories.runs(PIPELINE) if story.version == version)


def test_roll_back(three: World) -> None:
    """A roll-back goes to the version before, marks the wanted one bad, and stays."""
    assert three.services.wishes.roll_back(PIPELINE, "a person asked") == 2
    three.walk()
    assert three.live == run_of(three, 2)
    assert (three.head.bad, three.head.pin) == ((3,), Pin(2, over=3))
    for _ in range(5):
        three.walk()
    assert three.live == run_of(three, 2)


def test_roll_back_after_the_spec_changed(three: World) -> None:
    """A version comes back on the machine that the spec names now, although its config of before names another."""
    spec = three.specs[PIPELINE]
    changed = replace(
        spec, machines=replace(spec.machines, serve="ml.m5.2xlarge"), drift=replace(spec.drift, capture_percent=7)
    )
    three.specs = {**three.specs, PIPELINE: changed}
    three.start()
    three.walk()
    assert three.live == run_of(three, 3)
    three.services.wishes.roll_back(PIPELINE, "a person asked")
    three.walk()
    assert three.live == run_of(three, 2)
    machines = three.account.machines
    config = machines.configs[machines.endpoints[STAGE.names.endpoint(PIPELINE)]["EndpointConfigName"]]
    assert config["ProductionVariants"][0]["InstanceType"] == "ml.m5.2xlarge"
    assert config["DataCaptureConfig"]["InitialSamplingPercentage"] == 7


def test_roll_back_twice(three: World) -> None:
    """Rolling back again goes one further, and there is an end to it."""
    assert [three.services.wishes.roll_back(PIPELINE, "again") for _ in range(2)] == [2, 1]
    with pytest.raises(WishError, match="not there, not approved or marked bad"):
        three.services.wishes.roll_back(PIPELINE, "again")


def test_roll_back_to(three: World) -> None:
    """A person may name the version, also one that was marked bad before."""
    three.services.wishes.roll_back(PIPELINE, "away from 3")
    assert three.services.wishes.roll_back(PIPELINE, "back to 3", to=3) == 3
    three.walk()
    assert three.live == run_of(three, 3)
    assert three.head.bad == (2,)


def test_newer_version_lifts_the_pin(three: World) -> None:
    """Only a version newer than those the person knew ends a roll-back."""
    three.services.wishes.roll_back(PIPELINE, "a person asked", to=1)
    three.walk()
    three.drop("new.csv", "new")
    three.walk()
    assert three.live == run_of(three, 4)


@pytest.mark.parametrize(
    ("to", "message"), [(3, "is the one that is wanted"), (9, "version 9 of reviews is not there")]
)
def test_no_such_way(three: World, to: int, message: str) -> None:
    """A roll-back that cannot be is refused with the reason, and changes nothing."""
    before = three.head
    with pytest.raises(WishError, match=message):
        three.services.wishes.roll_back(PIPELINE, "a person asked", to=to)
    assert three.head == before


def test_retrain_without_news(three: World) -> None:
    """A wish for a run on data and recipe of before starts nothing and is answered."""
    three.services.wishes.retrain(PIPELINE, "w1", "a person asked", forced=False)
    jobs = len(three.account.machines.jobs)
    three.walk()
    assert len(three.account.machines.jobs) == jobs
    assert three.head.wish is None
    story = three.services.stories.wished(PIPELINE, "w1")
    assert story is not None
    assert "nothing new to learn from" in story.reason


def test_forced_retrain(three: World) -> None:
    """A forced wish trains the same data and recipe once more, as a run of its own."""
    three.services.wishes.retrain(PIPELINE, "w1", "a person asked", forced=True)
    three.walk()
    assert len(three.jobs("train")) == 4
    assert three.live == run_of(three, 4)


def test_two_wishes_at_once(three: World) -> None:
    """A second wish joins the one that waits, and is forced if either is."""
    first = three.services.wishes.retrain(PIPELINE, "w1", "drift", forced=False)
    second = three.services.wishes.retrain(PIPELINE, "w2", "a person asked", forced=True)
    assert (second.id, second.forced) == (first.id, True)
    three.walk()
    assert len(three.jobs("train")) == 4


def test_wish_during_a_run(world: World) -> None:
    """A wish that comes while a run is active waits for its end."""
    world.drop("a.csv", "1")
    world.look()
    world.services.wishes.retrain(PIPELINE, "w1", "a person asked", forced=True)
    world.look()
    assert len(world.jobs("prepare")) == 1
    world.walk()
    assert len(world.jobs("train")) == 2


def test_judge(three: World) -> None:
    """A version that a person rejects gives way, and one that is approved again comes back."""
    three.services.wishes.judge(PIPELINE, 3, "a person looked at it", approved=False)
    three.walk()
    assert three.live == run_of(three, 2)
    three.services.wishes.judge(PIPELINE, 3, "a second look", approved=True)
    three.walk()
    assert three.live == run_of(three, 3)
    with pytest.raises(WishError, match="has no version 9"):
        three.services.wishes.judge(PIPELINE, 9, "a person", approved=True)


def test_approve_what_was_bad(three: World) -> None:
    """A person who approves a version that was marked bad lets it answer again, once no pin stands before it."""
    three.services.wishes.roll_back(PIPELINE, "away from 3")
    three.services.wishes.judge(PIPELINE, 3, "it was fine", approved=True)
    assert three.head.bad == ()
    assert three.services.wishes.roll_back(PIPELINE, "back to 3", to=3) == 3
