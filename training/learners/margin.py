"""The linear half of the model, as it is applied: n-grams to one margin and to where in the text it comes from.

The margin is ``weights . x / norm(x) + intercept`` over the distinct n-grams x of a text; ``norm(x)`` is the length of
its idf-weighted vector, but never below a floor. Boosting sees the margin and how it is spread: a review's verdict
weighs more at its end than in the middle, which no sum over a bag of words can know.

Rows are described one by one, in training as in service, so a text's numbers never depend on its neighbours.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from training.learners.ngrams import Features

Floats = npt.NDArray[np.float64]

PARTS = 5
EDGE = 30  # tokens
WINDOW = 20  # tokens
NAMES = (
    "margin",
    *(f"part_{part}" for part in range(PARTS)),
    "last",
    "first",
    "log_length",
    "highest",
    "lowest",
    "best_window",
    "worst_window",
    "positive_share",
    "spread",
    "sum",
    "absolute_sum",
)


@dataclass(frozen=True)
class Margin:
    """The linear model: per feature its weight and its squared idf, both shape (features,), and the intercept.

    ``floor`` is the least norm: a few words are weak evidence, and must not count like a whole review of them.
    """

    weights: npt.NDArray[np.float32]
    squares: npt.NDArray[np.float32]
    intercept: float
    floor: float

    def describe(self, found: "Features") -> Floats:
        """Return a text's numbers, as `NAMES` lists them.

        Parameters
        ----------
        found
            The text's located n-grams, shape (tokens, orders).
        """
        known = found >= 0
        ordered = np.sort(found[known])
        distinct = ordered[np.diff(ordered, prepend=-1) > 0]
        norm = max(float(np.sqrt(self.squares[distinct].sum(dtype=np.float64))), self.floor)
        margin = self.weights[distinct].sum(dtype=np.float64) / norm + self.intercept
        flow = (np.where(known, self.weights[found], 0.0).sum(axis=1, dtype=np.float64)) / norm
        return np.array([margin, *_spread(flow)])


def _spread(flow: Floats) -> list[float]:
    """Return how the margin runs through the text; ``flow`` is what starts at each token, shape (tokens,)."""
    n = len(flow)
    if n == 0:
        return [0.0] * (len(NAMES) - 1)
    run = np.concatenate([[0.0], np.cumsum(flow)])
    cuts = run[np.arange(PARTS + 1) * n // PARTS]
    width = min(WINDOW, n)
    windows = run[width:] - run[:-width]
    return [
        *np.diff(cuts),
        run[-1] - run[max(0, n - EDGE)],
        run[min(EDGE, n)],
        np.log1p(n),
        max(flow.max(), 0.0),
        min(flow.min(), 0.0),
        windows.max(),
        windows.min(),
        np.count_nonzero(flow > 0) / n,
        flow.std(),
        run[-1],
        np.abs(flow).sum(),
    ]
