"""What becomes of jobs that fail, are stopped, cannot start, or are somebody else's (rows 16, 18 to 23)."""

import pytest

from chalicelib.core.attempts import MAX_ATTEMPTS
from tests.chalicelib.aws.account import no_fault
from tests.chalicelib.aws.programs import finish
from tests.chalicelib.aws.refusals import refused
from tests.chalicelib.aws.world import PIPELINE, STAGE, World, on
from tests.chalicelib.reliability.checker import check_all, check_ledger, check_rest, datasets, runs
from tests.chalicelib.reliability.faults import Strike
from tests.chalicelib.reliability.scenario import PASSING, POLICIES, come_to_rest, world_of

ALL = POLICIES["all"]
STEPS = ("prepare", "train", "score", "evaluate")


def reach(world: World, step: str) -> str:
    """Walk until a step's job runs; return its name."""
    for _ in range(10):
        world.look()
        found = [name for name in world.account.machines.running() if f"-{step}-" in name]
        if found:
            return found[0]
        world.finish_jobs()
    raise AssertionError(f"{step} never runs")


def check_stopped(step: str) -> None:
    """Claim: a job that a person stopped is not tried again; its run fails, and the live model stays."""
    with on(world_of(ALL)) as world:
        world.drop("a.csv", "1\n2\n")
        world.walk()
        run = world.live
        world.drop("b.csv", "1\n3\n")
        finish(world.account, reach(world, step), "Stopped")
        jobs = set(world.account.machines.jobs)
        come_to_rest(world)
        assert set(world.account.machines.jobs) == jobs, "something was started after a person had stopped it"
        assert (world.live, datasets(world)[0].state) == (run, "failed")
        check_rest(world)


@pytest.mark.parametrize("step", STEPS)
def test_stopped(step: str) -> None:
    """What a person stopped stays stopped, and the live model with it (row 19)."""
    check_stopped(step)


def check_attempts(step: str) -> None:
    """Claim: a job that AWS fails for a passing reason again and again is given up after the last attempt."""
    with on(world_of(ALL)) as world:
        world.drop("a.csv", "1\n2\n")
        first = reach(world, step)
        for _ in range(MAX_ATTEMPTS + 2):
            for name in world.account.machines.running():
                finish(world.account, name, "Failed", FailureReason=PASSING)
            world.account.advance(3600)
            world.look("sweep")
        attempts = [name for name in world.account.machines.jobs if name.startswith(first)]
        assert attempts == [first, f"{first}-2", f"{first}-3"], f"{len(attempts)} attempts were made"
        assert PASSING in datasets(world)[0].reason + "".join(row.reason for row in runs(world))
        check_rest(world)


@pytest.mark.parametrize("step", STEPS)
def test_attempts(step: str) -> None:
    """A passing failure is tried again, up to the last attempt, and its reason is kept (row 18)."""
    check_attempts(step)


def test_back_off(world: World) -> None:
    """Another attempt waits for its time: looks before it change nothing."""
    world.drop("a.csv", "1\n2\n")
    job = reach(world, "train")
    finish(world.account, job, "Failed", FailureReason=PASSING)
    fence = world.head.fence
    for _ in range(20):
        world.look("sweep")
    assert (world.head.fence, len(world.jobs("train"))) == (fence, 1)
    world.account.advance(61)
    world.look("sweep")
    assert world.jobs("train") == [job, f"{job}-2"]


@pytest.mark.parametrize("reason", ["AlgorithmError: exit code 1", "MaxRuntimeExceeded", "ClientError: no such file"])
def test_failed_for_good(world: World, reason: str) -> None:
    """A job whose own program failed is not tried again; the uploads wait for more, or for a wish."""
    world.drop("a.csv", "1\n2\n")
    finish(world.account, reach(world, "train"), "Failed", FailureReason=reason)
    come_to_rest(world)
    assert len(world.jobs("train")) == 1
    assert world.services.pipelines.plan(PIPELINE)["learning"].state == "waiting"
    world.services.wishes.retrain(PIPELINE, "wish", "a person", forced=False)
    come_to_rest(world)
    assert world.live
    check_all(world, ALL)


@pytest.mark.parametrize(
    "operation", ["create_processing_job", "create_training_job", "create_transform_job", "create_endpoint"]
)
def test_quota(world: World, operation: str) -> None:
    """A quota that is used up is waited for, and each time the decision says so (row 20)."""
    world.account.fault = Strike(
        operation, refused("ResourceLimitExceeded", message="the limit is 0 instances"), times=5
    )
    world.drop("a.csv", "1\n2\n")
    for _ in range(15):
        world.look("sweep")
        world.finish_jobs()
        world.account.machines.settle()
    decisions = world.services.pipelines.ledger.decisions(PIPELINE)
    told = [one.outcome for one in decisions if "the limit is 0 instances" in (one.outcome or "")]
    assert len(told) == 5
    check_all(world, ALL)


def test_alarm_during_a_run(world: World) -> None:
    """An alarm while a run is active starts no second one; it is granted when that has ended (row 16)."""
    world.drop("a.csv", "1\n2\n")
    reach(world, "train")
    for number in range(3):
        world.services.wishes.retrain(PIPELINE, f"w{number}", f"alarm {number}", forced=False)
        world.look()
    check_ledger(world)
    assert len(world.jobs("train")) == 1
    come_to_rest(world)
    (answer,) = [one for one in world.services.pipelines.ledger.decisions(PIPELINE) if one.state == "idle"]
    assert (answer.evidence["wish"]["cause"], "nothing new" in answer.reason) == ("alarm 0", True)
    check_all(world, ALL)


def test_name_taken_by_a_stranger(world: World) -> None:
    """A job with our name and other properties, made in between, is not adopted: its owner is asked (row 23)."""
    world.drop("a.csv", "1\n2\n")

    def stranger(when: str, number: int, operation: str) -> None:  # noqa: ARG001 - a fault's signature
        if (when, operation) == ("before", "create_processing_job"):
            world.account.fault = no_fault
            (row,) = datasets(world)
            name = STAGE.names.job(PIPELINE, "prepare", row.dataset_id)
            world.account.machines.create_processing_job(ProcessingJobName=name, RoleArn="arn:aws:iam::1:role/other")

    world.account.fault = stranger
    world.look()
    outcomes = [one.outcome or "" for one in world.services.pipelines.ledger.decisions(PIPELINE)]
    assert any("exists with other properties than ours: rename or remove it" in outcome for outcome in outcomes)
