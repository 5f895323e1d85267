"""`evaluate`: from the transform's scores and the held-out truth to what a gate and a person need to decide.

Writes `evaluation.json`, SageMaker's model-quality layout and beside it:

- ``comparison``: the challenger against the champion and the anchor, each where its scores are given;
- ``slices`` and ``sources``: the metrics by column and by uploaded file;
- ``alerts``: what is odd about the held-out rows;
- ``cross_validation`` of the recipe, where `train` had few rows;
- ``data``: how many rows `prepare` read and put on which side;

and `report.html`, the same for people. Only spec, truth and scores must be given: what else is not there is null or
empty in the result, and what a gate makes of that is its affair.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.core import container
from chalicelib.core.measures import METRICS
from training import alerts, slices
from training.artifact import METRICS as NOTES
from training.artifact import MODEL_FILE, read_archive
from training.channels import read_object, read_spec, write_object
from training.comparison import compare_roles
from training.held_out import read_answers, read_held_out
from training.learners import model
from training.learners.model import Loaded
from training.quality import measure
from training.report.page import render
from training.report.pages import write_page
from training.settings import Settings
from training.slices import Table, by_column, by_source

logger = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Evaluate the job's scores.

    Raises
    ------
    InputError
        If spec, truth or scores cannot be read, or do not belong together.
    ArtifactError
        If the model is given, and is not what was trained.
    """
    spec = read_spec(settings.processing_input(container.SPEC))
    held_out = read_held_out(settings.processing_input(container.TRUTH) / container.LABELS_FILE, spec)
    answers = read_answers(settings.processing_input(container.SCORES), held_out)
    given = _read_given(settings)
    features = settings.processing_input(container.TEST) / container.FEATURES_FILE
    tables = slices.read_table(features, held_out) if features.is_file() else list[Table]()
    evaluation = measure(held_out, answers) | {
        "comparison": compare_roles(settings, held_out, answers),
        "slices": by_column(held_out, answers, tables),
        "sources": by_source(held_out, answers),
        "alerts": alerts.find(held_out, given.notes.get("profile"), tables),
        "cross_validation": given.notes.get("cross_validation"),
        "data": given.summary,
    }
    out = settings.processing_output(container.EVALUATION)
    write_object(out / container.EVALUATION_FILE, evaluation)
    write_page(out / container.REPORT_FILE, render(evaluation, held_out, answers, given.loaded))
    measured = next(part for name, part in evaluation.items() if name.endswith("_metrics"))
    for name in METRICS[spec.task]:
        if measured[name]["value"] is not None:
            logger.info("test:%s=%s;", name, measured[name]["value"])


@dataclass(frozen=True)
class _Given:
    """What else a job may be given: the challenger, what `train` noted of it, and what `prepare` counted."""

    loaded: Loaded | None
    notes: Mapping[str, Any]
    summary: Mapping[str, Any] | None


_SUMMARY = ("rows", "labels", "target", "groups")  # of `prepare`'s summary, what is shown and judged


def _read_given(settings: Settings) -> _Given:
    archive = settings.processing_input(container.MODEL) / MODEL_FILE
    summary = settings.processing_input(container.SUMMARY) / container.SUMMARY_FILE
    files = read_archive(archive) if archive.is_file() else None
    counted = read_object(summary) if summary.is_file() else None
    return _Given(
        None if files is None else model.read(files),
        {} if files is None else files.json(NOTES),
        None if counted is None else {name: counted[name] for name in _SUMMARY if name in counted},
    )
