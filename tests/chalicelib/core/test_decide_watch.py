"""What watches over the live model asks for: checks of its traffic."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.decide_watch import GRACE, decide_watch, window_to_check
from chalicelib.core.facts import Traffic
from chalicelib.core.upkeep import DriftPolicy
from chalicelib.core.watched import Ask
from tests.chalicelib.aws.world import STAGE
from tests.chalicelib.core.samples import CHECK, HEAD, SPEC
from tests.chalicelib.core.watching import (
    LIVE,
    MIDNIGHT,
    NOON,
    PACKAGE,
    SERVING,
    TAKEN,
    check_of,
    head_of,
    watch,
)


def test_check_of_the_slot() -> None:
    """After a slot the version that answers is checked, over the time since the slot before."""
    plan = watch(SERVING, slots={})
    row = check_of(plan)
    assert (row.version, row.run_id) == (2, PACKAGE.run_id)
    assert (row.start, row.end) == ((MIDNIGHT - timedelta(days=1)).isoformat(), MIDNIGHT.isoformat())
    assert head_of(plan).slots == {"drift": MIDNIGHT.isoformat()}
    assert head_of(plan).check_id == row.check_id


@pytest.mark.parametrize(
    ("traffic", "percent", "told"),
    [
        (Traffic(500, 20), 100, {"expected": 480}),
        (Traffic(0), 100, {"expected": 0}),
        (None, 100, {}),
        (Traffic(10_000), 50, {"expected": 4_850}),
        (Traffic(500), None, {}),
    ],
    ids=["whole", "nothing", "no figure", "a sample", "no capture"],
)
def test_a_check_is_told_how_much_was_captured(
    traffic: Traffic | None, percent: int | None, told: dict[str, int]
) -> None:
    """A window bears how many requests were captured of it as the endpoint captures, where that is known."""
    facts = replace(SERVING, traffic=traffic, endpoint=replace(LIVE, capture_percent=percent))
    (window,) = (one.data for one in watch(facts, slots={}).documents if one.key.endswith("window.json"))
    assert {name: window[name] for name in window if name == "expected"} == told


@pytest.mark.parametrize("begun", [True, False])
def test_traffic_is_asked_for_where_a_check_begins(begun: bool) -> None:  # noqa: FBT001 - a parameter
    """The window of which the traffic is a fact is that of the check that begins; while one is under way, none is."""
    facts = replace(SERVING, head=replace(HEAD, slots={}), check=CHECK if begun else None)
    window = None if begun else (MIDNIGHT - timedelta(days=1), MIDNIGHT)
    assert window_to_check(STAGE, facts, NOON) == window


@pytest.mark.parametrize(
    ("change", "now", "state"),
    [
        ({"head": TAKEN}, NOON, "idle"),
        ({}, MIDNIGHT + GRACE / 2, "idle"),
        ({"endpoint": replace(LIVE, changed=MIDNIGHT)}, NOON, "idle"),
        ({"endpoint": None}, NOON, "idle"),
        ({"endpoint": replace(LIVE, status="Updating")}, NOON, "waiting"),
        ({"endpoint": replace(LIVE, config_name="another")}, NOON, "waiting"),
        ({"wanted": None}, NOON, "waiting"),
        ({"spec": replace(SPEC, drift=DriftPolicy(schedule=""))}, NOON, "idle"),
        ({"spec": replace(SPEC, drift=DriftPolicy(capture_percent=0))}, NOON, "idle"),
    ],
    ids=[
        "done",
        "too early",
        "changed since",
        "none",
        "updating",
        "another",
        "no version",
        "no schedule",
        "no capture",
    ],
)
def test_no_check_yet(change: dict[str, Any], now: datetime, state: str) -> None:
    """A slot is taken up once, a while after it, of a model that answered then and answers now."""
    facts = replace(replace(SERVING, head=replace(HEAD, slots={"drift": "2026-11-13T00:00:00+00:00"})), **change)
    plan = decide_watch(STAGE, facts, now)
    assert plan.idle
    assert plan.state == state
    assert window_to_check(STAGE, facts, now) is None


@given(st.integers(0, 40), st.integers(0, 40))
def test_missed_slots_are_made_up_once(looked: int, missed: int) -> None:
    """However many slots nobody looked at, the next look takes up the last one, and the look after that none."""
    first = MIDNIGHT + timedelta(days=looked)
    now = first + timedelta(days=missed, hours=3)
    plan = watch(SERVING, now, slots={"drift": first.isoformat()})
    assert plan.idle == (missed == 0)
    if missed:
        assert watch(SERVING, now, slots=head_of(plan).slots).idle


def test_check_by_hand() -> None:
    """A person's check looks at the hours before the wish, whatever the schedule, and the wish is granted by it."""
    plan = watch(SERVING, ask=Ask("a1", "freshet drift", NOON.isoformat(), 6))
    row = check_of(plan)
    assert (row.start, row.end, row.asked) == ((NOON - timedelta(hours=6)).isoformat(), NOON.isoformat(), "a1")
    assert head_of(plan).ask is None
    assert head_of(plan).slots == TAKEN.slots


def test_nothing_is_captured() -> None:
    """A wish for a check of what is not captured is answered."""
    facts = replace(SERVING, spec=replace(SPEC, drift=DriftPolicy(capture_percent=0)))
    plan = watch(facts, ask=Ask("a1", "freshet drift", NOON.isoformat(), 6))
    assert "capture_percent" in plan.reason
    assert head_of(plan).ask is None
