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

Draws are dealt many at once, as two products of sparse matrices, which costs the same for a window of any length, and
in rounds, so that a window that is not unusual costs little.

Prices. What is cut off a group is left out, so a window of single rows of many groups leaves a smaller baseline, and
large groups stand in for small ones: by how much chance is over- or underrated by that is set right by `rule`, on the
average of a column's features, from the variances that `grouped` tells. A window that has drifted shares its drift with
what it is compared with, by its share of all rows. Groups are what the caller says they are: rows that resemble each
other beyond them are not reckoned with.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from training.monitor.grouped import Floats, Formula, Grouped, Ints
from training.resampling import Groups

Singles = npt.NDArray[np.float32]

DRAWS = 500  # of fewer, the share of the level that none of them can tell is felt
FIRST = 50  # draws of the first round
TOGETHER = 100  # draws that are dealt at once


@dataclass(frozen=True)
class Draws:
    """What chance does to a window like this one.

    ``differences`` says how shares of windows differ from the baseline's in each draw, shape (draws, features);
    ``formula`` how much they vary by formula.
    """

    differences: Singles
    formula: Formula


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
    def runs(self) -> Ints:
        """How many rows the groups have, in an order of chance that is always the same, shape (groups,)."""
        sizes: Ints = np.bincount(self.groups.of_row, minlength=self.groups.count).astype(np.int64)
        return np.random.default_rng(self.seed).permutation(sizes)

    def rounds(self, window: sparse.csr_matrix, groups: Groups, shrink: float = 1.0) -> Iterator[Draws]:
        """Yield the first draws, then twice as many, and so on to all; who has seen enough stops, and saves the others.

        Parameters
        ----------
        window
            The window's rows as features, or a sample of its groups.
        groups
            Those of its rows.
        shrink
            By how much a window's deviation is smaller than that of the sample: the root of its share of the rows.
        """
        deal = Deal(self._grouped, Grouped.of(window, groups))
        formula = self._grouped.window(deal.window.sizes, shrink)
        random = np.random.default_rng(self.seed)
        windows = np.empty((self.draws, self.features.shape[1]), np.float32)
        baselines = np.empty_like(windows)
        made, end = 0, min(FIRST, self.draws)
        while made < self.draws:
            while made < end:
                some = slice(made, min(made + TOGETHER, end))
                windows[some], baselines[some] = deal.draw(some.stop - some.start, random)
                made = some.stop
            differences = _centred(windows[:made], shrink) - _centred(baselines[:made])
            yield Draws(differences, formula)
            end = min(2 * made, self.draws)

    def differences(self, window: sparse.csr_matrix, groups: Groups, shrink: float = 1.0) -> Singles:
        """Return the differences of all draws, shape (draws, features)."""
        *_, last = self.rounds(window, groups, shrink)
        return last.differences

    @cached_property
    def _grouped(self) -> Grouped:
        return Grouped.of(self.features, self.groups)


@dataclass(frozen=True)
class Deal:
    """The groups of both sides, the baseline's first."""

    baseline: Grouped
    window: Grouped

    @cached_property
    def sizes(self) -> Ints:
        """How many rows each group of both sides has."""
        return np.concatenate([self.baseline.sizes, self.window.sizes])

    @cached_property
    def wanted(self) -> Ints:
        """How many rows each group of a window has, the largest first."""
        return np.sort(self.window.sizes)[::-1]

    def draw(self, draws: int, random: np.random.Generator) -> tuple[Singles, Singles]:
        """Return the shares of windows, and of the baselines that are left, each of shape (draws, features)."""
        taken = self.take(draws, random)
        every = np.arange(draws)
        left = np.ones((len(self.sizes), draws), np.float32)
        left[taken, every] = 0
        kind = np.int16 if self.wanted.sum() <= np.iinfo(np.int16).max else np.int32
        rows = np.zeros((int(self.sizes.sum()), draws), kind)
        rows[self.cut(taken, random), every] = 1
        windows = _sum(self.baseline.rows, self.window.rows, rows) / np.float32(self.wanted.sum())
        baselines = _sum(self.baseline.sums, self.window.sums, left) / (self.sizes.astype(np.float32) @ left)
        return windows.T, baselines.T

    def take(self, draws: int, random: np.random.Generator) -> Ints:
        """Return different groups for each draw, shape (wanted, draws): each has as many rows as wanted or more."""
        order = np.argsort(-self.sizes, kind="stable")
        large_enough = np.searchsorted(-self.sizes[order], -self.wanted, "right")
        free = np.repeat(order[:, None], draws, axis=1)
        taken = np.empty((len(self.wanted), draws), np.int64)
        every = np.arange(draws)
        # One that is taken gives its place to one that is not: those before `place` are gone (Fisher and Yates 1938).
        for place, end in enumerate(large_enough.tolist()):
            chosen = random.integers(place, end, size=draws)
            taken[place] = free[chosen, every]
            free[chosen, every] = free[place]
        return taken

    def cut(self, taken: Ints, random: np.random.Generator) -> Ints:
        """Return rows of the taken groups, as many of each as are wanted, shape (rows, draws)."""
        starts = np.cumsum(self.sizes) - self.sizes
        within = np.arange(self.wanted.sum()) - np.repeat(np.cumsum(self.wanted) - self.wanted, self.wanted)
        first = np.repeat(random.integers(self.sizes[taken]), self.wanted, axis=0)
        of = np.repeat(taken, self.wanted, axis=0)
        rows: Ints = starts[of] + (within[:, None] + first) % self.sizes[of]
        return rows


def _sum(one: sparse.csr_matrix, other: sparse.csr_matrix, weights: npt.NDArray[np.number]) -> Singles:
    cut = one.shape[1]
    return np.asarray(one @ weights[:cut] + other @ weights[cut:], np.float32)


def _centred(draws: Singles, shrink: float = 1.0) -> Singles:
    """Return deviations from the draws' mean, made as large again as by taking it they became too small."""
    factor = shrink * np.sqrt(len(draws) / max(1, len(draws) - 1))
    centred: Singles = (draws - draws.mean(axis=0)) * np.float32(factor)
    return centred
