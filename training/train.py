"""`train`: fits the spec's learner to the prepared rows and writes the model's files.

Metrics are log lines ``name=value;`` (a metric definition's regular expression finds them) and `metrics.json` in the
model. Data, spec and seed decide every byte of the model.
"""

import logging
from collections.abc import Sequence

import numpy as np

from chalicelib.core import container
from chalicelib.core.spec import PipelineSpec
from training.artifact import METRICS, SPEC, to_json, write_model
from training.channels import LabelledRow, read_object, read_rows, read_spec
from training.errors import HyperparameterError, RefusedDataError
from training.learners.fitted import Fitted
from training.learners.model import DECISION
from training.learners.registry import find
from training.settings import Settings
from training.threshold import THRESHOLD, choose

logger = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Train on the job's channels.

    Raises
    ------
    InputError
        If a channel, a hyperparameter or the data cannot be used.
    """
    spec = read_spec(settings.channel(container.SPEC))
    fit = find(spec.learner.name)
    train = read_rows(settings.channel(container.TRAIN), spec)
    validation = read_rows(settings.channel(container.VALIDATION), spec)
    if not train:
        raise RefusedDataError("there are no training rows")
    missing = set(spec.labels) - {row.row.label for row in train}
    if missing:
        raise RefusedDataError(f"no training row has the label {', '.join(sorted(missing))}: both labels are needed")
    logger.info("train.start learner=%s train=%d validation=%d", spec.learner.name, len(train), len(validation))
    fitted = fit(spec, train, validation, {**spec.learner.hyperparameters, **_hyperparameters(settings)})
    threshold, decided = _decide(spec, validation, fitted)
    measured = {**fitted.metrics, **decided}
    for name, value in measured.items():
        logger.info("%s=%.6g;", name, value)
    counts = {"train_rows": len(train), "validation_rows": len(validation)}
    write_model(
        settings.model,
        fitted.model.to_files()
        | ({} if spec.regression else {DECISION: to_json({"threshold": threshold})})
        | {SPEC: to_json(spec.to_dict()), METRICS: to_json({"metrics": measured, "rows": counts})},
    )
    logger.info("train.done files=%d", len(list(settings.model.iterdir())))


def _decide(spec: PipelineSpec, validation: Sequence[LabelledRow], fitted: Fitted) -> tuple[float, dict[str, float]]:
    """Return the threshold of the spec's decision target, and what it gives on the validation rows."""
    if spec.decision is None:
        return THRESHOLD, {}
    if fitted.held_out is None:
        logger.warning("train.undecided: without validation rows of both labels the threshold stays %s", THRESHOLD)
        return THRESHOLD, {}
    positive = np.array([row.row.label == spec.positive_label for row in validation], np.bool_)
    chosen = choose(positive, fitted.held_out, spec.decision)
    if not chosen.met:
        logger.warning("train.target_missed: no threshold gives the %s that is asked for", spec.decision.metric)
    return chosen.threshold, {
        "validation:threshold": chosen.threshold,
        "validation:precision": chosen.precision,
        "validation:recall": chosen.recall,
    }


def _hyperparameters(settings: Settings) -> dict[str, str]:
    """Return the job's hyperparameters; the file is SageMaker's and may be absent elsewhere."""
    if not settings.hyperparameters.exists():
        return {}
    values = read_object(settings.hyperparameters)
    for name, value in values.items():
        if not isinstance(value, str):
            raise HyperparameterError(f"hyperparameter {name!r} must be a string")
    return values
