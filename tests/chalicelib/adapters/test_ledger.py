"""The ledger's rows, in the account in memory and in the table of the local cloud alike."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.actions import Settle
from chalicelib.core.errors import FenceLostError
from chalicelib.core.ledger import (
    BatchEnd,
    DatasetRow,
    Decision,
    Head,
    Pin,
    Reference,
    RunRow,
    Transition,
    UploadVerdict,
    Wish,
)
from chalicelib.core.watched import Ask, CheckRow, Retrains, Told, Verdict, Watched
from tests.chalicelib.adapters.sides import LEDGER, Side
from tests.chalicelib.aws.account import START
from tests.chalicelib.aws.world import STAGE


def transition(fence: int, pipeline: str, reason: str = "", head: Head | None = None, *rows: Any) -> Transition:
    """Give a transition to a fence."""
    decision = Decision(fence, START.isoformat(), "test", "learning", "training", reason)
    return Transition(replace(head or Head(pipeline), fence=fence), decision, rows)


def test_head_of_nobody(side: Side, own: str) -> None:  # noqa: ARG001
    """A pipeline that was never seen has a head with the fence 0."""
    assert LEDGER.head(own) == Head(own)


def test_transition(side: Side, own: str) -> None:  # noqa: ARG001
    """Head, rows and decision are read back as they were written."""
    wish, reference = Wish("w", "somebody", forced=True, asked=START.isoformat()), Reference(1, "r")
    head = Head(own, 1, "d1", "r1", wish=wish, pin=Pin(1, 2), bad=(3, 4), anchor=reference)
    dataset = DatasetRow("d1", "training", "", "", START.isoformat(), 1)
    run = RunRow("r1", "d1", "running", "", START.isoformat(), champion=reference, verdict={"decision": "HOLD"})
    wanted = transition(1, own, "é", head, dataset, run)
    LEDGER.write(wanted)
    assert LEDGER.head(own) == head
    assert LEDGER.dataset(own, "d1") == dataset
    assert LEDGER.run(own, "r1") == run
    assert list(LEDGER.decisions(own)) == [wanted.decision]


def test_what_was_watched(side: Side, own: str) -> None:  # noqa: ARG001
    """Checks, and all that the head knows of them, are read back as they were written; decisions from any fence on."""
    verdict = Verdict("s", "e", "drift", 0.01)
    head = Head(
        own,
        1,
        check_id="c1",
        ask=Ask("a", "somebody", START.isoformat(), 24),
        slots={"drift": START.isoformat()},
        watched=Watched(2, (verdict, replace(verdict, verdict="not enough data", p_value=None)), worse=True),
        retrains=Retrains(START.isoformat(), 2, 1, "seen", 3, "person"),
        told=Told(1, 2, 3),
    )
    check = CheckRow(
        "c1", "drift", "é", "", "s", "e", 2, "r2", START.isoformat(), "a", 1, {"metrics": {"Drift": 1.0}}, "now"
    )
    LEDGER.write(transition(1, own, "", head, check))
    later = replace(check, check_id="c2", started=(START + timedelta(days=1)).isoformat())
    for fence in range(2, 9):
        LEDGER.write(transition(fence, own, "", head, later))
    assert LEDGER.head(own) == replace(head, fence=8)
    assert LEDGER.check(own, "c1") == check
    assert LEDGER.check(own, "never") is None
    assert LEDGER.checks(own) == [later, check]
    assert [decision.fence for decision in LEDGER.decisions(own, 5)] == [6, 7, 8]


@pytest.mark.parametrize("fences", [(1, 1), (1, 3), (2,), (1, 2, 2)])
def test_fence(side: Side, own: str, fences: Sequence[int]) -> None:  # noqa: ARG001
    """A transition that does not follow the fence is refused, and nothing of it is written."""
    *good, lost = fences
    for fence in good:
        LEDGER.write(transition(fence, own, "first"))
    row = DatasetRow("d1", "preparing", "", "", START.isoformat(), 1)
    with pytest.raises(FenceLostError):
        LEDGER.write(transition(lost, own, "second", None, row))
    assert LEDGER.dataset(own, "d1") is None
    assert [decision.reason for decision in LEDGER.decisions(own)] == ["first"] * len(good)


def test_rows_of_many_pages(side: Side, own: str) -> None:  # noqa: ARG001
    """Dataset versions are listed newest first, decisions oldest first, however many there are."""
    for number in range(1, 8):
        started = (START + timedelta(days=number)).isoformat()
        LEDGER.write(transition(number, own, "", None, DatasetRow(f"d{number}", "failed", "", "", started, 1)))
    assert [row.dataset_id for row in LEDGER.datasets(own)] == [f"d{number}" for number in range(7, 0, -1)]
    assert [decision.fence for decision in LEDGER.decisions(own)] == list(range(1, 8))


def test_first_verdict_stays(side: Side, own: str) -> None:
    """An upload's first verdict is never changed, nor is how a batch ended."""
    first = UploadVerdict("u1", "key", "rejected", "one")
    side.perform(Settle((first,)))
    LEDGER.settle(own, [first])
    LEDGER.settle(own, [UploadVerdict("u1", "key", "trained", "two"), UploadVerdict("u2", "key", "trained", "two")])
    assert {verdict.reason for verdict in LEDGER.verdicts(own).values()} == {"one", "two"}
    assert LEDGER.verdicts(own)["u1"] == first
    for state in ("scored", "failed"):
        LEDGER.end_batch(own, BatchEnd("b1", "key", state, ""))
    assert LEDGER.batches(own)["b1"].state == "scored"


def test_conclude(side: Side, own: str) -> None:  # noqa: ARG001
    """The outcome of a decision is added to it."""
    made = transition(1, own, "why")
    LEDGER.write(made)
    LEDGER.conclude(own, replace(made.decision, outcome="done"))
    (decision,) = LEDGER.decisions(own)
    assert (decision.reason, decision.outcome) == ("why", "done")
    assert LEDGER.decision(own, 1) == decision


@pytest.mark.parametrize("area", ["learning", "serving", "wish", "watching", "telling"])
def test_what_passes_away(side: Side, own: str, area: str) -> None:
    """Drift checks, and decisions to check and to tell, say when they may be deleted, once concluded too; no others."""
    check = CheckRow("c1", "checking", "", "", "", "", 1, "r1", started=START.isoformat())
    asked = transition(1, own, "", None, DatasetRow("d1", "preparing", "", "", START.isoformat(), 1), check)
    decision = replace(asked.decision, area=area)
    LEDGER.write(replace(asked, decision=decision))
    LEDGER.conclude(own, replace(decision, outcome="done"))
    key = {"pk": {"S": f"pipeline#{own}"}}
    found = {
        name: side.client("dynamodb")
        .get_item(TableName=STAGE.table_name, Key={**key, "sk": {"S": name}}, ConsistentRead=True)["Item"]
        .get("expires")
        for name in ("HEAD", "DATASET#d1", "CHECK#c1", "DECISION#000000000001")
    }
    soon = {"N": str(int((START + timedelta(days=90)).timestamp()))}
    passing = soon if area in {"watching", "telling"} else None
    assert found == {"HEAD": None, "DATASET#d1": None, "CHECK#c1": soon, "DECISION#000000000001": passing}
