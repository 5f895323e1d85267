"""Where a pipeline stands, on an account in memory."""

from chalicelib.bootstrap import Services
from chalicelib.core.errors import CapacityError
from tests.chalicelib.aws.account import When
from tests.chalicelib.aws.refusals import refused
from tests.chalicelib.aws.world import PIPELINE, World


def test_nothing_yet(services: Services) -> None:
    """Of a pipeline that nobody used, nothing is wanted, live, waiting or in the way."""
    standing = services.standings.of(PIPELINE)
    assert (standing.status, standing.version, standing.wanted) == ("none", None, None)
    assert (standing.plans["learning"].state, standing.waiting, standing.troubles) == ("idle", (), ())


def test_active(world: World) -> None:
    """While a run is active, what it holds does not wait; what came since does."""
    world.drop("a.csv", "1")
    world.look()
    world.drop("b.csv", "1\n2")
    standing = world.services.standings.of(PIPELINE)
    assert standing.head.dataset_id == world.head.dataset_id is not None
    assert standing.plans["learning"].state == "preparing"
    assert standing.waiting == ("uploads/reviews/b.csv",)


def test_live(world: World) -> None:
    """After a run, its version is wanted and answers."""
    world.drop("a.csv", "1")
    world.walk()
    standing = world.services.standings.of(PIPELINE)
    assert (standing.status, standing.version, standing.wanted) == ("InService", 1, 1)
    assert (standing.plans["serving"].state, standing.waiting) == ("live", ())


def test_rolled_back(world: World) -> None:
    """After a rollback the pin and the bad version are told, and which version answers until it is done."""
    for number in (1, 2):
        world.drop(f"{number}.csv", f"1\n{number}")
        world.walk()
    world.services.wishes.roll_back(PIPELINE, "a person")
    standing = world.services.standings.of(PIPELINE)
    assert (standing.version, standing.wanted, standing.head.bad) == (2, 1, (2,))
    assert standing.head.pin is not None
    world.walk()
    assert world.services.standings.of(PIPELINE).version == 1


def test_troubles(world: World) -> None:
    """What AWS refused is told until it is done, and then no more."""

    def without_quota(when: When, number: int, operation: str) -> None:  # noqa: ARG001 - as every fault
        if (when, operation) == ("before", "create_processing_job"):
            raise refused("ResourceLimitExceeded", message="the quota is 0")

    passing, world.account.fault = world.account.fault, without_quota
    world.drop("a.csv", "1")
    world.look()
    (trouble,) = world.services.standings.of(PIPELINE).troubles
    assert trouble.area == "learning"
    assert trouble.outcome == str(CapacityError("create_processing_job answered ResourceLimitExceeded: the quota is 0"))
    world.account.fault = passing
    world.look()
    assert world.services.standings.of(PIPELINE).troubles == ()
