"""Who is told of what was decided."""

from dataclasses import replace

import pytest

from chalicelib.core.actions import Publish
from chalicelib.core.decide_tell import MOST_AT_ONCE, MOST_READ, decide_tell, untold
from chalicelib.core.ledger import DONE, Decision
from chalicelib.core.watched import Told
from tests.chalicelib.aws.world import STAGE
from tests.chalicelib.core.samples import FACTS

AT = "2026-11-12T10:00:00+00:00"


def decision(fence: int, area: str, state: str, **more: object) -> Decision:
    """Return a decision that was carried out."""
    return replace(Decision(fence, AT, "test", area, state, "the reason", outcome=DONE), **more)  # type: ignore[arg-type]


def notices(*decisions: Decision) -> list[Publish]:
    """Return what people are told of decisions."""
    plan = decide_tell(STAGE, replace(FACTS, untold=decisions))
    return [action for action in plan.actions if isinstance(action, Publish)]


@pytest.mark.parametrize(
    ("area", "state", "evidence", "headline"),
    [
        ("learning", "promoted", {}, "a new version is promoted"),
        ("learning", "held", {}, "a new version waits for a person"),
        ("learning", "rejected", {}, "a new version was refused"),
        ("learning", "failed", {}, "a run failed"),
        ("learning", "refused", {}, "data was rejected"),
        ("learning", "refusing", {}, "data was rejected"),
        ("learning", "idle", {"wish": {"id": "w"}}, "nothing to learn from"),
        ("serving", "live", {}, "a version went live"),
        ("serving", "rolled back", {}, "a version was rolled back"),
        ("serving", "failed", {}, "the endpoint needs a person"),
        ("watching", "drift", {"check_id": "c" * 16, "begun": ["drift"]}, "drift is confirmed"),
        ("watching", "no drift", {"check_id": "c" * 16, "begun": ["quality"]}, "the quality is worse"),
        (
            "watching",
            "drift",
            {"check_id": "c" * 16, "begun": ["drift", "quality"]},
            "drift is confirmed, and the quality is worse",
        ),
        ("watching", "needs a person", {}, "a person is needed"),
    ],
)
def test_told(area: str, state: str, evidence: dict[str, object], headline: str) -> None:
    """What a person would want to know is a notice with its reason, where it was decided, and where to read on."""
    (notice,) = notices(decision(3, area, state, evidence=evidence, run_id="e" * 16))
    assert headline in notice.subject
    assert "the reason" in notice.message
    assert "decision 3" in notice.message
    assert f"freshet explain {'e' * 16}" in notice.message
    assert ("report.html" in notice.message) == ("check_id" in evidence)


def test_a_failed_check_has_no_report() -> None:
    """Of a drift check that failed people are told, and no report is named, since none was written."""
    (notice,) = notices(decision(3, "watching", "failed", evidence={"check_id": "c" * 16, "begun": []}))
    assert "a drift check failed" in notice.subject
    assert "report" not in notice.message.lower()


@pytest.mark.parametrize(
    ("area", "state"),
    [
        ("learning", "training"), ("learning", "idle"), ("serving", "rolling out"), ("watching", "checking"),
        ("watching", "drift"), ("watching", "no drift"), ("watching", "not enough data"), ("watching", "suppressed"),
        ("telling", "telling"), ("serving", "recovered"),
    ],
)  # fmt: skip
def test_not_told(area: str, state: str) -> None:
    """Steps on the way, and checks that found nothing, are nobody's business."""
    assert decide_tell(STAGE, replace(FACTS, untold=(decision(3, area, state),))).idle


def test_rejected_data_is_told_once() -> None:
    """A file that a dataset version cannot use is told with the version's end, one that is not even read at once."""
    assert not notices(decision(3, "learning", "refusing", dataset_id="d" * 16))
    assert len(notices(decision(3, "learning", "refusing"))) == 1


def test_each_is_told_once() -> None:
    """Once notices are known to have been sent, only what came after them is told."""
    first, second = decision(3, "learning", "promoted"), decision(5, "serving", "rolled back")
    sent = decision(4, "telling", "telling")
    assert untold(Told(0, 3, 4), (first, sent, second)) == (sent, second)
    assert untold(Told(0, 3, 4), (first, replace(sent, outcome=None), second))[0] == first


def test_told_again_from_where_it_is_known() -> None:
    """A second try is of all that is not known to have been sent, and of what came since."""
    unknown = (decision(4, "learning", "held"), decision(9, "learning", "failed"))
    plan = decide_tell(STAGE, replace(FACTS, untold=unknown))
    assert plan.change is not None
    assert plan.change.head.told == Told(3, 9, FACTS.head.fence + 1)


def test_many_at_once() -> None:
    """Of many notices some are sent now, and the others by the next look."""
    plan = decide_tell(STAGE, replace(FACTS, untold=tuple(decision(n, "learning", "held") for n in range(1, 60))))
    assert len(plan.actions) == MOST_AT_ONCE
    assert plan.change is not None
    assert plan.change.head.told == Told(0, MOST_AT_ONCE, FACTS.head.fence + 1)


def test_what_concerns_nobody_is_read_once() -> None:
    """After many decisions that concern nobody nothing is told, and the next look reads only what came since."""
    quiet = tuple(decision(n, "watching", "checking") for n in range(5, 5 + MOST_READ))
    plan = decide_tell(STAGE, replace(FACTS, untold=quiet))
    assert not plan.actions
    assert plan.change is not None
    told = plan.change.head.told
    assert told is not None
    assert told.since == quiet[-1].fence
    passed = decision(quiet[-1].fence + 1, "telling", "telling")
    promoted = decision(quiet[-1].fence + 2, "learning", "promoted")
    assert untold(told, (passed, promoted)) == (passed, promoted)
    assert decide_tell(STAGE, replace(FACTS, untold=quiet[1:])).idle
