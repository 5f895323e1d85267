"""What came of all files together, and whether a model can be made of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chalicelib.core.spec import PipelineSpec
from training.errors import RefusedDataError
from training.quarantine import Quarantine
from training.rows import SIDES, Side, content_digest
from training.spool import Keys, Spool

MIN_TRAIN_ROWS = 2  # of each label: the fewest that can be learnt from while one is held out


@dataclass(frozen=True)
class Tally:
    """The digests of all distinct rows, how many were left out and why, and the rows of each side."""

    rows: Keys
    duplicates: int
    leaked: int
    quarantines: Sequence[Quarantine]
    spools: Mapping[Side, Spool]

    def labels(self, spec: PipelineSpec, side: Side) -> Mapping[str, int]:
        """Count a side's rows by label."""
        counts = np.bincount(self.spools[side].targets.astype(np.int64), minlength=len(spec.labels))
        return dict(zip(spec.labels, counts.tolist(), strict=True))

    def numbers(self, side: Side) -> tuple[float, ...]:
        """Return the lowest and the highest target of a side's rows; nothing if it has none."""
        targets = self.spools[side].targets
        return (float(targets.min()), float(targets.max())) if len(targets) else ()

    def summary(self, spec: PipelineSpec) -> dict[str, object]:
        """Return what `summary.json` says."""
        rejected = sum(quarantine.rejected for quarantine in self.quarantines)
        return self._targets(spec) | {
            "content_digest": content_digest(self.rows),
            "rows": {
                "read": sum(quarantine.read for quarantine in self.quarantines),
                "rejected": rejected,
                "duplicates": self.duplicates,
                "leaked": self.leaked,
            }
            | {side: len(self.spools[side].ids) for side in SIDES},
            "rejected": [
                {"file": quarantine.file, **finding.to_dict()}
                for quarantine in self.quarantines
                for finding in quarantine.findings()
            ],
            "groups": {side: len(self.spools[side].groups) for side in SIDES},
            "split": {"salt": spec.split.salt, "validation": spec.split.validation, "test": spec.split.test},
        }

    def _targets(self, spec: PipelineSpec) -> dict[str, object]:
        """Return how often each label occurs, or between which numbers a regression's target lies."""
        if spec.regression:
            return {"target": {side: list(self.numbers(side)) for side in SIDES}}
        return {"labels": {side: self.labels(spec, side) for side in SIDES}}


def check(spec: PipelineSpec, tally: Tally) -> None:
    """Refuse data that no model can be trained or tested on.

    Raises
    ------
    RefusedDataError
        If a label has no row, none to test on, or too few to learn from; of a regression, if all targets are equal.
    """
    groups = sum(len(tally.spools[side].groups) for side in SIDES)
    copies = f" and {tally.duplicates:,} copies of them" if tally.duplicates else ""
    hint = f" ({len(tally.rows):,} distinct rows{copies}, in {groups:,} groups; rows of one group stay on one side)"
    if spec.regression:
        _check_numbers(spec, tally, hint)
    else:
        _check_labels(spec, tally, hint)


def _check_labels(spec: PipelineSpec, tally: Tally, hint: str) -> None:
    labels = {side: tally.labels(spec, side) for side in SIDES}
    for label in spec.labels:
        if not any(labels[side][label] for side in SIDES):
            raise RefusedDataError(f"no row has the label {label!r}: both labels are needed")
    for label in spec.labels:
        if labels["train"][label] < MIN_TRAIN_ROWS:
            raise RefusedDataError(
                f"fewer than {MIN_TRAIN_ROWS} training rows have the label {label!r}{hint}: add rows"
            )
        if not labels["test"][label]:
            raise RefusedDataError(f"no held-out test row has the label {label!r}{hint}: add rows")


def _check_numbers(spec: PipelineSpec, tally: Tally, hint: str) -> None:
    sides: tuple[tuple[Side, str], ...] = (("train", "training"), ("test", "held-out test"))
    for side, name in sides:
        if len(set(tally.numbers(side))) < 2:  # noqa: PLR2004 - the lowest and the highest are the same, or there is none
            raise RefusedDataError(f"the {name} rows hold no two values of {spec.target!r}{hint}: add rows")
