"""Model quality in the layout of SageMaker Model Monitor, with standard deviations from a bootstrap over groups.

Rows of one group (one film's reviews) resemble each other, so whole groups are drawn: rows drawn alone would make the
metrics look surer than they are. The price: with few groups the deviation itself is rough.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from training import metrics
from training.metrics import Bools, Floats

VERSION = 0.0
CURVE_POINTS = 201
RESAMPLES = 200

Metric = Callable[[Bools, Floats, Floats | None], float]
METRICS: dict[str, Metric] = {
    "accuracy": lambda y, s, w: metrics.confusion(y, s, w).accuracy,
    "auc": metrics.auc,
    "precision": lambda y, s, w: metrics.confusion(y, s, w).precision,
    "recall": lambda y, s, w: metrics.confusion(y, s, w).recall,
    "f1": lambda y, s, w: metrics.confusion(y, s, w).f1,
    "true_positive_rate": lambda y, s, w: metrics.confusion(y, s, w).recall,
    "true_negative_rate": lambda y, s, w: 1 - metrics.confusion(y, s, w).false_positive_rate,
    "false_positive_rate": lambda y, s, w: metrics.confusion(y, s, w).false_positive_rate,
    "false_negative_rate": lambda y, s, w: 1 - metrics.confusion(y, s, w).recall,
    "log_loss": metrics.log_loss,
    "brier": metrics.brier,
}


def measure(
    positive: Bools, scores: Floats, groups: Sequence[str], *, labels: tuple[str, str], seed: int = 0
) -> dict[str, Any]:
    """Return the model-quality JSON object of a binary classifier.

    Parameters
    ----------
    positive, scores
        Truth and probability of the positive label, shape (rows,), at least one row.
    groups
        What each row is drawn with, shape (rows,).
    labels
        Their names, the second is the positive one.
    """
    deviations = _deviations(positive, scores, groups, seed)
    measured: dict[str, Any] = {
        name: {"value": _finite(metric(positive, scores, None)), "standard_deviation": _finite(deviations[name])}
        for name, metric in METRICS.items()
    }
    table = metrics.confusion(positive, scores)
    negative_label, positive_label = labels
    measured["confusion_matrix"] = {
        negative_label: {negative_label: int(table.true_negatives), positive_label: int(table.false_positives)},
        positive_label: {negative_label: int(table.false_negatives), positive_label: int(table.true_positives)},
    }
    false_rates, true_rates = metrics.roc_curve(positive, scores, CURVE_POINTS)
    measured["receiver_operating_characteristic_curve"] = {
        "false_positive_rates": false_rates.tolist(),
        "true_positive_rates": true_rates.tolist(),
    }
    precisions, recalls = metrics.precision_recall_curve(positive, scores, CURVE_POINTS)
    measured["precision_recall_curve"] = {"precisions": precisions.tolist(), "recalls": recalls.tolist()}
    return {
        "version": VERSION,
        "dataset": {"item_count": len(scores), "group_count": len(set(groups))},
        "binary_classification_metrics": measured,
    }


def _deviations(positive: Bools, scores: Floats, groups: Sequence[str], seed: int) -> dict[str, float]:
    """Return each metric's standard deviation over resampled groups; resamples without one label are left out."""
    _, group_of = np.unique(np.array(groups, dtype=object).astype(str), return_inverse=True)
    count = int(group_of.max()) + 1
    random = np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {name: [] for name in METRICS}
    for _ in range(RESAMPLES if count > 1 else 0):
        times = np.bincount(random.integers(count, size=count), minlength=count)
        weights: npt.NDArray[np.float64] = times[group_of].astype(np.float64)
        if weights[positive].sum() and weights[~positive].sum():
            for name, metric in METRICS.items():
                drawn[name].append(metric(positive, scores, weights))
    return {name: float(np.std(values, ddof=1)) if len(values) > 1 else math.nan for name, values in drawn.items()}


def _finite(value: float) -> float | None:
    """Return a number that JSON can hold: what could not be measured is null, never 0."""
    return value if math.isfinite(value) else None
