"""A drift check, step by step: list what was captured, compare it with the baseline, publish the figures, end.

The check is of the version that answers now; what earlier versions answered in the window is left out. A window without
captured requests, and a version without a baseline, need no job to be "not enough data". Metrics are published before
the check ends, and again until they are known to be: a metric that comes twice changes no maximum.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from math import isfinite
from typing import Any

from chalicelib.core import container, job_requests, places
from chalicelib.core.actions import Action, Change, ListFiles, Plan, PutMetrics
from chalicelib.core.attempts import GivenUp, Step, advance
from chalicelib.core.facts import CheckFacts, PipelineFacts
from chalicelib.core.names import WATCHED, AlarmKind
from chalicelib.core.requests import VARIANT
from chalicelib.core.spec import PipelineSpec
from chalicelib.core.stage import Stage
from chalicelib.core.watched import CheckState, Verdict, Watched

_REMEMBERED = 30  # checks, for the rule and for people
_TOLD = frozenset({"drift", "no drift"})  # the verdicts of a window that could be judged
_TOLD_OF_QUALITY = frozenset({"worse", "not worse"})


def decide_check(stage: Stage, facts: PipelineFacts, check: CheckFacts, now: datetime) -> Plan:
    """Bring the active check one step on."""
    if check.captured is None or check.labels is None:
        return Plan("checking", "what was captured is listed", _lists(stage, facts.pipeline, check, now))
    if check.verdict is None:
        lacking = None if check.captured else "nothing was captured in the window"
        lacking = lacking or (None if check.baseline else f"version {check.row.version} has no baseline")
        if lacking:
            return _end(facts, check, "not enough data", lacking, now)
        unfinished = advance(now, _monitor(stage, facts.pipeline, check))
        if isinstance(unfinished, GivenUp):
            return _end(facts, check, "failed", unfinished.reason, now)
        return unfinished or _end(
            facts, check, "failed", f"{check.monitor[-1].name} completed without its {container.VERDICT_FILE}", now
        )
    metrics = _metrics(check, _watched(facts, check))
    if metrics and not check.published:
        row = replace(check.row, published=facts.head.fence + 1, verdict=check.verdict)
        told = f"{check.verdict['verdict']}: the figures are published"
        return Plan("checking", told, (PutMetrics(metrics, now.isoformat()),), Change(facts.head, (row,)))
    reasons = "; ".join(map(str, check.verdict.get("reasons", ()))) or f"p-value {check.verdict.get('p_value')}"
    return _end(facts, check, check.verdict["verdict"], reasons, now)


def _monitor(stage: Stage, pipeline: str, check: CheckFacts) -> Step:
    def start(attempt: int) -> tuple[Action, ...]:
        return (job_requests.monitor(stage, pipeline, check, attempt),)

    return Step("checking", f"requests were captured in {check.captured} files", check.monitor, start)


def _lists(stage: Stage, pipeline: str, check: CheckFacts, now: datetime) -> tuple[Action, ...]:
    """Return the lists of what was captured in the window's hours, and of the labels that came since it began."""
    folder = stage.bucket.check(pipeline, check.row.check_id)
    start, end = datetime.fromisoformat(check.row.start), datetime.fromisoformat(check.row.end)
    captured = stage.bucket.captured(stage.names.endpoint(pipeline), VARIANT)
    labels = stage.bucket.ground_truth(pipeline)
    return (
        # A request lies under the hour that an instance's clock said; the job knows whether it is of the window.
        ListFiles(folder.key(places.CAPTURE_MANIFEST), *places.hours(captured, start - timedelta(hours=1), end)),
        ListFiles(folder.key(places.LABELS_MANIFEST), *places.hours(labels, start, now)),
    )


def confirmed(spec: PipelineSpec, watched: Watched) -> bool:
    """Whether enough of the last checks drifted."""
    rule = spec.drift.rule
    return sum(watched.drifted[-rule.n :]) >= rule.m


def _watched(facts: PipelineFacts, check: CheckFacts) -> Watched:
    """Return what is known of the version once this check has ended."""
    told, past, row = check.verdict or {}, _past(facts, check), check.row
    before = past.checks if past else ()
    this = Verdict(row.start, row.end, str(told.get("verdict")), told.get("p_value"))
    found = _quality(told)
    worse = found == "worse" if found in _TOLD_OF_QUALITY else past is not None and past.worse
    return Watched(row.version, (*before, this)[-_REMEMBERED:], worse)


def _past(facts: PipelineFacts, check: CheckFacts) -> Watched | None:
    """Return what was known of the version before this check."""
    past = facts.head.watched
    return past if past and past.version == check.row.version else None


def _begun(facts: PipelineFacts, check: CheckFacts, watched: Watched | None) -> list[AlarmKind]:
    """Return the alarms that begin with this check: people are told of these, and not of each check anew."""
    if check.verdict is None or watched is None:
        return []
    past, spec = _past(facts, check), check.spec
    drift = confirmed(spec, watched) and not (past and confirmed(spec, past))
    begun: dict[AlarmKind, bool] = {"drift": drift, "quality": watched.worse and not (past and past.worse)}
    return [kind for kind, begins in begun.items() if begins]


def _metrics(check: CheckFacts, watched: Watched) -> dict[str, float]:
    verdict = check.verdict or {}
    found = dict(verdict.get("metrics") or {})
    if verdict.get("verdict") in _TOLD:
        found[WATCHED["drift"]] = float(confirmed(check.spec, watched))
    if _quality(verdict) in _TOLD_OF_QUALITY:
        found[WATCHED["quality"]] = float(watched.worse)
    return {name: float(value) for name, value in found.items() if isinstance(value, int | float) and isfinite(value)}


def _quality(verdict: Mapping[str, Any]) -> str | None:
    return (verdict.get("quality") or {}).get("verdict")


def _end(facts: PipelineFacts, check: CheckFacts, state: CheckState, reason: str, now: datetime) -> Plan:
    watched = _watched(facts, check) if check.verdict else facts.head.watched
    head, worse = replace(facts.head, check_id=None, watched=watched), _quality(check.verdict or {}) == "worse"
    row = replace(check.row, state=state, reason=reason, ended=now.isoformat(), verdict=check.verdict)
    told = f"version {check.row.version}: {state}{', quality is worse' if worse else ''}: {reason}"
    evidence = {"check_id": check.row.check_id, "begun": _begun(facts, check, watched)}
    return Plan(state, told, change=Change(head, (row,)), evidence=evidence)
