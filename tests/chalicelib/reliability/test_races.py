"""T2: of any number of handlers that look at once, one acts (`--races N` for more of them)."""

from collections.abc import Callable, Iterator

import pytest

from chalicelib.core.errors import WishError
from tests.chalicelib.aws.world import PIPELINE, World, on
from tests.chalicelib.reliability.checker import check_all, check_ledger, datasets
from tests.chalicelib.reliability.races import race
from tests.chalicelib.reliability.scenario import POLICIES, come_to_rest

ALL = POLICIES["all"]


@pytest.fixture
def races(request: pytest.FixtureRequest) -> Iterator[int]:
    """Give the seeds of the races."""
    return iter(range(request.config.getoption("--races")))


def check_uploads_race(seed: int) -> None:
    """Claim: an upload looked at by all handlers at every step is one dataset version, one run and one model."""
    with on(World()) as world:
        for name in ("2", "3"):
            world.drop(f"{name}.csv", f"1\n{name}\n")
            for _ in range(7):
                assert not race(world, seed, World.look)
                check_ledger(world)
                world.finish_jobs()
                world.account.machines.settle()
        come_to_rest(world)
        check_all(world, ALL)
        versions = world.account.machines.versions
        assert (len(datasets(world)), len(world.jobs("train")), len(versions)) == (2, 2, 2)
        taken = [one for one in world.services.pipelines.ledger.decisions(PIPELINE) if one.performed]
        updates = [one.fence for one in taken if any(action.startswith("update_endpoint") for action in one.actions)]
        assert len(updates) == 1, f"AWS took the updates of decisions {updates}"


def check_wishes_race(seed: int) -> None:
    """Claim: alarms and wishes of the same moment are one run, whoever asked."""
    with on(World()) as world:
        world.drop("2.csv", "1\n2\n")
        world.walk()
        asks: list[Callable[[World], object]] = [
            lambda world, n=number: world.services.wishes.retrain(PIPELINE, f"w{n}", f"alarm {n}", forced=True)  # type: ignore[misc]
            for number in range(15)
        ]
        raised = race(world, seed, *asks, World.look)
        assert all(isinstance(error, WishError) for error in raised), raised
        check_ledger(world)
        assert len([row for row in datasets(world) if row.active]) <= 1
        come_to_rest(world)
        check_all(world, ALL)


def check_rollbacks_race(seed: int) -> None:
    """Claim: every roll-back that is granted moves one version, and no other is marked bad."""
    with on(World()) as world:
        for name in ("2", "3", "4"):
            world.drop(f"{name}.csv", f"1\n{name}\n")
            world.walk()
        granted: list[int] = []
        raised = race(
            world, seed, lambda world: granted.append(world.services.wishes.roll_back(PIPELINE, "a person")), World.look
        )
        assert all(isinstance(error, WishError) for error in raised), raised
        assert len(granted) == len(world.head.bad) == len(set(granted)), f"{granted} for {world.head.bad}"
        come_to_rest(world)
        check_ledger(world)
        assert world.head.pin is not None
        assert world.head.pin.version == min(granted)
        (wanted,) = [one for one in world.account.machines.versions if one["ModelPackageVersion"] == min(granted)]
        assert wanted["ModelPackageDescription"].endswith(world.live or "nothing"), "another version answers"


def test_upload_races(races: Iterator[int]) -> None:
    """Sixteen handlers that see the same events act as one, at every step from an upload to an update."""
    for seed in races:
        check_uploads_race(seed)


def test_wish_races(races: Iterator[int]) -> None:
    """Fifteen alarms of the same moment start one run at a time."""
    for seed in races:
        check_wishes_race(seed)


def test_rollback_races(races: Iterator[int]) -> None:
    """People who roll back at once roll back one version each, or are told that somebody was faster."""
    for seed in races:
        check_rollbacks_race(seed)
