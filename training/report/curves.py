"""ROC and precision-recall curves with pointwise 95 % bands: the curves of resampled groups, read at fixed places."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from training.metrics import Bools, Floats
from training.resampling import Groups

RESAMPLES = 200
POINTS = 101
TAILS = (2.5, 97.5)  # percent
_Read = Callable[[Floats, Floats, Floats], Floats]  # of places, and true and false positives at falling thresholds


@dataclass(frozen=True)
class Curve:
    """A curve at evenly spaced places from 0 to 1, and its band; all have shape (points,)."""

    place: Floats
    value: Floats
    lower: Floats
    upper: Floats


def roc(positive: Bools, scores: Floats, groups: Groups) -> Curve:
    """Return the true positive rate by the false positive rate."""
    return _banded(positive, scores, groups, _true_rate)


def precision_recall(positive: Bools, scores: Floats, groups: Groups) -> Curve:
    """Return the precision by the recall."""
    return _banded(positive, scores, groups, _precision)


def _banded(positive: Bools, scores: Floats, groups: Groups, read: _Read) -> Curve:
    """Compute the curve of all rows and those of the draws; a draw without both labels has none."""
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)
    group_of, hit = groups.of_row[order], positive[order]
    place = np.linspace(0, 1, POINTS)

    def curve(weights: Floats) -> Floats:
        by_row = weights[group_of]
        return read(place, np.cumsum(by_row * hit)[ends], np.cumsum(by_row * ~hit)[ends])

    value = curve(np.ones(groups.count))
    drawn = [
        curve(weights)
        for block in groups.draws(RESAMPLES, seed=0)
        for weights in block
        if 0 < weights[group_of] @ hit < weights[group_of].sum()
    ]
    lower, upper = np.percentile([value, *drawn], TAILS, axis=0)
    return Curve(place, value, lower, upper)


def _true_rate(place: Floats, hits: Floats, alarms: Floats) -> Floats:
    """Return the highest true positive rate at no more than each false positive rate, between thresholds linear."""
    rate: Floats = np.interp(place, np.append(0.0, alarms / alarms[-1]), np.append(0.0, hits / hits[-1]))
    return rate


def _precision(place: Floats, hits: Floats, alarms: Floats) -> Floats:
    """Return the precision at the first threshold that reaches each recall: between thresholds it is not linear."""
    called = hits + alarms
    reached = np.searchsorted(hits / hits[-1], place * (1 - 1e-12), side="left")
    some = np.maximum(reached, np.argmax(called > 0))  # a draw may have no row at the highest scores
    precision: Floats = hits[some] / called[some]
    return precision
