"""What each uploaded file contributes, and whether its labels are of another kind than those of the others.

A file's mean target (of two labels the share of the positive one) is compared with that of all other rows. Rows of one
group resemble each other, so residuals are summed by group before they are squared, as in a cluster sample (Cochran
1977, 9A.1; a group in both makes the test more careful than it need be). The file that differs most is taken away
before the rest are compared, so that one bad file does not make the good ones look odd, and as many files are compared
as there are, so p-values are judged by Holm's steps (1979). An alert needs significance and a difference worth a look.

It stops nothing: of two files nobody can say which is the odd one. This sees labels flipped one way and files of
another kind. It cannot see as many flips one way as the other where labels are even, nor a trigger word on a few rows:
for these `evaluate` judges the held-out rows of each source apart.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from training.spool import Counts, Floats
from training.tally import Tally

SIGNIFICANCE = 0.001  # odds of an alert in a dataset version whose files are all alike
DIFFERENCE = 0.1  # in standard deviations of the target: of two even labels, 5 rows in 100
MIN_GROUPS = 30  # on either side: below, the mean is not yet distributed normally
MAX_ALERTS = 10  # a dataset version with more odd files than these has no usual ones

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Shift:
    """The mean target of one file's rows and of all others', and how likely so much of a difference is by chance."""

    own: float
    others: float
    p: float

    @property
    def difference(self) -> float:
        """How much larger the file's mean is."""
        return self.own - self.others


def describe_sources(tally: Tally) -> dict[str, Any]:
    """Return what came from each file, and the alerts; rows that are in several files belong to the first."""
    spools = tally.spools.values()
    sources = np.concatenate([spool.sources for spool in spools])
    targets = np.concatenate([spool.targets for spool in spools])
    groups = np.concatenate([np.where(spool.groups == 0, spool.ids, spool.groups) for spool in spools])
    _, group_of = np.unique(groups, return_inverse=True)
    described = []
    for place, quarantine in enumerate(tally.quarantines):
        own = targets[sources == place]
        counts = {"read": quarantine.read, "rejected": quarantine.rejected, "rows": len(own)}
        described.append({"file": quarantine.file, **counts, **_distribution(tally, own)})
    alerts = [
        {"kind": "target_shift", "file": tally.quarantines[place].file, "mean": shift.own, "others": shift.others}
        for place, shift in find_shifts(targets, group_of, sources, len(described)).items()
    ]
    return {"sources": described, "alerts": alerts}


def _distribution(tally: Tally, targets: Floats) -> dict[str, object]:
    if tally.spec.regression:
        return {"mean": float(targets.mean()), "deviation": float(targets.std())} if len(targets) else {}
    counts = np.bincount(targets.astype(np.int64), minlength=len(tally.spec.labels)).tolist()
    return {"labels": dict(zip(tally.spec.labels, counts, strict=True))}


def find_shifts(targets: Floats, group_of: Ints, sources: Counts, count: int) -> dict[int, Shift]:
    """Return the files, by number, whose mean target is significantly another, the most different first.

    Parameters
    ----------
    targets
        Each row's number, shape (rows,).
    group_of
        The place of each row's group, shape (rows,).
    sources
        The number of each row's file, below ``count``, shape (rows,).
    """
    found = dict[int, Shift]()
    left, worth = np.ones(len(targets), np.bool_), DIFFERENCE * targets.std() if len(targets) else 0
    while len(found) < MAX_ALERTS:
        others = [place for place in range(count) if place not in found]
        shifts = {place: compare(targets[left], group_of[left], sources[left] == place) for place in others}
        judged = {place: shift for place, shift in shifts.items() if shift and abs(shift.difference) >= worth}
        oddest = min(judged, key=lambda place: (judged[place].p, -abs(judged[place].difference)), default=None)
        if oddest is None or judged[oddest].p * len(others) > SIGNIFICANCE:
            break
        found[oddest] = judged[oddest]
        left &= sources != oddest
    return found


def compare(targets: Floats, group_of: Ints, own: Bools) -> Shift | None:
    """Compare the rows that are ``own`` with the others; None if either are in fewer than `MIN_GROUPS` groups.

    ``own`` are the rows to compare, shape (rows,), and the others are of the same shape, as in `find_shifts`.
    """
    means, variance = list[float](), 0.0
    for side in (own, ~own):
        groups = np.count_nonzero(np.bincount(group_of[side]))
        if groups < MIN_GROUPS:
            return None
        means.append(float(targets[side].mean()))
        residuals = np.bincount(group_of[side], targets[side] - means[-1])
        variance += groups / (groups - 1) * float(residuals @ residuals) / int(side.sum()) ** 2
    difference = abs(means[0] - means[1])
    # Both sides of one value each: no spread, so that any difference is one.
    p = math.erfc(difference / math.sqrt(2 * variance)) if variance else float(difference == 0)
    return Shift(means[0], means[1], p)
