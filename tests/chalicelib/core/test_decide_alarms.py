"""What watches over the live model asks for: runs, by its alarms and schedules."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.decide_watch import decide_watch
from chalicelib.core.facts import LabelFiles
from chalicelib.core.ledger import DatasetRow, Wish
from chalicelib.core.upkeep import RetrainPolicy
from chalicelib.core.watched import Retrains
from tests.chalicelib.aws.world import STAGE
from tests.chalicelib.core.samples import DATASET_ROW, SPEC
from tests.chalicelib.core.watching import (
    ALARMED,
    DRIFTED,
    NOON,
    RINGING,
    SERVING,
    TAKEN,
    WORSE,
    head_of,
    watch,
    watched,
)


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
        ({"a": 0}, "needs a person", "1 new file of labels, of 0 labels at least"),
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
