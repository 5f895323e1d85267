"""From prepared rows to a verdict: train, score, evaluate, judge, register, each once the step before has completed.

The challenger is compared with the champion (the version that should answer) and the anchor (the best one promoted so
far) of the moment: both are in the run's row, and if either changes before the verdict, the comparison is made again.
All three score the same held-out rows, at the same time, each only once: scores are named by their rows and their
model. Every run that comes to a verdict is registered, with the approval that the verdict gives it: PROMOTE is
Approved (or waits for a person, where the policy says so), HOLD waits for a person, REJECT is Rejected. The price of
that order: a run that fails leaves no version, only its row.
"""

from dataclasses import replace
from datetime import datetime
from itertools import chain

from chalicelib.core import gate, job_requests, requests
from chalicelib.core.actions import Action, Change, Plan, Settle
from chalicelib.core.attempts import GivenUp, Step, advance, given_up
from chalicelib.core.decide_dataset import settled_by
from chalicelib.core.facts import DatasetFacts, ModelPackage, PipelineFacts, Rival, RunFacts
from chalicelib.core.ledger import DatasetState, Reference, RunRow, RunState
from chalicelib.core.stage import Stage

_STATES: dict[str, RunState] = {"Approved": "promoted", "PendingManualApproval": "held", "Rejected": "rejected"}


def decide_run(stage: Stage, facts: PipelineFacts, dataset: DatasetFacts, run: RunFacts, now: datetime) -> Plan:
    """Bring the active run one step on."""
    if run.row.verdict is None:
        compared = _compared(facts)
        if compared != (run.row.champion, run.row.anchor):
            return _compare_with(facts, run, *compared)
    unfinished = advance(now, *_steps(stage, run))
    if isinstance(unfinished, GivenUp):
        return _fail(facts, dataset, run, unfinished.reason, now)
    if unfinished:
        return unfinished
    if run.row.verdict is None:
        return _judge(facts, run)
    if run.package is None:
        decision = run.row.verdict["decision"]
        return Plan("registering", f"the verdict is {decision}", requests.register(stage, run, approval(run)))
    verdicts = settled_by(dataset, run.row.run_id, facts.verdicts)
    if verdicts:
        return Plan("registered", f"version {run.package.version} of its group", (Settle(verdicts),))
    return _end(facts, dataset, run, run.package, now)


def approval(run: RunFacts) -> str:
    """Return the approval status that the verdict gives the version."""
    decision = run.row.verdict["decision"] if run.row.verdict else "HOLD"
    if decision == "PROMOTE":
        return "Approved" if run.spec.gate.approval == "automatic" else "PendingManualApproval"
    return "Rejected" if decision == "REJECT" else "PendingManualApproval"


def _compared(facts: PipelineFacts) -> tuple[Reference | None, Reference | None]:
    """Return the champion and the anchor; a champion that is the anchor is compared with once."""
    champion = Reference(facts.wanted.version, facts.wanted.run_id) if facts.wanted else None
    anchor = facts.head.anchor
    return champion, anchor if champion and anchor != champion and _usable(facts, anchor) else None


def _usable(facts: PipelineFacts, anchor: Reference | None) -> bool:
    versions = {package.version for package in facts.packages}
    return anchor is not None and anchor.version in versions - set(facts.head.bad)


def _compare_with(facts: PipelineFacts, run: RunFacts, champion: Reference | None, anchor: Reference | None) -> Plan:
    row = replace(run.row, champion=champion, anchor=anchor)
    told = [f"the {role}, version {who.version}" for role, who in (("champion", champion), ("anchor", anchor)) if who]
    reason = f"compared with {' and '.join(told) or 'nobody: it is the first'}"
    return Plan("training", reason, change=Change(facts.head, (row,)))


def _steps(stage: Stage, run: RunFacts) -> tuple[Step, ...]:
    # A rival that cannot score must not keep every challenger out: the gate holds one that lacks the comparison.
    rivals = [rival for rival in (run.champion, run.anchor) if rival and not given_up(rival.score)]

    def train(attempt: int) -> tuple[Action, ...]:
        return (job_requests.training_job(stage, run.lineage, run.spec, attempt),)

    def score(attempt: int) -> tuple[Action, ...]:
        # The others' first attempts begin together with the challenger's.
        begin = chain.from_iterable(
            job_requests.rival_score(stage, run, rival, 1) for rival in rivals if attempt == 1 and not rival.score
        )
        return (*job_requests.score(stage, run, attempt), *begin)

    def score_of(rival: Rival) -> Step:
        reason = f"the rows are to be scored by version {rival.reference.version} too"
        return Step(
            "scoring", reason, rival.score, lambda attempt: job_requests.rival_score(stage, run, rival, attempt)
        )

    def evaluate(attempt: int) -> tuple[Action, ...]:
        begin = baseline(1) if attempt == 1 and not run.baseline else ()  # both need the scores and nothing else
        return (job_requests.evaluate(stage, run, attempt), *begin)

    def baseline(attempt: int) -> tuple[Action, ...]:
        return (job_requests.baseline(stage, run, attempt),)

    # A version without a baseline can answer all the same; its traffic cannot be checked, and every check says so.
    rest = () if given_up(run.baseline) else (Step("evaluating", "the baseline is wanted", run.baseline, baseline),)
    return (
        Step("training", "the rows are prepared", run.train, train),
        Step("scoring", "the challenger is trained", run.score, score),
        *map(score_of, rivals),
        Step("evaluating", "the held-out rows are scored", run.evaluate, evaluate),
        *rest,
    )


def _judge(facts: PipelineFacts, run: RunFacts) -> Plan:
    verdict = gate.judge(
        run.spec, run.evaluation, champion=run.row.champion is not None, anchor=run.row.anchor is not None
    )
    told = {
        "decision": verdict.decision,
        "reasons": list(verdict.reasons),
        "evidence": dict(verdict.evidence),
        "anchor_better": verdict.anchor_better,
    }
    reason = f"{verdict.decision}: {'; '.join(verdict.reasons)}"
    return Plan(
        "judged", reason, change=Change(facts.head, (replace(run.row, verdict=told),)), evidence=verdict.evidence
    )


def _end(facts: PipelineFacts, dataset: DatasetFacts, run: RunFacts, package: ModelPackage, now: datetime) -> Plan:
    verdict = run.row.verdict or {}
    state = _STATES.get(package.approval, "held")
    reason = "; ".join(verdict.get("reasons", ())) or f"version {package.version}"
    head = facts.head
    if state == "promoted" and (verdict.get("anchor_better") or not _usable(facts, head.anchor)):
        head = replace(head, anchor=Reference(package.version, run.row.run_id))
    row = replace(run.row, state=state, reason=reason, version=package.version, ended=now.isoformat())
    return _close(replace(facts, head=head), dataset, row, now)


def _fail(facts: PipelineFacts, dataset: DatasetFacts, run: RunFacts, reason: str, now: datetime) -> Plan:
    return _close(facts, dataset, replace(run.row, state="failed", reason=reason, ended=now.isoformat()), now)


def _close(facts: PipelineFacts, dataset: DatasetFacts, run: RunRow, now: datetime) -> Plan:
    state: DatasetState = "failed" if run.state == "failed" else "trained"
    row = replace(dataset.row, state=state, reason=f"run {run.run_id} {run.state}", ended=now.isoformat())
    head = replace(facts.head, dataset_id=None, run_id=None)
    return Plan(run.state, run.reason, change=Change(head, (row, run)), evidence={"version": run.version})
