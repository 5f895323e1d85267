"""Where a pipeline stands: what is wanted of it, what answers, what is under way, and what is in the way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.core.decide import decide
from chalicelib.core.facts import PipelineFacts
from chalicelib.core.ledger import Decision, Head
from chalicelib.core.selection import select
from chalicelib.services.observer import Observer
from chalicelib.services.pipelines import Plans
from chalicelib.services.ports import Clock, Ledger


@dataclass(frozen=True)
class Standing:
    """A pipeline's endpoint, what comes next in each area, and the uploads that wait for the next run.

    ``version`` answers now, ``wanted`` should. ``waiting`` are keys. ``troubles`` are the last decisions that were not
    carried out: those that AWS refused, and one that somebody is at right now or died over (no outcome).
    """

    endpoint: str
    status: str  # of the endpoint, as AWS spells it; "none" before there is one
    version: int | None
    wanted: int | None
    head: Head
    plans: Plans
    waiting: tuple[str, ...] = ()
    troubles: tuple[Decision, ...] = ()

    @property
    def pipeline(self) -> str:
        """The pipeline's name."""
        return self.head.pipeline


@dataclass(frozen=True)
class Standings:
    """Reads where the pipelines of a stage stand."""

    observer: Observer
    ledger: Ledger
    clock: Clock

    def of(self, pipeline: str) -> Standing:
        """Say where a pipeline stands."""
        now = self.clock()
        return self.observer.steadily(pipeline, now, lambda facts: self._tell(facts, now))

    def _tell(self, facts: PipelineFacts, now: datetime) -> Standing:
        stage, pipeline = self.observer.stage, facts.pipeline
        config = facts.endpoint.config_name if facts.endpoint else ""
        run_id = stage.names.parse_endpoint_config(pipeline, config)
        live = next((package.version for package in facts.packages if package.run_id == run_id), None)
        return Standing(
            endpoint=stage.names.endpoint(pipeline),
            status=facts.endpoint.status if facts.endpoint else "none",
            version=live,
            wanted=facts.wanted.version if facts.wanted else None,
            head=facts.head,
            plans=decide(stage, facts, now),
            waiting=_waiting(facts, now),
            troubles=_troubles(self.ledger.decisions(pipeline)),
        )


def _waiting(facts: PipelineFacts, now: datetime) -> tuple[str, ...]:
    """Return the keys of usable uploads that no run was trained on, and that the active one does not hold."""
    pending = select(facts.spec.policy, facts.versions, facts.verdicts, now).pending
    active = {upload.upload_id for upload in facts.dataset.uploads} if facts.dataset else set()
    return tuple(upload.key for upload in pending if upload.upload_id not in active)


def _troubles(decisions: Sequence[Decision]) -> tuple[Decision, ...]:
    """Return the last decision of each area, where it was not carried out."""
    newest = {decision.area: decision for decision in decisions}
    return tuple(decision for decision in newest.values() if not decision.performed)
