"""How far two sets of counts are apart, and how likely that is by chance where rows are independent of each other.

Both sides are samples: the baseline's own error counts in every p-value. Rows that come in groups are not reckoned with
here, and figures of which many are looked at only by `holm`. The price of counts in cells: what moves within a cell is
not seen but by the Kolmogorov-Smirnov distance, whose cells are a thousandth of the baseline.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

BINS = 10  # of a number, for the distances that look at shares; SageMaker's
LEAST_EXPECTED = 5.0  # of a cell, in the smaller sample: the usual rule of the chi-squared test (Cochran 1954)


def merge(cells: Ints, baseline: Ints, bins: int = BINS) -> Ints:
    """Return counts of cells in order as those of fewer bins, each with about an equal share of the baseline."""
    before = np.cumsum(baseline) - baseline / 2
    places = np.minimum(bins - 1, (before * bins / max(1, baseline.sum())).astype(np.int64))
    return np.bincount(places, cells, minlength=bins).astype(np.int64)


def population_stability(baseline: Ints, window: Ints) -> float:
    """Return the population stability index, ``sum of (q - p) * ln(q / p)``.

    Half a row is added to each cell of both sides, so that an empty cell is finite and rare cells weigh little.
    """
    return float(_stability(baseline, window))


def jensen_shannon(baseline: Ints, window: Ints) -> float:
    """Return the Jensen-Shannon distance: the root of the divergence to base 2, from 0 to 1 (Lin 1991)."""
    return float(_divergence(baseline, window) ** 0.5)


def kolmogorov_smirnov(baseline: Ints, window: Ints) -> tuple[float, float]:
    """Return the largest distance of the two distribution functions at the edges, and its asymptotic p-value.

    With ties the p-value is too large, never too small (Noether 1963).
    """
    distance = float(np.abs(np.cumsum(_shares(baseline)) - np.cumsum(_shares(window))).max())
    together = baseline.sum() * window.sum() / (baseline.sum() + window.sum())
    return distance, float(special.kolmogorov(distance * math.sqrt(together)))


def chi_squared(baseline: Ints, window: Ints) -> tuple[float, float]:
    """Return the statistic of the chi-squared test of two samples, and its p-value.

    Cells of which too few are expected in either sample are counted as one.
    """
    counts = np.stack([baseline, window]).astype(np.float64)
    smaller = counts.sum(axis=1).min() / counts.sum()
    rare = counts.sum(axis=0) * smaller < LEAST_EXPECTED
    counts = np.column_stack([counts[:, ~rare], counts[:, rare].sum(axis=1)])
    counts = counts[:, counts.sum(axis=0) > 0]
    if counts.shape[1] == 1:
        return 0.0, 1.0
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    statistic = float(((counts - expected) ** 2 / expected).sum())
    return statistic, float(special.chdtrc(counts.shape[1] - 1, statistic))


def presences(baseline: Ints, window: Ints) -> tuple[Floats, Floats, Floats]:
    """Return stability, Jensen-Shannon distance and p-value of chi-squared of many features that rows have or lack.

    Both have shape (features, 2): how many rows have and lack each. The p-value is 1 where fewer than `LEAST_EXPECTED`
    rows with or without the feature are expected in either sample.
    """
    one, other = baseline.astype(np.float64), window.astype(np.float64)
    rows, together = (one[:, 0] + one[:, 1], other[:, 0] + other[:, 1]), one + other
    product = rows[0] * rows[1] * together[:, 0] * together[:, 1]
    difference = one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]
    statistic = np.divide(difference**2 * sum(rows), product, where=product > 0, out=np.zeros(len(one)))
    expected = together.min(axis=1) * np.minimum(*rows) / np.maximum(1, sum(rows))
    chances = np.where(expected < LEAST_EXPECTED, 1.0, special.chdtrc(1, statistic))
    return _stability(baseline, window), _divergence(baseline, window) ** 0.5, chances


def holm(chances: Sequence[float] | Floats) -> list[float]:
    """Return p-values corrected for their number, so that any false one below a level is as rare as the level.

    Holm's (1979), which holds however the figures depend on each other. Benjamini and Hochberg's would bound the share
    of false ones among those found, but an alarm is one too many if any is false.
    """
    order = np.argsort(chances, kind="stable")
    factors = len(chances) - np.arange(len(chances))
    stepped = np.minimum(1.0, np.maximum.accumulate(np.asarray(chances, np.float64)[order] * factors))
    corrected = np.empty(len(chances))
    corrected[order] = stepped
    return [float(value) for value in corrected]


def _shares(counts: npt.NDArray[np.generic]) -> Floats:
    values: Floats = counts.astype(np.float64)
    values /= values.sum(axis=-1, keepdims=True)
    return values


def _stability(baseline: Ints, window: Ints) -> Floats:
    p, q = _shares(baseline + 0.5), _shares(window + 0.5)
    return np.asarray(((q - p) * np.log(q / p)).sum(axis=-1))


def _divergence(baseline: Ints, window: Ints) -> Floats:
    p, q = _shares(baseline), _shares(window)
    middle = (p + q) / 2
    divergence = (special.rel_entr(p, middle) + special.rel_entr(q, middle)).sum(axis=-1) / 2 / math.log(2)
    return np.asarray(np.maximum(0.0, divergence))
