"""What becomes of uploads that are deleted, overwritten or spoilt at a bad moment."""

from dataclasses import replace

import pytest

from chalicelib.core.errors import GoneError
from chalicelib.core.ledger import UploadVerdict
from tests.chalicelib.aws.account import When, no_fault
from tests.chalicelib.aws.world import PIPELINE, World
from tests.chalicelib.reliability.checker import check_all, contents, datasets, upload_id, uploads, verdicts
from tests.chalicelib.reliability.scenario import POLICIES, come_to_rest

ALL = POLICIES["all"]


def forget_before_copy(world: World, key: str) -> None:
    """Take a file away for good, between the look that lists it and the copy."""

    def strike(when: When, number: int, operation: str) -> None:  # noqa: ARG001 - a fault's signature
        if operation == "copy":
            world.account.fault = no_fault
            world.account.objects.forget(key)

    world.account.fault = strike


def test_deleted_at_once(world: World) -> None:
    """A file that its owner deleted before anything looked is superseded, and says so."""
    world.drop("a.csv", "1\n2\n")
    world.account.objects.put("uploads/reviews/a.csv", None)
    come_to_rest(world)
    (stored,) = uploads(world)
    assert verdicts(world)[upload_id(stored)].reason == "its owner deleted it"
    check_all(world, ALL)


def test_gone_before_the_copy(world: World) -> None:
    """A file that is gone when it is to be copied is rejected, and the others are learnt from in the same look."""
    world.drop("a.csv", "1\n2\n")
    world.drop("b.csv", "1\n3\n")
    forget_before_copy(world, "uploads/reviews/a.csv")
    world.look()
    world.walk()
    gone = [verdict for verdict in verdicts(world).values() if verdict.fate == "rejected"]
    assert [(verdict.key, "gone" in verdict.reason) for verdict in gone] == [("uploads/reviews/a.csv", True)]
    check_all(world, ALL)


def test_trained_file_gone_before_the_copy(world: World) -> None:
    """A file of an earlier run that is gone when it is to be copied again does not hold up the new one."""
    world.drop("a.csv", "1\n2\n")
    world.walk()
    world.drop("b.csv", "1\n3\n")
    forget_before_copy(world, "uploads/reviews/a.csv")
    world.look()
    world.walk()
    assert [row.state for row in datasets(world)] == ["trained", "refused", "trained"]
    check_all(world, ALL)


def test_gone_after_the_copy(world: World) -> None:
    """A file that was pinned is learnt from whatever becomes of it, also by a second attempt at its preparation."""
    world.drop("a.csv", "1\n2\n")
    world.look()
    world.account.objects.forget("uploads/reviews/a.csv")
    (job,) = world.account.machines.running()
    world.account.machines.end_job(job, "Failed", FailureReason="CapacityError: none")
    world.account.advance(600)
    world.walk()
    assert [row.state for row in datasets(world)] == ["trained"]
    assert world.live


def test_overwritten_while_prepared(world: World) -> None:
    """What is learnt is the version that was pinned; the newer one has a run of its own (row 5)."""
    world.drop("a.csv", "1\n2\n")
    world.look()
    world.drop("a.csv", "1\n3\n")
    world.walk()
    assert [verdict.fate for verdict in verdicts(world).values()] == ["trained", "trained"]
    assert len(world.jobs("train")) == 2
    check_all(world, ALL)


@pytest.mark.parametrize("keys", [[f"{n}.csv" for n in range(5)], ["a.csv"] * 5])
def test_five_at_once(world: World, keys: list[str]) -> None:
    """Five files in a second are one run that lists them; of five versions of one file the newest is (rows 2, 3)."""
    for number, key in enumerate(keys):
        world.drop(key, f"1\n{number + 2}\n")
    world.walk()
    fates = sorted(verdict.fate for verdict in verdicts(world).values())
    trained = len(set(keys))
    assert fates == ["superseded"] * (5 - trained) + ["trained"] * trained
    assert len(world.jobs("train")) == 1
    check_all(world, ALL)


def test_days_late(world: World) -> None:
    """An event that comes three days late finds everything done and starts nothing (row 10)."""
    world.drop("a.csv", "1\n2\n")
    world.walk()
    world.account.advance(72 * 3600)
    world.walk()  # the drift check of the last slot
    before = (world.head, dict(world.account.machines.jobs))
    world.look("event")
    assert (world.head, world.account.machines.jobs) == before


def test_overwritten_before_the_copy(world: World) -> None:
    """What is pinned is the version that was accepted, also if the key holds another by then (row 5)."""
    world.drop("a.csv", "1\n2\n")

    def strike(when: When, number: int, operation: str) -> None:  # noqa: ARG001 - a fault's signature
        if (when, operation) == ("before", "copy"):
            world.account.fault = no_fault
            world.drop("a.csv", "1\n3\n")

    world.account.fault = strike
    world.look()
    (row,) = datasets(world)
    assert contents(world, row.dataset_id) == {"1", "2"}


def test_deleted_does_not_come_back(world: World) -> None:
    """A version that its owner deleted is not learnt because a newer one of the file is bad."""
    world.drop("a.csv", "bad\n1\n")
    world.account.objects.put("uploads/reviews/a.csv", None)
    come_to_rest(world)
    world.drop("a.csv", "bad\n1\n3\n")
    world.drop("b.csv", "1\n2\n")
    come_to_rest(world)
    check_all(world, ALL)


def test_trained_file_that_is_refused_now(world: World) -> None:
    """A file of an earlier run that cannot be used any more ends the data set, with its reason, and once."""
    world.drop("a.csv", "1\n2\n")
    world.walk()
    key = "uploads/reviews/a.csv"
    (stored,) = world.account.objects.versions[key]
    world.account.objects.versions[key] = [replace(stored, content=b"bad\n1\n2\n")]  # as if the spec had become strict
    world.drop("b.csv", "1\n3\n")
    come_to_rest(world)
    assert (datasets(world)[0].state, datasets(world)[0].reason) == ("refused", "a.csv: a row cannot be read")
    assert world.services.pipelines.plan(PIPELINE)["learning"].state == "waiting"


def test_first_verdict_stays(world: World) -> None:
    """A verdict on an upload is never changed, whoever writes another one later."""
    ledger = world.services.pipelines.ledger
    for fate in ("trained", "superseded"):
        ledger.settle(PIPELINE, [UploadVerdict("0" * 16, "uploads/reviews/a.csv", fate, "said so")])
    assert [verdict.fate for verdict in verdicts(world).values()] == ["trained"]


def test_error_names_no_key() -> None:
    """That an upload is gone is told by its id: the error may be logged, its key may not."""
    assert str(GoneError("0123456789abcdef")) == "upload 0123456789abcdef was deleted before it was read"
