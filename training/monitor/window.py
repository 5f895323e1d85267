"""A window of captured rows, counted as it is read: memory does not grow with it.

Kept are counts by cell, how many rows hold each common word, the words that the vocabulary lacks, and a sample of rows
as features for the null. Captured requests do not say which group their rows are of, so rows one after the other are
taken as groups of the same sizes as the baseline's, in an order of chance: right where rows that resemble each other
come in runs, and cautious where they do not. With groups of one size, the average, whole windows of films alarmed: what
stands in the baseline's small groups only could not be dealt in their place. The price: what comes in longer runs is
taken for surer than it is.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from scipy import sparse

from chalicelib.core.spec import PipelineSpec
from chalicelib.core.values import Value
from training.learners.vocabulary import Encoded, presence
from training.monitor.baseline import Cells
from training.monitor.edges import Counts, Floats, Ints, count
from training.monitor.rows import encode_texts, look
from training.resampling import Groups

ROWS = 1_000  # looked at together
SAMPLE = 20_000  # rows that are kept as features
MOST_WORDS = 200_000  # that the vocabulary lacks, remembered at once
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio: its multiples are spread evenly (Knuth 6.4)


class Window:
    """What was counted so far; ``runs`` is how many rows one after the other are a group, over and over again."""

    def __init__(self, spec: PipelineSpec, cells: Cells, runs: Ints) -> None:
        self._spec = spec
        self._cells = cells
        self._ends = np.cumsum(runs)
        self._known = {name: frozenset(words.words) for name, words in cells.vocabularies.items()}
        self._waiting: list[Mapping[str, Value]] = []
        self._scores: list[float] = []
        self._groups: list[int] = []
        self._taken = 0  # rows, those that wait among them
        self._sample: list[tuple[sparse.csr_matrix, Ints]] = []
        self._bound = np.uint64(np.iinfo(np.uint64).max)
        self.rows = 0
        self.counts: dict[str, Counts] = {}
        self.words = {name: np.zeros(words.compared, np.int64) for name, words in cells.vocabularies.items()}
        self.new_words: dict[str, Counter[str]] = {name: Counter() for name in cells.vocabularies}

    @property
    def groups(self) -> int:
        """How many groups of rows there were."""
        return int(self._groups_of(np.array([self._taken - 1]))[0]) + 1

    def add(self, rows: Sequence[Mapping[str, Value]], scores: Sequence[float]) -> None:
        """Count a request's rows."""
        self._waiting += rows
        self._scores += scores
        self._groups += self._groups_of(np.arange(self._taken, self._taken + len(rows))).tolist()
        self._taken += len(rows)
        if len(self._waiting) >= ROWS:
            self.settle()

    def settle(self) -> None:
        """Count what waits; to be called once more at the end."""
        if not self._waiting:
            return
        texts = encode_texts(self._spec, self._waiting)
        looked = look(self._spec, self._cells.vocabularies, self._waiting, texts, np.array(self._scores))
        numbers = count([looked.numbers], [*self._cells.edges.values()])
        now = dict(zip(self._cells.edges, numbers, strict=True)) | self._cells.count_categories(looked)
        self.counts = {name: _add(self.counts[name], counts) if self.counts else counts for name, counts in now.items()}
        for name, words in looked.words.items():
            self.words[name] += np.bincount(words.indices, minlength=words.shape[1])
            self._count_new(name, texts[name])
        self._keep(self._cells.features(looked), np.array(self._groups, np.int64))
        self.rows += len(self._waiting)
        self._waiting, self._scores, self._groups = [], [], []

    def shares(self) -> Floats:
        """Return the share of rows with each feature."""
        return self._cells.sums(self.counts, self.words) / max(1, self.rows)

    def sample(self) -> tuple[sparse.csr_matrix, Groups]:
        """Return the kept rows as features, and their groups; whole groups, spread evenly over the window."""
        features: sparse.csr_matrix = sparse.vstack([rows for rows, _ in self._sample], "csr")
        present, of_row = np.unique(np.concatenate([groups for _, groups in self._sample]), return_inverse=True)
        return features, Groups(of_row.astype(np.int64), len(present))

    def _groups_of(self, places: Ints) -> Ints:
        """Return the groups of rows by their place in the window."""
        rounds, within = np.divmod(places, self._ends[-1])
        groups: Ints = rounds * len(self._ends) + np.searchsorted(self._ends, within, "right")
        return groups

    def _count_new(self, name: str, documents: Encoded) -> None:
        found = presence(documents.tokens.astype(np.int32)[:, None], documents.starts, len(documents.names))
        times = np.bincount(found.indices, minlength=len(documents.names)).tolist()
        counter = self.new_words[name]
        for word, rows in zip(documents.names, times, strict=True):
            if word not in self._known[name]:
                counter[word] += rows
        if len(counter) > MOST_WORDS:  # those seen once are forgotten: counts of rare words may be too low
            self.new_words[name] = Counter({word: rows for word, rows in counter.items() if rows > 1})

    def _keep(self, features: sparse.csr_matrix, groups: Ints) -> None:
        self._sample.append(_below(features, groups, self._bound))
        while sum(len(kept) for _, kept in self._sample) > SAMPLE:
            self._bound //= np.uint64(2)
            self._sample = [_below(*block, self._bound) for block in self._sample]


def _below(features: sparse.csr_matrix, groups: Ints, bound: np.uint64) -> tuple[sparse.csr_matrix, Ints]:
    """Return the rows of groups whose place in the order of the sample is below a bound."""
    kept = groups.astype(np.uint64) * _SPREAD <= bound
    return features[np.flatnonzero(kept)], groups[kept]


def _add(one: Counts, other: Counts) -> Counts:
    return Counts(one.cells + other.cells, one.missing + other.missing)
