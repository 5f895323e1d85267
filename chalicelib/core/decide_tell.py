"""Whom it concerns is told: of promotions, refusals, roll-backs, drift, rejected data, and where a person is needed.

What is told is read from the ledger's own decisions, in their order, so nothing that happened can be left out: notices
that are not known to have been sent are sent again. The price: one may come twice.

Most decisions concern nobody. Once there are many of these since the last notice it is written down how far they were
read, so that a look never reads more than that, however long nothing happens.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from chalicelib.core.actions import Change, Plan, Publish
from chalicelib.core.facts import PipelineFacts
from chalicelib.core.ledger import Decision
from chalicelib.core.names import AlarmKind
from chalicelib.core.stage import Stage
from chalicelib.core.watched import VERDICTS, Told

MOST_AT_ONCE = 20
MOST_READ = 200  # decisions that concern nobody, which each look reads
_MAX_REASON = 2_000

# What of each area is worth a notice, in words.
_HEADLINES = {
    ("learning", "promoted"): "a new version is promoted",
    ("learning", "held"): "a new version waits for a person",
    ("learning", "rejected"): "a new version was refused",
    ("learning", "failed"): "a run failed",
    ("learning", "refused"): "data was rejected",
    ("learning", "refusing"): "data was rejected",
    ("serving", "live"): "a version went live",
    ("serving", "rolled back"): "a version was rolled back",
    ("serving", "failed"): "the endpoint needs a person",
    ("wish", "rolling back"): "a person rolls a version back",
    ("watching", "failed"): "a drift check failed",
    ("watching", "needs a person"): "a person is needed",
}
_BEGUN: Mapping[AlarmKind, str] = {"drift": "drift is confirmed", "quality": "the quality is worse"}


def decide_tell(stage: Stage, facts: PipelineFacts) -> Plan:
    """Tell of what was decided since people were told last."""
    news = [(decision, headline) for decision in facts.untold if (headline := _headline(decision))]
    if not news and len(facts.untold) < MOST_READ:
        return Plan("idle", "nobody needs to be told anything")
    if not news:
        last = facts.untold[-1].fence
        told = Told(last, last, facts.head.fence + 1)
        why = f"the decisions up to {last} concern nobody"
        return Plan("telling", why, change=Change(replace(facts.head, told=told)))
    some = news[:MOST_AT_ONCE]
    told = Told(_since(facts), some[-1][0].fence, facts.head.fence + 1)
    notices = tuple(_notice(stage, facts.pipeline, decision, headline) for decision, headline in some)
    return Plan("telling", f"{len(notices)} notices are sent", notices, Change(replace(facts.head, told=told)))


def untold(told: Told | None, decisions: Sequence[Decision]) -> tuple[Decision, ...]:
    """Return the decisions nobody was told of, from all those after ``told.since``."""
    if told is None:
        return tuple(decisions)
    sent = any(decision.fence == told.fence and decision.performed for decision in decisions)
    return tuple(decision for decision in decisions if decision.fence > (told.upto if sent else told.since))


def _since(facts: PipelineFacts) -> int:
    """Return the fence up to which everything is known to have been told."""
    return facts.untold[0].fence - 1


def _headline(decision: Decision) -> str | None:
    if decision.area == "learning" and decision.state == "idle" and decision.evidence.get("wish"):
        return "a run was asked for, and there is nothing to learn from"
    if decision.state == "refusing" and decision.dataset_id:
        return None  # the dataset version's end, which comes next, tells it
    if decision.area == "watching" and decision.evidence.get("begun"):
        return ", and ".join(_BEGUN[kind] for kind in decision.evidence["begun"])
    return _HEADLINES.get((decision.area, decision.state))


def _notice(stage: Stage, pipeline: str, decision: Decision, headline: str) -> Publish:
    """Return a notice: reasons are the ledger's, which quote no row and no text."""
    lines = [
        f"{pipeline}: {headline}.",
        decision.reason[:_MAX_REASON],
        "",
        f"Stage {stage.name}, decision {decision.fence} of {decision.at}.",
    ]
    if decision.run_id:
        lines.append(f"Run {decision.run_id}: `freshet explain {decision.run_id}` tells its story.")
    check_id = decision.evidence.get("check_id")
    if check_id and decision.state in VERDICTS:  # a job that failed wrote none
        lines.append(f"Report: {stage.bucket.check_report(pipeline, check_id)}")
    return Publish(f"Freshet {stage.name}: {pipeline}: {headline}", "\n".join(lines))
