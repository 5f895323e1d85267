"""T13: no event ever comes, and the sweep alone brings everything on."""

import pytest

from chalicelib.core.ledger import Decision
from tests.chalicelib.aws.world import PIPELINE, World, on
from tests.chalicelib.reliability import checker
from tests.chalicelib.reliability.checker import check_all
from tests.chalicelib.reliability.kills import TALES, left, live
from tests.chalicelib.reliability.scenario import POLICIES, world_of

ALL = POLICIES["all"]
READS = {
    "get_item", "query", "list_model_packages", "list_object_versions", "describe_endpoint", "describe_alarms",
}  # fmt: skip


def decided(world: World) -> list[Decision]:
    """Return all decisions."""
    return list(world.services.pipelines.ledger.decisions(PIPELINE))


def check_one_sweep_a_step() -> World:
    """Claim: each step is taken up by the first sweep after its job ended, and no event is needed for any."""
    world = world_of(ALL)
    with on(world):
        world.drop("2.csv", "1\n2\n")
        for steps in (["prepare"], ["train"], ["score"], ["evaluate", "baseline"]):
            world.account.events.clear()
            world.account.advance(300)
            world.look("sweep")
            running = world.account.machines.running()
            assert [checker.step(name) for name in running] == steps, f"{running} runs after the sweep for {steps}"
            world.finish_jobs()
        world.look("sweep")
        assert world.account.machines.endpoints, "the sweep after the evaluation begins no roll-out"
        world.account.machines.settle()
        world.look("sweep")
        check_all(world, ALL)
    return world


def test_first_sweep() -> None:
    """Each step begins with the first sweep after the one before has ended, and nothing but sweeps decided (row 9)."""
    world = check_one_sweep_a_step()
    with on(world):
        assert {decision.cause for decision in decided(world)} == {"sweep"}


@pytest.mark.parametrize("name", ["upload", "update", "refused", "rollback", "retrain"])
def test_same_end(name: str) -> None:
    """Without any event a tale ends as it would have with all of them, those of dropped files and wishes included."""
    world = World()
    with on(world):
        for deed in TALES[name]:
            deed(world)
            for _ in range(12):
                world.account.events.clear()
                world.look("sweep")
                world.finish_jobs()
                world.account.machines.settle()
    assert left(world) == left(live(TALES[name]))


def check_rests_after_a_rollback() -> None:
    """Claim: after a roll-back a hundred sweeps make no call that changes anything, and decide nothing."""
    world = live(TALES["rollback"])
    with on(world):
        head, calls, count = world.head, len(world.account.history), len(decided(world))
        for _ in range(100):
            world.account.advance(300)
            world.look("sweep")
        assert set(world.account.history[calls:]) <= READS
        assert (world.head, len(decided(world))) == (head, count)
        assert head.pin is not None
        pinned = world.account.machines.versions[head.pin.version - 1]
        assert pinned["ModelPackageDescription"].endswith(world.live or "nothing"), "another version answers"


def test_after_a_rollback() -> None:
    """After a roll-back a hundred sweeps change nothing."""
    check_rests_after_a_rollback()
