"""A version that answers and what is known of it, for the tests of what watches over it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.core.actions import Plan
from chalicelib.core.decide_watch import decide_watch
from chalicelib.core.facts import Alarm, PipelineFacts
from chalicelib.core.ledger import Head
from chalicelib.core.watched import CheckRow, Verdict, Watched
from tests.chalicelib.aws.world import STAGE
from tests.chalicelib.core.samples import ENDPOINT, FACTS, HEAD, SPEC, package

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
