"""`evaluate`: joins the transform's scores with the held-out truth by id, and writes the model's quality.

Every held-out row must be scored exactly once and nothing else may be: a transform that lost or repeated rows is an
error here, not a slightly different accuracy. Labels are those that the server gave, by whatever threshold it has.
"""

import logging
import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from chalicelib.core import container
from chalicelib.core.spec import PipelineSpec
from training.channels import read_json_lines, read_spec, write_object
from training.errors import ScoresError
from training.quality import measure_binary, measure_regression
from training.settings import Settings

SCORES_PATTERN = "*.out"
LISTED = 3  # ids named in an error

logger = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Evaluate the job's scores.

    Raises
    ------
    InputError
        If spec, truth or scores cannot be read, or do not belong together.
    """
    spec = read_spec(settings.processing_input(container.SPEC))
    truth = _read_truth(settings.processing_input(container.TRUTH) / container.LABELS_FILE, spec)
    answers, versions = _read_answers(settings.processing_input(container.SCORES), spec)
    _compare(truth.keys(), answers.keys())
    quality = _measure(spec, truth, [answers[row] for row in truth]) | {"model_versions": versions}
    write_object(settings.processing_output(container.EVALUATION) / container.EVALUATION_FILE, quality)
    measured = next(part for name, part in quality.items() if name.endswith("_metrics"))
    for name in ("accuracy", "auc", "log_loss", "rmse", "mae", "r2"):
        if name in measured:
            logger.info("test:%s=%s;", name, measured[name]["value"])


@dataclass(frozen=True)
class Answer:
    """What the model said of a row: a probability and the label it gave, or for a regression a value (no label)."""

    number: float
    label: str | None


def _measure(
    spec: PipelineSpec, truth: Mapping[str, tuple[str | float, str]], answers: Sequence[Answer]
) -> dict[str, Any]:
    """Return the model-quality object; ``answers`` are in the order of ``truth``."""
    groups = [group for _, group in truth.values()]
    numbers = np.array([answer.number for answer in answers], np.float64)
    if spec.regression:
        return measure_regression(np.array([label for label, _ in truth.values()], np.float64), numbers, groups)
    positive = np.array([label == spec.positive_label for label, _ in truth.values()], np.bool_)
    called = np.array([answer.label == spec.positive_label for answer in answers], np.bool_)
    return measure_binary(positive, called, numbers, groups, labels=spec.labels)


def _read_truth(path: Path, spec: PipelineSpec) -> dict[str, tuple[str | float, str]]:
    """Return label or number, and group, by id; a row without a group is a group of its own."""
    truth: dict[str, tuple[str | float, str]] = {}
    for row in read_json_lines(path):
        try:
            key, label, group = str(row["id"]), row["label"], row["group"]
        except KeyError as error:
            raise ScoresError(f"{path.name}: a row lacks {error}") from error
        known = _finite(label) if spec.regression else label in spec.labels
        if not known or key in truth:
            raise ScoresError(f"{path.name}: row {key} has an unknown label or occurs twice")
        truth[key] = (label, f"group {group}" if group is not None else f"row {key}")
    if not truth:
        raise ScoresError("there are no held-out rows")
    return truth


def _read_answers(folder: Path, spec: PipelineSpec) -> tuple[dict[str, Answer], list[str]]:
    """Return answers by id, and the model versions that gave them."""
    answers: dict[str, Answer] = {}
    versions = set[str]()
    for path in sorted(folder.rglob(SCORES_PATTERN)):
        for row in read_json_lines(path):
            key = row.get("id")
            if key is None:
                raise ScoresError(f"{path.name}: a line has no id")
            if str(key) in answers:
                raise ScoresError(f"{path.name}: row {key} is scored twice")
            answers[str(key)] = _read_answer(row, spec, f"{path.name}: row {key}")
            versions.add(str(row.get("model_version", "")))
    return answers, sorted(versions)


def _read_answer(row: Mapping[str, Any], spec: PipelineSpec, where: str) -> Answer:
    number = row.get("value" if spec.regression else "score")
    if not _finite(number):
        raise ScoresError(f"{where} has no {'value' if spec.regression else 'score'} that is a number")
    if spec.regression:
        return Answer(float(number), None)
    if not 0 <= number <= 1:
        raise ScoresError(f"{where} has a score that is no probability")
    if row.get("label") not in spec.labels:
        raise ScoresError(f"{where} has no label of the spec")
    return Answer(float(number), row["label"])


def _finite(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _compare(wanted: AbstractSet[str], given: AbstractSet[str]) -> None:
    """Refuse scores that are not those of the held-out rows."""
    for what, rows in (("without a score", wanted - given), ("scored but not held out", given - wanted)):
        if rows:
            raise ScoresError(f"{len(rows)} rows are {what}, among them {', '.join(sorted(rows)[:LISTED])}")
