"""`prepare`: from uploaded files to rows that can be trained on, tested on and counted.

Reads every row of every file against the spec, refuses a file with bad rows (the first few are listed with line and
reason), drops exact duplicates, puts each row on its side, and writes the sides in the order of the rows' ids, so that
neither the order nor the number of the files changes a byte. Rows wait in temporary files; memory holds one digest and
one index entry for each.
"""

import contextlib
import logging
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Self

from chalicelib.core import container
from chalicelib.core.spec import PipelineSpec
from training.channels import read_spec, to_line, write_object
from training.errors import BadRow, RefusedDataError, RefusedFileError
from training.records import list_files, parse_records
from training.rows import SIDES, Row, Side, content_digest, parse_row
from training.settings import Settings

MIN_TRAIN_ROWS = 2  # of each label: the fewest that can be learnt from while one is held out

logger = logging.getLogger(__name__)


class Spool:
    """Lines kept in a temporary file and given back in the order of their keys."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._index: list[tuple[str, int, int]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, key: str, line: bytes) -> None:
        """Keep a line."""
        self._index.append((key, self._file.tell(), len(line)))
        self._file.write(line)

    def write(self, path: Path) -> None:
        """Write all lines kept so far, by key."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as target:
            for _, offset, size in sorted(self._index):
                self._file.seek(offset)
                target.write(self._file.read(size))
        self._file.seek(0, 2)


@dataclass
class Tally:
    """What has been counted while reading."""

    read: int = 0
    rows: Counter[Side] = field(default_factory=Counter)
    digests: set[bytes] = field(default_factory=set)
    labels: dict[Side, Counter[str]] = field(default_factory=lambda: {side: Counter() for side in SIDES})
    groups: dict[Side, set[str]] = field(default_factory=lambda: {side: set() for side in SIDES})
    numbers: dict[Side, tuple[float, float]] = field(default_factory=dict)  # a regression's lowest and highest

    def add(self, row: Row, side: Side) -> bool:
        """Count a row; return whether it is new."""
        self.read += 1
        digest = row.digest
        if digest in self.digests:
            return False
        self.digests.add(digest)
        self.rows[side] += 1
        if isinstance(row.label, str):
            self.labels[side][row.label] += 1
        else:
            low, high = self.numbers.get(side, (row.label, row.label))
            self.numbers[side] = (min(low, row.label), max(high, row.label))
        if row.group is not None:
            self.groups[side].add(row.group)
        return True

    def summary(self, spec: PipelineSpec) -> dict[str, object]:
        """Return what `summary.json` says."""
        sides: dict[str, int] = {side: self.rows[side] for side in SIDES}
        return self._targets(spec) | {
            "content_digest": content_digest(self.digests),
            "rows": {"read": self.read, "duplicates": self.read - len(self.digests)} | sides,
            "groups": {side: len(self.groups[side]) for side in SIDES},
            "split": {"salt": spec.split.salt, "validation": spec.split.validation, "test": spec.split.test},
        }

    def _targets(self, spec: PipelineSpec) -> dict[str, object]:
        """Return how often each label occurs, or between which numbers a regression's target lies."""
        if spec.regression:
            return {"target": {side: list(self.numbers.get(side, ())) for side in SIDES}}
        return {"labels": {side: {label: self.labels[side][label] for label in spec.labels} for side in SIDES}}


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
    tally = Tally()
    with contextlib.ExitStack() as stack:
        sides: dict[Side, Spool] = {side: stack.enter_context(Spool()) for side in SIDES}
        truth = stack.enter_context(Spool())
        for path in files:
            before = tally.read
            for row in parse_records(path, partial(parse_row, spec)):
                side = row.side(spec.split)
                if tally.add(row, side):
                    sides[side].add(row.id, _line(spec, row, side))
                    if side == "test":
                        truth.add(row.id, to_line({"id": row.id, "label": row.label, "group": row.group}))
            if tally.read == before:
                raise RefusedFileError(path.name, [BadRow(1, "the file has no rows")])
            logger.info("prepare.read file=%s rows_so_far=%d", path.name, tally.read)
        _check(spec, tally)
        sides["train"].write(out / "train" / container.ROWS_FILE)
        sides["validation"].write(out / "validation" / container.ROWS_FILE)
        sides["test"].write(out / "test" / container.FEATURES_FILE)
        truth.write(out / "truth" / container.LABELS_FILE)
    summary = tally.summary(spec)
    write_object(out / container.SUMMARY_FILE, summary)
    logger.info("prepare.done %s", summary["rows"])


def _line(spec: PipelineSpec, row: Row, side: Side) -> bytes:
    if side == "test":
        return to_line({"id": row.id, **row.columns})
    return to_line({"id": row.id, **row.columns, spec.target: row.label, "group": row.group})


def _check(spec: PipelineSpec, tally: Tally) -> None:
    """Refuse data that no model can be trained or tested on."""
    groups = len(set[str]().union(*tally.groups.values()))
    hint = f" ({len(tally.digests)} distinct rows in {groups} groups; rows of one group stay on one side): add rows"
    if spec.regression:
        _check_numbers(spec, tally, hint)
    else:
        _check_labels(spec, tally, hint)


def _check_labels(spec: PipelineSpec, tally: Tally, hint: str) -> None:
    total = sum(tally.labels.values(), Counter[str]())
    for label in spec.labels:
        if not total[label]:
            raise RefusedDataError(f"no row has the label {label!r}: both labels are needed")
    for label in spec.labels:
        if tally.labels["train"][label] < MIN_TRAIN_ROWS:
            raise RefusedDataError(f"fewer than {MIN_TRAIN_ROWS} training rows have the label {label!r}{hint}")
        if not tally.labels["test"][label]:
            raise RefusedDataError(f"no held-out test row has the label {label!r}{hint}")


def _check_numbers(spec: PipelineSpec, tally: Tally, hint: str) -> None:
    for side, name in (("train", "training"), ("test", "held-out test")):
        low, high = tally.numbers.get(side, (0.0, 0.0))  # type: ignore[call-overload] # both are sides
        if low == high:
            raise RefusedDataError(f"the {name} rows hold no two values of {spec.target!r}{hint}")
