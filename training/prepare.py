"""`prepare`: from uploaded files to rows that can be trained on, tested on and counted.

Reads every row of every file against the spec and sets bad ones aside with line and reason; drops exact duplicates;
puts each row on its side; keeps from a side what a row held out from it also holds (a text under two titles); and
writes the sides in the order of the rows' ids, so that neither the order nor the number of the files changes a byte
but the name of a held-out row's source. Beside them lie the digests of the inputs and groups that a model is fitted,
tuned and calibrated on, so that models of different rows are compared on those that neither has seen. Memory does not
grow with the rows' lengths, nor, under the policy's limit, with their number (see `spool`, `sides`).

Captured requests whose instances got a label later are one more source, `FEEDBACK`, after the uploads: their rows go
the same way, each by its content, since a request does not name its group. So a label may contradict an uploaded row,
as two uploads may: rows of equal inputs on one side all stay, and what is held out is on no other side. A labelled row
that may not be learnt from is set aside like any other, but however many there are, they refuse nothing: an empty text
that somebody asked about, and labelled, must not stop the model's life. Where there are no labels, nothing changes.

A file that cannot be used does not keep the others from being read: the summary lists it, and what is wrong with the
rows together, so that one job says all there is to mend. Then no rows are written, and the job has still done its work.
"""

import contextlib
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from chalicelib.core import container
from chalicelib.core.places import upload_of
from chalicelib.core.spec import PipelineSpec
from training.captured import Coverage, Wanted, read_captured
from training.channels import read_spec, to_line, write_array, write_object
from training.errors import BadValueError, RefusedDataError, RefusedFileError
from training.gaps import Gaps
from training.ground_truth import read_labels
from training.quarantine import Quarantine
from training.records import list_files, read_records
from training.rows import Row, Side, parse_row
from training.settings import Settings
from training.sides import Sides
from training.sources import describe_sources
from training.spool import distinct
from training.tally import Tally, check, count_rows, list_rejected
from training.validation import check_row

FEEDBACK = "feedback"  # what its rows' source is called; uploads have the ending of a file

logger = logging.getLogger(__name__)


def run(settings: Settings) -> str | None:
    """Prepare the job's input files; return why they are refused, None if they are not."""
    spec = read_spec(settings.processing_input(container.SPEC))
    out = settings.processing_output(container.PREPARED)
    files = list_files(settings.processing_input(container.RAW))
    out.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        sides = stack.enter_context(Sides(spec.policy.max_rows, spec.split.salt))
        rejected = stack.enter_context((out / container.REJECTED_FILE).open("wb"))
        names = [*(path.name for path in files), FEEDBACK]
        *quarantines, feedback = [Quarantine(name, lambda row: rejected.write(to_line(row))) for name in names]
        refused_files = _read_files(spec, files, quarantines, sides)
        if refused_files:
            summary: dict[str, object] = {"rows": count_rows(quarantines), "content_digest": None, "refused": None}
        else:
            told = _read_feedback(settings, spec, len(files), feedback, sides)
            quarantines += [feedback] if told else []
            summary = _together(out, spec, quarantines, sides) | told
    summary |= {
        "rejected": list_rejected(quarantines),
        "refused_files": [{"file": error.file, "reason": error.reason} for error in refused_files],
    }
    write_object(out / container.SUMMARY_FILE, summary)
    reasons = [*map(str, refused_files), *([str(summary["refused"])] if summary["refused"] else [])]
    logger.info("prepare.done refused=%s %s", bool(reasons), summary["rows"])
    return "; ".join(reasons) or None


def _read_files(
    spec: PipelineSpec, files: Sequence[Path], quarantines: Sequence[Quarantine], sides: Sides
) -> list[RefusedFileError]:
    """Read every file; return why some of them are refused."""
    refused = list[RefusedFileError]()
    for source, (path, quarantine) in enumerate(zip(files, quarantines, strict=True)):
        upload = upload_of(path.name)
        try:
            _read(spec, path, source, quarantine, sides)
        except RefusedFileError as error:
            logger.warning("prepare.refused upload=%s reason=%s", upload, error.reason)
            refused.append(error)
        else:
            logger.info("prepare.read upload=%s rows=%d rejected=%d", upload, quarantine.read, quarantine.rejected)
    return refused


def _read(spec: PipelineSpec, path: Path, source: int, quarantine: Quarantine, sides: Sides) -> None:
    """Put a file's rows on their sides, or in quarantine."""
    needed = [*(column.name for column in spec.columns), spec.target]
    optional = [spec.group] if spec.group else []
    for record in read_records(path, spec.intake, needed, optional):
        quarantine.read += 1
        try:
            row = check_row(spec, parse_row(spec, record.read()))
        except BadValueError as error:
            quarantine.add(record.line, str(error))
        else:
            _put(spec, row, quarantine.file, source, sides)
    quarantine.close(spec.intake)


def _read_feedback(
    settings: Settings, spec: PipelineSpec, source: int, quarantine: Quarantine, sides: Sides
) -> dict[str, object]:
    """Put captured rows with a label that came later on their sides; return what to tell, nothing without labels."""
    labels = read_labels(settings.processing_input(container.GROUND_TRUTH), spec)
    if not labels:
        return {}
    coverage = Coverage()
    captured = settings.processing_input(container.CAPTURE)
    for request in read_captured(captured, spec, Wanted(answers=False), coverage):
        for label in labels.take(request):
            quarantine.read += 1
            try:
                row = check_row(spec, parse_row(spec, {**request.rows[label.index], spec.target: label.value}))
            except BadValueError as error:
                quarantine.add(quarantine.read, str(error), inference_id=request.id, index=label.index)
            else:
                _put(spec, row, quarantine.file, source, sides)
    logger.info("prepare.joined rows=%d rejected=%d", quarantine.read, quarantine.rejected)
    return {FEEDBACK: labels.summary() | {"requests": coverage.to_dict()}}


def _put(spec: PipelineSpec, row: Row, name: str, source: int, sides: Sides) -> None:
    side = row.side(spec.split)
    sides.add(side, row.digests, _target(spec, row), _line(spec, row, side, name), source)


def _target(spec: PipelineSpec, row: Row) -> float:
    return spec.labels.index(row.label) if isinstance(row.label, str) else row.label


def _line(spec: PipelineSpec, row: Row, side: Side, source: str) -> bytes:
    """Return what is written of a row; of a test row two lines, its features and its truth."""
    if side != "test":
        return to_line({"id": row.id, **row.columns, spec.target: row.label, "group": row.group})
    inputs = f"{row.digests.inputs:016x}"
    truth = {"id": row.id, "label": row.label, "group": row.group, "inputs": inputs, "source": source}
    return to_line({"id": row.id, **row.columns}) + to_line(truth)


def _together(out: Path, spec: PipelineSpec, quarantines: Sequence[Quarantine], sides: Sides) -> dict[str, object]:
    """Write the rows of all files, unless they are refused; return what is to be said of them."""
    tally = Tally(spec, quarantines, sides.settle(), sides.spools)
    summary = tally.summary() | describe_sources(tally)
    try:
        check(tally)
    except RefusedDataError as error:
        return summary | {"refused": str(error)}
    return summary | _write(out, spec, sides) | {"refused": None}


def _write(out: Path, spec: PipelineSpec, sides: Sides) -> dict[str, object]:
    """Write every side, and the digests of what the model may see; return what only the rows' values tell."""
    gaps = Gaps(spec)
    fitted: tuple[Side, ...] = ("train", "validation")
    for side in fitted:
        (out / side).mkdir(exist_ok=True)
        with (out / side / container.ROWS_FILE).open("wb") as rows:
            for line in sides.spools[side].lines():
                gaps.count(side, line)
                rows.write(line)
    groups = np.concatenate([sides.spools[side].groups for side in fitted])
    write_array(
        out / container.SEEN / container.INPUTS_FILE,
        distinct(np.concatenate([sides.spools[side].inputs for side in fitted])),
    )
    write_array(out / container.SEEN / container.GROUPS_FILE, distinct(groups[groups != 0]))
    for folder in (container.TEST, container.TRUTH):
        (out / folder).mkdir(exist_ok=True)
    with (
        (out / container.TEST / container.FEATURES_FILE).open("wb") as features,
        (out / container.TRUTH / container.LABELS_FILE).open("wb") as truth,
    ):
        for lines in sides.spools["test"].lines():
            first, second = lines.splitlines(keepends=True)
            gaps.count("test", first)
            features.write(first)
            truth.write(second)
    return gaps.summary()
