"""What must hold of a month: each claim is a function that fails where it does not, by rules of its own."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from chalicelib.core import places
from chalicelib.core.ledger import DatasetRow, Decision
from chalicelib.core.watched import CheckRow
from tests.chalicelib.aws.account import START
from tests.chalicelib.aws.world import PIPELINE, STAGE
from tests.chalicelib.reliability import checker
from tests.chalicelib.reliability.month import HOUR, SPEC, SWEEP, Month

# What people must hear of, by area and state of the decision.
NOTABLE = {
    ("learning", "promoted"),
    ("learning", "failed"),
    ("learning", "refused"),
    ("serving", "live"),
    ("watching", "needs a person"),
}
PATIENCE = timedelta(hours=12)  # from a run's beginning to its end, of jobs of half an hour
GRACE, SLACK = timedelta(minutes=10), timedelta(minutes=30)  # a check begins so long after its slot; it may be late by
MISSED = 0.15  # of the slots, where refusals make checks last beyond the next ones
# Rows of decisions that are written for one of each, where nothing is refused.
OF_A_CHECK, OF_A_DATASET, OF_A_NOTICE = 5, 16, 1
REFUSED = 1.5  # times as many where one call in twenty is refused


def check_month(month: Month) -> None:
    """Claim all that must hold when a month is over."""
    checker.check_rest(month.world)
    checker.check_ledger(month.world)
    checker.check_trainings(month.world)
    checker.check_order(month.world)
    checker.check_uploads(month.world)
    checker.check_live(month.world, SPEC.policy)
    check_retrains(month)
    check_one_at_a_time(month)
    check_slots(month)
    check_told(month)
    check_bounds(month)


def check_retrains(month: Month) -> None:
    """Claim: runs by alarm are a cool-down apart, doubled for each before in a row that brought no new version."""
    asked, vain = by_alarm(month), 0
    assert asked, "no alarm has brought a run"
    for before, after in pairwise(asked):
        same = answering(month, before) == answering(month, after)
        vain = vain + 1 if same else 0
        assert vain < SPEC.retrain.most_fruitless, f"a run in vain too many: {after}"
        apart = timedelta(hours=SPEC.retrain.cool_down_hours) * 2**vain
        assert after - before >= apart, f"{after} is less than {apart} after {before}"


def check_one_at_a_time(month: Month) -> None:
    """Claim: a dataset version with its run ends before the next begins, and in time."""
    rows: list[DatasetRow] = checker.datasets(month.world)[::-1]
    ends = [(moment(row.started), moment(row.ended)) for row in rows]
    assert all(end >= start for (_, end), (start, _) in zip(ends, ends, strict=True))
    for (_, ended), (started, _) in pairwise(ends):
        assert ended <= started, f"a run began at {started}, before the one that ended at {ended}"
    late = [start for start, end in ends if end - start > PATIENCE]
    assert not late, f"runs that began at {late} took longer than {PATIENCE}"


def check_slots(month: Month) -> None:
    """Claim: each slot is checked once at most, and none is missed in whose time a check could begin."""
    begun = [one for one in decided(month) if one.state == "checking" and one.reason.startswith("the schedule: ")]
    often = {reason: count for reason, count in Counter(one.reason for one in begun).items() if count > 1}
    assert not often, f"checked again and again: {often}"
    ends = Counter(row.end for row in checks(month))
    assert max(ends.values()) == 1, f"slots that were checked twice: {[end for end, n in ends.items() if n > 1]}"
    missed = [slot for slot in slots(month) if slot.isoformat() not in ends]
    most = MISSED * len(ends) if month.disturbed else sum(map(len, month.script.outages)) + len(month.changes)
    assert len(missed) <= most, f"{len(missed)} slots were missed, beside {len(ends)} that were not"
    unexplained = [slot for slot in missed if not excused(month, slot)]
    assert not unexplained, f"slots that nobody checked: {unexplained}"


def check_told(month: Month) -> None:
    """Claim: people hear of every notable decision, once, or again where it is not known that they did."""
    told = Counter(
        int(line.partition(", decision ")[2].split()[0])
        for _, message in month.world.account.topic.notices
        for line in message.splitlines()
        if ", decision " in line
    )
    unheard = [(one.fence, one.state) for one in decided(month) if is_notable(one) and not told[one.fence]]
    assert not unheard, f"nobody was told of {unheard}"
    unsure = sum(not one.performed for one in decided(month) if one.area == "telling")
    most = max(told.values())
    assert most <= 1 + unsure, f"a notice came {most} times, and {unsure} are not known to have come"


def is_notable(decision: Decision) -> bool:
    """Whether people want to hear of a decision: of a drift check, if an alarm begins with it."""
    return (decision.area, decision.state) in NOTABLE or bool(decision.evidence.get("begun"))


def check_bounds(month: Month) -> None:
    """Claim: decisions are bounded by checks, dataset versions, notices and flaps; models and configs by runs."""
    world, decisions = month.world, decided(month)
    runs, datasets = len(checker.runs(world)), len(checker.datasets(world))
    notices = sum(map(is_notable, decisions))
    toggles = 20 * len(month.script.flaps) + len(checks(month))
    asked = sum(one.state in {"wished", "needs a person"} for one in decisions)
    most = OF_A_CHECK * len(checks(month)) + OF_A_DATASET * datasets + OF_A_NOTICE * notices + asked
    most = round(most * (REFUSED if month.disturbed else 1))
    suppressed = sum(one.state == "suppressed" for one in decisions)
    assert suppressed <= toggles, f"{suppressed} alarms were suppressed, and {toggles} rang"
    assert len(decisions) - suppressed <= most, f"{len(decisions)} decisions, and {most} were to be expected"
    machines = world.account.machines
    assert len(machines.models) <= 2 * runs, f"{len(machines.models)} models of {runs} runs"
    assert len(machines.configs) <= len(machines.versions), f"{len(machines.configs)} configs"
    assert len(machines.endpoints) == 1


def by_alarm(month: Month) -> list[datetime]:
    """Return when alarms asked for runs."""
    reasons = ((one.at, one.reason) for one in decided(month) if one.state == "wished")
    return [moment(at) for at, reason in reasons if "by the alarm" in reason]


def slots(month: Month) -> Iterator[datetime]:
    """Yield the slots that could be checked: from the first version's first hour on."""
    first = next(at for at, run in month.answered if run)
    slot = START
    while slot + GRACE + SLACK < START + timedelta(days=month.days):
        if slot > first:
            yield slot
        slot += HOUR


def excused(month: Month, slot: datetime) -> bool:
    """Say whether a slot's time passed while nobody looked or another check was under way, or the endpoint changed."""
    if any(slot < ended and began - SLACK < slot + HOUR + GRACE for began, ended in month.changes):
        return True  # the version is wanted before it is asked for, and what was before is no longer of interest
    busy = [(moment(row.started), moment(row.ended)) for row in checks(month)]
    times = [slot + GRACE + step * SWEEP for step in range(HOUR // SWEEP)]
    free = [at for at in times if not month.out(at) and not any(began <= at <= ended for began, ended in busy)]
    return len(free) * SWEEP <= SLACK


def answering(month: Month, at: datetime) -> str | None:
    """Return the run whose model answered at a time."""
    return [run for since, run in month.answered if since <= at][-1]


def decided(month: Month) -> list[Decision]:
    """Return all decisions, the oldest first."""
    return list(month.world.services.pipelines.ledger.decisions(PIPELINE))


def checks(month: Month) -> list[CheckRow]:
    """Return the rows of all checks."""
    return list(month.world.services.pipelines.ledger.checks(PIPELINE))


def moment(text: str | None) -> datetime:
    """Read a time."""
    assert text
    return datetime.fromisoformat(text)


def left(month: Month) -> dict[str, Any]:
    """Return what a month leaves that no refusal may change; how many runs it took depends on when a call failed."""
    world, head = month.world, month.world.head
    live = world.live or ""
    learnt = checker.document(world, live)["dataset_id"]
    folder = STAGE.bucket.dataset(PIPELINE, learnt)
    return {
        "fates": {one.key: one.fate for one in checker.verdicts(world).values()},
        "learnt": sorted(checker.contents(world, learnt)),
        "labels": json.loads(world.account.objects.read(folder.key(places.DATASET_FILE)))["labels"],
        "answers": live == checker.runs(world)[0].run_id,
        "drifted": head.watched.drifted[-SPEC.drift.rule.n :] if head.watched else None,
        "windows": {row.end: row.state for row in checks(month) if told_alike(month, moment(row.end))},
    }


def told_alike(month: Month, slot: datetime) -> bool:
    """Say whether a slot's verdict is the script's alone: drift that a version ends lasts until there is one."""
    hour = (slot - START) // HOUR
    return not any(one.start - 1 <= hour <= one.stop + 2 for one in month.script.fits)


def check_alike(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Claim: refusals change nothing of what is left; windows that both months have checked had the same verdict."""
    windows = {end: state for end, state in found["windows"].items() if end in expected["windows"]}
    differ = {end for end, state in windows.items() if state != expected["windows"][end]}
    assert not differ, f"other verdicts on the windows that ended at {sorted(differ)}"
    others = [name for name, value in expected.items() if name != "windows" and found[name] != value]
    assert not others, {name: (found[name], expected[name]) for name in others}
