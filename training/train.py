"""`train`: fits the spec's learner to the prepared rows and writes the model's files.

Metrics are log lines ``name=value;`` (a metric definition's regular expression finds them) and `metrics.json` in the
model, with a profile of the rows and, where they are few, a cross-validation of the recipe. Data, spec and seed decide
every byte of the model.
"""

import logging

from chalicelib.core import container
from chalicelib.core.policies import SMALL_DATASET
from training.artifact import METRICS, SPEC, to_json, write_model
from training.channels import read_object, read_rows, read_spec
from training.cross_validation import cross_validate
from training.errors import HyperparameterError, RefusedDataError
from training.learners.model import DECISION
from training.learners.registry import find
from training.profile import describe
from training.settings import Settings
from training.threshold import THRESHOLD, Chosen, decide

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
    strings = {**spec.learner.hyperparameters, **_hyperparameters(settings)}
    fitted = fit(spec, train, validation, strings)
    chosen = decide(spec, [row.row.label for row in validation], fitted.held_out)
    measured = {**fitted.metrics, **({} if chosen is None else _shares(chosen))}
    for name, value in measured.items():
        logger.info("%s=%.6g;", name, value)
    every = [*train, *validation]
    notes = {
        "metrics": measured,
        "rows": {"train_rows": len(train), "validation_rows": len(validation)},
        "profile": describe(spec, every),
        "cross_validation": cross_validate(spec, fit, every, strings) if len(every) < SMALL_DATASET else None,
    }
    threshold = THRESHOLD if chosen is None else chosen.threshold
    write_model(
        settings.model,
        fitted.model.to_files()
        | ({} if spec.regression else {DECISION: to_json({"threshold": threshold})})
        | {SPEC: to_json(spec.to_dict()), METRICS: to_json(notes)},
    )
    logger.info("train.done files=%d", len(list(settings.model.iterdir())))


def _shares(chosen: Chosen) -> dict[str, float]:
    return {
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
