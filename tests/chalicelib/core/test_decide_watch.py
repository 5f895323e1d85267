"""What watches over the live model asks for."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.actions import Plan
from chalicelib.core.decide_watch import GRACE, decide_watch, window_to_check
from chalicelib.core.facts import Alarm, LabelFiles, PipelineFacts, Traffic
from chalicelib.core.ledger import DatasetRow, Head, Wish
from chalicelib.core.upkeep import DriftPolicy, RetrainPolicy
from chalicelib.core.watched import Ask, CheckRow, Retrains, Verdict, Watched
from tests.chalicelib.aws.world import STAGE
from tests.chalicelib.core.samples import CHECK, DATASET_ROW, ENDPOINT, FACTS, HEAD, SPEC, package

MIDNIGHT = datetime(2026, 11, 14, tzinfo=UTC)
NOON = MIDNIGHT + timedelta(hours=12)
PACKAGE = package(2)
LIVE = replace(ENDPOINT, config_name=STAGE.names.endpoint_config(SPEC.name, PACKAGE.run_id, "0123"))
TAKEN = replace(HEAD, slots={"drift": MIDNIGHT.isoformat()})
SERVING = replace(FACTS, wanted=PACKAGE, packages=(PACKAGE,), endpoint=LIVE, head=TAKEN)
RINGING = Alarm(STAGE.names.alarm(SPEC.name, "drift"), "ALARM", NOON - timedelta(hours=1), "a threshold was crossed")
WORSE = Alarm(STAGE.names.alarm(SPEC.name, "quality"), "ALARM", NOON - timedelta(hours=2), "a threshold was crossed")


def watched(version: int, *drifted: bool) -> Watched:
    """Return what is known of a version after checks, the last of them seven times."""
    verdicts = ("drift" if one else "no drift" for one in (*drifted, *drifted[-1:] * 6))
    return Watched(version, tuple(Verdict("", "", verdict, None) for verdict in verdicts), worse=False)


DRIFTED = replace(TAKEN, watched=watched(2, True))
ALARMED = replace(SERVING, head=DRIFTED, alarms=(RINGING,))


def watch(facts: PipelineFacts, now: datetime = NOON, **head: Any) -> Plan:
    """Decide with another head."""
    return decide_watch(STAGE, replace(facts, head=replace(facts.head, **head)), now)


def head_of(plan: Plan) -> Head:
    """Return the head that a plan writes."""
    assert plan.change is not None
    return plan.change.head


def check_of(plan: Plan) -> CheckRow:
    """Return the check that a plan begins."""
    assert plan.change is not None
    (row,) = plan.change.rows
    assert isinstance(row, CheckRow)
    return row


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


def test_alarm_asks_for_a_run() -> None:
    """An alarm of the version that answers is a wish for a run that names it."""
    plan = watch(ALARMED)
    wish = head_of(plan).wish
    assert wish is not None
    assert RINGING.name in wish.cause
    assert not wish.forced
    assert head_of(plan).retrains == Retrains(NOON.isoformat(), 2, seen=RINGING.changed.isoformat())


def test_two_alarms_ask_once() -> None:
    """Two alarms at once are one wish, with both causes."""
    wish = head_of(watch(replace(ALARMED, alarms=(RINGING, WORSE)))).wish
    assert wish is not None
    assert RINGING.name in wish.cause
    assert WORSE.name in wish.cause


@pytest.mark.parametrize(
    "change",
    [
        {"alarms": ()},
        {"alarms": (replace(RINGING, state="OK"),)},
        {"alarms": (replace(RINGING, state="INSUFFICIENT_DATA"),)},
        {"head": replace(DRIFTED, wish=Wish("w", "a person", forced=False, asked=NOON.isoformat()))},
        {"head": replace(DRIFTED, dataset_id=DATASET_ROW.dataset_id)},
        {"head": TAKEN},
        {"head": replace(DRIFTED, watched=watched(1, True))},
        {"head": replace(DRIFTED, watched=watched(2, False))},
        {"wanted": None},
    ],
    ids=["none", "ok", "no data", "wished", "active", "unchecked", "of an earlier version", "quiet", "no version"],
)
def test_no_alarm_asks(change: dict[str, Any]) -> None:
    """Neither missing data, nor an alarm of an earlier version, nor one during a run asks for another run."""
    assert decide_watch(STAGE, replace(ALARMED, **change), NOON).idle


@pytest.mark.parametrize(("fruitless", "hours"), [(0, 48), (1, 96), (1, 95)])
def test_cool_down_doubles(fruitless: int, hours: int) -> None:
    """After a run in vain the next one waits for twice the cool-down, and for twice that after another."""
    spec = replace(SPEC, retrain=RetrainPolicy(cool_down_hours=24))
    past = Retrains((NOON - timedelta(hours=hours)).isoformat(), 2, fruitless, seen=RINGING.changed.isoformat())
    plan = watch(replace(ALARMED, spec=spec), retrains=past)
    assert (plan.state == "wished") == (hours >= 24 * 2 ** (fruitless + 1))


def test_a_better_model_ends_the_count() -> None:
    """Once a new version answers, runs in vain are forgotten, and the plain cool-down holds again."""
    past = Retrains((NOON - timedelta(hours=25)).isoformat(), 1, 2)
    plan = watch(ALARMED, retrains=past)
    assert head_of(plan).retrains == Retrains(NOON.isoformat(), 2, 0, seen=RINGING.changed.isoformat())


def test_suppressed_alarms_are_counted() -> None:
    """An alarm that rings anew within a cool-down starts nothing and is counted, once."""
    past = Retrains((NOON - timedelta(hours=2)).isoformat(), 1)
    plan = watch(ALARMED, retrains=past)
    assert plan.state == "suppressed"
    known = head_of(plan).retrains
    assert known is not None
    assert known.suppressed == 1
    assert watch(ALARMED, retrains=known).idle


def test_a_person_is_asked_in_the_end() -> None:
    """After as many runs in vain as the policy allows, a person is asked: once, not with every ring."""
    past = Retrains((NOON - timedelta(days=90)).isoformat(), 2, fruitless=2)
    plan = watch(ALARMED, retrains=past)
    assert plan.state == "needs a person"
    asked = head_of(plan).retrains
    assert asked is not None
    again = replace(ALARMED, alarms=(replace(RINGING, changed=NOON),))
    assert watch(again, retrains=asked).idle


def test_policy_may_leave_it_to_a_person() -> None:
    """Where alarms start no run, a person is asked at once."""
    facts = replace(ALARMED, spec=replace(SPEC, retrain=RetrainPolicy(on_alarm=False)))
    plan = watch(facts)
    assert plan.state == "needs a person"
    assert watch(facts, retrains=head_of(plan).retrains).idle


def test_schedule_asks_for_a_run() -> None:
    """A slot of the retrain schedule is a wish for a run, once."""
    facts = replace(SERVING, spec=replace(SPEC, retrain=RetrainPolicy(schedule="cron(0 6 * * ? *)")))
    plan = watch(facts)
    assert head_of(plan).wish is not None
    assert watch(facts, slots=head_of(plan).slots).idle


@given(st.lists(st.integers(1, 60), min_size=1, max_size=60))
def test_flapping_keeps_the_cool_down(minutes: list[int]) -> None:
    """However an alarm flaps, there is at most one run in a cool-down."""
    now, head, runs = NOON, DRIFTED, []
    for passed in minutes:
        now += timedelta(minutes=passed * 20)
        facts = replace(ALARMED, alarms=(replace(RINGING, changed=now),))
        plan = watch(facts, now, retrains=head.retrains, slots={"drift": now.isoformat()})
        if plan.change:
            head = plan.change.head
            runs += [now] if plan.state == "wished" else []
    gaps = [later - earlier for earlier, later in pairwise(runs)]
    assert all(gap >= timedelta(hours=SPEC.retrain.cool_down_hours) for gap in gaps)


KNOWN = replace(DATASET_ROW, state="trained")


@pytest.mark.parametrize(
    ("labels", "learned", "known", "state"),
    [
        (0, 0, KNOWN, "needs a person"),
        (49, 0, None, "needs a person"),
        (50, 0, None, "wished"),
        (60, 50, None, "needs a person"),
        (100, 50, None, "wished"),
        (50, 50, KNOWN, "needs a person"),
        (50, 50, None, "wished"),
        (40, 50, None, "needs a person"),
    ],
    ids=["nothing", "few labels", "labels", "few since", "many since", "the same", "other uploads", "some are too old"],
)
def test_something_new_to_learn_from(labels: int, learned: int, known: DatasetRow | None, state: str) -> None:
    """An alarm starts a run only with other uploads or enough new labels; else a person is asked for them."""
    files = [f"ground-truth/reviews/{n}.jsonl" for n in range(100)]
    since = LabelFiles(tuple(files[:labels]), digest="d", least=dict.fromkeys(files[:labels], 1))
    assert watch(replace(ALARMED, labels=since, learned=frozenset(files[:learned]), next_row=known)).state == state


@pytest.mark.parametrize(
    ("least", "state", "told"),
    [
        ({"a": 3_000}, "wished", ""),
        ({"a": 20, "b": 30}, "wished", ""),
        ({"a": 20, "b": 29}, "needs a person", "2 new files of labels, of 49 labels at least by their sizes; 50 are"),
        ({"a": 0}, "needs a person", "1 new files of labels, of 0 labels at least"),
        ({}, "needs a person", "no new labels; 50 are asked for"),
        ({"known": 3_000}, "needs a person", "no new labels; 50 are asked for"),
    ],
    ids=["one file of many", "two files", "too few", "an empty file", "none", "one that is known"],
)
def test_labels_and_not_files_are_counted(least: dict[str, int], state: str, told: str) -> None:
    """However labels are dealt to files, it is they that must be enough, and a person is told how many there are."""
    since = LabelFiles(tuple(least), digest="d", least=least)
    learned, before = frozenset({"known"} & least.keys()), None if "a" in least else KNOWN
    plan = watch(replace(ALARMED, labels=since, learned=learned, next_row=before))
    assert plan.state == state
    assert told in plan.reason


def test_run_begins_once_labels_are_there() -> None:
    """A person who was asked for labels needs to do no more than to bring them."""
    asked = head_of(watch(replace(ALARMED, next_row=KNOWN))).retrains
    names = [str(number) for number in range(50)]
    files = LabelFiles(tuple(names), digest="d", least=dict.fromkeys(names, 1))
    assert watch(replace(ALARMED, labels=files), retrains=asked).state == "wished"
