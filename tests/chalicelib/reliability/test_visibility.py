"""What AWS made and does not show yet (row 30): nothing is made twice, and the end is the same."""

from collections import Counter
from contextlib import suppress

import pytest

from chalicelib.core.errors import UnavailableError
from tests.chalicelib.aws.account import no_fault
from tests.chalicelib.aws.refusals import refused
from tests.chalicelib.aws.world import World
from tests.chalicelib.reliability.checker import check_all
from tests.chalicelib.reliability.faults import Hide, Strike
from tests.chalicelib.reliability.scenario import POLICIES

HIDDEN = [
    ("describe_processing_job", "create_processing_job"),
    ("describe_training_job", "create_training_job"),
    ("describe_transform_job", "create_transform_job"),
    ("describe_endpoint", "create_endpoint"),
    ("describe_model", "create_model"),
    ("list_model_packages", "create_model_package"),
]


def keep_looking(world: World) -> None:
    """Let everything end well and look again and again, also where AWS asks to come later, as Lambda does."""
    for _ in range(25):
        with suppress(UnavailableError):
            world.look()
        world.finish_jobs()
        world.account.machines.settle()


@pytest.mark.parametrize("times", [1, 3, 7])
@pytest.mark.parametrize(("operation", "after"), HIDDEN)
def test_hidden(world: World, operation: str, after: str, times: int) -> None:
    """What was created and is hidden for a while is created once, and the walk ends as if it had been seen."""
    for name in ("2", "3"):
        world.account.fault = Hide(operation, after, times)
        world.drop(f"{name}.csv", f"1\n{name}\n")
        keep_looking(world)
    machines = world.account.machines
    assert (len(machines.versions), len(world.jobs("train"))) == (2, 2)
    assert (len(machines.endpoints), Counter(world.account.history)["update_endpoint"]) == (1, 1)
    world.account.fault = no_fault
    check_all(world, POLICIES["all"])


def test_taken_and_hidden(world: World) -> None:
    """A name that is taken by what cannot be seen is not taken for ours: the look fails, and the next one sees it."""
    world.drop("2.csv", "1\n2\n")
    world.account.fault = Strike("create_processing_job", refused("ResourceInUse"), times=1)
    with pytest.raises(UnavailableError, match="is not shown yet"):
        world.look()
    world.account.fault = no_fault
    world.walk()
    check_all(world, POLICIES["all"])


def test_endpoint_of_a_slow_handler(world: World) -> None:
    """A handler that wakes up after others have decided does not create the endpoint that it had planned."""
    world.drop("2.csv", "1\n2\n")
    for _ in range(4):
        world.look()
        world.finish_jobs()

    def decided(when: str, number: int, operation: str) -> None:  # noqa: ARG001 - a fault's signature
        if (when, operation) == ("after", "create_endpoint_config"):
            world.account.fault = no_fault
            world.services.wishes.retrain("reviews", "wish", "somebody", forced=False)

    world.account.fault = decided
    world.look()
    outcomes = [one.outcome for one in world.services.pipelines.ledger.decisions("reviews") if one.outcome != "done"]
    assert outcomes == ["create_endpoint of reviews: something was decided since"]
    world.walk()
    check_all(world, POLICIES["all"])
