"""What drift checks found, told from the ledger and SageMaker, and nothing is done."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.core.facts import Jobs
from chalicelib.core.watched import VERDICTS, CheckRow
from chalicelib.services.observer import Observer
from chalicelib.services.ports import Ledger, Storage
from chalicelib.services.stories import Story


@dataclass(frozen=True)
class CheckStory(Story):
    """A drift check: of it anybody may also read why it ended as it did, and where its report is."""

    def in_public(self) -> dict[str, Any]:
        """Return what anybody may read: of a verdict also the reason, since it quotes no row; of a failure none."""
        reason = self.reason if self.state in VERDICTS else None
        return {**super().in_public(), "reason": reason, "report": self.report}


@dataclass(frozen=True)
class Checks:
    """Reads the drift checks of a stage for people."""

    observer: Observer
    storage: Storage
    ledger: Ledger

    def recent(self, pipeline: str, limit: int = 20) -> Sequence[CheckStory]:
        """Tell of the newest checks, without their jobs: whoever opens the page must not cost SageMaker a call each."""
        return [self._story(pipeline, row, ()) for row in self.ledger.checks(pipeline)[:limit]]

    def asked(self, pipeline: str, ask_id: str) -> Story | None:
        """Tell what came of a person's wish for a check; None as long as it waits for its turn."""
        # The head is read first: a check that began meanwhile is found, one that has not is still waited for.
        ask = self.ledger.head(pipeline).ask
        row = next((row for row in self.ledger.checks(pipeline) if row.asked == ask_id), None)
        if row:
            return self._story(pipeline, row, self.observer.checking(pipeline, row.check_id))
        if ask and ask.id == ask_id:
            return None
        return Story(pipeline, ask_id, (), "not started", "nothing is captured of this pipeline")

    def _story(self, pipeline: str, row: CheckRow, jobs: Jobs) -> CheckStory:
        bucket = self.observer.stage.bucket
        # A job writes its verdict and its report together; a window that needed no job has neither.
        reported = row.verdict is not None and row.state in VERDICTS
        return CheckStory(
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
            result_prefix=bucket.check(pipeline, row.check_id).key("") if jobs else None,
            report=self.storage.address(bucket.check_report_key(pipeline, row.check_id)) if reported else None,
        )
