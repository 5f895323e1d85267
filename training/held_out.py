"""The held-out rows and what a model said of them, read and joined by id.

Every held-out row must be scored exactly once and nothing else may be: a transform that lost or repeated rows is an
error here, not a slightly different accuracy. Labels are those that the server gave, by whatever threshold it has.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from chalicelib.core.spec import PipelineSpec
from training.channels import read_json_lines
from training.errors import ScoresError
from training.metrics import Bools, Floats
from training.resampled_metrics import of_labels, of_values
from training.resampling import Groups, Ints, Statistic
from training.rows import cluster, group_digest
from training.spool import Keys

SCORES_PATTERN = "*.out"
LISTED = 3  # ids named in an error


@dataclass(frozen=True)
class HeldOut:
    """The rows of the test side, in the order of the file; all arrays have shape (rows,).

    ``target`` is the number to be predicted, or 1 for the positive label. ``inputs`` are the digests of what the model
    reads of a row (None: `prepare` did not write them), ``group_keys`` those of the rows' groups, 0 where it has none.
    ``sources`` are the uploaded files, "" where it is not known.
    """

    spec: PipelineSpec
    ids: Sequence[str]
    target: Floats
    groups: Groups
    group_keys: Keys
    inputs: Keys | None
    sources: Sequence[str]

    @property
    def positive(self) -> Bools:
        """Which rows have the positive label."""
        return np.equal(self.target, 1)

    def take(self, places: Ints) -> "HeldOut":
        """Return the rows at these places."""
        listed = places.tolist()
        return HeldOut(
            self.spec,
            [self.ids[place] for place in listed],
            self.target[places],
            self.groups.take(places),
            self.group_keys[places],
            None if self.inputs is None else self.inputs[places],
            [self.sources[place] for place in listed],
        )

    def counts(self) -> dict[str, dict[str, int]]:
        """Count rows and groups of each label, for a regression of all."""
        spec = self.spec
        every = np.ones(len(self.ids), np.bool_)
        sides = (
            {"all": every} if spec.regression else dict(zip(spec.labels, (~self.positive, self.positive), strict=True))
        )
        return {
            name: {"rows": int(inside.sum()), "groups": len(np.unique(self.groups.of_row[inside]))}
            for name, inside in sides.items()
        }


@dataclass(frozen=True)
class Answers:
    """What a model said of the held-out rows, in their order: a probability or value, and what it called positive."""

    numbers: Floats
    called: Bools
    versions: Sequence[str]

    def take(self, places: Ints) -> "Answers":
        """Return the answers to the rows at these places."""
        return Answers(self.numbers[places], self.called[places], self.versions)


def statistics(held_out: HeldOut, answers: Answers, weights: Floats | None = None) -> dict[str, Statistic]:
    """Return the metrics of the answers by name; ``weights`` say how many rows each stands for, if not for itself."""
    if held_out.spec.regression:
        return of_values(held_out.target, answers.numbers, held_out.groups, weights)
    return of_labels(held_out.positive, answers.called, answers.numbers, held_out.groups, weights)


def read_held_out(path: Path, spec: PipelineSpec) -> HeldOut:
    """Read the truth that `prepare` wrote.

    Raises
    ------
    ScoresError
        If there is none, or a row lacks what it needs.
    """
    rows: dict[str, dict[str, Any]] = {}
    for row in read_json_lines(path):
        missing = {"id", "label", "group"} - row.keys()
        if missing:
            raise ScoresError(f"{path.name}: a row lacks {', '.join(sorted(missing))}")
        key, label = str(row["id"]), row["label"]
        known = _finite(label) if spec.regression else label in spec.labels
        if not known or key in rows:
            raise ScoresError(f"{path.name}: row {key} has an unknown label or occurs twice")
        rows[key] = row
    if not rows:
        raise ScoresError("there are no held-out rows")
    values = list(rows.values())
    groups = [row["group"] for row in values]
    inputs = [str(row.get("inputs") or "") for row in values]
    return HeldOut(
        spec,
        list(rows),
        np.array([row["label"] if spec.regression else row["label"] == spec.positive_label for row in values], float),
        Groups.of([cluster(key, group) for key, group in zip(rows, groups, strict=True)]),
        np.array([0 if group is None else group_digest(group) for group in groups], np.uint64),
        np.array([int(digest, 16) for digest in inputs], np.uint64) if all(inputs) else None,
        [str(row.get("source") or "") for row in values],
    )


def read_answers(folder: Path, held_out: HeldOut) -> Answers:
    """Read what a transform wrote of the held-out rows.

    Raises
    ------
    ScoresError
        If a row is not scored, scored twice or not held out, or an answer is none of the spec's.
    """
    answers: dict[str, tuple[float, bool]] = {}
    versions = set[str]()
    for path in sorted(folder.rglob(SCORES_PATTERN)):
        for row in read_json_lines(path):
            key = row.get("id")
            if key is None:
                raise ScoresError(f"{path.name}: a line has no id")
            if str(key) in answers:
                raise ScoresError(f"{path.name}: row {key} is scored twice")
            answers[str(key)] = _read_answer(row, held_out.spec, f"{path.name}: row {key}")
            versions.add(str(row.get("model_version", "")))
    wanted = set(held_out.ids)
    for what, rows in (
        ("without a score", wanted - answers.keys()),
        ("scored but not held out", answers.keys() - wanted),
    ):
        if rows:
            raise ScoresError(f"{len(rows)} rows are {what}, among them {', '.join(sorted(rows)[:LISTED])}")
    numbers, called = zip(*(answers[key] for key in held_out.ids), strict=True)
    return Answers(np.array(numbers, np.float64), np.array(called, np.bool_), sorted(versions))


def _read_answer(row: Mapping[str, Any], spec: PipelineSpec, where: str) -> tuple[float, bool]:
    number = row.get("value" if spec.regression else "score")
    if not _finite(number):
        raise ScoresError(f"{where} has no {'value' if spec.regression else 'score'} that is a number")
    if spec.regression:
        return float(number), False
    if not 0 <= number <= 1:
        raise ScoresError(f"{where} has a score that is no probability")
    if row.get("label") not in spec.labels:
        raise ScoresError(f"{where} has no label of the spec")
    return float(number), row["label"] == spec.positive_label


def _finite(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
