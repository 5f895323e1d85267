"""Looks at a pipeline and does what comes next, until nothing does: observe, decide, write it down, act, look again.

Any number of handlers may look at once. Each acts only on a plan that it could write into the ledger under the fence it
had observed; who was slower looks again and finds the plan carried out. A handler that dies leaves a decision without
an outcome, and the next look decides anew from what is.

What AWS did not do is the outcome of its decision, and one side's trouble does not hold up the other. What waiting or a
person must mend (a quota, a permission) is tried again by the next look; what may pass at once (throttling, no answer)
is raised in the end, so that Lambda looks again soon, and so is what no decision could tell of.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from chalicelib.core import errors
from chalicelib.core.actions import Change, Plan
from chalicelib.core.decide import Area, decide
from chalicelib.core.facts import PipelineFacts
from chalicelib.core.ledger import DONE, Decision, Transition
from chalicelib.services.observer import Observer
from chalicelib.services.ports import Clock, Executor, Ledger, Storage

MAX_STEPS = 30  # plans that one look acts on; the longest walk without waiting has about ten

Plans = Mapping[Area, Plan]


@dataclass(frozen=True)
class Pipelines:
    """The pipelines of a stage."""

    observer: Observer
    storage: Storage
    ledger: Ledger
    executor: Executor
    clock: Clock

    def plan(self, pipeline: str) -> Plans:
        """Say what would come next in each area, and do nothing."""
        now = self.clock()
        return self.observer.steadily(pipeline, now, lambda facts: decide(self.observer.stage, facts, now))

    def look(self, pipeline: str, cause: str) -> Plans:
        """Do what comes next; return the plans of the last look.

        Raises
        ------
        CallError
            If AWS did not answer, asked to come later, or kept a decision from being written: the next look goes on.
        """
        if pipeline not in self.observer.specs:
            return {}
        performed: dict[Area, Plan] = {}  # the last plan of each area; met again, it waits for its effect to be seen
        trouble: dict[Area, errors.CallError] = {}
        unsaid: list[errors.CallError] = []  # those that no decision tells of, since it could not be written
        for _ in range(MAX_STEPS):
            now = self.clock()
            facts = self.observer.pipeline(pipeline, now)
            plans = decide(self.observer.stage, facts, now)
            work = [
                (area, plan)
                for area, plan in plans.items()
                if not plan.idle and plan != performed.get(area) and area not in trouble
            ]
            if not work:
                break
            area, plan = work[0]
            try:
                told = self._act(facts, area, plan, cause)
            except errors.FenceLostError:
                continue  # somebody else was faster: look at what they did
            except errors.CallError as error:
                trouble[area] = error
                unsaid.append(error)
            else:
                performed[area] = plan
                if told:
                    trouble[area] = told
        passing = [refusal for refusal in trouble.values() if isinstance(refusal, errors.UnavailableError)]
        if unsaid or passing:
            raise [*unsaid, *passing][0]
        return plans

    def _act(self, facts: PipelineFacts, area: Area, plan: Plan, cause: str) -> errors.CallError | None:
        """Write a plan down and carry it out; return what AWS did not do, if the decision tells of it."""
        pipeline = facts.pipeline
        for document in plan.documents:
            self.storage.write_json_once(document.key, document.data)
        transition = self._transition(facts, area, plan, cause)
        fence = transition.head.fence
        self.ledger.write(transition)
        try:
            self.executor.perform(pipeline, plan.actions, lambda: self.ledger.head(pipeline).fence == fence)
        except (errors.GoneError, errors.FenceLostError, errors.CallError) as error:
            self._conclude(pipeline, transition.decision, str(error))
            if isinstance(error, errors.FenceLostError):
                raise
            # What is gone S3 lists no longer: the next look finds it.
            return error if isinstance(error, errors.CallError) else None
        self._conclude(pipeline, transition.decision, DONE)
        return None

    def _conclude(self, pipeline: str, decision: Decision, outcome: str) -> None:
        self.ledger.conclude(pipeline, replace(decision, outcome=outcome))

    def _transition(self, facts: PipelineFacts, area: Area, plan: Plan, cause: str) -> Transition:
        change = plan.change or Change(facts.head)
        dataset_id, run_id = _about(facts, area, change)
        decision = Decision(
            fence=facts.head.fence + 1,
            at=self.clock().isoformat(),
            cause=cause,
            area=area,
            state=plan.state,
            reason=plan.reason,
            evidence=plan.evidence,
            actions=tuple(map(str, plan.actions)),
            dataset_id=dataset_id,
            run_id=run_id,
        )
        return Transition(replace(change.head, fence=decision.fence), decision, change.rows)


def _about(facts: PipelineFacts, area: Area, change: Change) -> tuple[str | None, str | None]:
    """Return the dataset version and run that a decision is about; beyond learning, the run of the wanted version."""
    if area == "telling":
        return None, None
    if area != "learning":
        return None, facts.wanted.run_id if facts.wanted else None
    return facts.head.dataset_id or change.head.dataset_id, facts.head.run_id or change.head.run_id
