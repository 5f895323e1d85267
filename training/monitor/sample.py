"""A bounded sample of a window's rows: whole groups, spread evenly over it, as features and by reference.

A group is kept while its place in an order that is spread evenly lies below a bound; the bound is halved whenever there
are too many rows. So no row that came early is preferred, and nothing is drawn by chance. The price: of a window just
beyond the limit half of the rows are kept.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from training.resampling import Groups

Ints = npt.NDArray[np.int64]

_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio: its multiples are spread evenly (Knuth 6.4)


class RowName(NamedTuple):
    """Which row it is: the id of its request, empty if that is not known, and its place among the instances."""

    request: str
    place: int


class _Block(NamedTuple):
    features: sparse.csr_matrix
    groups: Ints
    references: Sequence[RowName]


class Sample:
    """The rows kept so far, at most ``limit``."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._bound = np.uint64(np.iinfo(np.uint64).max)
        self._blocks: list[_Block] = []

    def wanted(self, groups: Ints) -> Ints:
        """Return the places of the rows of groups that would be kept."""
        return np.flatnonzero(groups.astype(np.uint64) * _SPREAD <= self._bound)

    def add(self, features: sparse.csr_matrix, groups: Ints, references: Sequence[RowName]) -> None:
        """Keep what is wanted of some rows: ``features`` has shape (rows, features), the others one for each row."""
        self._blocks.append(self._below(_Block(features, groups, references)))
        while sum(len(block.groups) for block in self._blocks) > self._limit:
            self._bound //= np.uint64(2)
            self._blocks = [self._below(block) for block in self._blocks]

    def rows(self) -> tuple[sparse.csr_matrix, Groups]:
        """Return the kept rows as features, and their groups; there must be some."""
        features: sparse.csr_matrix = sparse.vstack([block.features for block in self._blocks], "csr")
        present, of_row = np.unique(np.concatenate([block.groups for block in self._blocks]), return_inverse=True)
        return features, Groups(of_row.astype(np.int64), len(present))

    @property
    def references(self) -> list[RowName]:
        """Which rows are kept, in their order."""
        return [reference for block in self._blocks for reference in block.references]

    def _below(self, block: _Block) -> _Block:
        kept = self.wanted(block.groups)
        return _Block(block.features[kept], block.groups[kept], [block.references[place] for place in kept.tolist()])
