"""A drift check, step by step."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.core.actions import ListFiles, Plan, PutMetrics
from chalicelib.core.decide_check import decide_check
from chalicelib.core.facts import CheckFacts
from chalicelib.core.upkeep import DriftPolicy
from chalicelib.core.watched import CheckRow, Verdict, Watched
from tests.chalicelib.aws.world import STAGE
from tests.chalicelib.core.samples import CHECK, DONE, FACTS, FAILED, HEAD, NOW, PASSED, RUNNING, SPEC, steps

LISTED = replace(CHECK, captured=2, labels=0)
CHECKED = replace(LISTED, monitor=(DONE,))
QUIET = {"verdict": "no drift", "p_value": 0.4, "reasons": [], "metrics": {"Rows": 900, "Drift": 0.0}}
DRIFT = {"verdict": "drift", "p_value": 0.001, "reasons": [], "metrics": {"Rows": 900, "Drift": 1.0}}
UNTOLD = {"verdict": "not enough data", "p_value": None, "reasons": ["few rows"], "metrics": {"Rows": 3}}
WORSE = {**QUIET, "quality": {"verdict": "worse", "reasons": []}}
OFTEN = replace(SPEC, drift=DriftPolicy(schedule="rate(1 hour)"))


def watched(version: int, *drifted: bool) -> Watched:
    """Return what is known of a version after some checks."""
    checks = tuple(Verdict("", "", "drift" if one else "no drift", None) for one in drifted)
    return Watched(version, checks, worse=False)


def decided(check: CheckFacts = CHECKED, past: Watched | None = None, **change: Any) -> Plan:
    """Decide what comes next with a check."""
    facts = replace(FACTS, head=replace(HEAD, check_id=check.row.check_id, watched=past))
    return decide_check(STAGE, facts, replace(check, **change), NOW)


def ended(plan: Plan) -> tuple[CheckRow, Watched | None]:
    """Return the row of a check that ends, and what is known of its version then."""
    assert plan.change is not None
    assert plan.change.head.check_id is None
    (row,) = plan.change.rows
    assert isinstance(row, CheckRow)
    return row, plan.change.head.watched


def metrics(plan: Plan) -> dict[str, float]:
    """Return what a plan publishes."""
    (action,) = plan.actions
    assert isinstance(action, PutMetrics)
    return dict(action.metrics)


@pytest.mark.parametrize(
    ("check", "change", "state", "actions"),
    [
        (CHECK, {}, "checking", ["ListFiles", "ListFiles"]),
        (CHECK, {"captured": 2}, "checking", ["ListFiles", "ListFiles"]),
        (LISTED, {}, "checking", ["create_processing_job"]),
        (LISTED, {"captured": 0}, "not enough data", []),
        (LISTED, {"baseline": False}, "not enough data", []),
        (LISTED, {"monitor": (RUNNING,)}, "checking", []),
        (LISTED, {"monitor": (PASSED,)}, "checking", ["create_processing_job"]),
        (LISTED, {"monitor": (FAILED,)}, "failed", []),
        (CHECKED, {}, "failed", []),
        (CHECKED, {"verdict": QUIET}, "checking", ["PutMetrics"]),
        (CHECKED, {"verdict": QUIET, "published": True}, "no drift", []),
        (CHECKED, {"verdict": DRIFT, "published": True}, "drift", []),
        (CHECKED, {"verdict": UNTOLD, "published": True}, "not enough data", []),
        (CHECKED, {"verdict": {**UNTOLD, "metrics": {}}}, "not enough data", []),
    ],
)
def test_steps(check: CheckFacts, change: dict[str, Any], state: str, actions: list[str]) -> None:
    """A check is listed, compared, published and ended, each once the step before is done."""
    plan = decided(check, **change)
    assert (plan.state, steps(plan)) == (state, actions)
    if state != "checking":
        assert ended(plan)[0].state == state


def test_hours_of_the_window() -> None:
    """Listed are the files of the window's hours and of those beside them, and the labels since it began."""
    captured, labels = decided(CHECK).actions
    assert isinstance(captured, ListFiles)
    assert isinstance(labels, ListFiles)
    folder = "capture/freshet-dev-reviews/AllTraffic/"
    assert (captured.prefix, captured.first, captured.end) == (
        folder, f"{folder}2026/11/11/23/", f"{folder}2026/11/13/01/"
    )  # fmt: skip
    assert labels.prefix == "ground-truth/reviews/"


def test_figures_are_published_once_known() -> None:
    """What the job found is published with the confirmed verdict, and again until that is known to be done."""
    assert metrics(decided(verdict=DRIFT)) == {"Rows": 900, "Drift": 1, "DriftConfirmed": 1}
    assert metrics(decided(verdict=QUIET)) == {"Rows": 900, "Drift": 0, "DriftConfirmed": 0}
    assert metrics(decided(verdict=UNTOLD)) == {"Rows": 3}
    assert metrics(decided(verdict=WORSE))["QualityWorse"] == 1


def test_figures_are_finite_numbers() -> None:
    """What is no finite number is not published."""
    odd = {**QUIET, "metrics": {"Rows": 1, "Odd": float("nan"), "Text": "x", "Much": float("inf")}}
    assert metrics(decided(verdict=odd)) == {"Rows": 1, "DriftConfirmed": 0}


def test_as_many_checks_confirm_a_drift_as_the_rule_says() -> None:
    """One check alone confirms nothing where the rule asks for more, and those of another version do not count."""
    rule = OFTEN.drift.rule
    assert rule.m > 1
    check = replace(CHECKED, spec=OFTEN, verdict=DRIFT)
    alone, other = watched(2, *[False] * rule.n), watched(1, *[True] * rule.n)
    almost = watched(2, *[True] * (rule.m - 1))
    assert [metrics(decided(check, past))["DriftConfirmed"] for past in (None, alone, other, almost)] == [0, 0, 0, 1]


def test_a_window_without_enough_data_changes_no_verdict() -> None:
    """What was known of a version stays known when a check cannot tell."""
    past = watched(2, True)
    for change in ({"verdict": UNTOLD, "published": True}, {"captured": 0}, {"monitor": (FAILED,), "captured": 2}):
        found = ended(decided(LISTED if "verdict" not in change else CHECKED, past, **change))[1]
        assert found is not None
        assert found.drifted == (True,)


def test_worse_quality_is_told() -> None:
    """A window that has not drifted may still be answered worse than before."""
    plan = decided(verdict=WORSE, published=True)
    found = ended(plan)[1]
    assert found is not None
    assert (found.drifted, found.worse) == ((False,), True)
    assert plan.evidence["begun"] == ["quality"]


@pytest.mark.parametrize(
    ("quality", "worse"), [("not worse", False), ("worse", True), ("withheld", True), ("not enough data", True)]
)
def test_quality_stays_worse_until_labels_tell_otherwise(quality: str, worse: bool) -> None:  # noqa: FBT001
    """A check without labels enough forgets nothing of what labels said before; of another version it says nothing."""
    told = {**QUIET, "quality": {"verdict": quality, "reasons": []}}
    past = replace(watched(2, False), worse=True)
    kept, other = (
        ended(decided(past=known, verdict=told, published=True))[1] for known in (past, replace(past, version=1))
    )
    assert kept is not None
    assert kept.worse == worse
    assert other is not None
    assert other.worse == (quality == "worse")


def test_people_are_told_when_an_alarm_begins() -> None:
    """Each check that drifts once an alarm has begun is no news, nor one that confirms nothing."""
    rule, check = OFTEN.drift.rule, replace(CHECKED, spec=OFTEN, verdict=DRIFT, published=True)
    assert (rule.m, rule.n) == (2, 3)
    pasts = ((), (False,), (True,), (False, True), (True, True), (True, False, True), (True, False, False))
    begun = [decided(check, watched(2, *past)).evidence["begun"] for past in pasts]
    assert begun == [[], [], ["drift"], ["drift"], [], [], []]


def test_windows_with_requests_in_common_count_once() -> None:
    """Of overlapping windows the last one counts, so checking the same hours twice confirms nothing."""
    days = [f"2026-11-{day}T00:00:00+00:00" for day in (11, 12, 13)]
    noon = "2026-11-12T12:00:00+00:00"
    first, second, between = (
        Verdict(days[0], days[1], "drift", 0.01),
        Verdict(days[1], days[2], "no drift", 0.5),
        Verdict(days[0], noon, "drift", 0.01),
    )
    assert Watched(2, (first, first), worse=False).drifted == (True,)
    assert Watched(2, (first, second), worse=False).drifted == (True, False)
    assert Watched(2, (first, second, between), worse=False).drifted == (True,)
    assert Watched(2, (first, between, replace(second, verdict="not enough data")), worse=False).drifted == (True,)
