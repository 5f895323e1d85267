"""Whether the rows that got a label are like the others of their window, by score, and what each stands for if not.

Labels seldom come for a sample: people correct what looks wrong. The largest distance of the two distribution functions
of the scores (Kolmogorov-Smirnov) is compared with what it would be if labels had come by chance: what each group of
rows adds to the difference is given a random sign (a wild bootstrap of clusters; Cameron, Gelbach and Miller 2008),
since rows of one group resemble each other and often get their labels together.

Where they differ, a labelled row stands for all rows in its cell of scores, so many as there are for each labelled one
(inverse probability weights, here post-strata: Holt and Smith 1979). A cell of many rows in which hardly any has a
label cannot be stood for. The price: that repairs what the score tells and no more. Rows that were labelled because
the model was wrong about them are taken for the usual ones of their score.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DRAWS = 2_000
LEAST_IN_CELL = 5  # labelled rows, for a cell to be stood for
NEGLIGIBLE = 0.01  # share of the window's rows that may be in cells that are not


def distance(table: Floats) -> float:
    """Return the largest distance of the distribution functions of labelled and other rows.

    ``table`` has shape (groups, 2, cells): how many rows without (0) and with a label (1) each group has in each cell.
    """
    others, labelled = table.sum(axis=0)
    difference = labelled / max(1, labelled.sum()) - others / max(1, others.sum())
    return float(np.abs(np.cumsum(difference)).max())


def chance(table: Floats, seed: int = 0) -> float:
    """Return the p-value of so much of a distance if labels came by chance; 1 if all rows have one, or none.

    ``table`` is as in `distance`.
    """
    totals = table.sum(axis=(0, 2))
    if not totals.all():
        return 1.0
    shares = table.sum(axis=(0, 1)) / totals.sum()
    beyond = table - table.sum(axis=2, keepdims=True) * shares
    of_group = beyond[:, 1] / totals[1] - beyond[:, 0] / totals[0]
    signs = np.random.default_rng(seed).integers(0, 2, (DRAWS, len(table))) * 2.0 - 1
    drawn = np.abs(np.cumsum(signs @ of_group, axis=1)).max(axis=1)
    return float(1 + np.count_nonzero(drawn >= distance(table) * (1 - 1e-12))) / (1 + DRAWS)


def weights(labelled: Ints, rows: Ints) -> tuple[Floats, float]:
    """Return for how many rows a labelled one of each cell stands, 0 if for none, and the share of rows left out.

    Parameters
    ----------
    labelled, rows
        How many labelled rows, and rows in all, are in each cell, shape (cells,).
    """
    usable = labelled >= LEAST_IN_CELL
    found = np.divide(rows, labelled, out=np.zeros(len(rows)), where=usable)
    return found, float(rows[~usable].sum() / max(1, rows.sum()))
