"""`prepare`: from uploaded files to rows that can be trained on, tested on and counted.

Reads every row of every file against the spec and sets bad ones aside with line and reason, or refuses the file if
they are too many; drops exact duplicates; puts each row on its side; keeps from a side what a row held out from it
also holds (a text under two titles); and writes the sides in the order of the rows' ids, so that neither the order nor
the number of the files changes a byte. Next to each side lie the digests of its inputs and groups, by which models
fitted on different rows are compared on those that neither has seen. Memory does not grow with the rows' lengths (see
`spool`).
"""

import contextlib
import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from chalicelib.core import container
from chalicelib.core.spec import PipelineSpec
from training.channels import read_spec, to_line, write_array, write_object
from training.errors import BadValueError, RefusedDataError
from training.quarantine import Quarantine
from training.records import list_files, read_records
from training.rows import SIDES, Row, Side, parse_row
from training.settings import Settings
from training.spool import Spool
from training.tally import Tally, check
from training.validation import check_row

# Where a side's digests lie; not with the features of the held-out rows, which a transform scores whatever they are.
_FOLDERS: Mapping[Side, str] = {
    "train": container.TRAIN,
    "validation": container.VALIDATION,
    "test": container.TRUTH,
}
Spools = Mapping[Side, Spool]

logger = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Prepare the job's input files.

    Raises
    ------
    RefusedFileError, RefusedDataError
        If a file, or all of them together, cannot be used.
    """
    spec = read_spec(settings.processing_input(container.SPEC))
    out = settings.processing_output(container.PREPARED)
    files = list_files(settings.processing_input(container.RAW))
    if not files:
        raise RefusedDataError("there is no file to prepare")
    out.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        spools: Spools = {side: stack.enter_context(Spool()) for side in SIDES}
        rejected = stack.enter_context((out / container.REJECTED_FILE).open("wb"))

        def note(row: Mapping[str, object]) -> None:
            rejected.write(to_line(row))

        quarantines = [Quarantine(path.name, note) for path in files]
        for path, quarantine in zip(files, quarantines, strict=True):
            _read(spec, path, quarantine, spools)
        tally = _settle(spools, quarantines)
        check(spec, tally)
        _write(out, spools)
    summary = tally.summary(spec)
    write_object(out / container.SUMMARY_FILE, summary)
    logger.info("prepare.done %s", summary["rows"])


def _read(spec: PipelineSpec, path: Path, quarantine: Quarantine, spools: Spools) -> None:
    """Put a file's rows on their sides, or in quarantine."""
    needed = [*(column.name for column in spec.columns), spec.target]
    for record in read_records(path, spec.intake, needed):
        quarantine.read += 1
        try:
            row = check_row(spec, parse_row(spec, record.read()))
        except BadValueError as error:
            quarantine.add(record.line, str(error))
        else:
            side = row.side(spec.split)
            spools[side].add(row.digests, _target(spec, row), _line(spec, row, side))
    quarantine.close(spec.intake)
    logger.info("prepare.read file=%s rows=%d rejected=%d", path.name, quarantine.read, quarantine.rejected)


def _target(spec: PipelineSpec, row: Row) -> float:
    return spec.labels.index(row.label) if isinstance(row.label, str) else row.label


def _settle(spools: Spools, quarantines: list[Quarantine]) -> Tally:
    """Drop copies, then what a side holds of those held out from it: test keeps all, validation what test has not."""
    read = sum(map(len, spools.values()))
    distinct = sum(spool.settle() for spool in spools.values())
    rows = np.concatenate([spools[side].ids for side in SIDES])
    leaked = spools["validation"].drop(spools["test"].inputs)
    leaked += sum(spools["train"].drop(spools[side].inputs) for side in ("validation", "test"))
    return Tally(rows, read - distinct, leaked, quarantines, spools)


def _line(spec: PipelineSpec, row: Row, side: Side) -> bytes:
    """Return what is written of a row; of a test row two lines, its features and its truth."""
    if side != "test":
        return to_line({"id": row.id, **row.columns, spec.target: row.label, "group": row.group})
    inputs = f"{row.digests.inputs:016x}"
    truth = {"id": row.id, "label": row.label, "group": row.group, "inputs": inputs}
    return to_line({"id": row.id, **row.columns}) + to_line(truth)


def _write(out: Path, spools: Spools) -> None:
    """Write every side, its lines and its digests."""
    for side, folder in _FOLDERS.items():
        write_array(out / folder / container.INPUTS_FILE, spools[side].inputs)
        write_array(out / folder / container.GROUPS_FILE, spools[side].groups)
        if side != "test":
            with (out / folder / container.ROWS_FILE).open("wb") as file:
                file.writelines(spools[side].lines())
    (out / container.TEST).mkdir(exist_ok=True)
    with (
        (out / container.TEST / container.FEATURES_FILE).open("wb") as features,
        (out / container.TRUTH / container.LABELS_FILE).open("wb") as truth,
    ):
        for lines in spools["test"].lines():
            first, second = lines.splitlines(keepends=True)
            features.write(first)
            truth.write(second)
