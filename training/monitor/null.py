"""How much a window differs from a baseline where nothing has drifted: by dealing the groups of both anew.

What is compared are shares: of the rows that fall into a cell, or hold a word. A draw takes groups out of all rows of
baseline and window, makes a window of them as the real one is, and a baseline of the groups that are left; so the error
of the baseline, which is itself only a sample, counts as the window's does. *As the real one* means in groups of the
same sizes: each is given a group at random that has as many rows, cut to that size. Rows of one group resemble each
other, so a window of a few whole groups differs much more by chance than one of as many single rows; tests that take
rows for independent alarm every time there. A permutation test of groups (Good 2005, chapter 3), exact where window and
baseline come in groups alike; else both sides are centred on their means over all draws, since then the groups that can
be taken are not quite like the others.

No group is on both sides of a draw. Drawing with replacement was tried: a word that is all over one film, and nowhere
else, then never differs as much as it does where that film is in the window, and large windows alarmed too often
(docs/decisions/0010). Nor can the baseline alone be drawn from: it does not have that film.

Prices. What is cut off a group is left out, so a window of single rows of many groups leaves a smaller baseline, and
chance is overrated. A window that has drifted shares its drift with what it is compared with, by its share of all rows.
Groups are what the caller says they are: rows that resemble each other beyond them are not reckoned with.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from training.resampling import Groups

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

DRAWS = 500
TOGETHER = 100  # draws whose baselines are summed at once


@dataclass(frozen=True)
class Null:
    """The baseline's rows, ``features`` of shape (rows, features), all 0 or 1, and the groups they came in."""

    features: sparse.csr_matrix
    groups: Groups
    draws: int = DRAWS
    seed: int = 0

    @cached_property
    def shares(self) -> Floats:
        """The share of rows with each feature, shape (features,)."""
        return np.bincount(self.features.indices, minlength=self.features.shape[1]) / self.features.shape[0]

    @cached_property
    def typical_group(self) -> int:
        """How many rows the group of a row has, on average over rows."""
        sizes = np.bincount(self.groups.of_row)
        return max(1, round(float((sizes**2).sum() / sizes.sum())))

    def differences(self, window: sparse.csr_matrix, groups: Groups, shrink: float = 1.0) -> Singles:
        """Return how the shares of windows like this one differ from the baseline's, shape (draws, features).

        Parameters
        ----------
        window
            The window's rows as features, or a sample of its groups.
        groups
            Those of its rows.
        shrink
            By how much a window's deviation is smaller than that of the sample: the root of its share of the rows.
        """
        deal = _Deal.of(
            sparse.vstack([self.features, window], "csr"),
            np.concatenate([self.groups.of_row, groups.of_row + self.groups.count]),
        )
        sizes = np.bincount(groups.of_row, minlength=groups.count)
        random = np.random.default_rng(self.seed)
        windows = np.empty((self.draws, self.features.shape[1]), np.float32)
        baselines = np.empty_like(windows)
        for first in range(0, self.draws, TOGETHER):
            some = slice(first, min(first + TOGETHER, self.draws))
            left = np.ones((deal.groups, some.stop - some.start), np.float32)
            for place, draw in enumerate(windows[some]):
                taken = np.concatenate([*deal.take(sizes, random)])
                left[taken, place] = 0
                draw[:] = deal.share(taken, np.sort(sizes)[::-1], random)
            baselines[some] = deal.shares(left)
        windows -= windows.mean(axis=0)
        windows *= shrink
        baselines -= baselines.mean(axis=0)
        windows -= baselines
        return windows


@dataclass(frozen=True)
class _Deal:
    """Rows in the order of their groups, where each group begins, and its sums of the features."""

    rows: sparse.csr_matrix
    starts: Ints
    sums: sparse.csr_matrix

    @classmethod
    def of(cls, rows: sparse.csr_matrix, of_row: Ints) -> "_Deal":
        order = np.argsort(of_row, kind="stable")
        starts = np.concatenate([[0], np.cumsum(np.bincount(of_row))])
        members = sparse.csr_matrix((np.ones(len(of_row), np.float32), np.arange(len(of_row)), starts))
        ordered = rows[order]
        return cls(ordered, starts, (members @ ordered).T.tocsr())

    @property
    def groups(self) -> int:
        return len(self.starts) - 1

    @property
    def sizes(self) -> Ints:
        return np.diff(self.starts)

    def take(self, sizes: Ints, random: np.random.Generator) -> Iterator[Ints]:
        """Yield different groups for the sizes, the largest size first: each has as many rows or more."""
        free = np.zeros(0, np.int64)
        above = np.iinfo(np.int64).max
        for size, times in zip(*(part[::-1] for part in np.unique(sizes, return_counts=True)), strict=True):
            free = np.concatenate([free, np.flatnonzero((self.sizes >= size) & (self.sizes < above))])
            random.shuffle(free)
            yield free[:times]
            free, above = free[times:], size

    def share(self, taken: Ints, sizes: Ints, random: np.random.Generator) -> Floats:
        """Return the share of each feature among so many rows of each taken group."""
        first = random.integers(self.sizes[taken])
        of = np.repeat(taken, sizes)
        within = np.arange(len(of)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + np.repeat(first, sizes)
        rows = self.starts[of] + within % self.sizes[of]
        return np.bincount(self.rows[rows].indices, minlength=self.rows.shape[1]) / len(rows)

    def shares(self, left: Singles) -> Singles:
        """Return the share of each feature among the rows of the groups that are left, shape (draws, features)."""
        shares: Singles = ((self.sums @ left) / (self.sizes @ left)).T
        return shares
