"""Roll-outs: bring a pipeline's endpoint to its newest approved model package."""

from dataclasses import dataclass

from chalicelib.core.actions import Plan
from chalicelib.core.decide import decide_rollout
from chalicelib.services.observer import Observer
from chalicelib.services.ports import Executor


@dataclass(frozen=True)
class Rollouts:
    """The endpoints of all pipelines."""

    observer: Observer
    executor: Executor

    def advance(self, pipeline: str) -> Plan:
        """Look at a pipeline's endpoint and do what comes next."""
        if pipeline not in self.observer.specs:
            return Plan("ignored", f"no pipeline is called {pipeline}")
        plan = decide_rollout(self.observer.stage, self.observer.rollout(pipeline))
        self.executor.perform(plan)
        return plan
