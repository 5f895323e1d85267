"""Rows by the group they came in, laid out for sums over many draws of groups at once; and what chance does by formula.

The variance of a share comes from how its groups deviate. Of the baseline's share ``m``, with ``s`` rows in a group and
``t`` of them with the feature, it is ``G / (G - 1) * sum of (t - s * m)^2 / rows^2`` (Cameron and Miller 2015, section
II.B). Of a window it is expected from the baseline's groups: ``k`` rows out of a group of ``s`` deviate by a variance
of ``k * w + k * (k - 1) * b``, where ``w`` is the mean square of a row's deviation and ``b`` the mean product of two
rows'.

Which groups a window's groups are like is told by their sizes: a window of rows drawn at random has one or two rows of
a film of thirty, a window of whole films all thirty. Both are taken for rows of a baseline's group each kept with the
same chance, the one that makes the window's sizes likeliest; so a group of ``k`` rows is like one of ``s`` as often as
``binomial(k; s, chance)`` says. The price: thinned in another way, they are taken for what they are not.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.special import gammaln

from training.resampling import Groups

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

KEPT = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.55, 0.7, 0.85, 0.98)  # chances that are tried
UNLIKELY = 1e-12


@dataclass(frozen=True)
class Grouped:
    """Groups' sizes, shape (groups,), and features of rows in their order, transposed: by row, and summed by group."""

    sizes: Ints
    rows: sparse.csr_matrix
    sums: sparse.csr_matrix

    @classmethod
    def of(cls, features: sparse.csr_matrix, groups: Groups) -> "Grouped":
        """Order rows, shape (rows, features), by their groups; those without rows are none."""
        order = np.argsort(groups.of_row, kind="stable")
        sizes = np.bincount(groups.of_row)
        sizes = sizes[sizes > 0]
        starts = np.concatenate([[0], np.cumsum(sizes)])
        members = sparse.csr_matrix((np.ones(len(order), np.float32), np.arange(len(order)), starts))
        ordered = features[order].astype(np.float32)
        # Sums of so few ones as a window has fit in 16 bits, which go through the processor twice as fast as 32.
        return cls(sizes, ordered.T.tocsr().astype(np.int16), (members @ ordered).T.tocsr())

    @cached_property
    def shares(self) -> Floats:
        """The share of rows with each feature, shape (features,)."""
        return np.diff(self.rows.indptr) / max(1, self.rows.shape[1])

    @cached_property
    def variance(self) -> Floats:
        """That of each share, as this side's groups deviate, shape (features,)."""
        return self.deviations(np.ones(len(self.sizes)))[1] * self.of_mean

    @property
    def of_mean(self) -> float:
        """What the sum of the squares of groups' deviations is multiplied by to be the variance of a mean."""
        groups = len(self.sizes)
        return groups / max(1, groups - 1) / self.rows.shape[1] ** 2

    def window(self, wanted: Ints, shrink: float = 1.0) -> "Formula":
        """Return what chance does to a window whose groups, of these sizes, are like this side's.

        ``shrink`` is by how much its deviation is smaller than these groups'.
        """
        sizes, times = np.unique(wanted, return_counts=True)
        alike = self._alike(sizes, wanted)
        single = (times * sizes) @ alike / self.sizes
        together = np.maximum(1, self.sizes * (self.sizes - 1))
        pairs = np.where(self.sizes > 1, (times * sizes * (sizes - 1)) @ alike / together, 0.0)
        factor = (shrink / wanted.sum()) ** 2
        return Formula(self, single * factor, pairs * factor)

    def _alike(self, sizes: Ints, wanted: Ints) -> Floats:
        """Return how likely a window's group of each size is one like each of this side's, shape (sizes, groups)."""
        own, of_group, times = np.unique(self.sizes, return_inverse=True, return_counts=True)
        number = np.searchsorted(sizes, wanted)
        tables = [_thinned(sizes, own, kept) for kept in KEPT]
        likelihoods = [
            np.log(np.maximum(table @ times, 1e-300))[number].sum()
            - len(wanted) * np.log(times @ (1 - (1 - kept) ** own))
            for table, kept in zip(tables, KEPT, strict=True)
        ]
        alike = tables[int(np.argmax(likelihoods))]
        empty = alike @ times < UNLIKELY  # larger than any of this side: like its largest
        alike[empty] = own == own[-1]
        found: Floats = (alike / (alike @ times)[:, None])[:, of_group]
        return found

    def deviations(self, weights: Floats) -> tuple[Floats, Floats]:
        """Return, by feature, the weighted sums over groups of their rows' squared deviations, and of their sums'."""
        shares, squares = self.shares, self._squares
        sized = self.sizes * weights
        rows = (self.sums @ weights) * (1 - 2 * shares) + shares**2 * sized.sum()
        return rows, squares @ weights - 2 * shares * (self.sums @ sized) + shares**2 * (self.sizes @ sized)

    @cached_property
    def _squares(self) -> sparse.csr_matrix:
        squares = self.sums.copy()
        squares.data = squares.data**2
        return squares


@dataclass(frozen=True)
class Formula:
    """Variances of shares, of a baseline and of a window whose groups are like the baseline's.

    ``single`` and ``pairs`` are by how much the squared deviations of a group's rows, and the products of two different
    rows of it, count in the window's, shape (groups,).
    """

    baseline: Grouped
    single: Floats
    pairs: Floats

    @cached_property
    def features(self) -> tuple[Floats, Floats]:
        """Those of the window's and of the baseline's share of each feature, shape (features,)."""
        rows, _ = self.baseline.deviations(self.single)
        within, squares = self.baseline.deviations(self.pairs)
        return np.maximum(0.0, rows + squares - within), self.baseline.variance

    def combined(self, inside: slice, weights: Floats) -> tuple[Floats, Floats]:
        """Return those of weighted sums of the shares of some features, of which each row has one at most.

        ``weights`` has shape (some features, sums), and what is returned (sums,).
        """
        sizes = self.baseline.sizes[:, None]
        sums = self.baseline.sums[inside].T @ weights
        mean = sums.sum(axis=0) / sizes.sum()
        squares = (sums - sizes * mean) ** 2
        rows = self.baseline.sums[inside].T @ weights**2 - 2 * mean * sums + sizes * mean**2
        of_window = (self.single - self.pairs) @ rows + self.pairs @ squares
        return np.maximum(0.0, of_window), squares.sum(axis=0) * self.baseline.of_mean


def _thinned(sizes: Ints, of: Ints, kept: float) -> Floats:
    """Return the chance that so many rows are kept of so many, each with the same chance, shape (sizes, of)."""
    k, s = sizes[:, None], of[None, :]
    lost = np.maximum(s - k, 0)
    log = gammaln(s + 1) - gammaln(k + 1) - gammaln(lost + 1) + k * np.log(kept) + lost * np.log1p(-kept)
    return np.where(s >= k, np.exp(log), 0.0)
