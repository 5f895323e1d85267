"""What watches over the live model: drift checks when they are due, and runs that schedules or alarms ask for.

A schedule's slot is taken up once, by whichever look comes first after it; slots that passed while nobody looked are
made up for by one check or run, and those before the endpoint's last change are no longer of interest.

An alarm asks for a run only where the last checks of the version that answers confirm it, and only if there is
something new to learn from; else a person is asked to bring it, and once it is there the run begins. It is asked for
like any other: whatever is active or waited for already is that run. A cool-down that doubles with each run
in vain keeps a flapping alarm, or one that no data can still, from training again and again; in the end a person is
asked. The price: a drift that begins within a cool-down waits for its end.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from chalicelib.core import container, places, schedules
from chalicelib.core.actions import Change, Plan, WriteJson
from chalicelib.core.decide_check import confirmed, decide_check
from chalicelib.core.digests import short_digest
from chalicelib.core.facts import ModelPackage, PipelineFacts
from chalicelib.core.ledger import Head, Wish
from chalicelib.core.stage import Stage
from chalicelib.core.traffic import least_captured
from chalicelib.core.watched import CheckRow, Retrains, Watched

GRACE = timedelta(minutes=10)  # after which a slot's last captured requests lie in S3


def decide_watch(stage: Stage, facts: PipelineFacts, now: datetime) -> Plan:
    """Bring the active check one step on, or ask for what is due."""
    if facts.check is not None:
        return decide_check(stage, facts, facts.check, now)
    plans = [plan for plan in (_retrain(facts, now), _begin(stage, facts, now)) if plan]
    busy = [plan for plan in plans if not plan.idle]
    return (busy or plans)[0]


def window_to_check(stage: Stage, facts: PipelineFacts, now: datetime) -> tuple[datetime, datetime] | None:
    """Return begin and end of the window of the check that may begin now: its traffic is a fact of that decision."""
    due, package = _due_check(facts, now), facts.wanted
    if facts.check or due is None or package is None or not _answers(stage, facts, package):
        return None
    return (due.start, due.end) if facts.spec.drift.capture_percent else None


def _retrain(facts: PipelineFacts, now: datetime) -> Plan | None:
    head, wanted = facts.head, facts.wanted
    if wanted is None or head.wish or head.dataset_id:
        return None
    slot = _due(facts, "retrain", facts.spec.retrain.schedule, now)
    if slot:
        wish_id = short_digest("slot", facts.pipeline, slot.isoformat())
        return _wish(replace(head, slots=_taken(head, "retrain", slot)), f"the schedule, {slot:%F %H:%M}", wish_id, now)
    return _by_alarm(facts, wanted, now) if facts.ringing else None


def _by_alarm(facts: PipelineFacts, wanted: ModelPackage, now: datetime) -> Plan:
    head, policy, ringing = facts.head, facts.spec.retrain, facts.ringing
    watched, past = head.watched, head.retrains
    if watched is None or watched.version != wanted.version or not (watched.worse or confirmed(facts.spec, watched)):
        return Plan("waiting", f"an alarm rings, and the checks of version {wanted.version} confirm nothing")
    since = max(alarm.changed for alarm in ringing).isoformat()
    cause = " and ".join(f"the alarm {alarm.name}, since {alarm.changed.isoformat()}" for alarm in ringing)
    if past is None:
        past = Retrains("", wanted.version)
    if past.version != wanted.version:  # what was asked for then, or came since, answers
        past = Retrains(past.at, wanted.version)
    elif past.at:
        past = replace(past, fruitless=past.fruitless + 1)
    obstacle = _obstacle(facts, past)
    if obstacle:
        return _ask_person(head, past, since, f"{cause}: {obstacle}")
    ready = _ready(past, policy.cool_down_hours)
    if ready and now < ready:
        return _suppress(head, since, cause, ready)
    told = replace(past, at=now.isoformat(), seen=since, person="")
    wish_id = short_digest("alarm", facts.pipeline, since, told.at)
    return _wish(replace(head, retrains=told), cause, wish_id, now)


def _ready(past: Retrains, hours: float) -> datetime | None:
    return datetime.fromisoformat(past.at) + timedelta(hours=hours) * 2**past.fruitless if past.at else None


def _wish(head: Head, cause: str, wish_id: str, now: datetime) -> Plan:
    wish = Wish(wish_id, cause, forced=False, asked=now.isoformat())
    return Plan("wished", f"a run is wished for by {cause}", change=Change(replace(head, wish=wish)))


def _suppress(head: Head, since: str, cause: str, ready: datetime) -> Plan:
    past, told = head.retrains, f"{cause}: the cool-down ends at {ready.isoformat()}"
    if past is None or past.seen == since:
        return Plan("waiting", told)
    known = replace(past, seen=since, suppressed=past.suppressed + 1)
    return Plan("suppressed", told, change=Change(replace(head, retrains=known)))


def _obstacle(facts: PipelineFacts, past: Retrains) -> str | None:
    """Say what only a person can mend before an alarm may start a run."""
    policy, labels = facts.spec.retrain, set(facts.labels.labels)
    new, gone = labels - facts.learned, facts.learned - labels
    least = sum(facts.labels.least[key] for key in new)
    if not policy.on_alarm:
        return "alarms start no run here"
    if past.fruitless >= policy.most_fruitless:
        return f"{past.fruitless} runs in a row brought no better model"
    known = facts.next_row is not None and facts.next_row.state in {"trained", "identical"}
    # Where labels have become too old to be learnt from, it is they that make another data set: nothing is new in it.
    if least >= policy.least_labels or not (new or known or gone):
        return None
    found = (
        f"{len(new)} new file{'s' if len(new) > 1 else ''} of labels, of {least} labels at least by their sizes"
        if new
        else "no new labels"
    )
    return f"there is too little new to learn from ({found}; {policy.least_labels} are asked for)"


def _ask_person(head: Head, past: Retrains, since: str, cause: str) -> Plan:
    if head.retrains and head.retrains.person and head.retrains.version == past.version:
        return Plan("waiting", f"a person was asked: {cause}")
    # Kept as it was but for this: the count goes on from the last run, whenever this is looked at again.
    kept = head.retrains if head.retrains and head.retrains.version == past.version else past
    return Plan(
        "needs a person",
        f"{cause}: a person must look",
        change=Change(replace(head, retrains=replace(kept, person=since))),
    )


@dataclass(frozen=True)
class _Due:
    """A window that is to be checked, why, the id of the wish for it, and the head that has taken it up."""

    start: datetime
    end: datetime
    cause: str
    asked: str
    head: Head


def _begin(stage: Stage, facts: PipelineFacts, now: datetime) -> Plan:
    due, package = _due_check(facts, now), facts.wanted
    if due is None:
        return Plan("idle", "no check is due")
    if package is None or not _answers(stage, facts, package):
        return Plan("waiting", "a check is due once the version that is wanted answers")
    if facts.spec.drift.capture_percent == 0:
        told = "nothing is captured of this pipeline: see capture_percent in its spec"
        return Plan("idle", told, change=Change(due.head) if due.asked else None)
    row = CheckRow(
        check_id=short_digest("check", facts.pipeline, package.run_id, due.asked or due.end.isoformat()),
        state="checking",
        reason=f"version {package.version}, from {due.start:%Y-%m-%d %H:%M} to {due.end:%Y-%m-%d %H:%M} UTC",
        cause=due.cause,
        start=due.start.isoformat(),
        end=due.end.isoformat(),
        version=package.version,
        run_id=package.run_id,
        started=now.isoformat(),
        asked=due.asked,
    )
    return Plan(
        "checking",
        f"{row.cause}: {row.reason}",
        change=Change(replace(due.head, check_id=row.check_id), (row,)),
        documents=_documents(stage, facts, row, due.head.watched),
    )


def _due_check(facts: PipelineFacts, now: datetime) -> _Due | None:
    """Return the check that a person asked for, else that of the schedule's last slot."""
    head, schedule = facts.head, facts.spec.drift.schedule
    if head.ask:
        end = datetime.fromisoformat(head.ask.asked)
        start = end - timedelta(hours=head.ask.hours)
        return _Due(start, end, head.ask.cause, head.ask.id, replace(head, ask=None))
    slot = _due(facts, "drift", schedule, now - GRACE)
    if slot is None:
        return None
    before = schedules.parse(schedule).last(slot - timedelta(microseconds=1))
    return _Due(before, slot, "the schedule", "", replace(head, slots=_taken(head, "drift", slot)))


def _documents(stage: Stage, facts: PipelineFacts, row: CheckRow, watched: Watched | None) -> tuple[WriteJson, ...]:
    spec, folder = facts.spec, stage.bucket.check(facts.pipeline, row.check_id)
    expected = least_captured(facts.traffic, facts.endpoint.capture_percent if facts.endpoint else None)
    window = {
        "model_version": str(row.version),
        "start": row.start,
        "end": row.end,
        "level": spec.drift.rule.level,
        "quality_level": spec.drift.quality_level,
        "least_rows": spec.drift.least_rows,
        "least_coverage": spec.drift.least_coverage,
        **({} if expected is None else {"expected": expected}),
        "earlier": [asdict(check) for check in watched.checks] if watched and watched.version == row.version else [],
    }
    return (
        WriteJson(folder.key(places.CHECK_FILE), {"spec": spec.to_dict(), "image_uri": stage.image_uri}),
        WriteJson(folder.key(container.SPEC, container.SPEC_FILE), spec.to_dict()),
        WriteJson(folder.key(container.WINDOW, container.WINDOW_FILE), window),
    )


def _answers(stage: Stage, facts: PipelineFacts, package: ModelPackage) -> bool:
    endpoint = facts.endpoint
    if endpoint is None or endpoint.status != "InService":
        return False
    return stage.names.parse_endpoint_config(facts.pipeline, endpoint.config_name) == package.run_id


def _due(facts: PipelineFacts, schedule_name: str, expression: str, now: datetime) -> datetime | None:
    """Return the last slot of a schedule, if nobody has taken it up and the endpoint is as it was then."""
    if not expression or facts.endpoint is None:
        return None
    slot = schedules.parse(expression).last(now)
    taken = facts.head.slots.get(schedule_name)
    known = taken is not None and slot <= datetime.fromisoformat(taken)
    return None if known or slot <= facts.endpoint.changed else slot


def _taken(head: Head, schedule_name: str, slot: datetime) -> Mapping[str, str]:
    return {**head.slots, schedule_name: slot.isoformat()}
