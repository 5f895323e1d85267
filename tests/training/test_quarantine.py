import pytest

from chalicelib.core.spec import Intake
from training.errors import RefusedFileError
from training.quarantine import MAX_REASONS, Quarantine


def filled(read: int, rejected: int, note: list[object] | None = None) -> Quarantine:
    quarantine = Quarantine("a.csv", note.append if note is not None else None, read=read)
    for line in range(2, 2 + rejected):
        quarantine.add(line, "no")
    return quarantine


@pytest.mark.parametrize(
    ("read", "rejected", "intake", "accepted"),
    [
        (99, 1, Intake(), False),
        (100, 1, Intake(), True),
        (199, 2, Intake(), False),
        (1000, 10, Intake(), True),
        (1000, 11, Intake(), False),
        (3, 1, Intake(tolerated_rows=1), True),
        (3, 2, Intake(tolerated_rows=1), False),
        (10, 5, Intake(max_rejected_share=0.5), True),
        (1000, 1, Intake(max_rejected_share=0.0), False),
    ],
)
def test_limit(read: int, rejected: int, intake: Intake, accepted: bool) -> None:  # noqa: FBT001 - a table's column
    """A file keeps its good rows while the bad ones are within the share, or within what is tolerated of any file."""
    quarantine = filled(read, rejected)
    if accepted:
        quarantine.close(intake)
    else:
        with pytest.raises(RefusedFileError, match=f"bad rows: {rejected} of {read:,}, allowed: "):
            quarantine.close(intake)


def test_every_row_is_noted_by_reference() -> None:
    """Each bad row is noted at once, with file, line and reason."""
    notes: list[object] = []
    filled(10, 2, notes)
    assert notes == [{"file": "a.csv", "line": line, "reason": "no"} for line in (2, 3)]


def test_message_counts_reasons() -> None:
    """A refusal tells the most frequent reasons first, each with its first lines, and sums the rest up."""
    quarantine = Quarantine("a.csv", read=40)
    for line, reason in enumerate("abbcccddddeeeeefffffff", start=2):
        quarantine.add(line, reason)
    with pytest.raises(RefusedFileError) as caught:
        quarantine.close(Intake())
    assert str(caught.value) == (
        "a.csv: lines 17, 18, 19, 20, 21 and 2 more: f; lines 12, 13, 14, 15, 16: e; lines 8, 9, 10, 11: d; "
        "lines 5, 6, 7: c; lines 3, 4: b; and 1 rows for other reasons; bad rows: 22 of 40, allowed: 0 (1 %)"
    )


def test_reasons_are_bounded() -> None:
    """A file that is wrong in ever new ways does not fill the memory."""
    quarantine = Quarantine("a.csv", read=1000)
    for line in range(1000):
        quarantine.add(line, f"reason {line}")
    findings = quarantine.findings()
    assert len(findings) == MAX_REASONS + 1
    assert sum(finding.rows for finding in findings) == 1000
