"""Model quality in the layout of SageMaker Model Monitor, with standard deviations from a bootstrap over groups.

The names of groups and metrics are those of its model-quality job for each kind of problem (developer guide, "Model
quality metrics"); log loss and Brier score are ours.

Rows of one group (one film's reviews) resemble each other, so whole groups are drawn: rows drawn alone would make the
metrics look surer than they are. The price: with few groups the deviation itself is rough.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from training import metrics, regression_metrics
from training.metrics import Bools, Confusion, Floats

VERSION = 0.0
CURVE_POINTS = 201
RESAMPLES = 200

Metric = Callable[[Floats | None], float]  # of the rows' weights; None: every row counts once


def measure_binary(
    positive: Bools, called: Bools, scores: Floats, groups: Sequence[str], *, labels: Sequence[str], seed: int = 0
) -> dict[str, Any]:
    """Return the model-quality JSON object of a binary classifier.

    Parameters
    ----------
    positive, called, scores
        Truth, whether the model called it positive, and its probability, shape (rows,), at least one row.
    groups
        What each row is drawn with, shape (rows,).
    labels
        Their names, the second is the positive one.
    """
    measured = _measure(
        _binary_metrics(positive, called, scores),
        groups,
        lambda weights: bool(weights[positive].sum() and weights[~positive].sum()),
        seed,
    )
    table = metrics.confusion(positive, called)
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
    return _document(groups) | {"binary_classification_metrics": measured}


def measure_regression(truth: Floats, predicted: Floats, groups: Sequence[str], *, seed: int = 0) -> dict[str, Any]:
    """Return the model-quality JSON object of a regression.

    Parameters
    ----------
    truth, predicted
        The target and its prediction, shape (rows,), at least one row.
    groups
        What each row is drawn with, shape (rows,).
    """
    bound = {name: partial(metric, truth, predicted) for name, metric in regression_metrics.METRICS.items()}
    measured = _measure(bound, groups, lambda weights: len(np.unique(truth[weights > 0])) > 1, seed)
    return _document(groups) | {"regression_metrics": measured}


def _binary_metrics(positive: Bools, called: Bools, scores: Floats) -> dict[str, Metric]:
    def of_table(read: Callable[[Confusion], float]) -> Metric:
        return lambda weights: read(metrics.confusion(positive, called, weights))

    return {
        "accuracy": of_table(lambda table: table.accuracy),
        "auc": partial(metrics.auc, positive, scores),
        "precision": of_table(lambda table: table.precision),
        "recall": of_table(lambda table: table.recall),
        "f1": of_table(lambda table: table.f1),
        "true_positive_rate": of_table(lambda table: table.recall),
        "true_negative_rate": of_table(lambda table: 1 - table.false_positive_rate),
        "false_positive_rate": of_table(lambda table: table.false_positive_rate),
        "false_negative_rate": of_table(lambda table: 1 - table.recall),
        "log_loss": partial(metrics.log_loss, positive, scores),
        "brier": partial(metrics.brier, positive, scores),
    }


def _document(groups: Sequence[str]) -> dict[str, Any]:
    return {"version": VERSION, "dataset": {"item_count": len(groups), "group_count": len(set(groups))}}


def _measure(
    bound: Mapping[str, Metric], groups: Sequence[str], usable: Callable[[Floats], bool], seed: int
) -> dict[str, Any]:
    """Return each metric with its standard deviation over resampled groups; unusable resamples are left out."""
    _, group_of = np.unique(np.array(groups, dtype=object).astype(str), return_inverse=True)
    count = int(group_of.max()) + 1
    random = np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {name: [] for name in bound}
    for _ in range(RESAMPLES if count > 1 else 0):
        times = np.bincount(random.integers(count, size=count), minlength=count)
        weights: npt.NDArray[np.float64] = times[group_of].astype(np.float64)
        if usable(weights):
            for name, metric in bound.items():
                drawn[name].append(metric(weights))
    return {
        name: {"value": _finite(metric(None)), "standard_deviation": _finite(_deviation(drawn[name]))}
        for name, metric in bound.items()
    }


def _deviation(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


def _finite(value: float) -> float | None:
    """Return a number that JSON can hold: what could not be measured is null, never 0."""
    return value if math.isfinite(value) else None
