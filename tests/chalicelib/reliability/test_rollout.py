"""What becomes of an endpoint whose changes fail, are undone, come too early or are never made (rows 26 to 33)."""

import pytest

from chalicelib.core.errors import WishError
from tests.chalicelib.aws.account import Fault, KilledError, When, no_fault
from tests.chalicelib.aws.refusals import refused
from tests.chalicelib.aws.world import PIPELINE, STAGE, World
from tests.chalicelib.reliability.checker import check_all, check_ledger, check_rest, runs
from tests.chalicelib.reliability.scenario import POLICIES, come_to_rest

ENDPOINT = STAGE.names.endpoint(PIPELINE)
ALL = POLICIES["all"]


def at(struck: str, error: BaseException, *, phase: When = "before") -> Fault:
    """Return a fault that strikes every call of an operation."""

    def strike(when: When, number: int, operation: str) -> None:  # noqa: ARG001 - a fault's signature
        if (when, operation) == (phase, struck):
            raise error

    return strike


def asked(world: World, operation: str) -> int:
    """Return how often an operation was called."""
    return world.account.history.count(operation)


def train(world: World, name: str) -> None:
    """Drop a file and bring it as far as an approved version, whose roll-out has begun."""
    world.drop(f"{name}.csv", f"1\n{name}\n")
    version = len(world.account.machines.versions)
    while len(world.account.machines.versions) == version:
        world.finish_jobs()
        world.look()


def live(world: World, *names: str) -> str:
    """Bring files to a live model one after the other; return its run."""
    for name in names:
        world.drop(f"{name}.csv", f"1\n{name}\n")
        world.walk()
    assert world.live
    return world.live


def endpoint(world: World) -> dict[str, object]:
    """Return the endpoint as AWS holds it."""
    return world.account.machines.endpoints[ENDPOINT]


def system_update(world: World) -> None:
    """Let AWS change the endpoint's last change without us: patches, a person's weights."""
    endpoint(world)["LastModifiedTime"] = world.account.now = world.account.now.replace(microsecond=999_999)


def test_silent_rollback(world: World) -> None:
    """An update that AWS undid without a word marks its version bad, and is not asked for again (row 32)."""
    old = live(world, "2")
    train(world, "3")
    world.account.machines.settle(outcome="RolledBack")
    for _ in range(5):
        world.look("sweep")
    assert (world.head.bad, world.live, asked(world, "update_endpoint")) == ((2,), old, 1)
    check_rest(world)
    check_ledger(world)


def test_bad_version_is_followed_by_a_good_one(world: World) -> None:
    """After an update that was undone the next version is rolled out."""
    live(world, "2")
    train(world, "3")
    world.account.machines.settle(outcome="RolledBack")
    world.look()
    live(world, "4")
    assert (world.head.bad, asked(world, "update_endpoint")) == ((2,), 2)
    check_all(world, ALL)


def test_failed_creation(world: World) -> None:
    """An endpoint that failed with its first version is deleted, and made anew with the next (row 28)."""
    train(world, "2")
    world.account.machines.settle(outcome="Failed")
    come_to_rest(world)
    assert (world.head.bad, world.live) == ((1,), None)
    live(world, "3")
    assert asked(world, "create_endpoint") == 2


def test_failed_by_itself(world: World) -> None:
    """An endpoint that failed while nothing was asked of it is made anew with the same version."""
    run = live(world, "2")
    endpoint(world)["EndpointStatus"] = "Failed"
    come_to_rest(world)
    assert (world.live, world.head.bad) == (run, ())


@pytest.mark.parametrize("status", ["Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"])
def test_busy_endpoint(world: World, status: str) -> None:
    """While the endpoint changes nothing is asked of it; when that is over the newest version is (rows 27, 28)."""
    live(world, "2")
    endpoint(world)["EndpointStatus"] = status
    for name in ("3", "4"):
        world.drop(f"{name}.csv", f"1\n{name}\n")
        for _ in range(5):
            world.look()
            world.finish_jobs()
    assert asked(world, "update_endpoint") == 0
    endpoint(world)["EndpointStatus"] = "InService"
    world.walk()
    assert asked(world, "update_endpoint") == 1
    check_all(world, ALL)


@pytest.mark.parametrize("status", ["OutOfService", "UpdateRollbackFailed"])
def test_a_person_must_look(world: World, status: str) -> None:
    """An endpoint in a state that only a person can mend is left alone, and plan and notice say so (row 33)."""
    live(world, "2")
    endpoint(world)["EndpointStatus"] = status
    calls = asked(world, "update_endpoint"), asked(world, "delete_endpoint")
    world.look("sweep")
    plan = world.services.pipelines.plan(PIPELINE)["serving"]
    assert (plan.state, status in plan.reason, plan.idle) == ("failed", True, True)
    assert (asked(world, "update_endpoint"), asked(world, "delete_endpoint")) == calls
    subject, message = world.account.topic.notices[-1]
    assert subject == "Freshet dev: reviews: the endpoint needs a person"
    assert status in message


def test_a_person_is_told_once(world: World) -> None:
    """However often one looks it is told once, whatever AWS changes meanwhile; and again when it happens anew."""
    run = live(world, "2")
    notices = world.account.topic.notices
    before = len(notices)
    for broken in (1, 2):
        endpoint(world)["EndpointStatus"] = "OutOfService"
        for _ in range(3):
            system_update(world)
            world.look("sweep")
        assert len(notices) == before + broken
        endpoint(world)["EndpointStatus"] = "SystemUpdating"
        world.look("sweep")
        endpoint(world)["EndpointStatus"] = "OutOfService"
        world.look("sweep")
        assert len(notices) == before + broken
        endpoint(world)["EndpointStatus"] = "InService"
        world.walk()
        assert (world.live, len(notices)) == (run, before + broken)
    check_all(world, ALL)


def test_another_trouble_is_told(world: World) -> None:
    """A state that is not the one people were told of is told."""
    live(world, "2")
    for status in ("OutOfService", "UpdateRollbackFailed"):
        endpoint(world)["EndpointStatus"] = status
        world.look("sweep")
        assert status in world.account.topic.notices[-1][1]


@pytest.mark.parametrize(
    "error",
    [
        refused("ValidationException", message='Cannot update in-progress endpoint "arn".'),
        refused("AccessDeniedException"),
        refused("ResourceLimitExceeded"),
        KilledError(),
    ],
    ids=["busy", "denied", "quota", "killed"],
)
def test_update_that_never_was(world: World, error: BaseException) -> None:
    """An update that AWS did not take is asked for again, also when the endpoint was changed by others since."""
    live(world, "2")
    world.account.fault = at("update_endpoint", error)
    try:
        train(world, "3")
        world.look()
    except KilledError:
        pass
    world.account.fault = no_fault
    system_update(world)
    world.walk()
    assert (world.head.bad, asked(world, "update_endpoint") >= 2) == ((), True)
    check_all(world, ALL)


def test_busy_and_killed(world: World) -> None:
    """A handler that dies when it learns that the endpoint is busy leaves no version marked bad."""
    live(world, "2")

    def strike(when: When, number: int, operation: str) -> None:  # noqa: ARG001 - a fault's signature
        if operation == "update_endpoint":
            world.account.fault = at("get_item", KilledError())
            raise refused("ValidationException", message='Cannot update in-progress endpoint "arn".')

    world.account.fault = strike
    with pytest.raises(KilledError):
        train(world, "3")
    world.account.fault = no_fault
    system_update(world)
    world.walk()
    assert world.head.bad == ()
    check_all(world, ALL)


def test_lost_answer(world: World) -> None:
    """An update whose answer was lost is not asked for twice in vain: its effect is seen."""
    live(world, "2")
    world.account.fault = at("update_endpoint", refused("InternalFailure", 500), phase="after")
    with pytest.raises(Exception, match="InternalFailure"):
        train(world, "3")
    world.account.fault = no_fault
    world.walk()
    assert (asked(world, "update_endpoint"), world.head.bad) == (1, ())
    check_all(world, ALL)


def test_noted_before_it_is_asked(world: World) -> None:
    """When AWS is asked for an update, the ledger says already that it was."""
    live(world, "2")
    noted: list[bool] = []

    def strike(when: When, number: int, operation: str) -> None:  # noqa: ARG001 - a fault's signature
        if (when, operation) == ("before", "update_endpoint"):
            world.account.fault = no_fault
            noted.append(world.head.update is not None)

    world.account.fault = strike
    train(world, "3")
    assert noted == [True]


def test_stranger(world: World) -> None:
    """A model with our name and another's content is not adopted; the decision says whose name is taken (row 23)."""
    train_to = world.account.machines.models
    world.drop("2.csv", "1\n2\n")
    for _ in range(2):
        world.look()
        world.finish_jobs()
    run_id = world.head.run_id or runs(world)[0].run_id
    name = STAGE.names.candidate(PIPELINE, run_id)
    train_to[name] = {"ModelName": name, "ExecutionRoleArn": "arn:aws:iam::1:role/stranger"}
    world.look()
    outcomes = [decision.outcome or "" for decision in world.services.pipelines.ledger.decisions(PIPELINE)]
    assert f"ModelName {name} exists with other properties than ours: rename or remove it" in outcomes
    assert not world.jobs("score")


def test_after_a_rollback(world: World) -> None:
    """After a roll-back a hundred sweeps change nothing."""
    live(world, "2", "3")
    world.services.wishes.roll_back(PIPELINE, "a person")
    come_to_rest(world)
    before, calls = world.head, len(world.account.history)
    for _ in range(100):
        world.account.advance(300)
        world.look("sweep")
    reads = {
        "get_item", "query", "list_model_packages", "list_object_versions", "describe_endpoint", "describe_alarms",
    }  # fmt: skip
    assert (world.head, set(world.account.history[calls:]) - reads) == (before, set())


def test_rollback_in_the_middle(world: World) -> None:
    """A run that was being evaluated when its champion was rolled back is compared with the one that answers now."""
    live(world, "2", "3")
    world.drop("4.csv", "1\n4\n")
    while not [name for name in world.account.machines.running() if "-evaluate-" in name]:
        world.look()
        if not [name for name in world.account.machines.running() if "-evaluate-" in name]:
            world.finish_jobs()
    world.services.wishes.roll_back(PIPELINE, "a person")
    world.walk()
    (run, *_) = runs(world)
    assert (run.champion.version if run.champion else None, len(world.jobs("evaluate"))) == (1, 4)
    written = [key for key in world.account.objects.versions if key.endswith("/evaluation.json")]
    assert len(written) == 4, "an evaluation that ended late would overwrite another's"
    check_all(world, ALL)


def test_second_rollback_in_vain(world: World) -> None:
    """Two people who roll back the same version roll back one version, and the second is told."""
    live(world, "2", "3", "4")
    wishes, write = world.services.wishes, []

    def meanwhile(when: When, number: int, operation: str) -> None:  # noqa: ARG001 - a fault's signature
        if operation == "transact_write_items" and when == "before":
            world.account.fault = no_fault
            write.append(wishes.roll_back(PIPELINE, "somebody"))

    world.account.fault = meanwhile
    with pytest.raises(WishError, match="version 3"):
        wishes.roll_back(PIPELINE, "somebody else")
    assert (write, world.head.bad) == ([2], (3,))
