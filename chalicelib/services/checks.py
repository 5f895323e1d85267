"""What drift checks found, told from the ledger and SageMaker, and nothing is done."""

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.core.watched import CheckRow
from chalicelib.services.observer import Observer
from chalicelib.services.ports import Ledger
from chalicelib.services.stories import Story


@dataclass(frozen=True)
class Checks:
    """Reads the drift checks of a stage for people."""

    observer: Observer
    ledger: Ledger

    def recent(self, pipeline: str, limit: int = 20) -> Sequence[Story]:
        """Tell of the newest checks."""
        return [self._story(pipeline, row) for row in self.ledger.checks(pipeline)[:limit]]

    def asked(self, pipeline: str, ask_id: str) -> Story | None:
        """Tell what came of a person's wish for a check; None as long as it waits for its turn."""
        # The head is read first: a check that began meanwhile is found, one that has not is still waited for.
        ask = self.ledger.head(pipeline).ask
        row = next((row for row in self.ledger.checks(pipeline) if row.asked == ask_id), None)
        if row:
            return self._story(pipeline, row)
        if ask and ask.id == ask_id:
            return None
        return Story(pipeline, ask_id, (), "not started", "nothing is captured of this pipeline")

    def _story(self, pipeline: str, row: CheckRow) -> Story:
        folder = self.observer.stage.bucket.check(pipeline, row.check_id)
        jobs = self.observer.checking(pipeline, row.check_id)
        return Story(
            pipeline,
            row.check_id,
            (),
            row.state,
            row.reason,
            started=row.started,
            cause=row.cause,
            run_id=row.run_id,
            jobs={"check": jobs[-1]} if jobs else {},
            version=row.version,
            result_prefix=folder.key("") if jobs else None,
        )
