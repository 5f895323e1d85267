"""`evaluate`: joins the transform's scores with the held-out truth by id, and writes the model's quality.

Every held-out row must be scored exactly once and nothing else may be: a transform that lost or repeated rows is an
error here, not a slightly different accuracy.
"""

import logging
import math
from collections.abc import Set as AbstractSet
from pathlib import Path

import numpy as np

from chalicelib.core import container
from chalicelib.core.spec import PipelineSpec
from training.channels import read_json_lines, read_spec, write_object
from training.errors import ScoresError
from training.quality import measure
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
    scores, versions = _read_scores(settings.processing_input(container.SCORES))
    _compare(truth.keys(), scores.keys())
    positive = np.array([label == spec.positive_label for label, _ in truth.values()], np.bool_)
    ordered = np.array([scores[row] for row in truth], np.float64)
    groups = [group for _, group in truth.values()]
    quality = measure(positive, ordered, groups, labels=spec.labels) | {"model_versions": versions}
    write_object(settings.processing_output(container.EVALUATION) / container.EVALUATION_FILE, quality)
    for name in ("accuracy", "auc", "log_loss"):
        logger.info("test:%s=%s;", name, quality["binary_classification_metrics"][name]["value"])


def _read_truth(path: Path, spec: PipelineSpec) -> dict[str, tuple[str, str]]:
    """Return label and group by id; a row without a group is a group of its own."""
    truth: dict[str, tuple[str, str]] = {}
    for row in read_json_lines(path):
        try:
            key, label, group = str(row["id"]), row["label"], row["group"]
        except KeyError as error:
            raise ScoresError(f"{path.name}: a row lacks {error}") from error
        if label not in spec.labels or key in truth:
            raise ScoresError(f"{path.name}: row {key} has an unknown label or occurs twice")
        truth[key] = (label, f"group {group}" if group is not None else f"row {key}")
    if not truth:
        raise ScoresError("there are no held-out rows")
    return truth


def _read_scores(folder: Path) -> tuple[dict[str, float], list[str]]:
    """Return scores by id, and the model versions that gave them."""
    scores: dict[str, float] = {}
    versions = set[str]()
    for path in sorted(folder.rglob(SCORES_PATTERN)):
        for row in read_json_lines(path):
            key, score = row.get("id"), row.get("score")
            if key is None or isinstance(score, bool) or not isinstance(score, int | float):
                raise ScoresError(f"{path.name}: a line has no id or no score")
            if not (math.isfinite(score) and 0 <= score <= 1):
                raise ScoresError(f"{path.name}: the score of row {key} is no probability")
            if str(key) in scores:
                raise ScoresError(f"{path.name}: row {key} is scored twice")
            scores[str(key)] = float(score)
            versions.add(str(row.get("model_version", "")))
    return scores, sorted(versions)


def _compare(wanted: AbstractSet[str], given: AbstractSet[str]) -> None:
    """Refuse scores that are not those of the held-out rows."""
    for what, rows in (("without a score", wanted - given), ("scored but not held out", given - wanted)):
        if rows:
            raise ScoresError(f"{len(rows)} rows are {what}, among them {', '.join(sorted(rows)[:LISTED])}")
