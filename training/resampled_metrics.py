"""The metrics of labels and values as statistics of resampled groups (see `resampling`).

All but the AUC are ratios of sums over rows, hence of sums over groups. The AUC is counted anew for each draw, from
scores that are sorted once. ``weights`` say how many rows each row stands for, shape (rows,); without, it is one.
"""

import numpy as np
import numpy.typing as npt

from training.metrics import EPSILON, Bools, Floats
from training.resampling import Groups, Statistic

Values = npt.NDArray[np.generic]


def of_labels(
    positive: Bools, called: Bools, scores: Floats, groups: Groups, weights: Floats | None = None
) -> dict[str, Statistic]:
    """Return the metrics of a binary classifier by name.

    Parameters
    ----------
    positive, called, scores
        Truth, whether the model called it positive, and its probability, shape (rows,).
    """
    every = np.ones(len(positive)) if weights is None else weights
    truth = np.where(positive, scores, 1 - scores)
    right, found = every * (positive == called), every * (positive & called)
    positives, negatives, calls = every * positive, every * ~positive, every * called
    recall = _ratio(groups, found, positives)
    return {
        "accuracy": _ratio(groups, right, every),
        "auc": auc(positive, scores, groups, every),
        # What is never called is never called wrongly, nor ever rightly: 0, not unknown.
        "precision": _ratio(groups, found, calls, empty=0.0),
        "recall": recall,
        "f1": _ratio(groups, 2 * found, positives + calls, empty=0.0),
        "true_positive_rate": recall,
        "true_negative_rate": _ratio(groups, negatives * ~called, negatives),
        "false_positive_rate": _ratio(groups, negatives * called, negatives),
        "false_negative_rate": _ratio(groups, positives * ~called, positives),
        "log_loss": _ratio(groups, -np.log(np.clip(truth, EPSILON, 1)) * every, every),
        "brier": _ratio(groups, (scores - positive) ** 2 * every, every),
    }


def of_values(truth: Floats, predicted: Floats, groups: Groups, weights: Floats | None = None) -> dict[str, Statistic]:
    """Return the metrics of a regression by name; ``truth`` and ``predicted`` have shape (rows,)."""
    every = np.ones(len(truth)) if weights is None else weights
    squared = (predicted - truth) ** 2
    mse = _ratio(groups, squared * every, every)
    return {
        "mae": _ratio(groups, np.abs(predicted - truth) * every, every),
        "mse": mse,
        "rmse": lambda draws: np.sqrt(mse(draws)),
        "r2": _explained(truth, squared, groups, every),
    }


def gain(challenger: Statistic, other: Statistic, *, relative: bool) -> Statistic:
    """Return how much better one model's metric is on the same draws: a share's difference, or the part of an error."""

    def of_both(weights: Floats) -> Floats:
        ours, theirs = challenger(weights), other(weights)
        return _divide(theirs - ours, theirs) if relative else ours - theirs

    return of_both


def _ratio(groups: Groups, top: Values, bottom: Values, empty: float = np.nan) -> Statistic:
    tops, bottoms = groups.sums(top), groups.sums(bottom)
    return lambda weights: _divide(weights @ tops, weights @ bottoms, empty)


def _explained(truth: Floats, squared: Floats, groups: Groups, every: Floats) -> Statistic:
    """Return R²: one less the share of the variance around the draw's own mean that is left."""
    centred = truth - truth.mean()  # else the variance is a small difference of large sums
    parts = (every, every * centred, every * centred**2, every * squared)
    sums = np.stack([groups.sums(part) for part in parts], axis=1)

    def of(weights: Floats) -> Floats:
        rows, first, second, left = (weights @ sums).T
        spread = second - first**2 / rows
        return 1 - _divide(left, np.where(spread > 1e-12 * second, spread, 0.0))

    return of


def auc(positive: Bools, scores: Floats, groups: Groups, every: Floats) -> Statistic:
    """Return the chance that a positive row scores above a negative one, ties half; NaN without both."""
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=-1.0))
    group_of = groups.of_row[order]
    of_positive, of_negative = (every * positive)[order], (every * ~positive)[order]

    def of(weights: Floats) -> Floats:
        by_row = weights[:, group_of]
        positives = np.add.reduceat(by_row * of_positive, starts, axis=1)
        negatives = np.add.reduceat(by_row * of_negative, starts, axis=1)
        below = np.cumsum(negatives, axis=1) - negatives / 2
        return _divide((positives * below).sum(axis=1), positives.sum(axis=1) * negatives.sum(axis=1))

    return of


def _divide(top: Floats, bottom: Floats, empty: float = np.nan) -> Floats:
    return np.divide(top, bottom, out=np.full_like(top, empty), where=bottom > 0)
