"""How good a model's answers should be by its own word, before any label has come.

A calibrated score is the chance that the row is positive. So a row that is called positive is right with the chance of
its score, another with the rest, and the mean over a window is the accuracy to be expected (average confidence, see
Garg et al. 2022, "Leveraging unlabeled data to predict out-of-distribution performance"); a row counted as so much
positive, and the rest negative, gives the AUC in the same way (NannyML's confidence-based performance estimation).
Scores are taken as the learners calibrated them, and counted by the baseline's cells: two rows of one cell are a tie,
which costs the AUC less than half of the chance that two rows share a cell.

The price is an assumption: that a score still means what it did, so that only the mix of rows has changed. Where the
same rows have other labels than they used to (concept drift), this sees nothing. It is told, and decides nothing.
"""

import numpy as np

from training.metrics import Bools, Floats, auc
from training.monitor.edges import cells_of

ASSUMES = (
    "scores are still the chance of the positive label: where labels mean something else than they did (concept"
    " drift), nothing of it is seen here"
)


class Expected:
    """What was counted of the answers so far; ``edges`` are those of the baseline's scores."""

    def __init__(self, edges: Floats) -> None:
        self._edges = edges
        self._rows = np.zeros(len(edges) + 1)
        self._positive = np.zeros(len(edges) + 1)
        self._right = 0.0

    def add(self, scores: Floats, called: Bools) -> None:
        """Count answers: the positive label's chance, and whether it was called, both of shape (rows,)."""
        cells = cells_of(scores, self._edges)
        self._rows += np.bincount(cells, minlength=len(self._rows))
        self._positive += np.bincount(cells, scores, minlength=len(self._rows))
        self._right += float(np.where(called, scores, 1 - scores).sum())

    def metrics(self) -> dict[str, float]:
        """Return the metrics to be expected; none of no rows, NaN for an AUC of scores that are all 0 or all 1."""
        rows = float(self._rows.sum())
        if not rows:
            return {}
        cells = np.arange(len(self._rows), dtype=np.float64)
        positive = np.repeat([True, False], len(cells))
        masses = np.concatenate([self._positive, self._rows - self._positive])
        return {"accuracy": self._right / rows, "auc": auc(positive, np.tile(cells, 2), masses)}
