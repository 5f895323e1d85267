"""What people, schedules and alarms want of a pipeline: written into its head, and carried out by the next look.

A wish is a transition like any other, under the fence; whoever wrote in between is met by trying again.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from chalicelib.core.actions import Call
from chalicelib.core.decide_rollout import wanted
from chalicelib.core.errors import FenceLostError, WishError
from chalicelib.core.ledger import DONE, Decision, Head, Pin, Transition, Wish
from chalicelib.core.watched import Ask
from chalicelib.services.observer import Observer
from chalicelib.services.ports import Clock, Executor, Ledger, SageMaker

_TRIES = 10


@dataclass(frozen=True)
class Wishes:
    """The wishes for all pipelines of a stage; every method names whose wish it is (``cause``)."""

    observer: Observer
    sagemaker: SageMaker
    ledger: Ledger
    executor: Executor
    clock: Clock

    def retrain(self, pipeline: str, wish_id: str, cause: str, *, forced: bool) -> Wish:
        """Wish for a run, as soon as none is active; a wish that waits already is kept, and forced if either is."""
        wish = Wish(wish_id, cause, forced, self.clock().isoformat())

        def change(head: Head) -> tuple[Head, str]:
            kept = replace(head.wish, forced=head.wish.forced or forced) if head.wish else wish
            return replace(
                head, wish=kept
            ), f"a run is wished for{', also on data and recipe of before' if forced else ''}"

        return self._write(pipeline, cause, "wished", change).wish or wish

    def check(self, pipeline: str, ask_id: str, cause: str, hours: float) -> Ask:
        """Wish for a drift check of the last hours; one that waits already is kept."""
        ask = Ask(ask_id, cause, self.clock().isoformat(), hours)

        def change(head: Head) -> tuple[Head, str]:
            return replace(head, ask=head.ask or ask), "a drift check is wished for"

        return self._write(pipeline, cause, "wished", change).ask or ask

    def roll_back(self, pipeline: str, cause: str, *, to: int | None = None) -> int:
        """Mark the wanted version bad and pin another: the given one, or the newest before it that is not bad.

        Returns
        -------
        int
            The version that is wanted now. It stays so until a version newer than all of today's is approved.

        Raises
        ------
        WishError
            If there is no version to go back to, the given one cannot answer, or somebody else was faster.
        """
        packages = self.sagemaker.packages(self.observer.stage.names.model_package_group(pipeline))
        current = wanted(self.ledger.head(pipeline), packages)
        if current is None:
            raise WishError(f"no version of {pipeline} is wanted: there is nothing to roll back")

        def change(head: Head) -> tuple[Head, str]:
            if wanted(head, packages) != current:
                raise WishError(
                    f"version {current.version} of {pipeline} is no longer the one that is wanted: look again"
                )
            if to == current.version:
                raise WishError(f"version {to} of {pipeline} is the one that is wanted: name an earlier one")
            bad = {*head.bad, current.version} - {to}
            earlier = [p for p in packages if (p.version == to if to else p.version < current.version)]
            goal = wanted(Head(pipeline, bad=tuple(bad)), earlier)
            if goal is None:
                which = f"version {to}" if to else "an earlier version"
                raise WishError(f"{which} of {pipeline} is not there, not approved or marked bad")
            pin = Pin(goal.version, max(package.version for package in packages))
            anchor = head.anchor if head.anchor and head.anchor.version not in bad else None
            told = f"version {current.version} is marked bad, version {goal.version} is wanted"
            return replace(head, bad=tuple(sorted(bad)), pin=pin, anchor=anchor), told

        head = self._write(pipeline, cause, "rolling back", change)
        return head.pin.version if head.pin else 0

    def judge(self, pipeline: str, version: int, cause: str, *, approved: bool) -> None:
        """Give a version the approval status that a person decided on; one that is approved is no longer marked bad.

        Raises
        ------
        WishError
            If there is no such version.
        """
        packages = self.sagemaker.packages(self.observer.stage.names.model_package_group(pipeline))
        package = next((package for package in packages if package.version == version), None)
        if package is None:
            raise WishError(f"{pipeline} has no version {version}")
        status = "Approved" if approved else "Rejected"
        request = {"ModelPackageArn": package.arn, "ModelApprovalStatus": status, "ApprovalDescription": cause}
        self.executor.perform(pipeline, (Call("update_model_package", request),), lambda: True)

        def change(head: Head) -> tuple[Head, str]:
            bad = tuple(other for other in head.bad if not (approved and other == version))
            return replace(head, bad=bad), f"version {version} is {status}"

        self._write(pipeline, cause, "judged", change)

    def _write(self, pipeline: str, cause: str, state: str, change: Callable[[Head], tuple[Head, str]]) -> Head:
        """Change the head, and say so in a decision; look again if somebody else wrote in between."""
        for _ in range(_TRIES):
            head = self.ledger.head(pipeline)
            changed, reason = change(head)
            changed = replace(changed, fence=head.fence + 1)
            decision = Decision(
                changed.fence, self.clock().isoformat(), cause, "wish", state, reason, run_id=head.run_id, outcome=DONE
            )
            try:
                self.ledger.write(Transition(changed, decision))
            except FenceLostError:
                continue
            return changed
        raise WishError(f"{pipeline} is being changed again and again: try once more")
