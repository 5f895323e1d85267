"""Whether scores are probabilities: of the rows that score 0.8, eight in ten should be positive."""

from typing import Any

import numpy as np

from training.metrics import Bools, Floats

BINS = 10


def measure(positive: Bools, scores: Floats) -> dict[str, Any]:
    """Return the mean score and the positive share by bins of the score, and the expected calibration error.

    The error is the mean distance of the two, weighted by the bins' rows (Naeini, Cooper and Hauskrecht 2015); the
    bins are tenths of the scores' range from 0 to 1, and those without rows are left out.
    """
    bin_of = np.minimum((scores * BINS).astype(np.int64), BINS - 1)
    rows = np.bincount(bin_of, minlength=BINS)
    filled = np.flatnonzero(rows)
    predicted = np.bincount(bin_of, scores, BINS)[filled] / rows[filled]
    observed = np.bincount(bin_of, positive, BINS)[filled] / rows[filled]
    bins = [
        {"rows": int(rows[place]), "predicted": float(mean), "observed": float(share)}
        for place, mean, share in zip(filled, predicted, observed, strict=True)
    ]
    return {"bins": bins, "expected_error": float(np.average(np.abs(predicted - observed), weights=rows[filled]))}
