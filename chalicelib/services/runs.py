"""Runs: train, score the held-out rows, evaluate, register."""

from dataclasses import dataclass

from chalicelib.core.actions import Plan
from chalicelib.core.decide import decide_run
from chalicelib.services.observer import Observer
from chalicelib.services.ports import Executor


@dataclass(frozen=True)
class Runs:
    """The runs of all pipelines."""

    observer: Observer
    executor: Executor

    def advance(self, pipeline: str, run_id: str) -> Plan:
        """Look at a run and do what comes next."""
        facts = self.observer.run(pipeline, run_id)
        if facts is None:
            return Plan("ignored", f"there is no run {run_id} of {pipeline}")
        plan = decide_run(self.observer.stage, facts)
        self.executor.perform(plan)
        return plan
