"""What came of all files together, and whether a model can be made of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chalicelib.core.spec import PipelineSpec
from training.errors import RefusedDataError
from training.quarantine import Quarantine
from training.rows import SIDES, Side, content_digest
from training.sides import Settled
from training.spool import Keys, Spool, distinct

MIN_TRAIN_ROWS = 2  # of each label: the fewest that can be learnt from while one is held out


@dataclass(frozen=True)
class Tally:
    """What was read of each file, and, settled, the rows of each side."""

    spec: PipelineSpec
    quarantines: Sequence[Quarantine]
    settled: Settled
    spools: Mapping[Side, Spool]

    def labels(self, side: Side) -> Mapping[str, int]:
        """Count a side's rows by label."""
        counts = np.bincount(self.spools[side].targets.astype(np.int64), minlength=len(self.spec.labels))
        return dict(zip(self.spec.labels, counts.tolist(), strict=True))

    def label_groups(self, side: Side) -> Mapping[str, int]:
        """Count the groups that a side's rows of each label are in; a row without a group is a group of its own."""
        targets, groups = self.spools[side].targets, self.spools[side].groups
        return {label: count_groups(groups[targets == place]) for place, label in enumerate(self.spec.labels)}

    def numbers(self, side: Side) -> tuple[float, ...]:
        """Return the lowest and the highest target of a side's rows; nothing if it has none."""
        targets = self.spools[side].targets
        return (float(targets.min()), float(targets.max())) if len(targets) else ()

    def summary(self) -> dict[str, object]:
        """Return what `summary.json` says of the rows."""
        return self._targets() | {
            "content_digest": content_digest(self.settled.rows),
            "rows": count_rows(self.quarantines)
            | {
                "duplicates": self.settled.duplicates,
                "leaked": self.settled.leaked,
                "left_out": self.settled.left_out,
            }
            | {side: len(self.spools[side]) for side in SIDES},
            "groups": {side: count_groups(self.spools[side].groups) for side in SIDES},
            "split": {
                "salt": self.spec.split.salt,
                "validation": self.spec.split.validation,
                "test": self.spec.split.test,
            },
        }

    def _targets(self) -> dict[str, object]:
        """Return how often each label occurs, or between which numbers a regression's target lies."""
        if self.spec.regression:
            return {"target": {side: list(self.numbers(side)) for side in SIDES}}
        return {
            "labels": {side: self.labels(side) for side in SIDES},
            "label_groups": {side: self.label_groups(side) for side in SIDES},
        }


def count_rows(quarantines: Sequence[Quarantine]) -> dict[str, int]:
    """Count the rows of all files that were read, and those set aside."""
    return {
        "read": sum(quarantine.read for quarantine in quarantines),
        "rejected": sum(quarantine.rejected for quarantine in quarantines),
    }


def list_rejected(quarantines: Sequence[Quarantine]) -> list[dict[str, object]]:
    """Return what was wrong with the rows set aside, by file."""
    return [
        {"file": quarantine.file, **finding.to_dict()}
        for quarantine in quarantines
        for finding in quarantine.findings()
    ]


def count_groups(groups: Keys) -> int:
    """Count the groups of rows; a row without one (0) is a group of its own."""
    return int(np.count_nonzero(groups == 0)) + len(distinct(groups[groups != 0]))


def check(tally: Tally) -> None:
    """Refuse data that no model can be trained or tested on.

    Raises
    ------
    RefusedDataError
        If there is no file; if a label has no row, none to test on, or too few to learn from; of a regression, if all
        targets are equal.
    """
    if not tally.quarantines:
        raise RefusedDataError("there is no file to prepare")
    copies = f" and {tally.settled.duplicates:,} copies of them" if tally.settled.duplicates else ""
    groups = sum(count_groups(spool.groups) for spool in tally.spools.values())
    rows = f"{len(tally.settled.rows):,} distinct rows{copies}, in {groups:,} groups"
    hint = f" ({rows}; rows of one group stay on one side)"
    if tally.spec.regression:
        _check_numbers(tally, hint)
    else:
        _check_labels(tally, hint)


def _check_labels(tally: Tally, hint: str) -> None:
    labels = {side: tally.labels(side) for side in SIDES}
    for label in tally.spec.labels:
        if not any(labels[side][label] for side in SIDES):
            raise RefusedDataError(f"no row has the label {label!r}: both labels are needed")
    for label in tally.spec.labels:
        if labels["train"][label] < MIN_TRAIN_ROWS:
            raise RefusedDataError(
                f"fewer than {MIN_TRAIN_ROWS} training rows have the label {label!r}{hint}: add rows"
            )
        if not labels["test"][label]:
            raise RefusedDataError(f"no held-out test row has the label {label!r}{hint}: add rows")


def _check_numbers(tally: Tally, hint: str) -> None:
    sides: tuple[tuple[Side, str], ...] = (("train", "training"), ("test", "held-out test"))
    for side, name in sides:
        if len(set(tally.numbers(side))) < 2:  # noqa: PLR2004 - the lowest and the highest are the same, or there is none
            raise RefusedDataError(f"the {name} rows hold no two values of {tally.spec.target!r}{hint}: add rows")
