"""The bad rows of one file: set aside with line and reason while they are few, counted when they are not.

A row is kept by reference, file and line: its text stays where it was uploaded, and whoever mends it finds it there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from chalicelib.core.findings import MAX_LINES, Finding
from chalicelib.core.spec import Intake
from training.errors import RefusedFileError

MAX_REASONS = 50  # kept apart; a file that is wrong in more ways is summed up
_OTHERS = "other reasons"


@dataclass
class Quarantine:
    """How many rows of one file were read, and which set aside; ``note`` gets each of these, with file and reason."""

    file: str
    note: Callable[[Mapping[str, object]], object] | None = None
    read: int = 0
    rejected: int = 0
    _found: dict[str, Finding] = field(default_factory=dict)

    def add(self, line: int, reason: str, **more: object) -> None:
        """Set a row aside; its note says ``more``."""
        self.rejected += 1
        if self.note:
            self.note({"file": self.file, "line": line, "reason": reason, **more})
        if reason not in self._found and len(self._found) >= MAX_REASONS:
            reason = _OTHERS
        known = self._found.get(reason, Finding(reason, (), 0))
        lines = known.lines if len(known.lines) == MAX_LINES else (*known.lines, line)
        self._found[reason] = Finding(reason, lines, known.rows + 1)

    def findings(self) -> list[Finding]:
        """Return what was found, the most frequent reason first."""
        return sorted(self._found.values(), key=lambda finding: (-finding.rows, finding.lines))

    def close(self, intake: Intake) -> None:
        """Judge the file, once all of its rows are read.

        Raises
        ------
        RefusedFileError
            If it had no rows, or more bad ones than the intake tolerates.
        """
        if not self.read:
            raise RefusedFileError(self.file, [Finding("the file has no rows", (1,))])
        share = intake.max_rejected_share
        allowed = max(intake.tolerated_rows, int(share * self.read))
        if self.rejected > allowed:
            verdict = f"bad rows: {self.rejected:,} of {self.read:,}, allowed: {allowed:,} ({100 * share:g} %)"
            raise RefusedFileError(self.file, self.findings(), verdict)
