"""The cells into which a number falls, fixed once for a baseline, and how often a window's numbers fall into each.

A cell reaches from above one edge up to and with the next; edges are quantiles of the baseline, `CELLS` of them, and a
value that alone holds a cell's share of the rows has a cell of its own. So no cell but those of a single value holds
more than ``1 / CELLS`` of the baseline, and that bounds how much of a Kolmogorov-Smirnov distance is missed by looking
at the edges only: between two of them one distribution function rises by no more than that, and the other one does not
fall. The bound holds whatever the window is. The edges are stored; nothing is ever cut anew.

Counting sorts the numbers of a chunk, column by column, and looks the edges up in them, not each number in the edges:
a sort of a few thousand numbers within the processor's cache costs less than as many searches. The price: chunks are
copied, `CHUNK` rows at a time, and nothing is known of where within its cell a number lies.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CELLS = 1_024
CHUNK = 16_384


@dataclass(frozen=True)
class Counts:
    """How many of a column's values fall into each of its cells, shape (cells,), and how many are missing."""

    cells: Ints
    missing: int

    @property
    def present(self) -> int:
        """How many values there are."""
        return int(self.cells.sum())

    @property
    def rows(self) -> int:
        """How many rows were counted."""
        return self.present + self.missing


def find_edges(values: Floats) -> Floats:
    """Return the edges of numbers, increasing and at most ``2 * CELLS``; NaN is missing and does not count.

    A number's cell is the place of the first edge that is not below it; above the last edge is one cell more.
    """
    ordered = np.sort(values[~np.isnan(values)])
    if not len(ordered):
        return np.zeros(0)
    places = np.unique(np.ceil(np.arange(1, CELLS + 1) * len(ordered) / CELLS).astype(np.int64) - 1)
    quantiles = ordered[places]
    distinct, times = np.unique(quantiles, return_counts=True)
    # A value at several quantiles, or reached from one below it only across its own copies, is told from what is below.
    repeated = np.searchsorted(ordered, distinct, "right") - np.searchsorted(ordered, distinct, "left")
    heavy = distinct[(times > 1) | (repeated * CELLS >= len(ordered))]
    return np.unique(np.concatenate([distinct, np.nextafter(heavy, -np.inf)]))


def count(chunks: Iterable[Floats], edges: Sequence[Floats]) -> list[Counts]:
    """Count each column's numbers in one pass.

    Parameters
    ----------
    chunks
        Rows of any number at a time, each of shape (some rows, columns); NaN is missing.
    edges
        Those of each column.
    """
    below = [np.zeros(len(column) + 1, np.int64) for column in edges]
    rows = 0
    for chunk in chunks:
        for first in range(0, len(chunk), CHUNK):
            some = np.array(chunk[first : first + CHUNK].T, order="C")
            some.sort(axis=1)
            rows += some.shape[1]
            for column, ordered in enumerate(some):
                below[column][:-1] += np.searchsorted(ordered, edges[column], "right")
                below[column][-1] += np.searchsorted(ordered, np.nan)  # numbers come before NaN
    return [Counts(np.diff(column, prepend=0), rows - int(column[-1])) for column in below]


def cells_of(values: Floats, edges: Floats) -> Ints:
    """Return each number's cell; a missing one's is the number of cells."""
    return np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, "left"))
