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
        groups = len(self.sizes)
        squares = self._deviations(np.ones(groups))[1]
        return squares / self.rows.shape[1] ** 2 * groups / max(1, groups - 1)

    def variance_of(self, wanted: Ints) -> Floats:
        """Return that of the shares of a window whose groups, of these sizes, are like this side's."""
        sizes, times = np.unique(wanted, return_counts=True)
        alike = self._alike(sizes, wanted)
        single = (times * sizes) @ alike / self.sizes
        pairs = np.divide(
            (times * sizes * (sizes - 1)) @ alike,
            self.sizes * (self.sizes - 1),
            where=self.sizes > 1,
            out=np.zeros(len(self.sizes)),
        )
        rows, _ = self._deviations(single)
        within, squares = self._deviations(pairs)
        variance: Floats = np.maximum(0.0, rows + squares - within) / wanted.sum() ** 2
        return variance

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

    def _deviations(self, weights: Floats) -> tuple[Floats, Floats]:
        """Return the weighted sums over groups of their rows' squared deviations, and of the square of their sum."""
        shares, squares = self.shares, self._squares
        sized = self.sizes * weights
        rows = (self.sums @ weights) * (1 - 2 * shares) + shares**2 * sized.sum()
        return rows, squares @ weights - 2 * shares * (self.sums @ sized) + shares**2 * (self.sizes @ sized)

    @cached_property
    def _squares(self) -> sparse.csr_matrix:
        squares = self.sums.copy()
        squares.data = squares.data**2
        return squares


def _thinned(sizes: Ints, of: Ints, kept: float) -> Floats:
    """Return the chance that so many rows are kept of so many, each with the same chance, shape (sizes, of)."""
    k, s = sizes[:, None], of[None, :]
    lost = np.maximum(s - k, 0)
    log = gammaln(s + 1) - gammaln(k + 1) - gammaln(lost + 1) + k * np.log(kept) + lost * np.log1p(-kept)
    return np.where(s >= k, np.exp(log), 0.0)
