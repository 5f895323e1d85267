"""Regression metrics of true and predicted values, each with optional row weights (a bootstrap is a reweighting).

Throughout, ``truth``, ``predicted`` and ``weights`` (the number of times a row counts) are of shape (rows,); errors are
in the target's unit, squared ones in its square.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Metric = Callable[[Floats, Floats, Floats | None], float]


def mae(truth: Floats, predicted: Floats, weights: Floats | None = None) -> float:
    """Return the mean absolute error."""
    return float(np.average(np.abs(predicted - truth), weights=weights))


def mse(truth: Floats, predicted: Floats, weights: Floats | None = None) -> float:
    """Return the mean squared error."""
    return float(np.average((predicted - truth) ** 2, weights=weights))


def rmse(truth: Floats, predicted: Floats, weights: Floats | None = None) -> float:
    """Return the root of the mean squared error."""
    return float(np.sqrt(mse(truth, predicted, weights)))


def r2(truth: Floats, predicted: Floats, weights: Floats | None = None) -> float:
    """Return the share of the variance that is explained: 1 is all, 0 what the mean does; NaN if there is none."""
    spread = float(np.average((truth - np.average(truth, weights=weights)) ** 2, weights=weights))
    return 1 - mse(truth, predicted, weights) / spread if spread > 0 else float("nan")


METRICS: dict[str, Metric] = {"mae": mae, "mse": mse, "rmse": rmse, "r2": r2}
