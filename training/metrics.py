"""Binary classification metrics of labels and scores, each with optional row weights (a bootstrap is a reweighting).

Throughout, ``positive`` is a boolean array, ``scores`` the probability of the positive label and ``weights`` the number
of times a row counts, all of shape (rows,). ``called`` are the rows that the model called positive.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
EPSILON = 1e-15  # keeps the log loss of a certain error finite


@dataclass(frozen=True)
class Confusion:
    """Weighted counts of what was called, and is."""

    true_positives: float
    false_positives: float
    false_negatives: float
    true_negatives: float

    @property
    def accuracy(self) -> float:
        """The share of rows called right."""
        right = self.true_positives + self.true_negatives
        return right / (right + self.false_positives + self.false_negatives)

    @property
    def precision(self) -> float:
        """The share of rows called positive that are, 0 if none is called so."""
        return _share(self.true_positives, self.false_positives)

    @property
    def recall(self) -> float:
        """The share of positive rows that are called so, 0 if there is none."""
        return _share(self.true_positives, self.false_negatives)

    @property
    def false_positive_rate(self) -> float:
        """The share of negative rows that are called positive, 0 if there is none."""
        return _share(self.false_positives, self.true_negatives)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall, 0 if both are."""
        return _share(2 * self.true_positives, self.false_positives + self.false_negatives)


def confusion(positive: Bools, called: Bools, weights: Floats | None = None) -> Confusion:
    """Return the confusion matrix."""
    w = np.ones(len(called)) if weights is None else weights
    return Confusion(
        float(w[positive & called].sum()),
        float(w[~positive & called].sum()),
        float(w[positive & ~called].sum()),
        float(w[~positive & ~called].sum()),
    )


def auc(positive: Bools, scores: Floats, weights: Floats | None = None) -> float:
    """Return the area under the ROC curve: the chance that a positive row scores above a negative one, ties half.

    NaN if one of the two is missing.
    """
    w = np.ones(len(scores)) if weights is None else weights
    _, place = np.unique(scores, return_inverse=True)
    of_positive = np.bincount(place, w * positive)
    of_negative = np.bincount(place, w * ~positive)
    pairs = of_positive.sum() * of_negative.sum()
    if pairs == 0:
        return float("nan")
    below = np.cumsum(of_negative) - of_negative
    return float((of_positive * (below + of_negative / 2)).sum() / pairs)


def log_loss(positive: Bools, scores: Floats, weights: Floats | None = None) -> float:
    """Return the mean negative log-likelihood, in nats."""
    p = np.clip(np.where(positive, scores, 1 - scores), EPSILON, 1)
    return float(np.average(-np.log(p), weights=weights))


def brier(positive: Bools, scores: Floats, weights: Floats | None = None) -> float:
    """Return the mean squared difference of score and truth."""
    return float(np.average((scores - positive) ** 2, weights=weights))


def roc_curve(positive: Bools, scores: Floats, points: int) -> tuple[Floats, Floats]:
    """Return false and true positive rates at no more than so many thresholds, from (0, 0) to (1, 1)."""
    hits, calls = _thinned(positive, scores, points)
    return (calls - hits) / max(1, int((~positive).sum())), hits / max(1, int(positive.sum()))


def precision_recall_curve(positive: Bools, scores: Floats, points: int) -> tuple[Floats, Floats]:
    """Return precision and recall at no more than so many thresholds, by rising recall; precision starts at 1."""
    hits, calls = _thinned(positive, scores, points)
    precision = np.where(calls > 0, hits / np.maximum(calls, 1), 1.0)
    return precision, hits / max(1, int(positive.sum()))


def cumulative(positive: Bools, scores: Floats) -> tuple[Floats, Floats, Floats]:
    """Return every distinct score as a threshold, falling, with the true positives and all calls from it upwards."""
    order = np.argsort(-scores, kind="stable")
    distinct = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)
    return scores[order][distinct], np.cumsum(positive[order])[distinct].astype(np.float64), distinct + 1.0


def _thinned(positive: Bools, scores: Floats, points: int) -> tuple[Floats, Floats]:
    """Return true positives and all calls at falling thresholds, thinned out evenly, from no call to all."""
    _, some_hits, some_calls = cumulative(positive, scores)
    hits, calls = np.append(0.0, some_hits), np.append(0.0, some_calls)
    kept = np.unique(np.linspace(0, len(calls) - 1, points).round().astype(np.int64))
    return hits[kept], calls[kept]


def _share(part: float, rest: float) -> float:
    return part / (part + rest) if part + rest else 0.0
