"""How a number is distributed in baseline and window, for a plot: from counts by cell, and so from no value of a row.

Between two edges values are taken for evenly spread, which with a thousand cells cannot be seen. A number of few
distinct values has a bin for each of them.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from training.monitor.edges import Counts

Floats = npt.NDArray[np.float64]

BINS = 30
TAIL = 0.005  # of the baseline, on each side: put into the outermost bins


class Histogram(NamedTuple):
    """Shares of the values between ``ends``, shape (bins + 1,), of baseline and window, shape (bins,)."""

    ends: Floats
    before: Floats
    now: Floats


def histogram(edges: Floats, before: Counts, now: Counts) -> Histogram | None:
    """Return a number's distributions; None if one side has no value."""
    if not len(edges) or not before.present or not now.present:
        return None
    ends = _ends(edges, before)
    return Histogram(ends, _shares(ends, edges, before), _shares(ends, edges, now))


def _ends(edges: Floats, counts: Counts) -> Floats:
    repeated = np.isin(np.nextafter(edges, np.inf), edges)  # the edge just below a frequent value
    distinct = edges[~repeated]
    if len(distinct) <= BINS:
        gaps = np.diff(distinct) if len(distinct) > 1 else np.ones(1)
        middles = distinct[:-1] + np.diff(distinct) / 2
        return np.concatenate([[distinct[0] - gaps[0] / 2], middles, [distinct[-1] + gaps[-1] / 2]])
    reached = np.cumsum(counts.cells)[:-1] / counts.present
    first, last = np.searchsorted(reached, [TAIL, 1 - TAIL])
    return np.linspace(edges[first], edges[min(last, len(edges) - 1)], BINS + 1)


def _shares(ends: Floats, edges: Floats, counts: Counts) -> Floats:
    reached = np.interp(ends, edges, np.cumsum(counts.cells)[:-1] / counts.present)
    reached[0], reached[-1] = 0.0, 1.0
    return np.diff(reached)
