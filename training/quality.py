"""Model quality in the layout of SageMaker Model Monitor, with deviations from a bootstrap over groups.

The names of groups and metrics are those of its model-quality job for each kind of problem (developer guide, "Model
quality metrics"); log loss, Brier score, calibration and the 95 % interval (`lower`, `upper`) are ours.
"""

import math
from collections.abc import Mapping
from typing import Any

from chalicelib.core.measures import ERRORS
from training import calibration, metrics
from training.held_out import Answers, HeldOut, statistics
from training.resampling import Estimate, estimate

VERSION = 0.0
CURVE_POINTS = 201
TAIL = 0.025  # beyond each end of an interval


def measure(held_out: HeldOut, answers: Answers) -> dict[str, Any]:
    """Return the model-quality JSON object of a model's answers to the held-out rows."""
    estimates = estimate(statistics(held_out, answers), held_out.groups)
    measured: dict[str, Any] = render(estimates)
    dataset = {
        "item_count": len(held_out.ids),
        "group_count": held_out.groups.count,
        "counts": held_out.counts(),
    }
    document: dict[str, Any] = {"version": VERSION, "dataset": dataset, "model_versions": list(answers.versions)}
    if held_out.spec.regression:
        return document | {"regression_metrics": measured}
    return document | {
        "binary_classification_metrics": measured | _details(held_out, answers),
        "calibration": calibration.measure(held_out.positive, answers.numbers),
    }


def render(estimates: Mapping[str, Estimate]) -> dict[str, Mapping[str, float | None]]:
    """Return metrics with their deviations and intervals, JSON-ready."""
    return {name: _render(name, one) for name, one in estimates.items()}


def finite(value: float) -> float | None:
    """Return a number that JSON can hold: what could not be measured is null, never 0."""
    return value if math.isfinite(value) else None


def _render(name: str, one: Estimate) -> Mapping[str, float | None]:
    """Return a metric; an interval ends where the metric does."""
    lower, upper = one.bounds(TAIL)
    if name in ERRORS:
        lower = max(lower, 0.0)
    elif name != "r2":
        lower, upper = max(lower, 0.0), min(upper, 1.0)
    known = math.isfinite(one.value) and math.isfinite(one.error)
    return {
        "value": finite(one.value),
        "standard_deviation": finite(one.error),
        "lower": lower if known else None,
        "upper": upper if known else None,
    }


def _details(held_out: HeldOut, answers: Answers) -> dict[str, Any]:
    """Return what else there is of a binary classifier: confusion matrix and curves."""
    positive, scores = held_out.positive, answers.numbers
    table = metrics.confusion(positive, answers.called)
    negative_label, positive_label = held_out.spec.labels
    false_rates, true_rates = metrics.roc_curve(positive, scores, CURVE_POINTS)
    precisions, recalls = metrics.precision_recall_curve(positive, scores, CURVE_POINTS)
    return {
        "confusion_matrix": {
            negative_label: {negative_label: int(table.true_negatives), positive_label: int(table.false_positives)},
            positive_label: {negative_label: int(table.false_negatives), positive_label: int(table.true_positives)},
        },
        "receiver_operating_characteristic_curve": {
            "false_positive_rates": false_rates.tolist(),
            "true_positive_rates": true_rates.tolist(),
        },
        "precision_recall_curve": {"precisions": precisions.tolist(), "recalls": recalls.tolist()},
    }
